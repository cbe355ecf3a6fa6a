import { number, trueOrFalse } from "../options.ts";
import type { OptimizerKind } from "./kind.ts";
import { aDecay, aRate } from "./rates.ts";
import { aRateOrSchedule, type LearningRateSchedule } from "./schedules.ts";
import { SHARED, type SharedConfig } from "./shared.ts";

/** Gradients over the root of their running mean square, with Keras's defaults. */
export interface RmspropConfig extends SharedConfig {
  name: "rmsprop";
  /** Default 0.001. */
  learningRate?: number | LearningRateSchedule;
  /** Share of the mean before. Default 0.9. */
  rho?: number;
  /** Default 0: none. */
  momentum?: number;
  /** Default 1e-7, inside the root as Keras has it. */
  epsilon?: number;
  /** Divide by the deviation from the gradients' running mean. Default false. */
  centered?: boolean;
}

/** Hinton 2012, as Keras computes it; in assembly/rmsprop.ts. */
export const rmsprop: OptimizerKind<RmspropConfig> = {
  options: {
    learningRate: { ...aRateOrSchedule, fallback: 1e-3 },
    rho: { ...aDecay, fallback: 0.9 },
    momentum: { ...number("from 0 to 1", (n) => n >= 0 && n <= 1), fallback: 0 },
    epsilon: { ...aRate, fallback: 1e-7 },
    centered: { ...trueOrFalse, fallback: false },
    ...SHARED,
  },
  slots: ({ centered, momentum }) => ["v", ...(centered ? ["a"] : []), ...(momentum > 0 ? ["m"] : [])],
  // A variance is one of numbers and their own mean: with the squares of an embedding's places, as in Keras,
  // that of a token which stands twice in a batch would be below 0, and the step NaN.
  squaresPlaces: ({ centered }) => !centered,
  // lr·g/√(v + ε), and a velocity of such as in SGD. v is a mean of squares, which has to be one of float32.
  reach({ learningRate, momentum, epsilon }, peak, iteration) {
    const step = (learningRate * peak) / Math.min(Math.sqrt(epsilon), 1);
    return peak < 2 ** 63 ? step * Math.min(iteration, 1 / (1 - momentum)) : Infinity;
  },
  update(k, { learningRate, rho, momentum, epsilon, centered }, { w, g, squares, slots, n, clears }) {
    const [v, ...others] = slots as [number, ...number[]];
    const a = centered ? others.shift()! : 0;
    const [m = 0] = others;
    k.rmsprop(w, v, a, m, g, squares, n, learningRate, rho, momentum, epsilon, Number(clears));
  },
};
