/** The training of a generator: strands, validation beside it, the best weights kept. */
import { now } from "../../clock.ts";
import { LstmkitError } from "../../errors.ts";
import {
  type CallbackState,
  dense,
  dropout,
  embedding,
  type Layer,
  lstm,
  type Model,
  type NamedTensor,
  type Runtime,
  type StagedRun,
} from "../../index.ts";
import { LN2 } from "./bits.ts";
import type { Settings } from "./settings.ts";
import { piecesOf, type Strands, strandsOf } from "./strands.ts";

/** Told after each batch. */
export interface GenerateProgress {
  /** Passes through the text, from 0. */
  readonly epoch: number;
  readonly epochs: number;
  /** Batches that are done, and all there will be where nothing ends training before. */
  readonly batch: number;
  readonly batches: number;
  /** Bits a token in the batches since the last validation. */
  readonly bits: number;
}

/** Told after each validation: at the end of a pass, and every 1,000 batches of a long one. */
export interface GenerateValidation extends GenerateProgress {
  /** Bits a token on the validation part. */
  readonly valBits: number;
  /** The lowest so far: these weights are kept. */
  readonly isBest: boolean;
  /** Wall time since the last one. */
  readonly seconds: number;
}

/** Who is told, and who may end it. */
export interface LearnHooks {
  readonly signal?: AbortSignal;
  readonly onBatchEnd?: (progress: GenerateProgress) => void | Promise<void>;
  readonly onValidation?: (validation: GenerateValidation, isEpochEnd: boolean) => void | Promise<void>;
}

/** What training leaves. */
export interface Learnt {
  /** Of the best validation; of the last batch where there was none yet; null where there was none of these. */
  readonly weights: NamedTensor[] | null;
  readonly valBits: number | null;
  /** Bits a token of training, between the last two validations before these weights. */
  readonly bits: number;
  /** Passes begun, and batches done. */
  readonly epochs: number;
  readonly batches: number;
  /** Why it ended before its time, where an abort did. */
  readonly aborted?: unknown;
}

/** Batches between two validations at most. */
const VALIDATE_EVERY = 1000;
/** Ids that are laid out at once. */
const IDS_AT_ONCE = 2 ** 20;
/** An improvement in bits that counts. */
const LEAST_GAIN = 0.001;
/** Where the learning rate ends, as a share of its beginning. */
const LAST_RATE = 0.05;

/** The layers of a generator. Those that learn are stateful; those of the file are not, so that any batch will do. */
export function layersOf(
  { embedding: outputDim, units, layers, dropout: rate }: Settings,
  size: number,
  stateful: boolean,
): Layer[] {
  return [
    embedding({ inputDim: size, outputDim }),
    ...Array.from({ length: layers }, (_, i) =>
      lstm({ units, returnSequences: true, stateful, dropout: i === 0 ? 0 : rate }),
    ),
    ...(rate > 0 ? [dropout({ rate })] : []),
    dense({ units: size, activation: "softmax" }),
  ];
}

/** What a generator's model is compiled with. */
export function compileOptions({ learningRate }: Settings, batches: number) {
  return {
    optimizer: {
      name: "adam",
      learningRate: {
        schedule: "cosineDecay",
        initialLearningRate: learningRate,
        decaySteps: batches,
        alpha: LAST_RATE,
      },
      globalClipnorm: 1,
    },
    loss: "sparseCategoricalCrossentropy",
  } as const;
}

/** Batches of all passes. */
export function batchesOf(ids: Uint16Array, { epochs, batchSize, steps }: Settings): number {
  return epochs * strandsOf(ids, batchSize, steps).pieces;
}

/**
 * Train a model of its own. An abort is no error here: what was learnt until then is given, with the reason.
 *
 * @param size ids that there are
 */
