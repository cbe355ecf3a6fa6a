import type { LossKind } from "./kind.ts";
import { finite } from "./targets.ts";

/** The mean of the errors' sizes. */
export interface MeanAbsoluteErrorConfig {
  name: "meanAbsoluteError";
}

/** mean(|y - t|), computed in assembly/mean-absolute-error.ts. */
export const meanAbsoluteError: LossKind<MeanAbsoluteErrorConfig> = {
  options: {},
  targets: "outputs",
  refuses: finite,
  divisor: (units) => units,
  kernel: (k) => k.meanAbsoluteError,
};
