import { trueOrFalse } from "../options.ts";
import type { LossKind } from "./kind.ts";
import { aShare, labelSmoothing, ofClasses } from "./targets.ts";

/** Cross-entropy of a softmax's shares, with a share for each class as target. */
export interface CategoricalCrossentropyConfig {
  name: "categoricalCrossentropy";
  /** The head gives logits (a linear layer's), not probabilities. Default false. */
  fromLogits?: boolean;
  /** The share of each target that is given to all classes alike, from 0 to 1: of 4 classes 0.2 makes 0.85 and 0.05 of 1 and 0. Default 0. */
  labelSmoothing?: number;
}

/** Of one-hot rows, or rows of shares; computed in assembly/crossentropy.ts, a softmax's from its logits. */
export const categoricalCrossentropy: LossKind<Required<CategoricalCrossentropyConfig>> = {
  options: { fromLogits: { ...trueOrFalse, fallback: false }, labelSmoothing },
  from: "softmax",
  overClasses: true,
  targets: "outputs",
  refuses: aShare,
  divisor: () => 1,
  unfit: ({ name }, units) => ofClasses(name, units),
  classes: () => "largest",
  kernel(k, { labelSmoothing }, bare) {
    const kernel = bare ? k.categoricalCrossentropyLogits : k.categoricalCrossentropyProbabilities;
    return (losses, dy, y, targets, rows, units, ld, scale) =>
      kernel(losses, dy, y, targets, rows, units, ld, scale, labelSmoothing);
  },
};
