import type { LossKind } from "./kind.ts";
import { finite } from "./targets.ts";

/** The mean of the errors' squares. */
export interface MeanSquaredErrorConfig {
  name: "meanSquaredError";
}

/** mean((y - t)²), computed in assembly/mean-squared-error.ts. */
export const meanSquaredError: LossKind<MeanSquaredErrorConfig> = {
  options: {},
  targets: "outputs",
  refuses: finite,
  divisor: (units) => units,
  kernel: (k) => k.meanSquaredError,
};
