import type { LossAndGradient } from "./loss.ts";
import type { Vector } from "./matrix.ts";

/** The pinball loss of outputs that are the quantiles of each target in turn, the mean over all of them. */
export function quantile(y: Vector, t: ArrayLike<number>, quantiles: readonly number[]): LossAndGradient {
  const n = y.length;
  const each = quantiles.length;
  const errors = y.map((value, i) => t[Math.floor(i / each)]! - value);
  const of = (e: number, q: number) => Math.max(q * e, (q - 1) * e);
  const slope = (e: number, q: number) => (e > 0 ? -q : e < 0 ? 1 - q : 0);
  return {
    loss: errors.reduce((sum, e, i) => sum + of(e, quantiles[i % each]!), 0) / n,
    gradient: errors.map((e, i) => slope(e, quantiles[i % each]!) / n),
  };
}
