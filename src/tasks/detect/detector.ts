/** Alarms on series: values that are not what a network expects by those before. */
import type { Bytes } from "../../bytes.ts";
import { nextTurn } from "../../clock.ts";
import { badSeries } from "../../data/series/places.ts";
import type { SeriesSet } from "../../data/series/series.ts";
import { LstmkitError } from "../../errors.ts";
import type { FitCheckpoint, Model, Runtime } from "../../index.ts";
import { aFunction, aSignal, checkOptions, type OptionTable, show } from "../../options.ts";
import { CHECKPOINT_OPTION } from "../run-identity.ts";
import { taskMetadata } from "../task-file.ts";
import { Expecting } from "./expect.ts";
import { type DetectHooks, fitDetector, targetOf } from "./fitting.ts";
import type { DetectProgress } from "./learn.ts";
import { type DetectFacts, type DetectReport, readRecord, recordOf } from "./record.ts";
import { leastPValue } from "./scales.ts";
import { DETECTOR_OPTIONS, type DetectorOptions } from "./settings.ts";
import { aShare, type DetectOptions, type DetectStream, Watching } from "./stream.ts";
import type { DetectResult } from "./watch.ts";

/** Options of `fit()`. */
export interface DetectFitOptions {
  /** Told after each epoch, awaited. */
  onEpochEnd?: (progress: DetectProgress) => void | Promise<void>;
  /** Ends training: fit rejects with ABORTED, and the detector is what it was before. */
  signal?: AbortSignal;
  /** As in a model's fit. */
  checkpoint?: FitCheckpoint;
}

/** Options of `predict()`. */
export interface DetectPredictOptions extends DetectOptions {
  signal?: AbortSignal;
}

/** Options of `evaluate()`. */
export interface DetectEvaluateOptions extends DetectPredictOptions {
  /** What is odd: of each series, in the set's order, a label for each row; null where it does not count. */
  labels: readonly (readonly (boolean | null)[])[];
}

/** How alarms did beside labels. Rows without a label, and those that were not scored, do not count. */
export interface DetectEvaluation {
  readonly rows: number;
  readonly labels: number;
  readonly alarms: number;
  /** Share of the alarms that are labelled, share of the labelled that are alarms, and their harmonic mean; 0 of none. */
  readonly precision: number;
  readonly recall: number;
  readonly f1: number;
  /** Mean precision over the labelled rows in the order of scores: 1 where all of them are above all others. */
  readonly averagePrecision: number;
}

/** Watches series. Calls on a disposed one reject with DISPOSED, those before the first fit with NOT_FITTED. */
export interface Detector {
  /** Of the last fit, or the one that the file was saved after; null before the first. */
  readonly report: DetectReport | null;
  /** Ids of the series that were learnt. */
  readonly series: readonly string[];

  /**
   * Learn what is usual, anew at each call: a network by the first part of each series, and by the last one when to stop,
   * how large errors usually are at which times, and how they are spread. A few odd values in the data do no harm.
   *
   * @throws BAD_SERIES for too few rows; BAD_ARGUMENT, BUSY, ABORTED, OUT_OF_MEMORY, THREAD_FAILED
   */
  fit(set: SeriesSet, options?: DetectFitOptions): Promise<DetectReport>;

  /** Rows as they come. @throws NOT_FITTED; BAD_ARGUMENT for an alpha below what the validation part allows */
  stream(options?: DetectOptions): Promise<DetectStream>;

  /** What a stream says of all rows of a set: of each series, in the set's order. @throws BAD_SERIES; as stream */
  predict(set: SeriesSet, options?: DetectPredictOptions): Promise<DetectResult[][]>;

  /** How that is beside labels. @throws as predict */
  evaluate(set: SeriesSet, options: DetectEvaluateOptions): Promise<DetectEvaluation>;

  /** The bytes of a model file, for `loadDetector` and, as a plain model, `kit.load`. @throws NOT_FITTED */
  save(): Promise<Uint8Array<ArrayBuffer>>;

  /** Give the memory back; its streams end with it. */
  dispose(): Promise<void>;
}

