/** How a forecaster and the baselines do: on the validation part, by its last errors, and on the test part. */
import type { Finding } from "../../data/series/series.ts";
import type { Runtime } from "../../index.ts";
import { baselinesFor, Measure } from "./backtest.ts";
import type { Breath } from "./breath.ts";
import { Errors, errorsNeeded } from "./intervals.ts";
import { CHOOSE_BY, outputOf } from "./learn.ts";
import { type Cut, type Origins, thinned } from "./parts.ts";
import type { Own } from "./plan.ts";
import type { KeptErrors, Known, Learnt } from "./record.ts";
import type { Baseline, BaselineName, ForecastModel, PartReport, TestReport } from "./report.ts";
import { scoresOf, toOwnUnit } from "./scores.ts";
import { type Scene, sayRolling, speakerOf } from "./speak.ts";

/** Origins of a series that are tested at most. */
const MOST_TESTED = 5000;
/** Errors that a file keeps, all in all. */
const MOST_KEPT = 100_000;

/** The scores of a model from some origins. */
export async function scoresBy(
  kit: Runtime,
  known: Known<Learnt>,
  scene: Scene,
  name: ForecastModel,
  origins: Origins,
  breath: Breath,
) {
  const { quantiles, layout } = known.facts;
  const speaker = speakerOf(known, scene, name, breath);
  const said = await speaker.say(origins);
  const values = outputOf(
    said,
    speaker.outputs,
    name === "network" && quantiles ? quantiles.indexOf(0.5) : 0,
  );
  const { frames, log } = speaker;
  const own = await toOwnUnit(kit, frames, origins, values, { log, per: 1, targets: layout.targets });
  return scoresOf(frames, origins, own, layout.targets);
}

export async function baselinesOf(
  kit: Runtime,
  model: Known["model"],
  facts: Learnt,
  scene: Scene,
  validation: Origins,
  seasons: readonly number[],
  breath: Breath,
): Promise<Omit<Baseline, "test">[]> {
  const origins = thinned(validation, CHOOSE_BY);
  const scores = (name: BaselineName, season: number) =>
    scoresBy(kit, { model, facts: { ...facts, season } }, scene, name, origins, breath);
  const found: Omit<Baseline, "test">[] = [{ name: "last", validation: await scores("last", 0) }];
  let best: { season: number; mse: number } | null = null;
  for (const season of seasons) {
    const { mse } = await scores("seasonal", season);
    if (best === null || mse < best.mse) best = { season, mse };
  }
  if (best) {
    const { season } = best;
    for (const name of ["seasonal", "seasonalDrift"] as const) {
      found.push({ name, season, validation: await scores(name, season) });
    }
  }
  found.push({ name: "drift", validation: await scores("drift", 0) });
  found.push({ name: "ridge", penalty: facts.ridge.ridge.penalty, validation: await scores("ridge", 0) });
  return found;
}

/** The last errors on rows that were not trained on: for forecasts without data, and for series that have none of their own. */
export async function errorsOf(
  known: Known<Learnt>,
  scene: Scene,
  ranges: readonly { readonly from: number; readonly to: number }[],
  breath: Breath,
): Promise<KeptErrors[]> {
  const { layout, needed, calibration } = known.facts;
  const { horizon, targets } = layout;
  const speaker = speakerOf(known, scene, "network", breath);
  const each = horizon * targets * speaker.outputs;
  const most = Math.max(20, Math.min(calibration, Math.floor(MOST_KEPT / (each * ranges.length))));
  const kept: KeptErrors[] = [];
  for (const [s, { from, to }] of ranges.entries()) {
    const first = Math.max(needed, from, to - horizon - most + 1);
    const at = Int32Array.from({ length: Math.max(0, to - horizon - first + 1) }, (_, i) => first + i);
    const said = await speaker.say({ series: new Int32Array(at.length).fill(s), at });
    const errors = new Errors(layout, speaker.outputs, most);
    const frame = speaker.frames[s]!;
    for (let i = 0; i < at.length; i++) {
      errors.add(
        said,
        i * each,
        (place) => frame.targets[place % targets]![at[i]! + Math.floor(place / targets)]!,
      );
    }
    kept.push({ id: frame.id, knownTo: frame.times ? frame.times[to - 1]! : to, lists: errors.lists() });
  }
  return kept;
}

