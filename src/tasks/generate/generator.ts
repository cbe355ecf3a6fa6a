/** Text that goes on: a model of which character, or word, comes next. */
import type { Bytes } from "../../bytes.ts";
import { nextTurn } from "../../clock.ts";
import { LstmkitError } from "../../errors.ts";
import { type FitCheckpoint, type Model, type Runtime, stagedRun } from "../../index.ts";
import { aFunction, aSignal, checkOptions, isList, type OptionTable, show } from "../../options.ts";
import { CHECKPOINT_OPTION, optionsIdentity } from "../run-identity.ts";
import { taskMetadata } from "../task-file.ts";
import { baselinesOf } from "./baselines.ts";
import {
  type BeginRun,
  batchesOf,
  compileOptions,
  type GenerateProgress,
  type GenerateValidation,
  Judge,
  type LearnHooks,
  type Learnt,
  layersOf,
  learn,
} from "./learn.ts";
import { type GenerateReport, type GeneratorFacts, readRecord, recordOf } from "./record.ts";
import { GENERATOR_OPTIONS, type GeneratorOptions, type Settings, settingsFor } from "./settings.ts";
import { cutNear, normalised, UNKNOWN, Vocabulary } from "./tokens.ts";
import { GENERATE_OPTIONS, type GenerateOptions, type Wanted, write } from "./write.ts";

/** A text, or several that are one corpus: they are joined, with a line end between. */
export type GenerateData = string | readonly string[];

/** What `fit` is about to do. */
export interface GenerateStart {
  readonly settings: Settings;
  readonly tokens: GenerateReport["tokens"];
  readonly vocabulary: number;
  readonly baselines: GenerateReport["baselines"];
  readonly parameters: number;
}

/** Options of `fit()`. */
export interface GenerateFitOptions {
  /** Told once, before the first batch. */
  onStart?: (start: GenerateStart) => void | Promise<void>;
  /** Told after each batch, awaited; from a runtime in a worker at most 20 times a second. */
  onBatchEnd?: (progress: GenerateProgress) => void | Promise<void>;
  /** Told after each validation: at the end of each pass, and every 1,000 batches of a long one. Awaited. */
  onValidation?: (validation: GenerateValidation) => void | Promise<void>;
  /** Told at the end of each pass, awaited. `epoch` counts from 0. */
  onEpochEnd?: (epoch: number, validation: GenerateValidation) => void | Promise<void>;
  /** Ends training: fit rejects with ABORTED, and the best weights so far are kept, where there are any. */
  signal?: AbortSignal;
  /** As in a model's fit. */
  checkpoint?: FitCheckpoint;
}

const FIT_OPTIONS = {
  onStart: { ...aFunction, fallback: undefined },
  onBatchEnd: { ...aFunction, fallback: undefined },
  onValidation: { ...aFunction, fallback: undefined },
  onEpochEnd: { ...aFunction, fallback: undefined },
  signal: { ...aSignal, fallback: undefined },
  checkpoint: CHECKPOINT_OPTION,
} satisfies OptionTable<GenerateFitOptions>;

const EVALUATE_OPTIONS = { signal: { ...aSignal, fallback: undefined } };

/** What `evaluate` gives. */
export interface GenerateEvaluation {
  /** Bits a token, from the second token on. */
  readonly bits: number;
  readonly tokens: number;
  /** Share of the tokens that the model does not know. */
  readonly unknown: number;
}

/** A text's continuation, learnt from a text. Calls on a disposed one reject with DISPOSED. */
export interface TextGenerator {
  /** Of the last fit, or the one that the file was saved after; null before the first. */
  readonly report: GenerateReport | null;

  /**
   * Learn a text, anew at each call: vocabulary and weights of before are forgotten once there are others. The last tenth
   * of the text (a million characters at most) is the validation part.
   *
   * @throws BAD_DATASET for a text of fewer than 400 tokens; BUSY, ABORTED, OUT_OF_MEMORY, THREAD_FAILED
   */
  fit(data: GenerateData, options?: GenerateFitOptions): Promise<GenerateReport>;

  /**
   * Write: pieces of the text behind the prompt, as they are made. Joined they are the same for the same model, options
   * and seed, on every engine and by any runtime in strict math.
   *
   * @throws BAD_ARGUMENT, NOT_FITTED at once; ABORTED, DISPOSED, THREAD_FAILED by the iterator
   */
  generate(options?: GenerateOptions): AsyncGenerator<string, void, undefined>;

  /** All of what `generate` gives, as one text. @throws as generate */
  predict(options?: GenerateOptions): Promise<string>;

  /** How well a text is said beforehand. @throws BAD_DATASET for one of fewer than 2 tokens; NOT_FITTED, ABORTED */
  evaluate(data: GenerateData, options?: { signal?: AbortSignal }): Promise<GenerateEvaluation>;

