/** The pinball loss of one of several quantiles, per row; averages over rows are taken in row order. */
import { clearPadding, row } from "./rows";

/**
 * Koenker and Bassett's check function, max(q·e, (q - 1)·e), e = t - y, of the outputs which stand for the quantile q:
 * `place`, `place` + `every`, … of a row, one for each of its targets. Called for each of `every` quantiles in turn.
 * losses (rows) assigned for the first of them, added to for the others: its part of the mean over the row's units
 * dy     (rows, ld) in those columns assigned: scale · -q where y is below t, 1 - q where it is above, 0 where they
 *        are equal; 0 in padded columns; 0 for no gradient
 * y      (rows, ld), targets (rows, units / every)
 */
export function quantile(
  losses: usize,
  dy: usize,
  y: usize,
  targets: usize,
  rows: i32,
  units: i32,
  ld: i32,
  scale: f32,
  q: f32,
  place: i32,
  every: i32,
): void {
  const below = -scale * q;
  const above = scale * (1 - q);
  const wide = <f64>q;
  for (let m = 0; m < rows; m++) {
    const ym = row(y, m, ld);
    const dm = row(dy, m, ld);
    let tm = row(targets, m, units / every);
    let sum: f64 = 0;
    for (let j = place; j < units; j += every) {
      const at = (<usize>j) << 2;
      const e = load<f32>(tm) - load<f32>(ym + at);
      sum += e > 0 ? wide * <f64>e : (wide - 1) * <f64>e; // NaN stays
      if (dy) store<f32>(dm + at, e > 0 ? below : e < 0 ? above : e);
      tm += 4;
    }
    const to = losses + ((<usize>m) << 2);
    const share = <f32>(sum / <f64>units);
    store<f32>(to, place == 0 ? share : load<f32>(to) + share);
    if (dy && place == 0) clearPadding(dm, units, ld);
  }
}