/** How forecasts do on the test part; null where there is none. */
export async function test(
  kit: Runtime,
  known: Known<Learnt>,
  scene: Scene,
  own: readonly Own[],
  breath: Breath,
): Promise<{
  origins: Origins;
  report: TestReport;
  baselines: Partial<Record<BaselineName, Baseline["test"]>>;
} | null> {
  const { facts } = known;
  const { layout, needed, levels } = facts;
  const { horizon } = layout;
  const wanted = own.map(({ series, cut }) => {
    const last = series.length - horizon;
    const first = Math.max(needed, cut.test, last - MOST_TESTED + 1);
    return Int32Array.from({ length: Math.max(0, last - first + 1) }, (_, i) => first + i);
  });
  if (wanted.every((at) => at.length === 0)) return null;
  const measure = new Measure(scene, facts, levels);
  const models: ForecastModel[] = ["network", ...baselinesFor(facts)];
  for (const name of models) {
    const speaker = speakerOf(known, scene, name, breath);
    for (const [s, at] of wanted.entries()) {
      if (at.length === 0) continue;
      const own = name === "network" ? levels : [];
      measure.add(name, s, at, await sayRolling(kit, speaker, facts, scene, s, at, own, breath));
    }
  }
  const scores = models.map((name) => ({ name, ...measure.scores(name) }));
  return {
    origins: {
      series: Int32Array.from(wanted.flatMap((at, s) => Array.from(at, () => s))),
      at: Int32Array.from(wanted.flatMap((at) => [...at])),
    },
    report: {
      network: measure.scores("network"),
      intervals: measure.intervals(),
      best: scores.reduce((a, b) => (b.mse < a.mse ? b : a)).name,
    },
    baselines: Object.fromEntries(baselinesFor(facts).map((name) => [name, measure.scores(name)])),
  };
}

export function partOf(
  own: readonly Own[],
  origins: Origins,
  range: (cut: Cut, length: number) => readonly [number, number],
): PartReport {
  let [rows, from, to] = [0, Infinity, -Infinity];
  for (const { series, cut } of own) {
    const [a, b] = range(cut, series.length);
    rows += b - a;
    if (b <= a || !series.times) continue;
    from = Math.min(from, series.times[a]!);
    to = Math.max(to, series.times[b - 1]!);
  }
  const isTimed = from <= to;
  return { rows, windows: origins.at.length, from: isTimed ? from : null, to: isTimed ? to : null };
}

export function leftOut(count: number): Finding[] {
  if (count === 0) return [];
  return [
    {
      code: "SHORT_SERIES",
      count,
      message: `${count} series have too few rows to be trained on; they are forecast by what was learnt from the others.`,
    },
  ];
}

export function sampled(perEpoch: number, windows: number): Finding[] {
  if (perEpoch >= windows) return [];
  return [
    {
      code: "SAMPLED",
      count: perEpoch,
      message: `An epoch reads ${perEpoch} of ${windows} windows, others each time: more would take long.`,
    },
  ];
}

/** What is to be known of intervals that are made of few errors. @param errors that there are, of the series with the fewest */
export function fewErrors(errors: number, levels: readonly number[], horizon: number): Finding[] {
  const lacking = levels.filter((level) => errors < errorsNeeded(level, horizon));
  if (lacking.length === 0) return [];
  const names = lacking.map((level) => `${Number((level * 100).toPrecision(6))} %`).join(" and ");
  const needed = Math.max(...lacking.map((level) => errorsNeeded(level, horizon)));
  return [
    {
      code: "FEW_ERRORS",
      count: errors,
      message: `Intervals of ${names} are made of ${errors} errors of rows that were not trained on; ${horizon} steps ahead they need ${needed}. They reach to the largest error so far and may hold less than they say; more rows, or a larger validation part (validation, --validation), mend it.`,
    },
  ];
}