  /** The bytes of a model file, for `loadGenerator` and, as a plain model, `kit.load`. @throws NOT_FITTED */
  save(): Promise<Uint8Array<ArrayBuffer>>;

  /** Give the memory back. */
  dispose(): Promise<void>;
}

/** A generator to be trained. @throws BAD_ARGUMENT */
export function generator(kit: Runtime, options: GeneratorOptions = {}): TextGenerator {
  const given = checkOptions<GeneratorOptions, typeof GENERATOR_OPTIONS>(
    "generator()",
    options,
    GENERATOR_OPTIONS,
  );
  return new TrainedGenerator(kit, given, null);
}

/** A generator from the bytes of its file. @throws BAD_MODEL_FILE, OUT_OF_MEMORY, THREAD_FAILED */
export async function loadGenerator(kit: Runtime, file: Bytes): Promise<TextGenerator> {
  const model = await kit.load(file);
  try {
    return new TrainedGenerator(kit, {}, { model, facts: readRecord(model) });
  } catch (error) {
    await model.dispose();
    throw error;
  }
}

interface Trained {
  readonly model: Model;
  readonly facts: GeneratorFacts;
}

/** Fewer tokens teach nothing. */
const LEAST_TOKENS = 400;
const VALIDATION_SHARE = 0.1;
const MOST_VALIDATION = 1e6;
/** Of characters and words, known at most by default. */
const MOST_KNOWN = { characters: 4096, words: 10_000 };

class TrainedGenerator implements TextGenerator {
  readonly #kit: Runtime;
  readonly #options: GeneratorOptions;
  #trained: Trained | null;
  #isFitting = false;
  #isDisposed = false;

  constructor(kit: Runtime, options: GeneratorOptions, trained: Trained | null) {
    this.#kit = kit;
    this.#options = options;
    this.#trained = trained;
  }

  get report(): GenerateReport | null {
    return this.#trained?.facts.report ?? null;
  }

