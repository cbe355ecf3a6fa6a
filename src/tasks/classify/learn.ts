/** The training of a classifier: batches of the training part, validation beside it, the best weights kept. */
import type { LabelKind } from "../../data/labelled/set.ts";
import { LstmkitError } from "../../errors.ts";
import type { Callback, CallbackState, Model, NamedTensor, Runtime, StagedRun, Tensor } from "../../index.ts";
import { BatchOrder } from "./batch-order.ts";
import { chunksOf, type Encoded, type Encoding, longest, tensorOf } from "./encode.ts";
import { compileOptions, layersOf } from "./network.ts";
import type { ClassifyEpoch } from "./report.ts";
import type { ClassifySettings } from "./settings.ts";

/** A part, as the network takes it. */
export interface LearnPart {
  readonly encoded: Encoded;
  /** Of each sequence of the set that was encoded. */
  readonly labels: readonly Int32Array[];
}

/** Told after each batch. */
export interface ClassifyProgress {
  /** From 0. */
  readonly epoch: number;
  readonly epochs: number;
  /** Batches that are done of the epoch, and all of it. */
  readonly batch: number;
  readonly batches: number;
  readonly loss: number;
  readonly accuracy: number;
}

/** Who is told, and who may end it. */
export interface LearnHooks {
  readonly signal?: AbortSignal;
  readonly onBatchEnd?: (progress: ClassifyProgress) => void | Promise<void>;
  readonly onEpochEnd?: (
    epoch: number,
    logs: ClassifyEpoch & { readonly seconds: number; readonly isBest: boolean },
  ) => void | Promise<void>;
}

export interface LearnJob {
  readonly settings: ClassifySettings;
  readonly encoding: Encoding;
  readonly kind: LabelKind;
  readonly classes: number;
  /** What each class counts for. */
  readonly weights: Readonly<Record<number, number>> | undefined;
  readonly train: LearnPart;
  readonly validation: LearnPart | null;
}

/** What training leaves. */
export interface Learnt {
  /** With the best weights; null where it was aborted before there were any. */
  readonly model: Model | null;
  readonly history: readonly ClassifyEpoch[];
  /** From 0. */
  readonly bestEpoch: number;
  /** Of the best epoch; infinite without validation. */
  readonly valLoss: number;
  readonly aborted?: unknown;
}

/** Targets of pieces, padded as they are: (n), (n, classes) of 0 and 1, or (n, T). */
export function targetsOf(
  { encoded, labels }: LearnPart,
  chosen: readonly number[],
  kind: LabelKind,
  classes: number,
  T: number,
): Tensor<Int32Array> {
  const pieces = chosen.map((i) => encoded.pieces[i]!);
  if (kind === "one")
    return { data: Int32Array.from(pieces, ({ sequence }) => labels[sequence]![0]!), shape: [pieces.length] };
  const width = kind === "many" ? classes : T;
  const data = new Int32Array(pieces.length * width);
  for (const [i, { sequence, from, steps }] of pieces.entries()) {
    const own = labels[sequence]!;
    if (kind === "many") for (const c of own) data[i * width + c] = 1;
    else data.set(own.subarray(from, from + steps), i * width);
  }
  return { data, shape: [pieces.length, width] };
}

/** A batch of pieces, padded to `T` steps. */
function batchOf(part: LearnPart, chosen: readonly number[], kind: LabelKind, classes: number, T?: number) {
  const pieces = chosen.map((i) => part.encoded.pieces[i]!);
  const steps = T ?? longest(pieces);
  return [tensorOf(pieces, part.encoded, steps), targetsOf(part, chosen, kind, classes, steps)] as const;
}

