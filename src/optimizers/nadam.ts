import type { OptimizerKind } from "./kind.ts";
import { aDecay, aRate } from "./rates.ts";
import { aRateOrSchedule, type LearningRateSchedule } from "./schedules.ts";
import { SHARED, type SharedConfig } from "./shared.ts";

/** Adam with Nesterov's momentum, with Keras's defaults. */
export interface NadamConfig extends SharedConfig {
  name: "nadam";
  /** Default 0.001. */
  learningRate?: number | LearningRateSchedule;
  /** Default 0.9. */
  beta1?: number;
  /** Default 0.999. */
  beta2?: number;
  /** Default 1e-7. */
  epsilon?: number;
}

/** Dozat 2016, as Keras computes it, with its schedule of the momentum; in assembly/nadam.ts. */
export const nadam: OptimizerKind<NadamConfig> = {
  options: {
    learningRate: { ...aRateOrSchedule, fallback: 1e-3 },
    beta1: { ...aDecay, fallback: 0.9 },
    beta2: { ...aDecay, fallback: 0.999 },
    epsilon: { ...aRate, fallback: 1e-7 },
    ...SHARED,
  },
  slots: () => ["m", "v"],
  squaresPlaces: () => true,
  // lr·(a·m + b·g)/(√v̂ + ε): m is a mean of gradients, a and b are at most 1/(1 - β₁), and v̂ is a mean of squares.
  reach({ learningRate, beta1, epsilon }, peak) {
    const most = (2 * learningRate) / (1 - beta1);
    return most < 2 ** 127 && peak < 2 ** 63 ? (most * peak) / Math.min(epsilon, 1) : Infinity;
  },
  update(k, { learningRate, beta1, beta2, epsilon }, { w, g, squares, slots, n, clears, iteration }) {
    const [m, v] = slots as [number, number];
    k.nadam(w, m, v, g, squares, n, learningRate, beta1, beta2, epsilon, iteration, Number(clears));
  },
};
