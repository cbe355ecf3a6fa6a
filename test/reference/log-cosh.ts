import type { LossAndGradient } from "./loss.ts";
import type { Vector } from "./matrix.ts";

/** Keras's LogCosh: the mean of log cosh e = |e| + log(½(1 + e^-2|e|)), near 0 as log(1 + 2 sinh² ½e). */
export function logCosh(y: Vector, t: ArrayLike<number>): LossAndGradient {
  const n = y.length;
  const errors = y.map((value, i) => value - t[i]!);
  const of = (e: number) =>
    Math.abs(e) < 1
      ? Math.log1p(2 * Math.sinh(e / 2) ** 2)
      : Math.abs(e) + Math.log1p(Math.exp(-2 * Math.abs(e))) - Math.LN2;
  return {
    loss: errors.reduce((sum, e) => sum + of(e), 0) / n,
    gradient: errors.map((e) => Math.tanh(e) / n),
  };
}
