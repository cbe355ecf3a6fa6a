/** Classes of sequences: a model that says which class a text or a series of numbers is of, or each of its steps. */
import type { Bytes } from "../../bytes.ts";
import { nextTurn } from "../../clock.ts";
import {
  checkedSet,
  type LabelKind,
  type LooseSequenceSet,
  type SequenceColumns,
  type SequenceInput,
  type SequenceSet,
} from "../../data/labelled/set.ts";
import { LstmkitError } from "../../errors.ts";
import { type FitCheckpoint, type Model, type Runtime, type StagedRun, stagedRun } from "../../index.ts";
import { aFunction, aSignal, checkOptions, isList, type OptionTable } from "../../options.ts";
import { CHECKPOINT_OPTION, optionsIdentity, sequencesIdentity } from "../run-identity.ts";
import { taskMetadata } from "../task-file.ts";
import { labelsOf } from "./classes.ts";
import { encodeSet } from "./encode.ts";
import { evaluatePart, resultsOf } from "./evaluate.ts";
import { type ClassifyProgress, type LearnHooks, outputsOf } from "./learn.ts";
import { largest, YES } from "./measure.ts";
import { type Plan, planOf } from "./plan.ts";
import { type ClassifierFacts, readRecord, recordOf } from "./record.ts";
import type { ClassifyEvaluation, ClassifyReport, ClassifyStart } from "./report.ts";
import { CLASSIFIER_OPTIONS, type ClassifierOptions, type GivenOptions } from "./settings.ts";
import { trainBest } from "./train-best.ts";

/** Sequences with classes, as readers of `lstmkit/data` give them, or written by hand. */
export type ClassifyData = SequenceSet | LooseSequenceSet;

/** Options of `fit()`. */
export interface ClassifyFitOptions {
  /** A test part of its own; all other sequences are for training and validation then. */
  test?: ClassifyData;
  /** Told once, before the first batch. */
  onStart?: (start: ClassifyStart) => void | Promise<void>;
  /** Told after each batch, awaited; from a runtime in a worker at most 20 times a second. */
  onBatchEnd?: (progress: ClassifyProgress) => void | Promise<void>;
  /** Told after each epoch, awaited. `epoch` counts from 0. */
  onEpochEnd?: LearnHooks["onEpochEnd"];
  /** Ends training: fit rejects with ABORTED, and the best weights so far are kept, where there are any. */
  signal?: AbortSignal;
  /** As in a model's fit. Scalings that were tried are not tried again. */
  checkpoint?: FitCheckpoint;
}

const FIT_OPTIONS = {
  test: {
    wanted: "sequences with classes",
    accepts: (value: unknown) => typeof value === "object" && value !== null,
    fallback: undefined,
  },
  onStart: { ...aFunction, fallback: undefined },
  onBatchEnd: { ...aFunction, fallback: undefined },
  onEpochEnd: { ...aFunction, fallback: undefined },
  signal: { ...aSignal, fallback: undefined },
  checkpoint: CHECKPOINT_OPTION,
} satisfies OptionTable<ClassifyFitOptions>;

const READ_OPTIONS = { signal: { ...aSignal, fallback: undefined } };

/** The answer for a sequence. */
export interface ClassifyPrediction {
  /** The class; those of several labels that are more likely than not; a class for each step. */
  readonly labels: readonly string[];
  /** How likely each of `labels` is. */
  readonly confidences: Float32Array;
  /** Of every class, in the order of `classes`; of steps for each step, one behind the other. */
  readonly probabilities: Float32Array;
}

/** A classifier. Calls on a disposed one reject with DISPOSED. */
export interface SequenceClassifier {
  /** Of the last fit, or the one that the file was saved after; null before the first. */
  readonly report: ClassifyReport | null;
  /** Names of the classes, in the order of probabilities; none before the first fit. */
  readonly classes: readonly string[];
  /** What it reads; null before the first fit. */
  readonly reads: ClassifierReads | null;

  /**
   * Learn, anew at each call: what was learnt before is forgotten once there is something else.
   *
   * @throws BAD_ARGUMENT, BAD_SHAPE, BAD_VALUE for what is no data; BAD_LABEL for fewer than two classes; BAD_DATASET for
   *   too few sequences; BUSY, ABORTED, OUT_OF_MEMORY, LOSS_NOT_FINITE, THREAD_FAILED
   */
  fit(data: ClassifyData, options?: ClassifyFitOptions): Promise<ClassifyReport>;

