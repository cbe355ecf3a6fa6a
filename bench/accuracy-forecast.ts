/**
 * What a forecaster reaches with what it does untuned, beside what is wanted: ETTh1, US births, CO2.
 *
 *   npm run build && LSTMKIT_DATA=… npx tsx bench/accuracy-forecast.ts [--seeds 1,2,3] [--cases etth1,births,holidays,co2]
 */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { publicHolidays } from "../src/data/holidays/index.ts";
import { type SeriesSet, seriesFromCsv } from "../src/data/index.ts";
import { createRuntime, loadBirths } from "../src/node.ts";
import { type ForecasterOptions, type ForecastReport, forecaster } from "../src/tasks/index.ts";

const { values } = parseArgs({
  options: {
    seeds: { type: "string", default: "1,2,3" },
    threads: { type: "string", default: "auto" },
    cases: { type: "string", default: "etth1,births,holidays,co2" },
  },
});
const folder = process.env.LSTMKIT_DATA;
if (folder === undefined) throw new Error("LSTMKIT_DATA is not set; wanted the folder with series/ETTh1.csv");
const csv = (name: string) => readFile(join(folder, "series", name));

interface Case {
  readonly what: string;
  readonly set: () => Promise<SeriesSet>;
  readonly options: ForecasterOptions;
  readonly score: (report: ForecastReport) => number;
  readonly reach: number;
  readonly aim: number;
}

const mae = ({ test }: ForecastReport) => test!.network.mae;
const HOURS = 30 * 24;
// Training before 2011, validation 2011 and 2012, test 2013 and 2014.
const BIRTHS = { horizon: 28, validation: 731, test: 730 };

/** The first rows of a series, as many. */
const first = (set: SeriesSet, rows: number): SeriesSet => ({
  ...set,
  series: set.series.map(({ id, times, columns }) => ({
    ...{ id, length: rows, rows },
    times: times?.slice(0, rows) ?? null,
    columns: Object.fromEntries(Object.entries(columns).map(([name, own]) => [name, own.slice(0, rows)])),
  })),
});

const CASES: Readonly<Record<string, Case>> = {
  etth1: {
    what: "ETTh1, OT, 96 → 24: MSE on the standardised series",
    set: async () => first(seriesFromCsv(await csv("ETTh1.csv"), { target: "OT" }), 20 * HOURS),
    options: { horizon: 24, window: 96, validation: 4 * HOURS, test: 4 * HOURS },
    score: ({ test }) => test!.network.mse,
    ...{ reach: 0.0275, aim: 0.0264 },
  },
  births: {
    what: "births, 28 days: MAE",
    set: loadBirths,
    options: BIRTHS,
    score: mae,
    ...{ reach: 340, aim: 300 },
  },
  holidays: {
    what: "births with US holidays, 28 days: MAE",
    set: loadBirths,
    options: { ...BIRTHS, holidays: publicHolidays("US", { from: 1999, to: 2016, observances: true }) },
    score: mae,
    ...{ reach: 270, aim: 250 },
  },
  co2: {
    what: "CO2, 12 months: MAE, ppm",
    set: async () => seriesFromCsv(await csv("co2-mm-mlo.csv"), { target: "Average", time: "Date" }),
    options: { horizon: 12 },
    score: mae,
    ...{ reach: 0.75, aim: 0.45 },
  },
};

const kit = await createRuntime({
  threads: values.threads === "auto" ? "auto" : Number(values.threads),
  vectors: 256,
});
for (const name of values.cases.split(",")) {
  const { what, set, options, score, reach, aim } = CASES[name]!;
  const data = await set();
  const all: number[] = [];
  for (const seed of values.seeds.split(",").map(Number)) {
    const made = forecaster(kit, { ...options, seed });
    const began = performance.now();
    const report = await made.fit(data);
    const seconds = ((performance.now() - began) / 1000).toFixed(0);
    const { center, log, linear } = report.normalization;
    const value = score(report);
    all.push(value);
    const baselines = report.baselines.map((one) => {
      const { mse, mae } = one.test!;
      return `${one.name} ${name === "etth1" ? mse.toFixed(4) : mae.toPrecision(3)}`;
    });
    const covers = report.test!.intervals.map(({ level, coverage }) => `${level}: ${coverage.toFixed(3)}`);
    console.log(
      `${name}, seed ${seed}: ${value.toPrecision(4)}; ${center}${log ? ", log" : ""}${linear ? ", over a ridge" : ""}; ` +
        `epoch ${report.bestEpoch} of ${report.history.loss.length}, ${seconds} s; coverage ${covers.join(", ")}; ${baselines.join(", ")}`,
    );
    await made.dispose();
  }
  const worst = Math.max(...all);
  const verdict = worst <= aim ? "aim" : worst <= reach ? "reach" : "missed";
  console.log(
    `${what}, worst of ${all.length}: ${worst.toPrecision(4)} (reach ${reach}, aim ${aim}): ${verdict}`,
  );
}
await kit.close();
