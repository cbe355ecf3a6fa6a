import { mean } from "./mean.ts";

/** mean(|y - t|), beside any loss. Computed in assembly/mean-absolute-error.ts, which gives each row's mean. */
export const meanAbsoluteError = mean({
  targets: "outputs",
  values: (k) => (values, y, targets, rows, units, ld) =>
    k.meanAbsoluteError(values, 0, y, targets, rows, units, ld, 1),
});
