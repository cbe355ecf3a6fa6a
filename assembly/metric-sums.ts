/**
 * What rows add to the sums of a metric, f64, in the order of rows. Counts are whole numbers, so that they are the
 * same in any order.
 *
 * keep (rows) has a word for each row, 0 where the row does not count; 0 for an address where all of them do.
 */
import { row } from "./rows";

function isKept(keep: usize, m: i32): bool {
  return keep == 0 || load<i32>(keep + ((<usize>m) << 2)) != 0;
}

function add(sums: usize, at: i32, x: f64): void {
  const place = sums + ((<usize>at) << 3);
  store<f64>(place, load<f64>(place) + x);
}

/**
 * Of a mean: sums (2) + the rows' values, and `divisor` for each row
 * values (rows)
 */
export function sumValues(sums: usize, values: usize, keep: usize, rows: i32, divisor: f64): void {
  let sum: f64 = 0;
  let count: f64 = 0;
  for (let m = 0; m < rows; m++) {
    if (!isKept(keep, m)) continue;
    sum += <f64>load<f32>(values + ((<usize>m) << 2));
    count += divisor;
  }
  add(sums, 0, sum);
  add(sums, 1, count);
}

/**
 * Of the units from … to - 1: sums (3) + true positives, false positives and false negatives. A unit is positive
 * where y > threshold, its target where it is not 0. NaN is negative.
 * y (rows, ld), targets (rows, units)
 */
export function sumConfusion(
  sums: usize,
  y: usize,
  targets: usize,
  keep: usize,
  rows: i32,
  units: i32,
  ld: i32,
  threshold: f32,
  from: i32,
  to: i32,
): void {
  let both = 0;
  let found = 0;
  let there = 0;
  for (let m = 0; m < rows; m++) {
    if (!isKept(keep, m)) continue;
    for (let j = from; j < to; j++) {
      const at = (<usize>j) << 2;
      const isFound = i32(load<f32>(row(y, m, ld) + at) > threshold);
      const isThere = i32(load<f32>(row(targets, m, units) + at) != 0);
      both += isFound & isThere;
      found += isFound;
      there += isThere;
    }
  }
  add(sums, 0, <f64>both);
  add(sums, 1, <f64>(found - both));
  add(sums, 2, <f64>(there - both));
}

/**
 * As Keras's FBetaScore counts, a unit at a time: sums (units, 3) + true positives, false positives and false
 * negatives, where a target t counts as t positives and 1 - t negatives. A unit is positive where y > threshold;
 * for a threshold below 0, if its y is the row's largest and |y| > 1e-9.
 * y (rows, ld), targets (rows, units)
 */
export function sumConfusionByUnit(
  sums: usize,
  y: usize,
  targets: usize,
  keep: usize,
  rows: i32,
  units: i32,
  ld: i32,
  threshold: f32,
): void {
  for (let m = 0; m < rows; m++) {
    if (!isKept(keep, m)) continue;
    const ym = row(y, m, ld);
    const most = largest(ym, units);
    for (let j = 0; j < units; j++) {
      const at = (<usize>j) << 2;
      const value = load<f32>(ym + at);
      const t = <f64>load<f32>(row(targets, m, units) + at);
      const isFound = threshold < 0 ? value >= most && abs(value) > 1e-9 : value > threshold;
      if (isFound) {
        add(sums, 3 * j, t);
        add(sums, 3 * j + 1, 1 - t);
      } else add(sums, 3 * j + 2, t);
    }
  }
}

function largest(x: usize, n: i32): f32 {
  let most = load<f32>(x);
  for (let j = 1; j < n; j++) most = max(most, load<f32>(x + ((<usize>j) << 2)));
  return most;
}

/**
 * As Keras's AUC counts: sums (2, n) + positives and negatives whose y lies above the threshold i / (n - 1) and not
 * above the next, for i = 0 … n - 2. What is not above 0 is with the first, and NaN too; what is above 1 with the
 * last. A target is positive where it is not 0. The product with n - 1 is rounded to f32, as Keras's is.
 * y (rows, ld), targets (rows, units)
 */
export function sumByThreshold(
  sums: usize,
  y: usize,
  targets: usize,
  keep: usize,
  rows: i32,
  units: i32,
  ld: i32,
  n: i32,
): void {
  const last = <f32>(n - 1);
  for (let m = 0; m < rows; m++) {
    if (!isKept(keep, m)) continue;
    for (let at: usize = 0; at < (<usize>units) << 2; at += 4) {
      const isThere = load<f32>(row(targets, m, units) + at) != 0;
      const p = load<f32>(row(y, m, ld) + at);
      const i = p > 0 ? i32(ceil(min<f32>(p, 1) * last)) - 1 : 0; // NaN is not above 0
      add(sums, isThere ? i : n + i, 1);
    }
  }
}

/**
 * Of R²: sums (1 + 3 · units) + 1 for each row, then for each unit t, t² and (t - y)²
 * y (rows, ld), targets (rows, units)
 */
export function sumDeviations(
  sums: usize,
  y: usize,
  targets: usize,
  keep: usize,
  rows: i32,
  units: i32,
  ld: i32,
): void {
  for (let m = 0; m < rows; m++) {
    if (!isKept(keep, m)) continue;
    add(sums, 0, 1);
    for (let j = 0; j < units; j++) {
      const at = (<usize>j) << 2;
      const t = <f64>load<f32>(row(targets, m, units) + at);
      const d = t - <f64>load<f32>(row(y, m, ld) + at);
      add(sums, 1 + 3 * j, t);
      add(sums, 2 + 3 * j, t * t);
      add(sums, 3 + 3 * j, d * d);
    }
  }
}