/** Train a new model, a stage of the run. An abort is no error here: what was learnt until then is given, with the reason. */
export async function learn(
  kit: Runtime,
  job: LearnJob,
  hooks: LearnHooks,
  run: StagedRun,
  stage: string,
): Promise<Learnt> {
  const { settings, encoding, kind, classes, train, validation, weights } = job;
  const model = await kit.sequential(layersOf(settings, encoding, classes, kind), { seed: settings.seed });
  const keeper = new Keeper(
    model,
    kind,
    settings,
    hooks,
    Math.ceil(train.encoded.pieces.length / settings.batchSize),
  );
  try {
    const order = new BatchOrder(train.encoded, settings);
    await model.compile(compileOptions(settings, kind, order.batches));
    function* trainBatches(epoch: number) {
      for (const { chosen, T } of order.ofEpoch(epoch)) yield batchOf(train, chosen, kind, classes, T);
    }
    function* validationBatches() {
      for (const chosen of chunksOf(validation!.encoded, BATCH))
        yield batchOf(validation!, chosen, kind, classes);
    }
    await model.fit(trainBatches, {
      epochs: settings.epochs,
      ...(validation && { validationData: validationBatches }),
      ...(weights && { classWeight: weights }),
      ...(hooks.signal && { signal: hooks.signal }),
      ...run.options(stage, [keeper.callback]),
    });
    await keeper.restore();
    return keeper.learnt(model);
  } catch (error) {
    const isAbort = error instanceof LstmkitError && error.code === "ABORTED";
    if (isAbort && keeper.hasLearnt) {
      await keeper.restore();
      return { ...keeper.learnt(model), aborted: error };
    }
    await model.dispose();
    if (isAbort)
      return { model: null, history: [], bestEpoch: 0, valLoss: Number.POSITIVE_INFINITY, aborted: error };
    throw error;
  }
}

/** A gain in loss that patience counts. */
const LEAST_GAIN = 0.002;

/** What the keeper has to remember; of the best epoch its weights beside it. */
interface Remembered {
  readonly history: readonly ClassifyEpoch[];
  readonly best: { readonly epoch: number; readonly valLoss: number; readonly valAccuracy: number };
  readonly gained: number;
  readonly done: number;
}

/** Notes epochs, keeps the weights of the best one, and ends the fit where none is better any more. */
class Keeper {
  readonly #history: ClassifyEpoch[] = [];
  #best: { weights: NamedTensor[]; epoch: number; valLoss: number; valAccuracy: number } | null = null;
  /** The last epoch that was better by what counts. */
  #gained = 0;
  #done = 0;

  constructor(
    readonly model: Model,
    readonly kind: LabelKind,
    readonly settings: ClassifySettings,
    readonly hooks: LearnHooks,
    readonly batches: number,
  ) {}

  get hasLearnt(): boolean {
    return this.#done > 0;
  }

