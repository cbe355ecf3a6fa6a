import { number, trueOrFalse } from "../options.ts";
import type { OptimizerKind } from "./kind.ts";
import { aRateOrSchedule, type LearningRateSchedule } from "./schedules.ts";
import { SHARED, type SharedConfig } from "./shared.ts";

/** Stochastic gradient descent, with Keras's defaults. */
export interface SgdConfig extends SharedConfig {
  name: "sgd";
  /** Default 0.01. */
  learningRate?: number | LearningRateSchedule;
  /** Default 0: none. */
  momentum?: number;
  /** Momentum as Nesterov has it (Sutskever et al. 2013). Default false. */
  nesterov?: boolean;
}

/** w ← w - lr·g, or along a velocity, as Keras computes it; in assembly/sgd.ts. */
export const sgd: OptimizerKind<SgdConfig> = {
  options: {
    learningRate: { ...aRateOrSchedule, fallback: 0.01 },
    momentum: { ...number("from 0 to 1", (n) => n >= 0 && n <= 1), fallback: 0 },
    nesterov: { ...trueOrFalse, fallback: false },
    ...SHARED,
  },
  slots: ({ momentum }) => (momentum > 0 ? ["m"] : []),
  squaresPlaces: () => false,
  // The velocity is a sum of up to t steps, of which each is momentum times the one before; Nesterov adds one.
  reach: ({ learningRate, momentum }, peak, iteration) =>
    2 * learningRate * peak * Math.min(iteration, 1 / (1 - momentum)),
  update(k, { learningRate, momentum, nesterov }, { w, g, slots: [m = 0], n, clears }) {
    k.sgd(w, m, g, n, learningRate, momentum, Number(nesterov), Number(clears));
  },
};
