import type { MetricKind } from "./kind.ts";

/** The share of rows whose largest output stands where the largest target does. In assembly/accuracy.ts. */
export const categoricalAccuracy: MetricKind = {
  targets: "outputs",
  divisor: () => 1,
  kernel: (k) => k.categoricalAccuracy,
};
