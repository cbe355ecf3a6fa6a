import { oneOf, wholeNumber } from "../options.ts";
import type { MetricKind } from "./kind.ts";

export interface R2ScoreConfig {
  name: "r2Score";
  /** The mean of the outputs' scores, all alike or by their targets' variances. Default `uniformAverage`. */
  classAggregation?: "uniformAverage" | "varianceWeightedAverage";
  /** Independent regressors, for the adjusted score; 0 for the plain one. Default 0. */
  numRegressors?: number;
}

/**
 * R² = 1 - Σ(t - y)² / Σ(t - mean t)² of each output. As Keras's it is NaN where an output's targets are all the same
 * and the outputs equal them, and 0 where they do not. Summed in assembly/metric-sums.ts.
 */
export const r2Score: MetricKind<Required<R2ScoreConfig>> = {
  options: {
    classAggregation: {
      ...oneOf("uniformAverage", "varianceWeightedAverage"),
      fallback: "uniformAverage",
    },
    numRegressors: { ...wholeNumber(0), fallback: 0 },
  },
  targets: "outputs",
  sums: (_, units) => 1 + 3 * units,
  add: (k) => k.sumDeviations,
  result([rows, ...sums], { classAggregation, numRegressors }) {
    const n = rows!;
    const units = sums.length / 3;
    let [scores, weights] = [0, 0];
    for (let j = 0; j < units; j++) {
      const [sum, squares, residual] = sums.slice(3 * j) as [number, number, number];
      const total = squares - sum * (sum / n);
      const score = 1 - residual / total;
      const weight = classAggregation === "uniformAverage" ? 1 : total;
      scores += weight * (Math.abs(score) === Infinity ? 0 : score);
      weights += weight;
    }
    const score = scores / weights;
    // Keras counts every output of a row as a sample; it leaves the score as it is where regressors are too many.
    const samples = n * units;
    if (numRegressors === 0 || numRegressors >= samples - 1) return score;
    return 1 - ((1 - score) * (samples - 1)) / (samples - numRegressors - 1);
  },
};