const FIT_OPTIONS = {
  onEpochEnd: { ...aFunction, fallback: undefined },
  signal: { ...aSignal, fallback: undefined },
  checkpoint: CHECKPOINT_OPTION,
} satisfies OptionTable<DetectFitOptions>;

const STREAM_OPTIONS = { alpha: { ...aShare, fallback: undefined } } satisfies OptionTable<DetectOptions>;
const PREDICT_OPTIONS = { ...STREAM_OPTIONS, signal: { ...aSignal, fallback: undefined } };
const EVALUATE_OPTIONS = {
  ...PREDICT_OPTIONS,
  labels: {
    wanted: "of each series a list of true, false or null",
    accepts: (value: unknown) => Array.isArray(value),
  },
};

const ALPHA = 0.01;

/** A detector to be trained. @throws BAD_ARGUMENT */
export function detector(kit: Runtime, options: DetectorOptions = {}): Detector {
  const given = checkOptions<DetectorOptions, typeof DETECTOR_OPTIONS>(
    "detector()",
    options,
    DETECTOR_OPTIONS,
  );
  return new TrainedDetector(kit, given, null);
}

/** A detector from the bytes of its file. @throws BAD_MODEL_FILE, OUT_OF_MEMORY, THREAD_FAILED */
export async function loadDetector(kit: Runtime, file: Bytes): Promise<Detector> {
  const model = await kit.load(file);
  try {
    return new TrainedDetector(kit, {}, { model, facts: readRecord(model) });
  } catch (error) {
    await model.dispose();
    throw error;
  }
}

interface Trained {
  readonly model: Model;
  readonly facts: DetectFacts;
}

class TrainedDetector implements Detector {
  readonly #kit: Runtime;
  readonly #options: DetectorOptions;
  #trained: Trained | null;
  #isFitting = false;
  #isDisposed = false;

  constructor(kit: Runtime, options: DetectorOptions, trained: Trained | null) {
    this.#kit = kit;
    this.#options = options;
    this.#trained = trained;
  }

  get report(): DetectReport | null {
    return this.#trained?.facts.report ?? null;
  }

  get series(): readonly string[] {
    return this.#trained?.facts.series.map(({ id }) => id) ?? [];
  }

