import { trueOrFalse } from "../options.ts";
import type { OptimizerKind } from "./kind.ts";
import { aDecay, aRate } from "./rates.ts";
import { aRateOrSchedule, type LearningRateSchedule } from "./schedules.ts";
import { SHARED, type SharedConfig } from "./shared.ts";

/** What Adam and AdamW take. */
export interface AdamOptions extends SharedConfig {
  /** Default 0.001. */
  learningRate?: number | LearningRateSchedule;
  /** Default 0.9. */
  beta1?: number;
  /** Default 0.999. */
  beta2?: number;
  /** Default 1e-7, added outside the bias correction as Keras does. */
  epsilon?: number;
  /** Divide by the largest second moment so far (Reddi et al. 2018). Default false. */
  amsgrad?: boolean;
}

/** Adam, with Keras's defaults. */
export interface AdamConfig extends AdamOptions {
  name: "adam";
}

/** Kingma and Ba 2015, as Keras computes it; in assembly/adam.ts. */
export const adam: OptimizerKind<AdamConfig> = {
  options: {
    learningRate: { ...aRateOrSchedule, fallback: 1e-3 },
    beta1: { ...aDecay, fallback: 0.9 },
    beta2: { ...aDecay, fallback: 0.999 },
    epsilon: { ...aRate, fallback: 1e-7 },
    amsgrad: { ...trueOrFalse, fallback: undefined },
    ...SHARED,
  },
  slots: ({ amsgrad }) => ["m", "v", ...(amsgrad ? ["most"] : [])],
  squaresPlaces: () => true,
  // α·m/(√v + ε), α = lr·√(1 - β₂ᵗ)/(1 - β₁ᵗ), and m is a mean of gradients. No part of it may pass the end of
  // float32 on the way either: not α, nor α·m, nor v, a mean of squares of gradients.
  reach({ learningRate, beta1, epsilon }, peak) {
    const alpha = learningRate / (1 - beta1);
    return alpha < 2 ** 127 && peak < 2 ** 63 ? (alpha * peak) / Math.min(epsilon, 1) : Infinity;
  },
  update(k, { learningRate, beta1, beta2, epsilon }, { w, g, squares, slots, n, clears, iteration }) {
    const [m, v, most = 0] = slots as [number, number, number?];
    k.adam(w, m, v, most, g, squares, n, learningRate, beta1, beta2, epsilon, iteration);
    if (clears && !squares) k.clear(g, n); // with squares the kernel does
  },
};
