import { mean } from "./mean.ts";

/** mean((y - t)²), beside any loss. Computed in assembly/mean-squared-error.ts, which gives each row's mean. */
export const meanSquaredError = mean({
  targets: "outputs",
  values: (k) => (values, y, targets, rows, units, ld) =>
    k.meanSquaredError(values, 0, y, targets, rows, units, ld, 1),
});