  async fit(set: SeriesSet, options: DetectFitOptions = {}): Promise<DetectReport> {
    const hooks = checkOptions<DetectFitOptions, typeof FIT_OPTIONS>(
      "fit()",
      options,
      FIT_OPTIONS,
    ) as DetectHooks;
    checkSet(set);
    if (this.#isDisposed) throw disposed();
    if (this.#isFitting)
      throw new LstmkitError("BUSY", "another fit of this detector is running; wait for its promise.");
    this.#isFitting = true;
    try {
      const trained = await fitDetector(this.#kit, set, this.#options, hooks);
      const before = this.#trained;
      if (this.#isDisposed) {
        await trained.model.dispose();
        throw disposed();
      }
      this.#trained = trained;
      await before?.model.dispose();
      return trained.facts.report;
    } finally {
      this.#isFitting = false;
    }
  }

  async stream(options: DetectOptions = {}): Promise<DetectStream> {
    const { alpha } = checkOptions<DetectOptions, typeof STREAM_OPTIONS>("stream()", options, STREAM_OPTIONS);
    return this.#watching(alpha);
  }

  #watching(alpha: number | undefined): Watching {
    const { model, facts } = this.#known();
    const { calendar, frequency, timeZone, window } = facts;
    const expecting = new Expecting(this.#kit, model, { calendar, frequency, timeZone, window });
    return new Watching(facts, expecting, alpha ?? Math.max(ALPHA, leastPValue(facts.calibration)));
  }

  async predict(set: SeriesSet, options: DetectPredictOptions = {}): Promise<DetectResult[][]> {
    const { alpha, signal } = checkOptions<DetectPredictOptions, typeof PREDICT_OPTIONS>(
      "predict()",
      options,
      PREDICT_OPTIONS,
    );
    return this.#results(set, alpha, signal);
  }

  async #results(
    set: SeriesSet,
    alpha: number | undefined,
    signal: AbortSignal | undefined,
  ): Promise<DetectResult[][]> {
    checkSet(set);
    const stream = this.#watching(alpha);
    const target = targetOf(set, this.#known().facts.target);
    const results: DetectResult[][] = [];
    for (const { id, times, length, columns } of set.series) {
      const own: DetectResult[] = [];
      for (let row = 0; row < length; row++) {
        if (row % 64 === 0) await nextTurn();
        if (signal?.aborted) throw new LstmkitError("ABORTED", "predict() was ended by its signal.");
        own.push(
          await stream.step({ time: times ? times[row]! : null, value: columns[target]![row]!, series: id }),
        );
      }
      results.push(own);
    }
    return results;
  }

  async evaluate(set: SeriesSet, options: DetectEvaluateOptions): Promise<DetectEvaluation> {
    const { alpha, signal, labels } = checkOptions<DetectEvaluateOptions, typeof EVALUATE_OPTIONS>(
      "evaluate()",
      options,
      EVALUATE_OPTIONS,
    );
    checkSet(set);
    const fits =
      labels.length === set.series.length &&
      set.series.every(({ length }, s) => labels[s]?.length === length);
    if (!fits) {
      throw new LstmkitError(
        "BAD_ARGUMENT",
        `evaluate(): labels are of ${show(labels.map((own) => own?.length))} rows; wanted a label for each of ${show(set.series.map(({ length }) => length))}.`,
      );
    }
    const results = await this.#results(set, alpha, signal);
    const scored = results.flatMap((own, s) =>
      own.flatMap(({ score, alarm }, row) => {
        const label = labels[s]![row];
        return score === null || typeof label !== "boolean" ? [] : [{ score, alarm, label }];
      }),
    );
    return evaluated(scored);
  }

  async save(): Promise<Uint8Array<ArrayBuffer>> {
    const { model, facts } = this.#known();
    return model.save({ metadata: taskMetadata(recordOf(facts)) });
  }

  async dispose(): Promise<void> {
    this.#isDisposed = true;
    await this.#trained?.model.dispose();
  }

  #known(): Trained {
    if (this.#isDisposed) throw disposed();
    if (this.#trained) return this.#trained;
    throw new LstmkitError(
      "NOT_FITTED",
      "the detector has learnt no series yet; call fit(), or loadDetector() with a file.",
    );
  }
}

/** @throws BAD_ARGUMENT for what is no set of series, BAD_SERIES for an empty one */
function checkSet(set: SeriesSet): void {
  const { series } = Object(set) as Partial<SeriesSet>;
  if (!Array.isArray(series)) {
    throw new LstmkitError(
      "BAD_ARGUMENT",
      `the data are ${show(set)}; wanted a set of series, such as seriesFromCsv() of lstmkit/data gives.`,
    );
  }
  if (series.length === 0) throw badSeries("there are no series", "one at least");
}

/** How scores and alarms did beside labels. */
export function evaluated(
  scored: readonly { readonly score: number; readonly alarm: boolean; readonly label: boolean }[],
): DetectEvaluation {
  const count = (of: (row: (typeof scored)[number]) => boolean) => scored.filter(of).length;
  const [labels, alarms, hits] = [
    count(({ label }) => label),
    count(({ alarm }) => alarm),
    count(({ label, alarm }) => label && alarm),
  ];
  const share = (part: number, all: number) => (all === 0 ? 0 : part / all);
  let [found, precisions] = [0, 0];
  const ranked = [...scored].sort((a, b) => b.score - a.score);
  for (const [rank, { label }] of ranked.entries()) if (label) precisions += ++found / (rank + 1);
  return {
    ...{ rows: scored.length, labels, alarms },
    precision: share(hits, alarms),
    recall: share(hits, labels),
    f1: share(2 * hits, alarms + labels),
    averagePrecision: share(precisions, labels),
  };
}

const disposed = () => new LstmkitError("DISPOSED", "the detector was disposed of; make another.");
