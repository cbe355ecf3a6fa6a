import type { Option } from "../options.ts";
import type { LossKind } from "./kind.ts";
import { finite } from "./targets.ts";

/** Pinball loss of one quantile or several (Koenker and Bassett 1978). */
export interface QuantileConfig {
  name: "quantile";
  /**
   * The quantiles to estimate, each between 0 and 1, in ascending order: [0.1, 0.5, 0.9] gives a median within a range
   * that holds four fifths of what comes. The last layer has `targets × quantiles` units: for each target its
   * quantiles, in this order. Default [0.5], the median.
   */
  quantiles?: readonly number[];
}

const between: Option<readonly number[]> = {
  wanted: "a list of numbers above 0 and below 1, in ascending order",
  accepts: (value) =>
    Array.isArray(value) &&
    value.length > 0 &&
    value.every((q, i) => typeof q === "number" && q > 0 && q < 1 && (i === 0 || q > value[i - 1])),
  fallback: [0.5],
};

/**
 * The pinball loss, max(q·e, (q - 1)·e) with e = t - y, of several quantiles at once, the mean over all outputs (Koenker
 * and Bassett, Regression quantiles, 1978). Its gradient is -q below the target, 1 - q above it, and 0, of the
 * subgradients there, where the two are equal. Outputs of a target that say quantiles in another order than they are
 * (quantile crossing) are not forbidden. Computed in assembly/quantile.ts.
 */
export const quantile: LossKind<Required<QuantileConfig>> = {
  options: { quantiles: between },
  targets: "several",
  outputsPerTarget: ({ quantiles }) => quantiles.length,
  refuses: finite,
  divisor: (units) => units,
  kernel:
    (k, { quantiles }) =>
    (losses, dy, y, targets, rows, units, ld, scale) => {
      for (let i = 0; i < quantiles.length; i++) {
        k.quantile(losses, dy, y, targets, rows, units, ld, scale, quantiles[i]!, i, quantiles.length);
      }
    },
};
