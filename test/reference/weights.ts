/** What rows and targets count for in a loss. */
import type { LossAndGradient } from "./loss.ts";
import { row, type Vector } from "./matrix.ts";

export type RowsLoss = (outputs: Vector, targets: Vector, units: number) => LossAndGradient;

/** The mean over parts of outputs and targets, side by side, of each part's own loss times its weight. */
function meanOfParts(
  outputs: Vector,
  targets: Vector,
  parts: number,
  units: number,
  of: RowsLoss,
  weight: (part: number) => number,
): LossAndGradient {
  const [own, width] = [outputs.length / parts, targets.length / parts];
  const gradient = new Float64Array(outputs.length);
  let loss = 0;
  for (let i = 0; i < parts; i++) {
    const found = of(row(outputs, i, own), row(targets, i, width), units);
    loss += (found.loss * weight(i)) / parts;
    row(gradient, i, own).set(found.gradient.map((d) => (d * weight(i)) / parts));
  }
  return { loss, gradient };
}

/** Each row's loss times its weight, by the number of rows: Keras's `sum_over_batch_size`. */
export function weighRows(of: RowsLoss, weights: ArrayLike<number>): RowsLoss {
  return (outputs, targets, units) =>
    meanOfParts(outputs, targets, weights.length, units, of, (i) => weights[i]!);
}

/** Each target's loss times its weight, by the number of targets. */
export function weighTargets(of: RowsLoss, weights: readonly number[]): RowsLoss {
  const { length } = weights;
  return (outputs, targets, units) =>
    meanOfParts(outputs, targets, targets.length, units / length, of, (i) => weights[i % length]!);
}
