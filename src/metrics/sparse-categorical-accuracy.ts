import type { MetricKind } from "./kind.ts";

/** The share of rows whose largest output is that of the class. In assembly/accuracy.ts. */
export const sparseCategoricalAccuracy: MetricKind = {
  targets: "class",
  divisor: () => 1,
  kernel: (k) => k.sparseCategoricalAccuracy,
};
