import type { MetricKind } from "./kind.ts";

/** mean(|y - t|), beside any loss. Computed in assembly/mean-absolute-error.ts, which gives each row's mean. */
export const meanAbsoluteError: MetricKind = {
  targets: "outputs",
  divisor: () => 1,
  kernel: (k) => (values, y, targets, rows, units, ld) =>
    k.meanAbsoluteError(values, 0, y, targets, rows, units, ld, 1),
};
