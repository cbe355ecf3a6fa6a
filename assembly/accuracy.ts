/** What a row's answers got right. NaN is never above a threshold, nor above another number. */
import { row } from "./rows";

/**
 * Keras's BinaryAccuracy.
 * values (rows) assigned: how many of the row's units lie on their target's side, y > threshold where t > ½
 * y      (rows, ld), targets (rows, units)
 */
export function binaryAccuracy(
  values: usize,
  y: usize,
  targets: usize,
  rows: i32,
  units: i32,
  ld: i32,
  threshold: f32,
): void {
  for (let m = 0; m < rows; m++) {
    const ym = row(y, m, ld);
    const tm = row(targets, m, units);
    let right = 0;
    for (let at: usize = 0; at < (<usize>units) << 2; at += 4) {
      right += i32(load<f32>(ym + at) > threshold == load<f32>(tm + at) > 0.5);
    }
    store<f32>(values + ((<usize>m) << 2), <f32>right);
  }
}

/**
 * Keras's CategoricalAccuracy.
 * values (rows) assigned: 1 where the largest y and the largest target are the same unit, else 0
 * y      (rows, ld), targets (rows, units)
 */
export function categoricalAccuracy(
  values: usize,
  y: usize,
  targets: usize,
  rows: i32,
  units: i32,
  ld: i32,
): void {
  for (let m = 0; m < rows; m++) {
    const right = argmax(row(y, m, ld), units) == argmax(row(targets, m, units), units);
    store<f32>(values + ((<usize>m) << 2), <f32>i32(right));
  }
}

/**
 * Keras's SparseCategoricalAccuracy.
 * values (rows) assigned: 1 where the largest y is the target's unit, else 0
 * y      (rows, ld), targets (rows, 1): the class, a whole number
 */
export function sparseCategoricalAccuracy(
  values: usize,
  y: usize,
  targets: usize,
  rows: i32,
  units: i32,
  ld: i32,
): void {
  for (let m = 0; m < rows; m++) {
    const at = (<usize>m) << 2;
    store<f32>(values + at, <f32>i32(<f32>argmax(row(y, m, ld), units) == load<f32>(targets + at)));
  }
}

/**
 * Keras's TopKCategoricalAccuracy.
 * values (rows) assigned: 1 where the largest target's unit is among the k largest y, else 0
 * y      (rows, ld), targets (rows, units)
 */
export function topKCategoricalAccuracy(
  values: usize,
  y: usize,
  targets: usize,
  rows: i32,
  units: i32,
  ld: i32,
  k: i32,
): void {
  for (let m = 0; m < rows; m++) {
    const right = isAmong(row(y, m, ld), units, argmax(row(targets, m, units), units), k);
    store<f32>(values + ((<usize>m) << 2), <f32>i32(right));
  }
}

/**
 * Keras's SparseTopKCategoricalAccuracy.
 * values (rows) assigned: 1 where the target's unit is among the k largest y, else 0
 * y      (rows, ld), targets (rows, 1): the class, a whole number
 */
export function sparseTopKCategoricalAccuracy(
  values: usize,
  y: usize,
  targets: usize,
  rows: i32,
  units: i32,
  ld: i32,
  k: i32,
): void {
  for (let m = 0; m < rows; m++) {
    const at = (<usize>m) << 2;
    const right = isAmong(row(y, m, ld), units, i32(load<f32>(targets + at)), k);
    store<f32>(values + at, <f32>i32(right));
  }
}

/**
 * Whether fewer than k of x (n) are larger than x[place]: equals do not push each other out. As TensorFlow's
 * in_top_k, not where a number of the row is not finite, and not for a place that is not there.
 */
function isAmong(x: usize, n: i32, place: i32, k: i32): bool {
  if (place < 0 || place >= n) return false;
  const own = load<f32>(x + ((<usize>place) << 2));
  let larger = 0;
  for (let j = 0; j < n; j++) {
    const other = load<f32>(x + ((<usize>j) << 2));
    if (!(abs(other) < Infinity)) return false;
    larger += i32(other > own);
  }
  return larger < k;
}

/** The place of the largest of x (n), the first of equals, as NumPy and TensorFlow have it. */
function argmax(x: usize, n: i32): i32 {
  let place = 0;
  let most = load<f32>(x);
  for (let j = 1; j < n; j++) {
    const other = load<f32>(x + ((<usize>j) << 2));
    if (other > most) {
      most = other;
      place = j;
    }
  }
  return place;
}
