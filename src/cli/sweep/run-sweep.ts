/** All trials of a plan, rung by rung where there are rungs; whose models are kept; and the best. */
import { setMaxListeners } from "node:events";
import { mkdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { readBytes, writeWhole } from "../../disk/disk-node.ts";
import { LstmkitError } from "../../errors.ts";
import { isThere } from "./data-files.ts";
import type { Executor } from "./executor.ts";
import { ranked, type Score, survivors } from "./halving.ts";
import { type DataFile, modelName, stateName, type TrialJob, type TrialResult, type Word } from "./jobs.ts";
import { type Plan, rungsOf } from "./plan.ts";
import type { Entry, SweepRecord } from "./record.ts";
import type { JobProgress } from "./run-job.ts";
import { type Trial, trainArguments } from "./trials.ts";

export interface Sweep {
  readonly plan: Plan;
  readonly trials: readonly Trial[];
  readonly build: string;
  /** The plan's data, and the files that flags name. */
  readonly data: readonly DataFile[];
  /** The words of data behind `train`, and of flags that name a file. */
  readonly places: { readonly data: readonly Word[]; readonly flags: Readonly<Record<string, Word>> };
}

/** What is told while it goes on. */
export interface SweepListener {
  began(trial: Trial, progress: JobProgress | null): void;
  /** @param isOld whether it was done by an earlier call */
  ended(trial: Trial, entry: Entry, isOld: boolean): void;
  /** Of one group of configurations, after a rung that is not the last. */
  rung(rung: number, epochs: number, tried: number, goOn: readonly number[]): void;
}

/** A group of configurations that are compared: all, or those of one series. */
export interface Standing {
  readonly series: string | null;
  /** Best first: the mean of the objective over seeds and folds, at the last rung that it reached. */
  readonly ranking: readonly (Score & { readonly rung: number })[];
  /** The best configuration; null where all failed. */
  readonly best: number | null;
  /** The best configuration, trained on all data, where trials held out folds. */
  readonly refit: Entry | null;
}

export const modelPath = (folder: string, trial: string) => join(folder, "models", `${trial}.safetensors`);

/** @throws ABORTED, and what is done stays done; what ends the executor */
export async function runSweep(
  sweep: Sweep,
  record: SweepRecord,
  executor: Executor,
  listener: SweepListener,
  signal: AbortSignal,
): Promise<Standing[]> {
  const { plan, trials } = sweep;
  const groups = new Map<string | null, Trial[]>();
  for (const trial of trials) groups.set(trial.series, [...(groups.get(trial.series) ?? []), trial]);
  const limit = new Limit(executor.capacity);
  const stop = new AbortController();
  const all = AbortSignal.any([signal, stop.signal]);
  setMaxListeners(0, all); // every job under way listens
  const run = new Run(sweep, record, executor, listener, limit, all);
  try {
    const work = [...groups].map(([series, own]) => runGroup(run, plan, series, own));
    // What ends one ends all, and all have to be at rest before that is told.
    work.forEach((one) => {
      one.catch(() => stop.abort());
    });
    const ended = await Promise.allSettled(work);
    const failed = ended.filter((one) => one.status === "rejected").map(({ reason }) => reason as unknown);
    const first =
      failed.find((error) => !(error instanceof LstmkitError && error.code === "ABORTED")) ?? failed[0];
    if (first !== undefined) throw first;
    return ended.map((one) => (one as PromiseFulfilledResult<Standing>).value);
  } finally {
    stop.abort();
  }
}

async function runGroup(
  run: Run,
  plan: Plan,
  series: string | null,
  trials: readonly Trial[],
): Promise<Standing> {
  const { halving, objective, flags } = plan;
  const rungs = halving ? rungsOf(halving, flags.epochs as number) : [null];
  const byNumber = new Map<number, Trial[]>();
  for (const trial of trials) {
    const { number } = trial.configuration;
    byNumber.set(number, [...(byNumber.get(number) ?? []), trial]);
  }
  let alive = [...byNumber.keys()];
  let ranking: Standing["ranking"] = [];
  for (const [rung, epochs] of rungs.entries()) {
    const isLast = rung === rungs.length - 1;
    const leader = new Leader(run, plan);
    const scores = await settledAll(
      alive.map(async (number): Promise<Score & { rung: number }> => {
        const own = byNumber.get(number)!;
        const entries = await settledAll(own.map((trial) => run.trial(trial, rung, isLast ? null : epochs)));
        const score = { number, score: meanOf(entries, objective.name), rung };
        if (isLast) await leader.take(score, own);
        return score;
      }),
    );
    const ordered = ranked(scores, objective.goal) as typeof scores;
    // Those that came further stand before those that did not.
    ranking = [...ordered, ...ranking.filter(({ number }) => !alive.includes(number))];
    if (isLast) break;
    alive = [...survivors(scores, halving!.factor, objective.goal)];
    run.listener.rung(rung, epochs!, scores.length, alive);
    const out = scores.filter(({ number }) => !alive.includes(number));
    for (const trial of out.flatMap(({ number }) => byNumber.get(number)!)) await run.forget(trial);
  }
  const first = ranking[0];
  const best = first?.score === undefined || Number.isNaN(first.score) ? null : first.number;
  const isFolded = plan.folds !== null && best !== null;
  const refit = isFolded ? await run.refit(byNumber.get(best)![0]!) : null;
  if (best !== null && !isFolded) for (const trial of byNumber.get(best)!) await run.needModel(trial);
  return { series, ranking, best, refit };
}

/** The mean of what is judged by; undefined where a trial failed. */
function meanOf(entries: readonly Entry[], name: string): number | undefined {
  const values = entries.map(({ result }) => result?.metrics[name]);
  if (values.some((value) => value === undefined)) return undefined;
  return (values as number[]).reduce((sum, value) => sum + value, 0) / values.length;
}

/** All results; where some failed, the first failure, once nothing is under way any more. */
async function settledAll<T>(work: readonly Promise<T>[]): Promise<T[]> {
  const ended = await Promise.allSettled(work);
  const failed = ended.find((one) => one.status === "rejected");
  if (failed) throw failed.reason;
  return ended.map((one) => (one as PromiseFulfilledResult<T>).value);
}

/** Keeps the models of the best configuration so far, where no others are wanted. */
class Leader {
  readonly #run: Run;
  readonly #plan: Plan;
  #best: { score: Score; trials: readonly Trial[] } | null = null;
  #taking: Promise<void> = Promise.resolve();

  constructor(run: Run, plan: Plan) {
    this.#run = run;
    this.#plan = plan;
  }

  take(score: Score, trials: readonly Trial[]): Promise<void> {
    this.#taking = this.#taking.then(() => this.#take(score, trials));
    return this.#taking;
  }

  async #take(score: Score, trials: readonly Trial[]): Promise<void> {
    if (this.#plan.keep === "all" || this.#plan.folds !== null) return;
    const before = this.#best;
    const isBetter = !before || ranked([before.score, score], this.#plan.objective.goal)[0] === score;
    if (isBetter) this.#best = { score, trials };
    for (const trial of (isBetter ? before?.trials : trials) ?? []) await this.#run.dropModel(trial);
  }
}

/** The jobs of a sweep, each once. */
class Run {
  readonly listener: SweepListener;
  readonly #sweep: Sweep;
  readonly #record: SweepRecord;
  readonly #executor: Executor;
  readonly #limit: Limit;
  readonly #signal: AbortSignal;

  constructor(
    sweep: Sweep,
    record: SweepRecord,
    executor: Executor,
    listener: SweepListener,
    limit: Limit,
    signal: AbortSignal,
  ) {
    this.#sweep = sweep;
    this.#record = record;
    this.#executor = executor;
    this.listener = listener;
    this.#limit = limit;
    this.#signal = signal;
  }

  /** A trial up to a rung, whose number counts from 0. @throws ABORTED */
  async trial(trial: Trial, rung: number, pauseAt: number | null): Promise<Entry> {
    const known = this.#record.of(trial.id, rung);
    if (known) {
      this.listener.ended(trial, known, true);
      return known;
    }
    const { plan } = this.#sweep;
    const model = pauseAt === null && (plan.keep === "all" || plan.folds === null);
    return this.#do(trial, rung, { pauseAt, model });
  }

  /** The best configuration, on all data. */
  async refit(trial: Trial): Promise<Entry> {
    const whole: Trial = { ...trial, fold: null, id: `refit-${trial.id}` };
    const known = this.#record.of(whole.id, 0);
    const isKept = known?.result
      ? await isThere(modelPath(this.#record.folder, whole.id))
      : known !== undefined;
    return known && isKept ? known : this.#do(whole, 0, { pauseAt: null, model: true });
  }

  /** Train it again where its model is gone: it comes out as it was. */
  async needModel(trial: Trial): Promise<void> {
    if (await isThere(modelPath(this.#record.folder, trial.id))) return;
    await this.#do(trial, 0, { pauseAt: null, model: true, again: true });
  }

  async dropModel({ id }: Trial): Promise<void> {
    await rm(modelPath(this.#record.folder, id), { force: true });
  }

  /** Nothing goes on from its state. */
  async forget({ id }: Trial): Promise<void> {
    await this.#executor.blobs.remove(stateName(id));
  }

  async #do(
    trial: Trial,
    rung: number,
    { pauseAt, model, again = false }: { pauseAt: number | null; model: boolean; again?: boolean },
  ): Promise<Entry> {
    const release = await this.#limit.take();
    try {
      if (this.#signal.aborted)
        throw new LstmkitError("ABORTED", "the sweep was stopped; called again it goes on.");
      this.listener.began(trial, null);
      const job = jobOf(this.#sweep, trial, rung, { pauseAt, model, again });
      const outcome = await this.#executor.run(job, this.#signal, (progress) =>
        this.listener.began(trial, progress),
      );
      const failure = outcome.failure ?? this.#missing(outcome.result as TrialResult);
      if (outcome.result && model && !failure) await this.#keepModel(trial);
      const told: Entry = {
        trial: trial.id,
        rung,
        ...(failure ? { failure } : { result: outcome.result as TrialResult }),
      };
      const entry = again ? told : await this.#record.add(told);
      await this.#executor.release(job);
      if (again) return entry;
      if (pauseAt === null || failure) await this.forget(trial);
      this.listener.ended(trial, entry, false);
      return entry;
    } finally {
      release();
    }
  }

  /** A trial that does not tell what it is judged by is none. */
  #missing({ metrics }: TrialResult) {
    const { name } = this.#sweep.plan.objective;
    if (metrics[name] !== undefined) return undefined;
    return {
      code: "BAD_PLAN" as const,
      message: `the trial told no ${name}, only ${Object.keys(metrics).join(", ") || "nothing"}; wanted an objective that it tells, or a validation part (validation-freq, validation-split).`,
    };
  }

  async #keepModel({ id }: Trial): Promise<void> {
    const bytes = await this.#executor.blobs.get(modelName(id));
    if (!bytes) return; // needModel() has it made again
    await mkdir(join(this.#record.folder, "models"), { recursive: true });
    await writeWhole(modelPath(this.#record.folder, id), bytes);
    await this.#executor.blobs.remove(modelName(id));
  }
}

function jobOf(
  { plan, build, data, places }: Sweep,
  trial: Trial,
  rung: number,
  { pauseAt, model, again }: { pauseAt: number | null; model: boolean; again: boolean },
): TrialJob {
  const flags = trainArguments(plan, trial).map((word): Word => {
    const name = /^--([a-z-]+)=/.exec(word)?.[1];
    return name !== undefined && Object.hasOwn(places.flags, name) ? places.flags[name]! : word;
  });
  return {
    kind: "trial",
    id: `${trial.id}-${again ? "again" : rung}`,
    build,
    data,
    words: ["train", ...places.data, ...flags],
    task: plan.task,
    trial: trial.id,
    pauseAt,
    model,
  };
}

/** So many at a time, in the order in which they asked. */
export class Limit {
  #free: number;
  readonly #waiting: (() => void)[] = [];

  constructor(most: number) {
    this.#free = most;
  }

  /** @returns to be called at the end */
  async take(): Promise<() => void> {
    if (this.#free > 0) this.#free--;
    else await new Promise<void>((go) => this.#waiting.push(go));
    let isOver = false;
    return () => {
      if (isOver) return;
      isOver = true;
      const next = this.#waiting.shift();
      if (next) next();
      else this.#free++;
    };
  }
}

/** The bytes of a model that was kept. */
export const keptModel = (folder: string, trial: string) => readBytes(modelPath(folder, trial));
