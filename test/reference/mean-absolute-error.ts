import type { LossAndGradient } from "./loss.ts";
import type { Vector } from "./matrix.ts";

/** Keras's MeanAbsoluteError: the mean of |y - t| over all elements; where they are equal the gradient is 0. */
export function meanAbsoluteError(y: Vector, t: ArrayLike<number>): LossAndGradient {
  const n = y.length;
  return {
    loss: y.reduce((sum, value, i) => sum + Math.abs(value - t[i]!), 0) / n,
    gradient: y.map((value, i) => Math.sign(value - t[i]!) / n),
  };
}
