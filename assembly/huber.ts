/** Huber's loss, per row; averages over rows are taken in row order. */
import { clearPadding, row } from "./rows";

/**
 * Keras's Huber, the mean over a row's units of ½e² where |e| ≤ δ and δ|e| - ½δ² beyond, e = y - t.
 * losses (rows) assigned
 * dy     (rows, ld) assigned: scale · e limited to [-δ, δ]; 0 in padded columns; 0 for no gradient
 * y      (rows, ld), targets (rows, units)
 */
export function huber(
  losses: usize,
  dy: usize,
  y: usize,
  targets: usize,
  rows: i32,
  units: i32,
  ld: i32,
  scale: f32,
  delta: f32,
): void {
  for (let m = 0; m < rows; m++) {
    const ym = row(y, m, ld);
    const tm = row(targets, m, units);
    const dm = row(dy, m, ld);
    let sum: f64 = 0;
    for (let at: usize = 0; at < (<usize>units) << 2; at += 4) {
      const e = load<f32>(ym + at) - load<f32>(tm + at);
      const limited = e > delta ? delta : e < -delta ? -delta : e; // NaN stays
      // e·l - ½l² is ½e² inside, where l is e, and δ|e| - ½δ² beyond.
      sum += (<f64>e - 0.5 * <f64>limited) * <f64>limited;
      if (dy) store<f32>(dm + at, scale * limited);
    }
    store<f32>(losses + ((<usize>m) << 2), <f32>(sum / <f64>units));
    if (dy) clearPadding(dm, units, ld);
  }
}
