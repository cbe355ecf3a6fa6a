import { expect } from "vitest";
import type { LossKernel } from "../../src/losses/kind.ts";
import { type Bench, pad, padded, unpad } from "../builds.ts";

/** The kernels that give a loss for each row of outputs and, where it is wanted, their gradient. */
export type RowLoss =
  | "categoricalCrossentropyLogits"
  | "categoricalCrossentropyProbabilities"
  | "logCosh"
  | "meanAbsoluteError"
  | "meanSquaredError"
  | "sparseCategoricalCrossentropyLogits"
  | "sparseCategoricalCrossentropyProbabilities";

export interface RowLossResult {
  /** The mean of the rows' losses. */
  readonly loss: number;
  readonly losses: Float32Array;
  readonly gradient: Float32Array;
}

/** `outputs` (R, units) are padded with numbers that must not count, and so is the gradient at first. */
export function runRowLoss(
  bench: Bench,
  kernel: RowLoss,
  outputs: ArrayLike<number>,
  targets: ArrayLike<number>,
  units: number,
): RowLossResult {
  const perUnit = kernel.startsWith("mean") || kernel === "logCosh";
  const run: LossKernel = (...args) => bench.k[kernel](...args, 0);
  return runLossKernel(bench, run, outputs, targets, units, perUnit ? units : 1);
}

/** @param divisor of the gradient, beside the number of rows */
export function runLossKernel(
  bench: Bench,
  kernel: LossKernel,
  outputs: ArrayLike<number>,
  targets: ArrayLike<number>,
  units: number,
  divisor: number,
): RowLossResult {
  const { k } = bench;
  const rows = outputs.length / units;
  const ld = padded(units);
  const y = pad(outputs, units).map((value, i) => (i % ld < units ? value : 1e3));
  const [losses, dy] = [bench.floats(rows), bench.floats(Array(rows * ld).fill(-1))];
  kernel(losses, dy, bench.floats(y), bench.floats(targets), rows, units, ld, 1 / (rows * divisor));
  const alone = bench.floats(rows);
  kernel(alone, 0, bench.floats(y), bench.floats(targets), rows, units, ld, 1);
  expect(bench.read(alone, rows), "losses without a place for the gradient").toEqual(
    bench.read(losses, rows),
  );
  return {
    loss: k.sumFloats(losses, rows) / rows,
    losses: bench.read(losses, rows),
    gradient: unpad(bench.read(dy, rows * ld), units),
  };
}

/** The rows' losses alone: no place for the gradient. */
export function rowLossAlone(
  bench: Bench,
  kernel: RowLoss,
  outputs: ArrayLike<number>,
  targets: ArrayLike<number>,
  units: number,
): Float32Array {
  const rows = outputs.length / units;
  const losses = bench.floats(rows);
  const y = bench.floats(pad(outputs, units));
  bench.k[kernel](losses, 0, y, bench.floats(targets), rows, units, padded(units), 1, 0);
  return bench.read(losses, rows);
}
