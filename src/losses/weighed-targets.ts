/** A loss whose targets count for more or less than each other in their row's. */
import type { Kernels } from "../wasm/kernels.ts";
import type { LossKernel } from "./kind.ts";

/** Room for one target of every row: its outputs, their gradient, the target, its loss. Addresses. */
export interface TargetRoom {
  readonly y: number;
  readonly dy: number;
  readonly targets: number;
  readonly losses: number;
}

/**
 * The loss of the targets one by one, each in rows of its own, and their sum by the weights. A loss that is a mean over
 * targets needs to know nothing of it.
 *
 * @param each outputs that stand for a target
 */
export function weighedTargets(
  k: Kernels,
  kernel: LossKernel,
  weights: readonly number[],
  each: number,
  own: TargetRoom,
): LossKernel {
  const count = weights.length;
  return (losses, dy, y, targets, rows, _, ld, scale) => {
    for (const [place, weight] of weights.entries()) {
      k.copyRows(own.y, each, y + place * each * 4, ld, each, rows);
      k.copyRows(own.targets, 1, targets + place * 4, count, 1, rows);
      kernel(own.losses, dy && own.dy, own.y, own.targets, rows, each, each, scale);
      k.weighTarget(losses, dy, own.losses, own.dy, rows, each, ld, weight, place, count);
    }
  };
}
