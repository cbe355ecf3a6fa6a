/**
 * What a detector reaches on US daily births: average precision on the public holidays of two years, and the days beside them,
 * that fall on weekdays. It learns from the years before the two that are before those, and validates on these.
 *
 * Its figures are of 2013 and 2014. What is the same for all detectors (TUNING) is chosen by the years before 2013 alone:
 *
 *   npm run build && npx tsx bench/accuracy/detect.ts --choose
 */
import { pathToFileURL } from "node:url";
import type { Series, SeriesSet } from "../../src/data/series/series.ts";
import { createRuntime, loadBirths, type Runtime } from "../../src/node.ts";
import { type DetectEvaluation, evaluated } from "../../src/tasks/detect/detector.ts";
import { Expecting } from "../../src/tasks/detect/expect.ts";
import { calibrateDetector, learnDetector } from "../../src/tasks/detect/fitting.ts";
import { TUNING, type Tuning } from "../../src/tasks/detect/settings.ts";
import { Watching } from "../../src/tasks/detect/stream.ts";
import { detector } from "../../src/tasks/index.ts";
import type { AccuracyCase } from "../accuracy.ts";

const DAY = 86_400_000;
const day = (year: number, month: number, date: number) => Date.UTC(year, month - 1, date);
const weekday = (time: number) => new Date(time).getUTCDay();

/** The n-th such weekday (0 is Sunday) of a month; from its end where n is below 0. */
function nth(year: number, month: number, of: number, n: number): number {
  const days = Array.from({ length: 31 }, (_, i) => day(year, month, i + 1)).filter(
    (time) => new Date(time).getUTCMonth() === month - 1 && weekday(time) === of,
  );
  return days.at(n < 0 ? n : n - 1)!;
}

/** Days of a year that are known to be odd. */
function holidaysOf(year: number): number[] {
  const thanksgiving = nth(year, 11, 4, 4);
  return [
    ...[day(year, 1, 1), day(year, 1, 2), nth(year, 5, 1, -1), day(year, 7, 4), nth(year, 9, 1, 1)],
    ...[thanksgiving, thanksgiving + DAY],
    ...[day(year, 12, 24), day(year, 12, 25), day(year, 12, 26), day(year, 12, 31)],
  ].filter((time) => weekday(time) > 0 && weekday(time) < 6);
}

/** What is before two years, how much of that is to validate by, and the two years with their labels. */
interface Fold {
  readonly past: SeriesSet;
  readonly validation: number;
  readonly test: SeriesSet;
  readonly labels: boolean[][];
}

/** @param year the first of the two */
async function foldOf(year: number): Promise<Fold> {
  const births = await loadBirths();
  const [all] = births.series as [Series];
  const rowAt = (time: number) => {
    const at = all.times!.findIndex((one) => one >= time);
    return at < 0 ? all.length : at;
  };
  const between = (from: number, to: number): SeriesSet => {
    const [first, end] = [rowAt(from), rowAt(to)];
    const columns = Object.fromEntries(
      Object.entries(all.columns).map(([name, column]) => [name, column.slice(first, end)]),
    );
    const length = end - first;
    return {
      ...births,
      series: [{ ...all, length, rows: length, times: all.times!.slice(first, end), columns }],
    };
  };
  const test = between(day(year, 1, 1), day(year + 2, 1, 1));
  const odd = new Set([...holidaysOf(year), ...holidaysOf(year + 1)]);
  return {
    past: between(0, day(year, 1, 1)),
    validation: (day(year, 1, 1) - day(year - 2, 1, 1)) / DAY,
    test,
    labels: [Array.from(test.series[0]!.times!, (time) => odd.has(time))],
  };
}

const alarmsText = ({ alarms, precision, recall, f1 }: DetectEvaluation) =>
  `${alarms} alarms, precision ${precision.toFixed(3)}, recall ${recall.toFixed(3)}, F1 ${f1.toFixed(3)}`;

