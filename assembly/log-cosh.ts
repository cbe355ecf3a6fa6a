/** The logarithm of the error's hyperbolic cosine, per row; averages over rows are taken in row order. */
import { clearPadding, row } from "./rows";
import { exp, log1p, tanh } from "./simd";

const LN2: f64 = 0.6931471805599453;

/**
 * Keras's LogCosh, the mean over a row's units of log cosh e, e = y - t.
 * losses (rows) assigned
 * dy     (rows, ld) assigned: scale · tanh e; 0 in padded columns; 0 for no gradient
 * y      (rows, ld), targets (rows, units)
 */
export function logCosh(
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
      const e = load<f32>(ym + at) - load<f32>(tm + at);
      sum += logCoshOf(e);
      if (dy) store<f32>(dm + at, scale * f32x4.extract_lane(tanh(f32x4.splat(e)), 0));
    }
    store<f32>(losses + ((<usize>m) << 2), <f32>(sum / <f64>units));
    if (dy) clearPadding(dm, units, ld);
  }
}

/**
 * log cosh e, relative to its value near 0 too: there log(1 + u), u = cosh e - 1 = 2s² / (1 - s²), s = tanh ½e; and
 * |e| + log(1 + e^-2|e|) - log 2 from 1 on, which does not overflow and near 0 would cancel.
 */
function logCoshOf(e: f32): f64 {
  const size = abs(e);
  if (size < 1) {
    const s = <f64>f32x4.extract_lane(tanh(f32x4.splat(0.5 * e)), 0);
    return <f64>f32x4.extract_lane(log1p(f32x4.splat(<f32>((2 * s * s) / (1 - s * s)))), 0);
  }
  const tail = f32x4.extract_lane(log1p(exp(f32x4.splat(-2 * size))), 0);
  return <f64>size - LN2 + <f64>tail; // NaN and infinity are those of |e|
}
