/** Binary cross-entropy, per row; averages are taken in row order. */
import { exp, log, sigmoid } from "./simd";

/** Keras's fuzz factor: probabilities are limited to [ε, 1 - ε]. */
const EPSILON: f32 = 1e-7;

/** p limited to [ε, 1 - ε]; NaN stays NaN. */
export function clip(p: f32): f32 {
  return p < EPSILON ? EPSILON : p > 1 - EPSILON ? 1 - EPSILON : p;
}

/** A target with a share of it given to all classes alike, each of which has `part` of that; t where there is none. */
export function smoothed(t: f32, smoothing: f32, part: f32): f32 {
  return t * (1 - smoothing) + smoothing * part;
}

function lane(x: v128): f32 {
  return f32x4.extract_lane(x, 0);
}

/**
 * From logits z: loss = max(z, 0) - z·t + log(1 + e^-|z|), which neither overflows nor cancels.
 * losses (rows) assigned: the mean over the row's units
 * dz     (rows, ld) assigned: scale · (sigmoid z - t); 0 in padded columns; 0 for no gradient
 * z      (rows, ld), targets (rows, units), each of them drawn to ½ by `smoothing`, as Keras's label_smoothing
 */
export function bceLogits(
  losses: usize,
  dz: usize,
  z: usize,
  targets: usize,
  rows: i32,
  units: i32,
  ld: i32,
  scale: f32,
  smoothing: f32,
): void {
  for (let m = 0; m < rows; m++) {
    let loss: f32 = 0;
    for (let n = 0; n < units; n++) {
      const at = (<usize>(m * ld + n)) << 2;
      const x = load<f32>(z + at);
      const t = smoothed(load<f32>(targets + ((<usize>(m * units + n)) << 2)), smoothing, 0.5);
      const tail = lane(log(f32x4.add(f32x4.splat(1.0), exp(f32x4.splat(-abs(x))))));
      loss += (x > 0 ? x : 0) - x * t + tail;
      if (dz) store<f32>(dz + at, scale * (lane(sigmoid(f32x4.splat(x))) - t));
    }
    finish(losses, dz, m, units, ld, loss);
  }
}

/**
 * From probabilities p, as Keras: p is limited to [ε, 1 - ε], and no gradient passes outside.
 * dp (rows, ld) assigned: scale · (p - t) / (p·(1 - p)); the rest as in bceLogits
 */
export function bceProbabilities(
  losses: usize,
  dp: usize,
  p: usize,
  targets: usize,
  rows: i32,
  units: i32,
  ld: i32,
  scale: f32,
  smoothing: f32,
): void {
  for (let m = 0; m < rows; m++) {
    let loss: f32 = 0;
    for (let n = 0; n < units; n++) {
      const at = (<usize>(m * ld + n)) << 2;
      const raw = load<f32>(p + at);
      const t = smoothed(load<f32>(targets + ((<usize>(m * units + n)) << 2)), smoothing, 0.5);
      const q = clip(raw);
      const pair = log(f32x4(q, 1 - q, 1, 1));
      loss -= t * f32x4.extract_lane(pair, 0) + (1 - t) * f32x4.extract_lane(pair, 1) + 0 * raw;
      if (dp) store<f32>(dp + at, q == raw ? (scale * (q - t)) / (q * (1 - q)) : 0);
    }
    finish(losses, dp, m, units, ld, loss);
  }
}

function finish(losses: usize, d: usize, m: i32, units: i32, ld: i32, loss: f32): void {
  store<f32>(losses + ((<usize>m) << 2), loss / <f32>units);
  if (d) memory.fill(d + ((<usize>(m * ld + units)) << 2), 0, (<usize>(ld - units)) << 2);
}

/** The sum of x (n), in order, in f64. */
export function sumFloats(x: usize, n: i32): f64 {
  let sum: f64 = 0;
  for (let i: usize = 0; i < (<usize>n) << 2; i += 4) sum += <f64>load<f32>(x + i);
  return sum;
}

/** The sum of x (n), i32. */
export function sumInts(x: usize, n: i32): i32 {
  let sum = 0;
  for (let i: usize = 0; i < (<usize>n) << 2; i += 4) sum += load<i32>(x + i);
  return sum;
}