  /**
   * Classes of sequences: a set, with labels or without, or texts.
   *
   * @throws NOT_FITTED; BAD_DATASET for sequences of another kind than it was trained on; ABORTED
   */
  predict(
    data: ClassifyData | string | readonly string[],
    options?: { signal?: AbortSignal },
  ): Promise<ClassifyPrediction[]>;

  /** How well it does on data with classes. @throws NOT_FITTED; BAD_LABEL for classes that it does not know; as predict */
  evaluate(data: ClassifyData, options?: { signal?: AbortSignal }): Promise<ClassifyEvaluation>;

  /** The bytes of a model file, for `loadClassifier` and, as a plain model, `kit.load`. @throws NOT_FITTED */
  save(): Promise<Uint8Array<ArrayBuffer>>;

  /** SHA-256 of the weights, hexadecimal. @throws NOT_FITTED */
  digest(): Promise<string>;

  /** Give the memory back. */
  dispose(): Promise<void>;
}

/** What a trained classifier reads, for those who read files for it. */
export interface ClassifierReads {
  readonly input: SequenceInput;
  readonly labels: LabelKind;
  readonly features: readonly string[];
  readonly columns: SequenceColumns;
}

/** A classifier to be trained. @throws BAD_ARGUMENT */
export function classifier(kit: Runtime, options: ClassifierOptions = {}): SequenceClassifier {
  const given = checkOptions<ClassifierOptions, typeof CLASSIFIER_OPTIONS>(
    "classifier()",
    options,
    CLASSIFIER_OPTIONS,
  );
  return new TrainedClassifier(kit, given as GivenOptions, null);
}

/** A classifier from the bytes of its file. @throws BAD_MODEL_FILE, OUT_OF_MEMORY, THREAD_FAILED */
export async function loadClassifier(kit: Runtime, file: Bytes): Promise<SequenceClassifier> {
  const model = await kit.load(file);
  try {
    const given = checkOptions<ClassifierOptions, typeof CLASSIFIER_OPTIONS>(
      "loadClassifier()",
      {},
      CLASSIFIER_OPTIONS,
    );
    return new TrainedClassifier(kit, given as GivenOptions, { model, facts: readRecord(model) });
  } catch (error) {
    await model.dispose();
    throw error;
  }
}

interface Trained {
  readonly model: Model;
  readonly facts: ClassifierFacts;
}

class TrainedClassifier implements SequenceClassifier {
  readonly #kit: Runtime;
  readonly #options: GivenOptions;
  #trained: Trained | null;
  #isFitting = false;
  #isDisposed = false;

  constructor(kit: Runtime, options: GivenOptions, trained: Trained | null) {
    this.#kit = kit;
    this.#options = options;
    this.#trained = trained;
  }

  get report(): ClassifyReport | null {
    return this.#trained?.facts.report ?? null;
  }

  get classes(): readonly string[] {
    return this.#trained?.facts.classes ?? [];
  }

