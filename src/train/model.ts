/**
 * The public model: what a runtime's sequential() and load() give, in this thread or in a worker. More than 400 lines,
 * because what each call takes and gives is told here once.
 */

import type { HostSignal } from "../host-types.ts";
import type { Layer, StateName } from "../layers/index.ts";
import type { CompileOptions } from "../model/compile.ts";
import type { NamedTensor, Tensor } from "../tensor.ts";
import type { CallbackState, FitCheckpoint } from "./checkpoint.ts";
import type { Group } from "./group.ts";
import type { Inputs, SampleWeights, Targets } from "./inputs.ts";
import type { ClassWeights } from "./row-weights.ts";
import type { Batches } from "./sample-batch.ts";
import type { Step, StepInput, Stream, StreamOptions, StreamState } from "./stream.ts";

/** Means over the samples seen so far in the epoch. */
export interface Logs {
  loss: number;
  /** Where metrics has it. */
  accuracy?: number;
  /** The other metrics, under their names. */
  [metric: string]: number | undefined;
}

/** What onBatchEnd is given. */
export interface BatchLogs extends Logs {
  /** Samples in this batch. */
  size: number;
  /**
   * Batches in the epoch. Where they come one by one it is what the epoch before had, and Infinity before anybody knows;
   * at the last batch it is right.
   */
  batches: number;
}

/** What onEpochEnd is given. */
export interface EpochLogs extends Logs {
  /** In epochs that validate. */
  valLoss?: number;
  valAccuracy?: number;
  /** Wall time of the epoch, validation left out. */
  seconds: number;
}

/** What a callback may do to the fit that called it. Its functions may be taken out of it. */
export interface FitContext {
  /** Calls that only read may be made on it; those that change it, by this context. */
  readonly model: Model;
  /** What the logs of epochs hold in this fit, by name: `loss`, metrics, and `valLoss`, … where it validates. */
  readonly metrics: readonly string[];
  /** The optimiser's, as of now; of a schedule that of the step that was taken last, or of the first. */
  readonly learningRate: number;
  /**
   * End the fit before its next batch, as if it had no more: what is trained of the epoch is validated, logged and
   * told, and the promise gives the history.
   */
  readonly stop: () => void;
  /**
   * Of the next batch and all after it, in later fits too, until compile. A model that is saved has the rate that
   * compile was given.
   *
   * @throws BAD_ARGUMENT for what is no rate, and where compile was given a schedule
   */
  readonly setLearningRate: (rate: number) => Promise<void>;
  /** As Model.setWeights, which is BUSY while fit runs. @throws BAD_SHAPE, BAD_VALUE */
  readonly setWeights: (weights: readonly Tensor<Float32Array>[]) => Promise<void>;
}

/**
 * Something that is told of a fit: any object with some of these functions, each awaited like
 * {@link FitOptions.onEpochEnd}. It is called in the thread that called fit(), wherever the model is. An object may
 * keep what it likes in itself; it is told onTrainBegin at each fit.
 */
export interface Callback {
  /** Before the first epoch. */
  onTrainBegin?(context: FitContext): void | Promise<void>;
  /** `epoch` counts from 0. */
  onEpochBegin?(epoch: number, context: FitContext): void | Promise<void>;
  /** As {@link FitOptions.onBatchEnd}. */
  onBatchEnd?(batch: number, logs: BatchLogs, context: FitContext): void | Promise<void>;
  /** Validation included. */
  onEpochEnd?(epoch: number, logs: EpochLogs, context: FitContext): void | Promise<void>;
  /**
   * A batch gave a loss, a gradient or weights that are not finite, or a loss above maxLoss, which is undone: the weights
   * are those of the batch before, or of before maxLoss was passed. Where a callback stops the fit now, it ends with the epochs before this one; else it rejects with
   * LOSS_NOT_FINITE and this message.
   */
  onNotFinite?(batch: number, message: string, context: FitContext): void | Promise<void>;
  /**
   * The optimiser is done by then: with useEma the weights are their moving average, and setWeights() has the last word.
   * Not where fit rejects.
   */
  onTrainEnd?(context: FitContext): void | Promise<void>;
  /** What it has to remember of the fit so far, where {@link FitOptions.checkpoint} is given: asked for between two batches. */
  getState?(): CallbackState;
  /** Go on from what getState gave in a run that was stopped; told after onTrainBegin. */
  setState?(state: CallbackState): void;
}

