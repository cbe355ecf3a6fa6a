import { trueOrFalse } from "../options.ts";
import type { LossKind } from "./kind.ts";
import { aClass, ofClasses } from "./targets.ts";

/** Cross-entropy of a softmax's shares, with the number of a class as target. */
export interface SparseCategoricalCrossentropyConfig {
  name: "sparseCategoricalCrossentropy";
  /** The head gives logits (a linear layer's), not probabilities. Default false. */
  fromLogits?: boolean;
}

/** Of class numbers; computed in assembly/crossentropy.ts, a softmax's from its logits. */
export const sparseCategoricalCrossentropy: LossKind<Required<SparseCategoricalCrossentropyConfig>> = {
  options: { fromLogits: { ...trueOrFalse, fallback: false } },
  from: "softmax",
  overClasses: true,
  targets: "class",
  refuses: aClass,
  divisor: () => 1,
  unfit: ({ name }, units) => ofClasses(name, units),
  classes: () => "number",
  kernel: (k, _, bare) =>
    bare ? k.sparseCategoricalCrossentropyLogits : k.sparseCategoricalCrossentropyProbabilities,
};
