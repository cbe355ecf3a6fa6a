/**
 * Layer normalization (Ba, Kiros, Hinton 2016): each row is brought to mean 0 and variance 1 over its n
 * columns, then scaled and shifted column by column. Keras's LayerNormalization:
 *
 *   μ = mean x     s = 1 / √(mean (x - μ)² + ε)     x̂ = s·(x - μ)     y = γ·x̂ + β
 *
 * A row's sums are taken in f64, so a mean far from 0 costs no digits: four chains, one for the columns of
 * each remainder by 4, ascending, then (0 + 2) + (1 + 3). Rows do not depend on each other, so bits do not
 * depend on how many go in a call.
 *
 * A row is `blocks` runs of n columns, such as an LSTM's four gates, each padded to PAD by itself; N is their
 * length together. Columns from n on of each are read as 0, whatever they hold, and come out as exactly 0;
 * those of γ and β are 0 as all padded weights are.
 */
import { PAD } from "./gemm";
import { madd } from "./simd";

/**
 * y    (rows, N), ldy apart, assigned; may be x
 * xhat (rows, N), inverse (rows) assigned: x̂ and s, kept for the backward pass
 * x    (rows, N), ldx apart
 * gamma, beta (N), or 0 for none
 */
export function layerNormForward(
  y: usize,
  ldy: i32,
  xhat: usize,
  inverse: usize,
  x: usize,
  ldx: i32,
  gamma: usize,
  beta: usize,
  rows: i32,
  n: i32,
  blocks: i32,
  epsilon: f64,
): void {
  const row = <usize>blocks * paddedBytes(n);
  for (let r = 0; r < rows; r++) {
    const s = center(xhat, x, n, blocks, epsilon);
    store<f32>(inverse + ((<usize>r) << 2), s);
    for (let j: usize = 0; j < row; j += 16) {
      let value = f32x4.mul(v128.load(xhat + j), f32x4.splat(s));
      v128.store(xhat + j, value);
      if (gamma) value = f32x4.mul(value, v128.load(gamma + j));
      if (beta) value = f32x4.add(value, v128.load(beta + j));
      v128.store(y + j, value);
    }
    y += (<usize>ldy) << 2;
    x += (<usize>ldx) << 2;
    xhat += row;
  }
}

/**
 * One row: d (N) = x - μ, assigned; it may be x.
 *
 * @returns s
 */
export function center(d: usize, x: usize, n: i32, blocks: i32, epsilon: f64): f32 {
  const block = paddedBytes(n);
  const count = <f64>(n * blocks);
  const mean = f64x2.splat(sum(x, n, blocks) / count);
  let low = f64x2.splat(0);
  let high = low;
  for (let b = 0; b < blocks; b++) {
    for (let j: usize = 0; j < block; j += 16) {
      const xj = v128.load(x + j);
      const dj = live(demote(f64x2.sub(lower(xj), mean), f64x2.sub(upper(xj), mean)), j, n);
      v128.store(d + j, dj);
      low = f64x2.add(low, f64x2.mul(lower(dj), lower(dj)));
      high = f64x2.add(high, f64x2.mul(upper(dj), upper(dj)));
    }
    d += block;
    x += block;
  }
  return <f32>(1.0 / sqrt<f64>(total(low, high) / count + epsilon));
}

/**
 * With dx̂ = γ·dy:  dx = s·(dx̂ - mean dx̂ - x̂·mean (dx̂·x̂)).
 *
 * dx   (rows, N), lddx apart, assigned; may be dy
 * dgamma, dbeta (N) += Σ dy·x̂ and Σ dy, row by row; or 0 for none
 * dy   (rows, N), lddy apart
 * xhat, inverse from the forward pass
 * gamma (N), or 0 for none
 */
export function layerNormBackward(
  dx: usize,
  lddx: i32,
  dgamma: usize,
  dbeta: usize,
  dy: usize,
  lddy: i32,
  xhat: usize,
  inverse: usize,
  gamma: usize,
  rows: i32,
  n: i32,
  blocks: i32,
): void {
  const row = <usize>blocks * paddedBytes(n);
  for (let r = 0; r < rows; r++) {
    const s = load<f32>(inverse + ((<usize>r) << 2));
    rowBackward(dx, dgamma, dbeta, dy, xhat, s, gamma, n, blocks);
    dx += (<usize>lddx) << 2;
    dy += (<usize>lddy) << 2;
    xhat += row;
  }
}

