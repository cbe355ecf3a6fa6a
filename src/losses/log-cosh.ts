import type { LossKind } from "./kind.ts";
import { finite } from "./targets.ts";

/** log cosh of an error: half its square near 0, its size far off. */
export interface LogCoshConfig {
  name: "logCosh";
}

/**
 * The mean of log cosh(y - t): ½e² near 0, |e| - log 2 far out, with every derivative in between. Near 0, where
 * Keras's float32 cancels, it is exact to float32. Computed in assembly/log-cosh.ts.
 */
export const logCosh: LossKind<LogCoshConfig> = {
  options: {},
  targets: "outputs",
  refuses: finite,
  divisor: (units) => units,
  kernel: (k) => k.logCosh,
};