  get callback(): Callback {
    return {
      getState: () => {
        const { weights, ...best } = this.#best ?? {};
        const values = { history: this.#history, best, gained: this.#gained, done: this.#done };
        return { values: values as unknown as CallbackState["values"], ...(weights && { tensors: weights }) };
      },
      setState: ({ values, tensors = [] }) => {
        const { history, best, gained, done } = values as unknown as Remembered;
        this.#history.splice(0, this.#history.length, ...history);
        this.#best = tensors.length > 0 ? { ...best, weights: [...tensors] } : null;
        [this.#gained, this.#done] = [gained, done];
      },
      onBatchEnd: (batch, { loss, accuracy = 0 }) => {
        this.#done++;
        const { epochs } = this.settings;
        const { batches } = this;
        return this.hooks.onBatchEnd?.({
          epoch: this.#history.length,
          epochs,
          batch: batch + 1,
          batches,
          loss,
          accuracy,
        });
      },
      onEpochEnd: async (epoch, { loss, accuracy = 0, valLoss, valAccuracy, seconds }, { stop }) => {
        const logs = {
          loss,
          accuracy,
          ...(valLoss !== undefined && { valLoss, valAccuracy: valAccuracy ?? 0 }),
        };
        this.#history.push(logs);
        const isBest = valLoss !== undefined && this.#isBetter(valLoss, valAccuracy ?? 0);
        if (isBest && this.#isGain(valLoss, valAccuracy ?? 0)) this.#gained = epoch;
        if (isBest) {
          this.#best = {
            weights: await this.model.getWeights(),
            epoch,
            valLoss,
            valAccuracy: valAccuracy ?? 0,
          };
        }
        await this.hooks.onEpochEnd?.(epoch, { ...logs, seconds, isBest });
        if (this.#best && epoch - this.#gained >= this.settings.patience) stop();
      },
    };
  }

  /** By accuracy, of equal ones by loss; with several labels, most of which are not there, by loss alone. */
  #isBetter(valLoss: number, valAccuracy: number): boolean {
    const best = this.#best;
    if (!best) return true;
    if (this.kind === "many" || valAccuracy === best.valAccuracy) return valLoss < best.valLoss;
    return valAccuracy > best.valAccuracy;
  }

  #isGain(valLoss: number, valAccuracy: number): boolean {
    const best = this.#best;
    return !best || best.valLoss - valLoss > LEAST_GAIN || valAccuracy > best.valAccuracy;
  }

  async restore(): Promise<void> {
    if (this.#best) await this.model.setWeights(this.#best.weights);
  }

  learnt(model: Model): Learnt {
    const { epoch: bestEpoch = Math.max(this.#history.length - 1, 0), valLoss = Number.POSITIVE_INFINITY } =
      this.#best ?? {};
    return { model, history: this.#history, bestEpoch, valLoss };
  }
}

/** Sequences in a batch where nothing is learnt. */
const BATCH = 128;
/** Sequences that are handed to a model at once. */
const AT_ONCE = 16_384;

/** Outputs for each piece: (classes), or (steps, classes) where labels are of steps. */
export async function outputsOf(
  model: Model,
  encoded: Encoded,
  kind: LabelKind,
  classes: number,
  signal: AbortSignal | undefined,
): Promise<readonly Float32Array[]> {
  const outputs = new Array<Float32Array>(encoded.pieces.length);
  for (const chunk of chunksOf(encoded, AT_ONCE)) {
    const pieces = chunk.map((i) => encoded.pieces[i]!);
    const { data, shape } = await model.predict(tensorOf(pieces, encoded), {
      batchSize: BATCH,
      ...(signal && { signal }),
    });
    const each = kind === "steps" ? shape[1]! * classes : classes;
    for (const [row, i] of chunk.entries()) {
      const length = kind === "steps" ? encoded.pieces[i]!.steps * classes : classes;
      outputs[i] = data.slice(row * each, row * each + length);
    }
  }
  return outputs;
}

/** The mean loss of a part, over sequences, or steps where labels are of them. */
export async function lossOf(
  model: Model,
  part: LearnPart,
  kind: LabelKind,
  classes: number,
  signal: AbortSignal | undefined,
): Promise<number> {
  let [sum, rows] = [0, 0];
  for (const chunk of chunksOf(part.encoded, AT_ONCE)) {
    const pieces = chunk.map((i) => part.encoded.pieces[i]!);
    const T = longest(pieces);
    const y = targetsOf(part, chunk, kind, classes, T);
    const { loss } = await model.evaluate(tensorOf(pieces, part.encoded, T), y, {
      batchSize: BATCH,
      ...(signal && { signal }),
    });
    const counted = kind === "steps" ? pieces.reduce((n, { steps }) => n + steps, 0) : pieces.length;
    sum += loss * counted;
    rows += counted;
  }
  return rows === 0 ? 0 : sum / rows;
}

const LEAST_LOSS = 0.01;
/** Factors of the last layer's sums that are tried, from one to its neighbours. */
const FACTORS = [0.25, 0.35, 0.45, 0.55, 0.65, 0.75, 0.85, 1, 1.15, 1.3, 1.5, 1.75, 2, 2.5, 3, 4];

/**
 * Temperature scaling (Guo et al., "On calibration of modern neural networks", 2017): what the last layer adds up is
 * divided by the number that makes the loss on the validation part the least. It becomes part of its weights, so that the
 * model in the file says the same. No answer changes, only how sure it is.
 *
 * @returns the temperature
 */
export async function calibrate(
  model: Model,
  validation: LearnPart,
  kind: LabelKind,
  classes: number,
  signal: AbortSignal | undefined,
): Promise<number> {
  const weights = await model.getWeights();
  const scaled = (factor: number) =>
    weights.map((weight, i) =>
      i < weights.length - 2 ? weight : { ...weight, data: weight.data.map((value) => value * factor) },
    );
  const losses = new Map<number, number>();
  const lossAt = async (i: number): Promise<number> => {
    const factor = FACTORS[i];
    if (factor === undefined) return Number.POSITIVE_INFINITY;
    let loss = losses.get(i);
    if (loss === undefined) {
      await model.setWeights(scaled(factor));
      loss = await lossOf(model, validation, kind, classes, signal);
      losses.set(i, loss);
    }
    return loss;
  };
  let best = FACTORS.indexOf(1);
  // Where all is right and sure, nothing is left to measure by.
  if ((await lossAt(best)) < LEAST_LOSS) return 1;
  for (const way of [-1, 1]) while ((await lossAt(best + way)) < (await lossAt(best))) best += way;
  await model.setWeights(scaled(FACTORS[best]!));
  return 1 / FACTORS[best]!;
}