/** Options of `fit()`. */
export interface FitOptions {
  /** Default 1. */
  epochs?: number;
  /** Default 32. */
  batchSize?: number;
  /** Another order of samples each epoch, by the model's seed. Default true, which a stateful layer refuses. */
  shuffle?: boolean;
  /** Leave out an epoch's last batch when it is smaller. Default false. */
  dropRemainder?: boolean;
  /** Batches in an epoch, where fit is given batches, which then go on from epoch to epoch. Default: all there are. */
  stepsPerEpoch?: number;
  /** With weights of its samples, where valLoss is to go by some; or {@link Batches}, gone through at each validation. */
  validationData?: readonly [Inputs, Targets] | readonly [Inputs, Targets, SampleWeights] | Batches;
  /** Share of the samples, the last ones, to validate on instead of training; in (0, 1). */
  validationSplit?: number;
  /** Validate every so many epochs. Default 1. */
  validationFreq?: number;
  /**
   * What each sample counts for, from 0 on: (n), or (n, T), a weight for each step, where the model gives sequences.
   * A row's loss and gradient are multiplied by its weight; the mean stays one over all rows, as in Keras, so weights
   * with a mean of 1 leave the loss its size. Metrics go by none. What validationSplit splits off keeps its weights.
   * Default none.
   */
  sampleWeight?: SampleWeights;
  /**
   * What each class counts for in training: { 0: 1, 1: 5 }; one that is not named counts for 1. For losses with a class
   * a row: sparseCategoricalCrossentropy, binaryCrossentropy of one unit, and categoricalCrossentropy, where it is that
   * of the largest target. The class of each step counts where the model gives sequences. Validation goes by none. Not
   * beside sampleWeight, as in Keras. Default none.
   */
  classWeight?: ClassWeights;
  /**
   * A batch whose loss is above ends fit with LOSS_NOT_FINITE, and so does one whose loss is no number; the weights
   * are then those of the last batch whose loss was not, or of before the call. It costs a copy of the weights
   * a batch. Default none: then the loss has to be a number alone.
   */
  maxLoss?: number;
  /**
   * Awaited: the next batch waits for its promise, unless the call is aborted or the model disposed of. `batch` counts from 0. From a runtime in a worker it
   * is called at most 20 times a second, and for the last batch of each epoch.
   */
  onBatchEnd?: (batch: number, logs: BatchLogs) => void | Promise<void>;
  /** Told of the fit in their order, and before onBatchEnd and onEpochEnd: `[earlyStopping({ patience: 3 })]`. */
  callbacks?: readonly Callback[];
  /**
   * Write the state of the run now and then, so that one that is killed goes on as if it had not been: to the same bits,
   * with any number of threads. It is written between two batches while the next go on, and once more where `signal` fires.
   * Callbacks that remember something have getState and setState; those of the library have. Batches that come one by one
   * have to be the same again in each pass: those done are taken and let go. Default none.
   */
  checkpoint?: FitCheckpoint;
  /** Awaited. `epoch` counts from 0. */
  onEpochEnd?: (epoch: number, logs: EpochLogs) => void | Promise<void>;
  /**
   * Train with others that have the same model and the same data, each a part of every batch: to the bit what one would
   * learn alone. Every rank calls fit alike, with the same options; a callback that writes a file belongs on one of them.
   * See {@link Group}. Not in a worker's model. Default none.
   */
  group?: Group;
  /**
   * Stops before the next batch, and in a callback that is awaited, be it the last: the promise rejects with
   * ABORTED, the weights keep what was learnt.
   */
  signal?: HostSignal;
}

