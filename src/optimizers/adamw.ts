import { type AdamOptions, adam } from "./adam.ts";
import type { OptimizerKind } from "./kind.ts";

/** Adam with a weightDecay, whose default here is 0.004: Keras's AdamW (Loshchilov and Hutter 2019). */
export interface AdamwConfig extends AdamOptions {
  name: "adamw";
}

/** Adam but for what is left out: the decay is every optimiser's. */
export const adamw: OptimizerKind<AdamwConfig> = {
  ...(adam as OptimizerKind<AdamOptions>),
  options: { ...adam.options, weightDecay: { ...adam.options.weightDecay!, fallback: 0.004 } },
};
