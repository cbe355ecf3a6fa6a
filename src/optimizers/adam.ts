import { number } from "../options.ts";
import type { OptimizerKind } from "./kind.ts";
import { aRate } from "./options.ts";

/** Adam, with Keras's defaults. */
export interface AdamConfig {
  name: "adam";
  /** Default 0.001. */
  learningRate?: number;
  /** Default 0.9. */
  beta1?: number;
  /** Default 0.999. */
  beta2?: number;
  /** Default 1e-7, added outside the bias correction as Keras does. */
  epsilon?: number;
}

const aDecay = number("from 0 to below 1", (n) => n >= 0 && n < 1);

/** Kingma and Ba 2015, as Keras computes it; in assembly/optimizer.ts. */
export const adam: OptimizerKind<Required<AdamConfig>> = {
  options: {
    learningRate: { ...aRate, fallback: 1e-3 },
    beta1: { ...aDecay, fallback: 0.9 },
    beta2: { ...aDecay, fallback: 0.999 },
    epsilon: { ...aRate, fallback: 1e-7 },
  },
  slots: () => ["m", "v"],
  squaresPlaces: true,
  // α·m/(√v + ε), α = lr·√(1 - β₂ᵗ)/(1 - β₁ᵗ), and m is a mean of gradients. No part of it may pass the end of
  // float32 on the way either: not α, nor α·m, nor v, a mean of squares of gradients.
  reach({ learningRate, beta1, epsilon }, peak) {
    const alpha = learningRate / (1 - beta1);
    return alpha < 2 ** 127 && peak < 2 ** 63 ? (alpha * peak) / Math.min(epsilon, 1) : Infinity;
  },
  update(k, { learningRate, beta1, beta2, epsilon }, { w, g, squares, slots, n, iteration }) {
    const [m, v] = slots as [number, number];
    k.adam(w, m, v, g, squares, n, learningRate, beta1, beta2, epsilon, iteration);
  },
};
