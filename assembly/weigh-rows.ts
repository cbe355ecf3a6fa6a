/** What each row counts for in the loss: samples, classes and timesteps have weights, and masked rows have 0. */

import { row } from "./rows";
import { store8 } from "./simd";

/**
 * Each row's loss and gradient times its weight. A row of weight 0 counts for nothing, whatever it holds.
 * losses  (rows) in and out
 * dy      (rows, ld) in and out; 0 for no gradient
 * weights (rows)
 */
export function weighRows(losses: usize, dy: usize, weights: usize, rows: i32, ld: i32): void {
  for (let m = 0; m < rows; m++) {
    const at = (<usize>m) << 2;
    const weight = load<f32>(weights + at);
    if (weight == 1) continue;
    store<f32>(losses + at, weight == 0 ? 0 : load<f32>(losses + at) * weight);
    if (dy) weighRow(row(dy, m, ld), weight, ld);
  }
}

function weighRow(x: usize, weight: f32, ld: i32): void {
  const bytes = (<usize>ld) << 2;
  if (weight == 0) {
    memory.fill(x, 0, bytes);
    return;
  }
  const factor = f32x4.splat(weight);
  for (const end = x + bytes; x < end; x += 32) {
    const x0 = f32x4.mul(v128.load(x), factor);
    const x1 = f32x4.mul(v128.load(x, 16), factor);
    store8(x, x0, x1);
  }
}
