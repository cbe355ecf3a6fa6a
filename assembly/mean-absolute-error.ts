/** Mean absolute error, per row; averages over rows are taken in row order. */
import { clearPadding, row } from "./rows";

/**
 * Keras's MeanAbsoluteError, mean(|y - t|) over a row's units.
 * losses (rows) assigned: the mean over the row's units
 * dy     (rows, ld) assigned: scale · the sign of y - t, 0 where they are equal; 0 in padded columns; 0 for
 *        no gradient
 * y      (rows, ld), targets (rows, units)
 */
export function meanAbsoluteError(
  losses: usize,
  dy: usize,
  y: usize,
  targets: usize,
  rows: i32,
  units: i32,
  ld: i32,
  scale: f32,
): void {
  for (let m = 0; m < rows; m++) {
    const ym = row(y, m, ld);
    const tm = row(targets, m, units);
    const dm = row(dy, m, ld);
    let sum: f64 = 0;
    for (let at: usize = 0; at < (<usize>units) << 2; at += 4) {
      const d = load<f32>(ym + at) - load<f32>(tm + at);
      sum += <f64>abs(d);
      if (dy) store<f32>(dm + at, d > 0 ? scale : d < 0 ? -scale : d); // 0 and NaN stay
    }
    store<f32>(losses + ((<usize>m) << 2), <f32>(sum / <f64>units));
    if (dy) clearPadding(dm, units, ld);
  }
}
