/** Mean absolute percentage error, per row. */
import { row } from "./rows";

/** Keras's fuzz factor: what a smaller |t| is taken for. */
const EPSILON: f32 = 1e-7;

/**
 * Keras's MeanAbsolutePercentageError, 100 · mean(|y - t| / max(|t|, ε)) over a row's units.
 * values (rows) assigned: the mean over the row's units
 * y      (rows, ld), targets (rows, units)
 */
export function meanAbsolutePercentageError(
  values: usize,
  y: usize,
  targets: usize,
  rows: i32,
  units: i32,
  ld: i32,
): void {
  for (let m = 0; m < rows; m++) {
    const ym = row(y, m, ld);
    const tm = row(targets, m, units);
    let sum: f64 = 0;
    for (let at: usize = 0; at < (<usize>units) << 2; at += 4) {
      const t = load<f32>(tm + at);
      sum += abs(<f64>load<f32>(ym + at) - <f64>t) / <f64>max(abs(t), EPSILON);
    }
    store<f32>(values + ((<usize>m) << 2), <f32>((100 * sum) / <f64>units));
  }
}