export async function learn(
  kit: Runtime,
  train: Uint16Array,
  validation: Uint16Array,
  size: number,
  settings: Settings,
  hooks: LearnHooks,
  begin: BeginRun,
): Promise<Learnt> {
  const model = await kit.sequential(layersOf(settings, size, true), { seed: settings.seed });
  const judge = await Judge.open(kit, layersOf(settings, size, true));
  const course = new Course(model, judge, validation, settings, batchesOf(train, settings), hooks);
  let run: StagedRun | undefined;
  try {
    run = await begin(() => course.state);
    const from = run.resumes ? course.goOn(run.resumes.state) : { epoch: 0, piece: 0 };
    await spread(model);
    await model.compile(compileOptions(settings, course.batches));
    for (let epoch = from.epoch; epoch < settings.epochs && !course.isOver; epoch++) {
      await model.resetStates();
      const strands = strandsOf(train, settings.batchSize, settings.steps, epoch);
      await course.pass(strands, epoch, epoch === from.epoch ? from.piece : 0, run);
    }
    return course.learnt();
  } catch (error) {
    if (!(error instanceof LstmkitError) || error.code !== "ABORTED") throw error;
    return { ...(await course.learnt()), aborted: error };
  } finally {
    await run?.close();
    await judge.dispose();
    await model.dispose();
  }
}

/** Begins the run that a training is. @param state what it has to remember */
export type BeginRun = (state: () => CallbackState) => Promise<StagedRun>;

/** Where a call of fit began: a pass, a piece of it, and what had been done before. */
interface Piece {
  readonly epoch: number;
  readonly piece: number;
  readonly done: number;
  readonly since: { readonly sum: number; readonly batches: number };
}

/** Passes through a text, with what was best so far. */
class Course {
  #best: { weights: NamedTensor[]; valBits: number; bits: number } | null = null;
  #worse = 0;
  #epoch = 0;
  #done = 0;
  #sinceValidation = { sum: 0, batches: 0, from: now() };
  #from: Piece = { epoch: 0, piece: 0, done: 0, since: { sum: 0, batches: 0 } };
  /** Goes on from a checkpoint that the model does not have yet. */
  #isBehind = false;

  constructor(
    readonly model: Model,
    readonly judge: Judge,
    readonly validation: Uint16Array,
    readonly settings: Settings,
    readonly batches: number,
    readonly hooks: LearnHooks,
  ) {}

  get isOver(): boolean {
    return this.#worse >= this.settings.patience;
  }

