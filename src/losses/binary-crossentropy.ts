import { trueOrFalse } from "../options.ts";
import type { LossKind } from "./kind.ts";
import { labelSmoothing } from "./targets.ts";

/** Cross-entropy of a sigmoid's outputs, each a yes or no by itself. */
export interface BinaryCrossentropyConfig {
  name: "binaryCrossentropy";
  /** The head gives logits (a linear layer's), not probabilities. Default false. */
  fromLogits?: boolean;
  /** The share of each target that is given to all classes alike, from 0 to 1: 0.2 makes 0.1 and 0.9 of 0 and 1. Default 0. */
  labelSmoothing?: number;
}

/** Computed in assembly/loss.ts: from logits, or from probabilities limited as Keras limits them. */
export const binaryCrossentropy: LossKind<Required<BinaryCrossentropyConfig>> = {
  options: { fromLogits: { ...trueOrFalse, fallback: false }, labelSmoothing },
  from: "sigmoid",
  targets: "outputs",
  refuses: (target) =>
    target === 0 || target === 1
      ? undefined
      : "binaryCrossentropy takes 0 and 1: map your two classes to them",
  divisor: (units) => units,
  classes: (units) => (units === 1 ? "number" : undefined),
  kernel(k, { labelSmoothing }, bare) {
    const kernel = bare ? k.bceLogits : k.bceProbabilities;
    return (losses, dy, y, targets, rows, units, ld, scale) =>
      kernel(losses, dy, y, targets, rows, units, ld, scale, labelSmoothing);
  },
};
