import type { Vector } from "./matrix.ts";

interface R2 {
  readonly classAggregation: string;
  readonly numRegressors: number;
}

/** Keras's R2Score: 1 - Σ(t - y)² / Σ(t - mean)² of each of the units, and their mean; in two passes. */
export function r2Score(y: Vector, t: ArrayLike<number>, units: number, options: R2): number {
  const { classAggregation, numRegressors } = options;
  const columns = Array.from({ length: units }, (_, j) => {
    const own = Array.from(t).filter((__, i) => i % units === j);
    const mean = own.reduce((a, b) => a + b) / own.length;
    const total = own.reduce((sum, value) => sum + (value - mean) ** 2, 0);
    const residual = own.reduce((sum, value, r) => sum + (value - y[r * units + j]!) ** 2, 0);
    return { total, score: total === 0 && residual > 0 ? 0 : 1 - residual / total };
  });
  const weight = (total: number) => (classAggregation === "uniformAverage" ? 1 : total);
  const weights = columns.reduce((sum, { total }) => sum + weight(total), 0);
  const score = columns.reduce((sum, own) => sum + (weight(own.total) * own.score) / weights, 0);
  const n = y.length;
  if (numRegressors === 0 || numRegressors >= n - 1) return score;
  return 1 - ((1 - score) * (n - 1)) / (n - numRegressors - 1);
}
