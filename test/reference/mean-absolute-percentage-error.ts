import type { Vector } from "./matrix.ts";

/** Keras's MeanAbsolutePercentageError: 100 times the mean of |y - t| / max(|t|, 1e-7) over all elements. */
export function meanAbsolutePercentageError(y: Vector, t: ArrayLike<number>): number {
  const share = (value: number, target: number) =>
    Math.abs(value - target) / Math.max(Math.abs(target), 1e-7);
  return (100 * y.reduce((sum, value, i) => sum + share(value, t[i]!), 0)) / y.length;
}
