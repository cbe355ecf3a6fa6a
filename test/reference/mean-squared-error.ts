import type { LossAndGradient } from "./loss.ts";
import type { Vector } from "./matrix.ts";

/** Keras's MeanSquaredError: the mean of (y - t)² over all elements. */
export function meanSquaredError(y: Vector, t: ArrayLike<number>): LossAndGradient {
  const n = y.length;
  return {
    loss: y.reduce((sum, value, i) => sum + (value - t[i]!) ** 2, 0) / n,
    gradient: y.map((value, i) => (2 * (value - t[i]!)) / n),
  };
}
