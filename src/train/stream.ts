/** Streams, as a runtime in this thread or in a worker gives them. */
import type { Tensor } from "../tensor.ts";
import type { Inputs } from "./inputs.ts";

/** Options of `stream()`. */
export interface StreamOptions {
  /** Sequences that go on side by side. Default 1; of a model of several inputs as many as `inputs` has samples. */
  batchSize?: number;
  /**
   * Of a model of several inputs: the data of all but the last, whole: under their names, in a list in their order, or by
   * themselves where that is one. The stream begins with the states that they end with; its steps are of the last input.
   */
  inputs?: Inputs;
}

/**
 * What a stream remembers, as plain data: of each recurrent layer, by its name, (batchSize, units) for each thing that it
 * carries: `h`, and `c` of an `lstm`.
 */
export type StreamState = Readonly<Record<string, Readonly<Record<string, Tensor<Float32Array>>>>>;

/**
 * One timestep of each sequence: an id, or batchSize of them; batchSize × features numbers, one after the other or as
 * rows. A number alone will do where that is one.
 */
export type StepInput = number | Inputs;

/** What `model.step()` gives. */
export interface Step {
  /** (batchSize, units). */
  readonly output: Tensor<Float32Array>;
  readonly state: StreamState;
}

/**
 * Sequences that go on, a timestep at a time, in memory that does not grow with them. The output after a step is that of
 * `predict` for the steps so far, of its last step where the model gives sequences: to the bit, however they are cut.
 *
 * The calls that give a promise are done in the order in which they are made. They may be made while `fit` runs: each
 * step is done with the weights of one moment, between two batches, and a stream keeps its state when weights change;
 * `reset()` begins anew. What a stream remembers is its own: other streams, `predict` and the states of stateful layers
 * have nothing to do with it. Bad input is refused before anything changes.
 */
export interface Stream {
  readonly batchSize: number;

  /**
   * The next timestep.
   *
   * @returns (batchSize · units): an array of the caller's own
   * @throws BAD_SHAPE, BAD_INDEX, BAD_VALUE, DISPOSED, THREAD_FAILED
   */
  step(x: StepInput): Promise<Float32Array>;

  /**
   * As `step`, at once and without an allocation, in a runtime of this thread alone.
   *
   * @returns (batchSize · units): the stream's own array, which the next step overwrites; do not keep it
   * @throws as step; BUSY while a batch of `fit` is done or another call of this stream is; BAD_ARGUMENT in a runtime of
   *   spawnRuntime()
   */
  stepSync(x: StepInput): Float32Array;

  /**
   * Several timesteps, one after the other, such as a beginning that is given: one message instead of many where the
   * runtime is in a worker. Its thread does nothing else meanwhile.
   *
   * @param x ids (batchSize, T), or numbers (batchSize, T, features)
   * @returns the output after each step, (batchSize, T, units)
   * @throws as step; OUT_OF_MEMORY
   */
  steps(x: Inputs): Promise<Tensor<Float32Array>>;

  /** A copy of what is remembered: to go on from later on, or in several ways. @throws DISPOSED */
  getState(): Promise<StreamState>;

  /**
   * Go on from what a stream of the same layers and batchSize remembered.
   *
   * @throws BAD_SHAPE, BAD_VALUE before anything changes; DISPOSED
   */
  setState(state: StreamState): Promise<void>;

  /** Begin anew: with zeros, or with the states that `inputs` ended with. @throws DISPOSED */
  reset(): Promise<void>;

  /** Give the memory back; the model's own dispose() does, too. */
  dispose(): Promise<void>;
}
