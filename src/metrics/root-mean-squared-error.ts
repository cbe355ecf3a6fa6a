import type { MetricKind } from "./kind.ts";
import { meanSquaredError } from "./mean-squared-error.ts";

/** √mean((y - t)²): the root of the mean over all rows, not a mean of roots. */
export const rootMeanSquaredError: MetricKind = {
  ...meanSquaredError,
  result: (sums, metric) => Math.sqrt(meanSquaredError.result(sums, metric)),
};
