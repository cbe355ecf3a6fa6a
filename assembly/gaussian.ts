/** The negative log-likelihood of targets that are normal, per row; averages over rows are taken in row order. */
import { clearPadding, row } from "./rows";
import { exp, log } from "./simd";

function lane(x: v128): f32 {
  return f32x4.extract_lane(x, 0);
}

/**
 * Of targets each with two outputs, its mean μ and the logarithm s of its variance: the mean of ½(log v + (μ - t)²/v),
 * v = eˢ + ε. Without the constant ½·log 2π, as PyTorch's GaussianNLLLoss.
 * losses (rows) assigned
 * dy     (rows, ld) assigned: scale · (μ - t)/v for μ, scale · ½(1 - (μ - t)²/v)·eˢ/v for s; 0 in padded columns;
 *        0 for no gradient
 * y      (rows, ld): μ, s of each target in turn; targets (rows, units / 2)
 */
export function gaussianNegativeLogLikelihood(
  losses: usize,
  dy: usize,
  y: usize,
  targets: usize,
  rows: i32,
  units: i32,
  ld: i32,
  scale: f32,
  epsilon: f32,
): void {
  const half = units / 2;
  for (let m = 0; m < rows; m++) {
    const ym = row(y, m, ld);
    const tm = row(targets, m, half);
    const dm = row(dy, m, ld);
    let sum: f64 = 0;
    for (let j: usize = 0; j < (<usize>half) << 2; j += 4) {
      const at = j << 1;
      const e = <f64>(load<f32>(ym + at) - load<f32>(tm + j));
      const s = load<f32>(ym + at + 4);
      const free = lane(exp(f32x4.splat(s)));
      const v = free + epsilon;
      const z = e / <f64>v;
      // log lets NaN pass for a number
      sum += 0.5 * (<f64>lane(log(f32x4.splat(v))) + e * z) + 0 * <f64>s;
      if (!dy) continue;
      store<f32>(dm + at, scale * <f32>z);
      store<f32>(dm + at + 4, scale * <f32>(0.5 * (1 - e * z) * <f64>(free / v)));
    }
    store<f32>(losses + ((<usize>m) << 2), <f32>(sum / <f64>half));
    if (dy) clearPadding(dm, units, ld);
  }
}
