import { LstmkitError } from "../errors.ts";
import { aRate } from "../optimizers/rates.ts";
import { show } from "../options.ts";
import type { Tensor } from "../tensor.ts";
import type { FitContext, Model } from "./model.ts";

/** What a fit can be told, in this thread or in the worker's. */
export interface Reins {
  readonly learningRate: number;
  stop(): void;
  setLearningRate(rate: number): Promise<void>;
  setWeights(weights: readonly Tensor<Float32Array>[]): Promise<void>;
}

/** The context of a fit's callbacks. */
export class Steering implements FitContext {
  readonly model: Model;
  readonly metrics: readonly string[];
  readonly #reins: Reins;

  constructor(model: Model, metrics: readonly string[], reins: Reins) {
    this.model = model;
    this.metrics = metrics;
    this.#reins = reins;
  }

  get learningRate(): number {
    return this.#reins.learningRate;
  }

  readonly stop = (): void => this.#reins.stop();

  readonly setLearningRate = async (rate: number): Promise<void> => {
    if (!aRate.accepts(rate)) {
      throw new LstmkitError(
        "BAD_ARGUMENT",
        `setLearningRate() was given ${show(rate)}; it must be ${aRate.wanted}.`,
      );
    }
    await this.#reins.setLearningRate(rate);
  };

  readonly setWeights = async (weights: readonly Tensor<Float32Array>[]): Promise<void> =>
    this.#reins.setWeights(weights);
}
