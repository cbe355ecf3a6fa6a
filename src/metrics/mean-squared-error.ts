import type { MetricKind } from "./kind.ts";

/** mean((y - t)²), beside any loss. Computed in assembly/mean-squared-error.ts, which gives each row's mean. */
export const meanSquaredError: MetricKind = {
  targets: "outputs",
  divisor: () => 1,
  kernel: (k) => (values, y, targets, rows, units, ld) =>
    k.meanSquaredError(values, 0, y, targets, rows, units, ld, 1),
};