  get reads(): ClassifierReads | null {
    if (!this.#trained) return null;
    const { labels, encoding, columns } = this.#trained.facts;
    return { input: encoding.input, labels, features: encoding.features, columns };
  }

  async fit(data: ClassifyData, options: ClassifyFitOptions = {}): Promise<ClassifyReport> {
    const hooks = checkOptions<ClassifyFitOptions, typeof FIT_OPTIONS>("fit()", options, FIT_OPTIONS);
    const set = checkedSet(data, "fit()");
    const test = hooks.test && checkedSet(hooks.test, "fit() for its test");
    if (this.#isDisposed) throw disposed();
    if (this.#isFitting) {
      throw new LstmkitError("BUSY", "another fit of this classifier is running; wait for its promise.");
    }
    this.#isFitting = true;
    try {
      await nextTurn();
      const plan = planOf(set, test, this.#options);
      const { checkpoint, ...others } = hooks;
      const run = await stagedRun(
        checkpoint
          ? {
              checkpoint,
              identity: {
                "the data": sequencesIdentity(set),
                "the test part": test ? sequencesIdentity(test) : "none of its own",
                ...optionsIdentity(this.#options),
              },
            }
          : {},
      );
      try {
        return await this.#fit(plan, others, run);
      } finally {
        await run.close();
      }
    } finally {
      this.#isFitting = false;
    }
  }

  async #fit(plan: Plan, { onStart, ...hooks }: ClassifyFitOptions, run: StagedRun): Promise<ClassifyReport> {
    const trained = await trainBest(this.#kit, plan, onStart, hooks as LearnHooks, run);
    const { model, report, facts, aborted } = trained;
    if (model) await this.#take({ model, facts: { ...facts, report } });
    if (aborted !== undefined) throw aborted;
    return report;
  }

  async #take(trained: Trained): Promise<void> {
    const before = this.#trained;
    if (this.#isDisposed) {
      await trained.model.dispose();
      throw disposed();
    }
    this.#trained = trained;
    await before?.model.dispose();
  }

  async predict(
    data: ClassifyData | string | readonly string[],
    options: { signal?: AbortSignal } = {},
  ): Promise<ClassifyPrediction[]> {
    const { signal } = checkOptions<{ signal?: AbortSignal }, typeof READ_OPTIONS>(
      "predict()",
      options,
      READ_OPTIONS,
    );
    const { model, facts } = this.#known();
    const { labels, classes, encoding } = facts;
    const set = fitting(checkedSet(setOf(data), "predict()"), facts);
    const encoded = encodeSet(set, encoding, labels === "steps");
    const outputs = await outputsOf(model, encoded, labels, classes.length, signal);
    return resultsOf(set.sequences.length, encoded.pieces, outputs).map((probabilities) => ({
      ...answersOf(labels, classes, probabilities),
      probabilities,
    }));
  }

  async evaluate(data: ClassifyData, options: { signal?: AbortSignal } = {}): Promise<ClassifyEvaluation> {
    const { signal } = checkOptions<{ signal?: AbortSignal }, typeof READ_OPTIONS>(
      "evaluate()",
      options,
      READ_OPTIONS,
    );
    const { model, facts } = this.#known();
    const { labels, classes, encoding } = facts;
    const set = fitting(checkedSet(data, "evaluate()"), facts);
    if (set.sequences.length === 0)
      throw new LstmkitError("BAD_DATASET", "there is no sequence; wanted one at least.");
    const part = {
      encoded: encodeSet(set, encoding, labels === "steps"),
      labels: labelsOf(set, classes, labels),
    };
    return evaluatePart(model, set, part, facts, signal);
  }

  async save(): Promise<Uint8Array<ArrayBuffer>> {
    const { model, facts } = this.#known();
    return model.save({ metadata: taskMetadata(recordOf(facts)) });
  }

  async digest(): Promise<string> {
    return this.#known().model.digest();
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
      "the classifier has learnt nothing yet; call fit(), or loadClassifier() with a file.",
    );
  }
}

function setOf(data: ClassifyData | string | readonly string[]): ClassifyData {
  if (typeof data === "string") return { input: "text", sequences: [data] };
  return isList(data) ? { input: "text", sequences: data as readonly string[] } : data;
}

/** @throws BAD_DATASET for sequences of another kind, or with other features, than those of the training */
function fitting(set: SequenceSet, { encoding }: ClassifierFacts): SequenceSet {
  const { input, features } = encoding;
  // A set of nothing has no kind.
  if (set.sequences.length > 0 && set.input !== input) {
    throw new LstmkitError(
      "BAD_DATASET",
      `the sequences are ${NAMES[set.input]}; wanted ${NAMES[input]}, as the model was trained on.`,
    );
  }
  if (input === "numbers" && set.sequences.length > 0 && set.features.length !== features.length) {
    throw new LstmkitError(
      "BAD_DATASET",
      `a step has ${set.features.length} numbers (${set.features.slice(0, 8).join(", ")}); wanted ${features.length} (${features.slice(0, 8).join(", ")}), as the model was trained on. Name the columns (features, --features on the command line).`,
    );
  }
  return set;
}

const NAMES = { text: "texts", tokens: "lists of tokens", numbers: "numbers" };

function answersOf(
  kind: LabelKind,
  classes: readonly string[],
  probabilities: Float32Array,
): Pick<ClassifyPrediction, "labels" | "confidences"> {
  const C = classes.length;
  if (kind === "many") {
    const yes = classes.map((_, c) => c).filter((c) => probabilities[c]! >= YES);
    yes.sort((a, b) => probabilities[b]! - probabilities[a]! || a - b);
    return {
      labels: yes.map((c) => classes[c]!),
      confidences: Float32Array.from(yes, (c) => probabilities[c]!),
    };
  }
  const rows = probabilities.length / C;
  const best = Array.from({ length: rows }, (_, t) => largest(probabilities, t * C, C));
  return {
    labels: best.map((c) => classes[c]!),
    confidences: Float32Array.from(best, (c, t) => probabilities[t * C + c]!),
  };
}

const disposed = () => new LstmkitError("DISPOSED", "the classifier was disposed of; make another.");
