import { row, type Vector } from "./matrix.ts";

/** The share of elements on their target's side of the threshold; the threshold itself counts as class 0. */
export function binaryAccuracy(y: Vector, t: ArrayLike<number>, threshold = 0.5): number {
  let right = 0;
  for (let i = 0; i < y.length; i++) {
    if ((y[i]! > threshold ? 1 : 0) === t[i]) right++;
  }
  return right / y.length;
}

/** The share of rows (R, units) whose largest y is where their largest target is; of equals the first counts. */
export function categoricalAccuracy(y: Vector, t: Vector, units: number): number {
  const classes = Array.from({ length: t.length / units }, (_, r) => argmax(row(t, r, units)));
  return sparseCategoricalAccuracy(y, classes, units);
}

/** The share of rows (R, units) whose largest y is at their class (R). */
export function sparseCategoricalAccuracy(y: Vector, classes: ArrayLike<number>, units: number): number {
  const rows = y.length / units;
  let right = 0;
  for (let r = 0; r < rows; r++) {
    if (argmax(row(y, r, units)) === classes[r]) right++;
  }
  return right / rows;
}

/** The share of rows (R, units) where fewer than k outputs are larger than that of the largest target. */
export function topKCategoricalAccuracy(y: Vector, t: Vector, units: number, k: number): number {
  const classes = Array.from({ length: t.length / units }, (_, r) => argmax(row(t, r, units)));
  return sparseTopKCategoricalAccuracy(y, classes, units, k);
}

/** The share of rows (R, units) where fewer than k outputs are larger than that of their class (R). */
export function sparseTopKCategoricalAccuracy(
  y: Vector,
  classes: ArrayLike<number>,
  units: number,
  k: number,
): number {
  const rows = Array.from({ length: y.length / units }, (_, r) => row(y, r, units));
  const right = rows.filter((own, r) => own.filter((value) => value > own[classes[r]!]!).length < k);
  return right.length / rows.length;
}

const argmax = (x: Vector) => x.indexOf(Math.max(...x));