/** Options of `trace()` and `gradientFlow()`. */
export interface ReadOptions {
  /** Stops before the next batch: the promise rejects with ABORTED. */
  signal?: HostSignal;
}

/** What calls take that read batch by batch. */
export interface BatchedOptions extends ReadOptions {
  /** Default 32; it changes speed and memory alone. */
  batchSize?: number;
}

/** Options of `predict()`. */
export interface PredictOptions extends BatchedOptions {
  /**
   * Keep what the layer above an embedding makes of each token, W·e + b, for later calls with this option: what sequences
   * have in common is multiplied once. Outputs are the same, to the bit. A number is the most bytes of it, true stands for
   * 64 MiB; a token takes 4 bytes for each unit and gate, and twice as many where the layer is bidirectional. It is laid out by the
   * first such call, for as many tokens as there are or have room, counts in `memoryInUse`, and is given back by `dispose()`;
   * a fit or setWeights makes it worthless, and it is begun anew, as it is when it is full. It does nothing for a model
   * that is fed with numbers, for a convolution or a pooling above the embedding, in a call made while another has it,
   * and where a batch may have more tokens than have room. Default false.
   */
  cacheTokens?: boolean | number;
}

/** Options of `evaluate()`. */
export interface EvaluateOptions extends BatchedOptions {
  /** What each sample, or step, counts for in the loss, as fit has it. Default none. */
  sampleWeight?: SampleWeights;
}

/**
 * What fit gives: a number per epoch under each key. It is plain data: JSON holds all of it, but for a metric that is
 * NaN, such as r2Score may be.
 */
export interface History {
  readonly epoch: number[];
  /** loss, accuracy; valLoss, valAccuracy with an entry per validation. */
  readonly history: Record<string, number[]>;
}

/**
 * What a layer with states did at each step, without dropout: (n, T, units) each, under the state's name; in the order of
 * the steps that the layer is given. T is that of what the layer reads, which is another than x's behind a convolution or
 * a pooling.
 */
export type LayerTrace = {
  /** As in the weights' names. */
  readonly name: string;
  readonly type: string;
  readonly units: number;
} & { readonly [S in StateName]?: Tensor<Float32Array> };

/** What `trace()` gives: every state at every step, and the output as it forms. */
export interface Trace {
  /** The recurrent layers, bottom up. */
  readonly layers: readonly LayerTrace[];
  /**
   * (n, T, units of the head): what the head makes of each step's outputs. Where no layer is bidirectional or has
   * `goBackwards`, that is what the model would answer if the sequence ended there, and the last step's is predict's, to
   * the bit. Behind a bidirectional layer, or a convolution that is not causal, a step has seen those after it as well:
   * predict shortened sequences there. Behind one with `goBackwards` they are in the order in which it reads, from the
   * end. Where what stands above the last recurrent layer does not go step by step, such as a pooling, flatten or
   * repeatVector, the outputs are those of predict.
   */
  readonly outputs: Tensor<Float32Array>;
}

/**
 * How much of the error reaches each step of a layer with states: (n, T), the Euclidean norms of ∂L/∂h and, of
 * an `lstm`, ∂L/∂c of each step, under the state's name with a d before it. The total derivatives: through
 * later steps, the layers above and the cell.
 */
export type LayerGradientFlow = {
  /** As in the weights' names. */
  readonly name: string;
  readonly type: string;
  readonly units: number;
} & { readonly [S in StateName as `d${S}`]?: Tensor<Float32Array> };

/** What `gradientFlow()` gives: how much of the error reaches each step. */
export interface GradientFlow {
  /** (n): each sequence's own loss L, not divided by n. */
  readonly losses: Tensor<Float32Array>;
  /** The recurrent layers, bottom up. */
  readonly layers: readonly LayerGradientFlow[];
}

