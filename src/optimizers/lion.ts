import { number } from "../options.ts";
import type { OptimizerKind } from "./kind.ts";
import { aDecay } from "./rates.ts";
import { aRateOrSchedule, type LearningRateSchedule } from "./schedules.ts";
import { SHARED, type SharedConfig } from "./shared.ts";

/** Steps of one size along the sign of the momentum, with Keras's defaults. */
export interface LionConfig extends SharedConfig {
  name: "lion";
  /** Default 0.001. */
  learningRate?: number | LearningRateSchedule;
  /** Share of the momentum in the direction; above 0, to below 1. Default 0.9. */
  beta1?: number;
  /** Share of the momentum before in that of a step. Default 0.99. */
  beta2?: number;
}

/** Chen et al. 2023, as Keras computes it; in assembly/lion.ts. */
export const lion: OptimizerKind<LionConfig> = {
  options: {
    learningRate: { ...aRateOrSchedule, fallback: 1e-3 },
    beta1: { ...number("above 0 and below 1", (n) => n > 0 && n < 1), fallback: 0.9 },
    beta2: { ...aDecay, fallback: 0.99 },
    ...SHARED,
  },
  slots: () => ["m"],
  squaresPlaces: () => false,
  // Rounding may carry a mean of gradients beyond the largest of them.
  reach: ({ learningRate }, peak) => (peak < 2 ** 127 ? learningRate : Infinity),
  update(k, { learningRate, beta1, beta2 }, { w, g, slots: [m], n, clears }) {
    k.lion(w, m!, g, n, learningRate, beta1, beta2, Number(clears));
  },
};
