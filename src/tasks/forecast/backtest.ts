/** How forecasts would have done: a rolling origin over the rows that the network was not trained on. */
import type { SeriesSet } from "../../data/series/series.ts";
import { LstmkitError } from "../../errors.ts";
import type { Runtime } from "../../index.ts";
import type { Breath } from "./breath.ts";
import type { BacktestOptions } from "./calls.ts";
import { modelOf, strangersIn } from "./forecast.ts";
import type { Known, Learnt } from "./record.ts";
import type { Backtest, BaselineName, Coverage, ForecastModel, Scores } from "./report.ts";
import { ErrorSums } from "./scores.ts";
import { type Said, type Scene, sayRolling, sceneOf, speakerOf } from "./speak.ts";

/** Cuts of a series where it is not said how many. */
const MOST_CUTS = 200;

/** Models beside the network that a set can be forecast by. */
export const baselinesFor = ({ season }: Learnt): BaselineName[] => [
  "last",
  ...(season > 0 ? (["seasonal", "seasonalDrift"] as const) : []),
  "drift",
  "ridge",
];

/** @throws BAD_SERIES where no series has rows behind those of training; ABORTED */
export async function backtest(
  kit: Runtime,
  known: Known,
  set: SeriesSet,
  options: BacktestOptions,
  breath: Breath,
): Promise<Backtest> {
  const { facts } = known;
  const { horizon } = facts.layout;
  const stride = options.stride ?? horizon;
  const cutsOf = (length: number, unseen: number) => {
    const first = Math.max(facts.needed, unseen);
    const last = length - horizon;
    const there = last < first ? 0 : Math.floor((last - first) / stride) + 1;
    const count = Math.min(there, options.cuts ?? MOST_CUTS);
    return Int32Array.from({ length: count }, (_, i) => last - (count - 1 - i) * stride);
  };
  const scene = await sceneOf(kit, facts, set, (length) => cutsOf(length, 0)[0] ?? length);
  const cuts = scene.plain.map(({ length }, s) => cutsOf(length, scene.unseen[s]!));
  if (cuts.every((own) => own.length === 0)) {
    throw new LstmkitError(
      "BAD_SERIES",
      `no series has ${horizon} rows behind those that the forecaster was trained on, and ${facts.needed} before them; wanted some to measure it on. Give newer data.`,
    );
  }
  const name = modelOf(options.model, facts);
  const levels = options.levels ?? facts.levels;
  const measure = new Measure(scene, facts, levels);
  const models = [name, ...baselinesFor(facts).filter((one) => one !== name)];
  for (const one of models) {
    const speaker = speakerOf(known, scene, one, breath, options.signal);
    for (const [s, wanted] of cuts.entries()) {
      if (wanted.length === 0) continue;
      const said = await sayRolling(
        kit,
        speaker,
        facts,
        scene,
        s,
        wanted,
        one === name ? levels : [],
        breath,
      );
      measure.add(one, s, wanted, said);
    }
  }
  const steps = Array.from({ length: horizon }, (_, step) => ({
    step: step + 1,
    ...measure.of(name, models, step),
  }));
  const all = measure.of(name, models);
  const ends = cuts.flatMap((own, s) => {
    const { times } = scene.plain[s]!;
    return own.length > 0 && times ? [times[own[0]!]!, times[own.at(-1)! + horizon - 1]!] : [];
  });
  const scores = models.map((one) => ({ one, mse: measure.scores(one).mse }));
  return {
    model: name,
    cuts: cuts.reduce((sum, own) => sum + own.length, 0),
    stride,
    from: ends.length > 0 ? Math.min(...ends) : null,
    to: ends.length > 0 ? Math.max(...ends) : null,
    ...all,
    best: scores.reduce((a, b) => (b.mse < a.mse ? b : a)).one,
    steps,
    findings: [...set.findings, ...strangersIn(scene.strangers)],
  };
}

/** Sums over forecasts, of each model and each step. */
export class Measure {
  readonly #scene: Scene;
  readonly #facts: Learnt;
  readonly #levels: readonly number[];
  readonly #sums = new Map<ForecastModel, ErrorSums[]>();
  readonly #inside: number[][];
  readonly #width: number[][];
  readonly #counts: number[];

  constructor(scene: Scene, facts: Learnt, levels: readonly number[]) {
    this.#scene = scene;
    this.#facts = facts;
    this.#levels = levels;
    const steps = facts.layout.horizon;
    const zeros = () => Array.from({ length: steps }, () => levels.map(() => 0));
    [this.#inside, this.#width] = [zeros(), zeros()];
    this.#counts = Array.from({ length: steps }, () => 0);
  }

  /** Forecasts of one series; with bounds of all levels, or of none. */
  add(model: ForecastModel, series: number, origins: Int32Array, { values, bounds }: Said): void {
    const { horizon, targets } = this.#facts.layout;
    const { raw, scales } = this.#scene.plain[series]!;
    const levels = this.#levels.length;
    const sums = this.#sums.get(model) ?? Array.from({ length: horizon }, () => new ErrorSums());
    this.#sums.set(model, sums);
    for (let i = 0; i < origins.length; i++) {
      for (let place = 0; place < horizon * targets; place++) {
        const [step, k] = [Math.floor(place / targets), place % targets];
        const actual = raw[k]![origins[i]! + step]!;
        const at = i * horizon * targets + place;
        sums[step]!.add(values[at]! - actual, scales.target[k]!.deviation);
        if (!bounds || bounds.length === 0 || Number.isNaN(bounds[at * levels * 2])) continue;
        this.#counts[step]!++;
        for (let l = 0; l < levels; l++) {
          const [lower, upper] = [bounds[(at * levels + l) * 2]!, bounds[(at * levels + l) * 2 + 1]!];
          if (actual >= lower && actual <= upper) this.#inside[step]![l]!++;
          this.#width[step]![l]! += upper - lower;
        }
      }
    }
  }

  /** Of one step, or over all. */
  scores(model: ForecastModel, step?: number): Scores {
    const sums = this.#sums.get(model)!;
    return ErrorSums.of(step === undefined ? sums : [sums[step]!]);
  }

  intervals(step?: number): Coverage[] {
    const steps = step === undefined ? this.#counts.map((_, i) => i) : [step];
    const sum = (of: readonly number[]) => steps.reduce((total, i) => total + of[i]!, 0);
    const n = sum(this.#counts);
    if (n === 0) return [];
    return this.#levels.map((level, l) => ({
      level,
      coverage: sum(this.#inside.map((own) => own[l]!)) / n,
      width: sum(this.#width.map((own) => own[l]!)) / n,
    }));
  }

  of(model: ForecastModel, models: readonly ForecastModel[], step?: number) {
    const others = models.filter((one): one is BaselineName => one !== "network");
    const baselines: Partial<Record<BaselineName, Scores>> = Object.fromEntries(
      others.map((one) => [one, this.scores(one, step)]),
    );
    return { scores: this.scores(model, step), intervals: this.intervals(step), baselines };
  }
}