/** Options of `save()`. */
export interface SaveOptions {
  /**
   * The optimiser's state, the count of steps and epochs and a learning rate that was set go into the file as well: after
   * load(), fit goes on as it would have here. The file is then several times as large (Adam: 3). Default false.
   */
  optimizer?: boolean;
  /** Entries of your own for the file's `__metadata__`. */
  metadata?: Record<string, string>;
}

/** Options of `quantize()`. */
export interface QuantizeOptions extends ReadOptions {
  /**
   * Some of what the model will be given, as predict takes it, a few hundred samples at most: by it the features that a
   * product reads are brought to one size before they are rounded, and a layer that is fed with numbers is multiplied in
   * int8 as well. Default none.
   */
  calibration?: Inputs;
}

/**
 * A stack of layers with weights. Every call on a disposed model rejects with DISPOSED. Once a thread of its runtime is
 * lost, calls that compute or change anything reject with THREAD_FAILED.
 *
 * While fit runs, the calls that only read may be made, from its callbacks and from anywhere, several at
 * once: evaluate, predict, trace, gradientFlow, getWeights, digest, save. They see the weights as they are
 * between two batches; the next batch waits for them. So do steps of streams. Where a layer is stateful, evaluate and
 * predict go on from its states, and are done one after the other. A second fit rejects with BUSY, and so do compile and
 * setWeights while any other call is running.
 */
export interface Model {
  /** Frozen. */
  readonly layers: readonly Layer[];
  /** Names of the weights in int8; of a model that was not quantized none. */
  readonly quantized: readonly string[];
  /** Entries that the file had, where the model was loaded from one. */
  readonly metadata: Readonly<Record<string, string>>;

  /** Choose optimiser, loss and metrics; forgets the optimiser's state. @throws BAD_ARGUMENT */
  compile(options: CompileOptions): Promise<void>;

  /**
   * Train on batches that come one by one, in the order and the sizes in which they come. Options that say how arrays are
   * cut (batchSize, shuffle, dropRemainder, validationSplit, sampleWeight) have no meaning then and are refused;
   * batchSize may be given for validationData in arrays.
   *
   * @throws as fit of arrays; of a batch that is wrong in its turn, and what the iterable throws: the weights keep what was
   *   learnt from those before
   */
  fit(batches: Batches, options?: FitOptions): Promise<History>;

  /**
   * Train.
   *
   * @param x ids (n, T), or numbers (n, T, features)
   * @param y of the outputs' shape, or a class number for each output row with sparseCategoricalCrossentropy; 0 or 1
   *   for binaryCrossentropy
   * @throws NOT_COMPILED, BAD_ARGUMENT, BAD_SHAPE, BAD_INDEX, BAD_VALUE, BAD_LABEL, OUT_OF_MEMORY
   *   before anything changes; ABORTED, LOSS_NOT_FINITE between batches; THREAD_FAILED
   */
  fit(x: Inputs, y: Targets, options?: FitOptions): Promise<History>;

  /** As evaluate of arrays, of batches that come one by one. @throws as fit */
  evaluate(batches: Batches, options?: EvaluateOptions): Promise<Logs>;

  /** Mean loss, and the metrics that compile was given. @throws as fit */
  evaluate(x: Inputs, y: Targets, options?: EvaluateOptions): Promise<Logs>;

  /** Outputs (n, units), or (n, T, units) where the last recurrent layer gives sequences. @throws as fit */
  predict(x: Inputs, options?: PredictOptions): Promise<Tensor<Float32Array>>;

  /**
   * Sequences that go on, one timestep at a time: a live signal, a text that is written token by token.
   *
   * @throws BAD_ARGUMENT, OUT_OF_MEMORY; BAD_LAYER where a layer needs steps that are still to come, such as a
   *   `bidirectional` or one with `goBackwards`
   */
  stream(options?: StreamOptions): Promise<Stream>;

