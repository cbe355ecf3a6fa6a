import { trueOrFalse } from "../options.ts";
import type { LossKind } from "./kind.ts";

export interface BinaryCrossentropyConfig {
  name: "binaryCrossentropy";
  /** The head gives logits (a linear layer's), not probabilities. Default false. */
  fromLogits?: boolean;
}

/** Computed in assembly/loss.ts: from logits, or from probabilities limited as Keras limits them. */
export const binaryCrossentropy: LossKind<Required<BinaryCrossentropyConfig>> = {
  options: { fromLogits: { ...trueOrFalse, fallback: false } },
  from: "sigmoid",
  targets: "outputs",
  refuses: (target) =>
    target === 0 || target === 1
      ? undefined
      : "binaryCrossentropy takes 0 and 1: map your two classes to them",
  divisor: (units) => units,
  kernel: (k, _, bare) => (bare ? k.bceLogits : k.bceProbabilities),
};