  async fit(data: GenerateData, options: GenerateFitOptions = {}): Promise<GenerateReport> {
    const hooks = checkOptions<GenerateFitOptions, typeof FIT_OPTIONS>("fit()", options, FIT_OPTIONS);
    const text = corpusOf(data, "fit()");
    if (this.#isDisposed) throw disposed();
    if (this.#isFitting)
      throw new LstmkitError("BUSY", "another fit of this generator is running; wait for its promise.");
    this.#isFitting = true;
    try {
      return await this.#fit(text, hooks);
    } finally {
      this.#isFitting = false;
    }
  }

  async #fit(text: string, hooks: GenerateFitOptions): Promise<GenerateReport> {
    const kit = this.#kit;
    const { vocabulary, train, validation, first } = await this.#encode(text);
    const settings = settingsFor(train.length, this.#options);
    const baselines = await baselinesOf(kit, train, validation, vocabulary.size);
    const tokens = { train: train.length, validation: validation.length };
    const plain = await kit.sequential(layersOf(settings, vocabulary.size, false), { seed: settings.seed });
    try {
      const parameters = await plain.countParams();
      const known = vocabulary.tokens.length;
      await hooks.onStart?.({ settings, tokens, vocabulary: known, baselines, parameters });
      const { checkpoint } = hooks;
      const identity = { "the text": [text], ...optionsIdentity(this.#options) };
      const begin: BeginRun = (getState) => stagedRun(checkpoint ? { checkpoint, identity, getState } : {});
      const learnt = await learn(kit, train, validation, vocabulary.size, settings, learnHooks(hooks), begin);
      if (learnt.weights) {
        await plain.setWeights(learnt.weights);
        await plain.compile(compileOptions(settings, batchesOf(train, settings)));
        const report = reportOf(vocabulary, tokens, validation, learnt, baselines);
        const facts = { vocabulary, readsUnknown: train.includes(UNKNOWN), first, report };
        await this.#take({ model: plain, facts });
      }
      if (learnt.aborted !== undefined) throw learnt.aborted;
      return this.#trained!.facts.report;
    } finally {
      if (this.#trained?.model !== plain) await plain.dispose();
    }
  }

  async #encode(text: string) {
    const {
      words = false,
      vocabulary: most,
      leastCount: least = GENERATOR_OPTIONS.leastCount.fallback,
    } = this.#options;
    const unit = words ? "words" : "characters";
    const validationFrom = Math.max(
      Math.floor(text.length * (1 - VALIDATION_SHARE)),
      text.length - MOST_VALIDATION,
    );
    const at = cutNear(text, validationFrom, unit);
    const [trainText, validationText] = [text.slice(0, at), text.slice(at)];
    const vocabulary = Vocabulary.of(trainText, unit, { least, most: most ?? MOST_KNOWN[unit] });
    await nextTurn();
    const train = vocabulary.encode(trainText);
    await nextTurn();
    const validation = vocabulary.encode(validationText);
    if (train.length + validation.length < LEAST_TOKENS || validation.length < 2) {
      throw new LstmkitError(
        "BAD_DATASET",
        `the text has ${train.length + validation.length} ${unit}; wanted ${LEAST_TOKENS} at least, and some ten thousand for a text that reads like it. Give more text.`,
      );
    }
    const known = train.find((id) => id !== UNKNOWN);
    if (known === undefined) {
      throw new LstmkitError(
        "BAD_DATASET",
        `none of the text's ${unit} occurs ${least} times; wanted some that do. Give more text, or leastCount: 1.`,
      );
    }
    const first = vocabulary.idOf("\n") === UNKNOWN ? vocabulary.tokens[known - 1]! : "\n";
    return { vocabulary, train, validation, first };
  }

  async #take(trained: Trained): Promise<void> {
    const before = this.#trained;
    if (this.#isDisposed) throw disposed();
    this.#trained = trained;
    await before?.model.dispose();
  }

  generate(options: GenerateOptions = {}): AsyncGenerator<string, void, undefined> {
    const wanted = checkOptions<GenerateOptions, typeof GENERATE_OPTIONS>(
      "generate()",
      options,
      GENERATE_OPTIONS,
    ) as Wanted;
    const { model, facts } = this.#known();
    return write(this.#kit, model, facts, wanted);
  }

  async predict(options: GenerateOptions = {}): Promise<string> {
    let text = "";
    for await (const piece of this.generate(options)) text += piece;
    return text;
  }

  async evaluate(data: GenerateData, options: { signal?: AbortSignal } = {}): Promise<GenerateEvaluation> {
    const { signal } = checkOptions<{ signal?: AbortSignal }, typeof EVALUATE_OPTIONS>(
      "evaluate()",
      options,
      EVALUATE_OPTIONS,
    );
    const { model, facts } = this.#known();
    const ids = facts.vocabulary.encode(corpusOf(data, "evaluate()"));
    if (ids.length < 2) {
      throw new LstmkitError(
        "BAD_DATASET",
        `the text has ${ids.length} ${facts.vocabulary.unit}; wanted 2 at least.`,
      );
    }
    const judge = await Judge.open(this.#kit, model.layers.map(stateful));
    try {
      const bits = await judge.bits(await model.getWeights(), ids, signal);
      return { bits, tokens: ids.length, unknown: shareUnknown(ids) };
    } finally {
      await judge.dispose();
    }
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
      "the generator has learnt no text yet; call fit(), or loadGenerator() with a file.",
    );
  }
}

const stateful = (layer: Model["layers"][number]) =>
  layer.type === "lstm" ? { ...layer, stateful: true } : layer;

function learnHooks({ signal, onBatchEnd, onValidation, onEpochEnd }: GenerateFitOptions): LearnHooks {
  return {
    ...(signal && { signal }),
    ...(onBatchEnd && { onBatchEnd }),
    onValidation: async (validation, isEpochEnd) => {
      await onValidation?.(validation);
      if (isEpochEnd) await onEpochEnd?.(validation.epoch, validation);
    },
  };
}

function reportOf(
  vocabulary: Vocabulary,
  tokens: GenerateReport["tokens"],
  validation: Uint16Array,
  learnt: Learnt,
  baselines: GenerateReport["baselines"],
): GenerateReport {
  return {
    unit: vocabulary.unit,
    tokens,
    vocabulary: vocabulary.tokens.length,
    unknown: shareUnknown(validation),
    epochs: learnt.epochs,
    batches: learnt.batches,
    bits: { train: learnt.bits, validation: learnt.valBits },
    baselines,
  };
}

function shareUnknown(ids: Uint16Array): number {
  let unknown = 0;
  for (const id of ids) if (id === UNKNOWN) unknown++;
  return unknown / ids.length;
}

/** @throws BAD_ARGUMENT for what is no text */
function corpusOf(data: GenerateData, call: string): string {
  const texts: unknown[] = typeof data === "string" ? [data] : isList(data) ? [...(data as string[])] : [];
  if (texts.length === 0 || !texts.every((text) => typeof text === "string")) {
    throw new LstmkitError(
      "BAD_ARGUMENT",
      `${call} was given ${show(data)} for its text; wanted a string, or a list of strings.`,
    );
  }
  const all = texts as string[];
  return normalised(
    all.map((text, i) => (i < all.length - 1 && !text.endsWith("\n") ? `${text}\n` : text)).join(""),
  );
}

const disposed = () => new LstmkitError("DISPOSED", "the generator was disposed of; make another.");