export const births: AccuracyCase = {
  name: "detect",
  figures: [{ what: "detect, births: average precision on 22 days", goal: { atLeast: [0.95, 0.99] } }],
  async run(kit, seed) {
    const { past, validation, test, labels } = await foldOf(2013);
    const made = detector(kit, { validation, seed });
    const { errors, bestEpoch, history } = await made.fit(past);
    const found = await made.evaluate(test, { labels });
    await made.dispose();
    const usual = `MAE ${errors.network.toFixed(0)} (last ${errors.last.toFixed(0)}, a week ago ${errors.seasonal.toFixed(0)})`;
    return {
      values: [found.averagePrecision],
      note: `${found.labels} days of ${found.rows}; at alpha 0.01 ${alarmsText(found)}; ${usual}; epoch ${bestEpoch + 1} of ${history.loss.length}`,
    };
  },
};

/** First years of what is judged by: each is learnt from what lies before, and none is later than 2012. */
const CHOOSE_BY = [2009, 2011];
const TRIED = {
  lastRate: [0.01, 0.1, 0.5, 1],
  leastShare: [0, 0.5, 1],
  replace: [0.005, 0.01, 0.02, 0.05, 0.1],
};
const ALPHAS = [0.005, 0.01, 0.02, 0.03, 0.05];

/** Average precision of every tuning, over years and seeds: in the order of the mean. */
async function choose(kit: Runtime, seeds: readonly number[]): Promise<void> {
  const found = new Map<string, number[]>();
  const alarms = new Map<number, DetectEvaluation[]>(ALPHAS.map((alpha) => [alpha, []]));
  for (const year of CHOOSE_BY) {
    const { past, validation, test, labels } = await foldOf(year);
    const { times, columns } = test.series[0]!;
    const [values] = Object.values(columns) as [Float64Array];
    for (const lastRate of TRIED.lastRate) {
      for (const seed of seeds) {
        const learnt = await learnDetector(kit, past, { validation, seed }, {}, { lastRate });
        for (const leastShare of TRIED.leastShare) {
          for (const replace of TRIED.replace) {
            const tuning: Tuning = { replace, leastShare, lastRate };
            const facts = await calibrateDetector(kit, past, learnt, tuning);
            const stream = new Watching(facts, new Expecting(kit, learnt.model, facts), 0.002, replace);
            const rows: { score: number; p: number; label: boolean }[] = [];
            for (const [row, time] of times!.entries()) {
              const { score, p } = await stream.step({ time, value: values[row]! });
              rows.push({ score: score!, p: p!, label: labels[0]![row]! });
            }
            const at = (alpha: number) => evaluated(rows.map((one) => ({ ...one, alarm: one.p <= alpha })));
            const name = JSON.stringify(tuning);
            found.set(name, [...(found.get(name) ?? []), at(0.01).averagePrecision]);
            if (name === JSON.stringify(TUNING))
              for (const alpha of ALPHAS) alarms.get(alpha)!.push(at(alpha));
          }
        }
        await learnt.model.dispose();
        console.error(`${year}, last rate ${lastRate}, seed ${seed}`);
      }
    }
  }
  const mean = (all: readonly number[]) => all.reduce((sum, one) => sum + one, 0) / all.length;
  for (const [name, all] of [...found].sort(([, a], [, b]) => mean(b) - mean(a))) {
    console.log(
      `${mean(all).toFixed(4)} (least ${Math.min(...all).toFixed(3)}) ${name}: ${all.map((one) => one.toFixed(3)).join(" ")}`,
    );
  }
  for (const [alpha, all] of alarms) {
    const of = (name: "precision" | "recall" | "f1" | "alarms") => mean(all.map((one) => one[name]));
    console.log(
      `alpha ${alpha}: ${of("alarms").toFixed(1)} alarms, precision ${of("precision").toFixed(3)}, recall ${of("recall").toFixed(3)}, F1 ${of("f1").toFixed(3)}`,
    );
  }
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href && process.argv.includes("--choose")) {
  const kit = await createRuntime({ vectors: 256 });
  await choose(kit, [1, 2, 3]);
  await kit.close();
}
