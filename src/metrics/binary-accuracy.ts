import type { MetricKind } from "./kind.ts";

/** The share of predictions on the right side of ½, or, of logits, of 0. Computed in assembly/accuracy.ts. */
export const binaryAccuracy: MetricKind = {
  targets: "outputs",
  divisor: (units) => units,
  kernel: (k, logits) => (values, y, targets, rows, units, ld) =>
    k.binaryAccuracy(values, y, targets, rows, units, ld, logits ? 0 : 0.5),
};
