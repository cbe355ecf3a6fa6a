import type { LossKind } from "./kind.ts";
import { finite, positive } from "./targets.ts";

/** Half the square of an error, and beyond delta in proportion to it (Huber 1964). */
export interface HuberConfig {
  name: "huber";
  /** The error from which on the loss grows with it and no more with its square; above 0. Default 1. */
  delta?: number;
}

/**
 * The mean of ½e² where |e| = |y - t| is at most delta, and of delta·(|e| - ½·delta) beyond (Huber, Robust estimation of
 * a location parameter, 1964): outliers pull no harder than delta. Computed in assembly/huber.ts.
 */
export const huber: LossKind<Required<HuberConfig>> = {
  options: { delta: { ...positive, fallback: 1 } },
  targets: "outputs",
  refuses: finite,
  divisor: (units) => units,
  kernel:
    (k, { delta }) =>
    (losses, dy, y, targets, rows, units, ld, scale) =>
      k.huber(losses, dy, y, targets, rows, units, ld, scale, delta),
};
