import { mean } from "./mean.ts";

/**
 * 100 · mean(|y - t| / max(|t|, 1e-7)): a target of 0 counts as 1e-7, as Keras has it, so one alone makes the mean
 * very large. Computed in assembly/mean-absolute-percentage-error.ts.
 */
export const meanAbsolutePercentageError = mean({
  targets: "outputs",
  values: (k) => k.meanAbsolutePercentageError,
});