  /** What there is to remember, of a moment in a call of fit. */
  get state(): CallbackState {
    const { weights, ...best } = this.#best ?? {};
    const values = { from: this.#from, worse: this.#worse, best };
    return { values: values as unknown as CallbackState["values"], ...(weights && { tensors: weights }) };
  }

  /** @returns where the call of fit began that is to be gone on with */
  goOn({ values, tensors = [] }: CallbackState): Piece {
    const { from, worse, best } = values as unknown as {
      from: Piece;
      worse: number;
      best: { valBits: number; bits: number };
    };
    this.#best = tensors.length > 0 ? { ...best, weights: [...tensors] } : null;
    this.#worse = worse;
    this.#epoch = from.epoch;
    this.#done = from.done;
    this.#sinceValidation = { ...from.since, from: now() };
    this.#isBehind = true;
    return from;
  }

  /** @param first piece of it */
  async pass(strands: Strands, epoch: number, first: number, run: StagedRun): Promise<void> {
    this.#epoch = epoch;
    const atOnce = Math.max(1, Math.floor(IDS_AT_ONCE / (strands.strands * strands.steps)));
    for (let from = first; from < strands.pieces && !this.isOver; ) {
      const untilValidation = VALIDATE_EVERY - this.#sinceValidation.batches;
      const to = Math.min(from + Math.min(atOnce, untilValidation), strands.pieces);
      await this.#fit(strands, from, to, run);
      from = to;
      const isEnd = from === strands.pieces;
      if (isEnd || this.#sinceValidation.batches >= VALIDATE_EVERY) await this.#validate(isEnd);
    }
  }

  async #fit(strands: Strands, from: number, to: number, run: StagedRun): Promise<void> {
    const { x, y } = piecesOf(strands, from, to);
    const { signal, onBatchEnd } = this.hooks;
    const before = { ...this.#sinceValidation };
    const since = { sum: before.sum, batches: before.batches };
    this.#from = { epoch: this.#epoch, piece: from, done: this.#done, since };
    const note = (batches: number, loss: number) => {
      this.#done += before.batches + batches - this.#sinceValidation.batches;
      this.#sinceValidation.sum = before.sum + loss * batches;
      this.#sinceValidation.batches = before.batches + batches;
    };
    const { history } = await this.model.fit(x, y, {
      batchSize: strands.strands,
      shuffle: false,
      ...(signal && { signal }),
      ...run.options(`pass ${this.#epoch} from ${from}`, [
        {
          setState: () => {
            this.#isBehind = false;
          },
          getState: () => ({ values: {} }),
        },
      ]),
      onBatchEnd: (batch, { loss }) => {
        note(batch + 1, loss); // a mean over the batches of this call
        return onBatchEnd?.(this.#progress());
      },
    });
    // Where it went on behind its last batch, nothing was told.
    note(to - from, history.loss![0]!);
  }

  #progress(): GenerateProgress {
    const { sum, batches } = this.#sinceValidation;
    const { epochs } = this.settings;
    const bits = batches === 0 ? Number.NaN : sum / batches / LN2;
    return { epoch: this.#epoch, epochs, batch: this.#done, batches: this.batches, bits };
  }

  async #validate(isEpochEnd: boolean): Promise<void> {
    const weights = await this.model.getWeights();
    const valBits = await this.judge.bits(weights, this.validation, this.hooks.signal);
    const progress = this.#progress();
    const seconds = (now() - this.#sinceValidation.from) / 1000;
    const gain = (this.#best?.valBits ?? Number.POSITIVE_INFINITY) - valBits;
    const isBest = gain > 0;
    this.#worse = gain > LEAST_GAIN ? 0 : this.#worse + 1;
    if (isBest) this.#best = { weights, valBits, bits: progress.bits };
    this.#sinceValidation = { sum: 0, batches: 0, from: now() };
    await this.hooks.onValidation?.({ ...progress, valBits, isBest, seconds }, isEpochEnd);
  }

  async learnt(): Promise<Learnt> {
    const counts = { epochs: this.#epoch + 1, batches: this.#done };
    if (this.#best) return { ...this.#best, ...counts };
    const hasLearnt = this.#done > 0 && !this.#isBehind;
    const weights = hasLearnt ? await this.model.getWeights() : null;
    return { weights, valBits: null, bits: this.#progress().bits, ...counts };
  }
}

/** A model beside the one that learns, which keeps its states: it says how well a text is said beforehand. */
export class Judge {
  readonly #model: Model;

  private constructor(model: Model) {
    this.#model = model;
  }

  static async open(kit: Runtime, layers: readonly Layer[]): Promise<Judge> {
    const model = await kit.sequential(layers);
    await model.compile({ loss: "sparseCategoricalCrossentropy" });
    return new Judge(model);
  }

  /** Bits a token of a text, from its second token on; each strand of a long one begins with zeros. */
  async bits(
    weights: readonly NamedTensor[],
    ids: Uint16Array,
    signal: AbortSignal | undefined,
  ): Promise<number> {
    await this.#model.setWeights(weights);
    await this.#model.resetStates();
    const strands = ids.length > STRANDS * LEAST_STRAND ? STRANDS : 1;
    const strand = Math.floor((ids.length - 1) / strands);
    let [sum, steps] = [0, 0];
    while (steps < strand) {
      // Whole pieces first, then what is left, in a piece of its own.
      const T = Math.min(STEPS, strand - steps);
      const pieces = Math.min(Math.floor((strand - steps) / T), Math.floor(IDS_AT_ONCE / (strands * T)));
      const { x, y } = piecesOf(
        { ids, strands, steps: T, distance: strand, pieces, offset: steps },
        0,
        pieces,
      );
      const options = { batchSize: strands, ...(signal && { signal }) };
      const { loss } = await this.#model.evaluate(x, y, options);
      sum += loss * pieces * T;
      steps += pieces * T;
    }
    return sum / strand / LN2;
  }

  dispose(): Promise<void> {
    return this.#model.dispose();
  }
}

const [STRANDS, LEAST_STRAND, STEPS] = [16, 1000, 250];

/**
 * Tokens' vectors begin as numbers in ±√3, with a variance of 1, as PyTorch's have, and not in Keras's ±0.05: a tenth of
 * the updates is saved, and the text is said better in the end.
 */
async function spread(model: Model): Promise<void> {
  const [vectors, ...others] = (await model.getWeights()) as [NamedTensor, ...NamedTensor[]];
  const data = vectors.data.map((weight) => weight * (Math.sqrt(3) / KERAS_RANGE));
  await model.setWeights([{ ...vectors, data }, ...others]);
}

const KERAS_RANGE = 0.05;