/** The same of one row. dx may be x̂, too. */
export function rowBackward(
  dx: usize,
  dgamma: usize,
  dbeta: usize,
  dy: usize,
  xhat: usize,
  s: f32,
  gamma: usize,
  n: i32,
  blocks: i32,
): void {
  const block = paddedBytes(n);
  const count = <f64>(n * blocks);
  const end = <usize>blocks * block;
  let low = f64x2.splat(0);
  let high = low;
  let lowHat = low;
  let highHat = low;
  for (let from: usize = 0; from < end; from += block) {
    for (let i: usize = 0; i < block; i += 16) {
      const j = from + i;
      const hat = v128.load(xhat + j);
      const d = live(v128.load(dy + j), i, n);
      if (dgamma) v128.store(dgamma + j, madd(d, hat, v128.load(dgamma + j)));
      if (dbeta) v128.store(dbeta + j, f32x4.add(v128.load(dbeta + j), d));
      const dhat = gamma ? f32x4.mul(d, v128.load(gamma + j)) : d;
      low = f64x2.add(low, lower(dhat));
      high = f64x2.add(high, upper(dhat));
      lowHat = f64x2.add(lowHat, f64x2.mul(lower(dhat), lower(hat)));
      highHat = f64x2.add(highHat, f64x2.mul(upper(dhat), upper(hat)));
    }
  }
  const mean = f32x4.splat(<f32>(total(low, high) / count));
  const meanHat = f32x4.splat(<f32>(total(lowHat, highHat) / count));
  for (let from: usize = 0; from < end; from += block) {
    for (let i: usize = 0; i < block; i += 16) {
      const j = from + i;
      const d = v128.load(dy + j);
      const dhat = gamma ? f32x4.mul(d, v128.load(gamma + j)) : d;
      const rest = f32x4.sub(f32x4.sub(dhat, mean), f32x4.mul(v128.load(xhat + j), meanHat));
      v128.store(dx + j, live(f32x4.mul(rest, f32x4.splat(s)), i, n));
    }
  }
}

/** Bytes of a block of n columns, padded. */
function paddedBytes(n: i32): usize {
  return (<usize>((n + PAD - 1) & -PAD)) << 2;
}

/** The sum of a row x (N). */
function sum(x: usize, n: i32, blocks: i32): f64 {
  let low = f64x2.splat(0);
  let high = low;
  for (let b = 0; b < blocks; b++) {
    for (let j: usize = 0; j < (<usize>n) << 2; j += 16) {
      const xj = live(v128.load(x + j), j, n);
      low = f64x2.add(low, lower(xj));
      high = f64x2.add(high, upper(xj));
    }
    x += paddedBytes(n);
  }
  return total(low, high);
}

function total(low: v128, high: v128): f64 {
  const both = f64x2.add(low, high);
  return f64x2.extract_lane(both, 0) + f64x2.extract_lane(both, 1);
}

/** The lanes of v, at byte j of a block, that are columns below n; 0 in the others. */
function live(v: v128, j: usize, n: i32): v128 {
  const column = i32x4.add(i32x4(0, 1, 2, 3), i32x4.splat(<i32>(j >> 2)));
  return v128.and(v, i32x4.lt_s(column, i32x4.splat(n)));
}

/** Lanes 0 and 1 in f64. */
function lower(v: v128): v128 {
  return f64x2.promote_low_f32x4(v);
}

/** Lanes 2 and 3 in f64. */
function upper(v: v128): v128 {
  return f64x2.promote_low_f32x4(v128.shuffle<f64>(v, v, 1, 1));
}

/** Both in f32 again. */
function demote(low: v128, high: v128): v128 {
  return v128.shuffle<f64>(f32x4.demote_f64x2_zero(low), f32x4.demote_f64x2_zero(high), 0, 2);
}
