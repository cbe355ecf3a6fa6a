import { trueOrFalse } from "../options.ts";
import type { LossKind } from "./kind.ts";
import { aShare, ofClasses } from "./targets.ts";

export interface CategoricalCrossentropyConfig {
  name: "categoricalCrossentropy";
  /** The head gives logits (a linear layer's), not probabilities. Default false. */
  fromLogits?: boolean;
}

/** Of one-hot rows, or rows of shares; computed in assembly/crossentropy.ts, a softmax's from its logits. */
export const categoricalCrossentropy: LossKind<Required<CategoricalCrossentropyConfig>> = {
  options: { fromLogits: { ...trueOrFalse, fallback: false } },
  from: "softmax",
  targets: "outputs",
  refuses: aShare,
  divisor: () => 1,
  unfit: ({ name }, units) => ofClasses(name, units),
  kernel: (k, _, bare) => (bare ? k.categoricalCrossentropyLogits : k.categoricalCrossentropyProbabilities),
};
