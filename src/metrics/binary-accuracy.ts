import { logarithm } from "./logarithm.ts";
import { mean } from "./mean.ts";
import { aThreshold } from "./options.ts";

export interface BinaryAccuracyConfig {
  name: "binaryAccuracy";
  /** A probability: outputs above it are class 1. Beside a loss of logits it is compared as ln(t / (1 - t)). Default 0.5. */
  threshold?: number;
}

/** The share of outputs on their target's side of the threshold, of logits of 0. Computed in assembly/accuracy.ts. */
export const binaryAccuracy = mean<Required<BinaryAccuracyConfig>>({
  options: { threshold: { ...aThreshold, fallback: 0.5 } },
  targets: "outputs",
  divisor: (units) => units,
  values: (k, { threshold: t }, logits) => {
    const threshold = logits ? logarithm(t / (1 - t)) : t;
    return (values, y, targets, rows, units, ld) =>
      k.binaryAccuracy(values, y, targets, rows, units, ld, threshold);
  },
});