  /**
   * One timestep from a state that is given: what a stream's `setState`, `step` and `getState` would give. Nothing is
   * remembered from call to call.
   *
   * @param x of each sequence an id, or its features
   * @param state what another step gave, or a stream's getState(), for as many sequences. Default zeros
   * @throws BAD_SHAPE, BAD_INDEX, BAD_VALUE; as stream
   */
  step(x: StepInput, state?: StreamState): Promise<Step>;

  /**
   * What the recurrent layers did at each step, and the prediction as it forms. It holds
   * n · T · units · 6 floats for each `lstm`: give few samples at a time.
   *
   * @param x as for fit
   * @throws as fit; it needs no compile
   */
  trace(x: Inputs, options?: ReadOptions): Promise<Trace>;

  /**
   * How much of each sequence's error reaches each step, without dropout. It changes nothing: no weight, not
   * the optimiser's state, and no later training. As in training, an element of a gradient below
   * 2⁻⁵⁸ ≈ 3.5e-18 counts as 0.
   *
   * @throws as fit
   */
  gradientFlow(x: Inputs, y: Targets, options?: ReadOptions): Promise<GradientFlow>;

  /**
   * Have the states of stateful layers begin as zeros again. Nothing else does: not an epoch, not another call, not a
   * failure. They are those after the last batch that was done wholly, of training with its step, whatever ends the call
   * (an abort, a loss that is not finite); a file has none. Calls that go on from them, `fit`, `evaluate` and `predict`,
   * are done one after the other; each needs as many samples in a batch as the one before, until this call, which may be
   * made in a callback of `fit`. `trace` and `gradientFlow` begin with zeros, and leave them alone.
   */
  resetStates(): Promise<void>;

  /** A table of layers, output shapes and numbers of weights, as Keras prints it. */
  summary(): Promise<string>;

  /** Number of weights. */
  countParams(): Promise<number>;

  /**
   * Copies, in the order of the table: layer by layer, kernel, recurrent kernel, bias.
   *
   * @throws THREAD_FAILED where a thread was lost while the weights were updated; digest and save do too
   */
  getWeights(): Promise<NamedTensor[]>;

  /** @throws BAD_SHAPE, BAD_VALUE before anything changes */
  setWeights(weights: readonly Tensor<Float32Array>[]): Promise<void>;

  /** SHA-256 of the weights' f32 in table order, hexadecimal: equal digests, equal models. */
  digest(): Promise<string>;

  /**
   * The bytes of a model file: one `.safetensors` that predict needs nothing beside. It has no state of the
   * optimiser and no count of epochs: a model that is loaded from it trains on with Adam begun anew and the shuffles
   * and masks of epoch 0.
   *
   * @throws BAD_ARGUMENT
   */
  save(options?: SaveOptions): Promise<Uint8Array<ArrayBuffer>>;

  /**
   * The bytes of a model file with the weights in int8, about a quarter as long: load() opens it like any other, and
   * predict, evaluate, trace and streams give the same bits on every engine. Products of 8 rows or more are then of int8
   * weights and activations rounded to 7 bits, by a scale for each row. Biases, weights of fewer than 1024 numbers, gates,
   * cells and all that goes by element stay in f32. Metadata and compile options go along.
   *
   * A model with weights in int8 is not trained: fit, setWeights and quantize reject with QUANTIZED. getWeights and digest
   * are of the f32 that its weights stand for.
   *
   * @throws QUANTIZED; of calibration as predict; ABORTED, DISPOSED, THREAD_FAILED
   */
  quantize(options?: QuantizeOptions): Promise<Uint8Array<ArrayBuffer>>;

  /** Give the memory back. A call that is running rejects with DISPOSED at its next batch. */
  dispose(): Promise<void>;
}
