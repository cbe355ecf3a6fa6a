import type { OptimizerKind } from "./kind.ts";
import { aRate, aRateOrZero } from "./rates.ts";
import { aRateOrSchedule, type LearningRateSchedule } from "./schedules.ts";
import { SHARED, type SharedConfig } from "./shared.ts";

/** Gradients over the root of the sum of their squares, with Keras's defaults. */
export interface AdagradConfig extends SharedConfig {
  name: "adagrad";
  /** Default 0.001. */
  learningRate?: number | LearningRateSchedule;
  /** What the sum begins with. Default 0.1. */
  initialAccumulatorValue?: number;
  /** Default 1e-7, inside the root as Keras has it. */
  epsilon?: number;
}

/** Duchi et al. 2011, as Keras computes it; in assembly/adagrad.ts. */
export const adagrad: OptimizerKind<AdagradConfig> = {
  options: {
    learningRate: { ...aRateOrSchedule, fallback: 1e-3 },
    initialAccumulatorValue: { ...aRateOrZero, fallback: 0.1 },
    epsilon: { ...aRate, fallback: 1e-7 },
    ...SHARED,
  },
  slots: () => ["a"],
  squaresPlaces: () => true,
  // lr·g/√(initial + a + ε), and a, a sum of t squares, has to be one of float32.
  reach: ({ learningRate, initialAccumulatorValue, epsilon }, peak, iteration) =>
    peak ** 2 * iteration < 2 ** 126
      ? (learningRate * peak) / Math.min(Math.sqrt(initialAccumulatorValue + epsilon), 1)
      : Infinity,
  update(k, { learningRate, initialAccumulatorValue, epsilon }, { w, g, squares, slots: [a], n, clears }) {
    k.adagrad(w, a!, g, squares, n, learningRate, initialAccumulatorValue, epsilon, Number(clears));
  },
};
