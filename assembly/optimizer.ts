/** From the shards' gradients to the weights of the next step. */
import { store8 } from "./simd";

/** g (n) = the sum of `shards` partials, `stride` floats apart, in their order. n a multiple of PAD. */
export function sumShards(g: usize, partials: usize, shards: i32, stride: i32, n: i32): void {
  for (const end = g + ((<usize>n) << 2); g < end; g += 32, partials += 32) {
    let at = partials;
    let sum0 = v128.load(at);
    let sum1 = v128.load(at, 16);
    for (let s = 1; s < shards; s++) {
      at += (<usize>stride) << 2;
      sum0 = f32x4.add(sum0, v128.load(at));
      sum1 = f32x4.add(sum1, v128.load(at, 16));
    }
    store8(g, sum0, sum1);
  }
}

/** The largest |x| of x (n); NaN where one is not finite. n a multiple of 4. */
export function peak(x: usize, n: i32): f32 {
  let sound = f32x4.splat(0);
  let most = f32x4.splat(0);
  for (const end = x + ((<usize>n) << 2); x < end; x += 16) {
    const v = v128.load(x);
    sound = f32x4.add(sound, f32x4.mul(v, f32x4.splat(0))); // NaN where v is not finite
    most = f32x4.pmax(most, f32x4.abs(v));
  }
  return peakOf(most, sound);
}

/** The largest lane of `most`, or NaN where a lane of `sound` is. */
export function peakOf(most: v128, sound: v128): f32 {
  const pair = f32x4.pmax(most, v128.shuffle<f32>(most, most, 2, 3, 0, 1));
  const x = max(f32x4.extract_lane(pair, 0), f32x4.extract_lane(pair, 1));
  return i32x4.all_true(f32x4.eq(sound, sound)) ? x : NaN;
}

/** 1 where every number of x (n) is finite, else 0. n a multiple of 4. */
export function allFinite(x: usize, n: i32): i32 {
  let sum = f32x4.splat(0);
  // 0·x is 0 for a finite x and NaN for the rest.
  for (const end = x + ((<usize>n) << 2); x < end; x += 16) {
    sum = f32x4.add(sum, f32x4.mul(v128.load(x), f32x4.splat(0)));
  }
  return i32(i32x4.all_true(f32x4.eq(sum, sum)));
}

/** x (n) *= factor. n a multiple of PAD. */
export function scale(x: usize, n: i32, factor: f64): void {
  const by = f32x4.splat(<f32>factor);
  for (const end = x + ((<usize>n) << 2); x < end; x += 32) {
    const x0 = f32x4.mul(v128.load(x), by);
    const x1 = f32x4.mul(v128.load(x, 16), by);
    store8(x, x0, x1);
  }
}

/** x (n) limited to [-limit, limit]; NaN stays NaN. n a multiple of PAD. */
export function limit(x: usize, n: i32, most: f64): void {
  const high = f32x4.splat(<f32>most);
  for (const end = x + ((<usize>n) << 2); x < end; x += 32) {
    const x0 = within(v128.load(x), high);
    const x1 = within(v128.load(x, 16), high);
    store8(x, x0, x1);
  }
}

/** x limited to [-most, most]; NaN stays NaN. */
export function within(x: v128, most: v128): v128 {
  return f32x4.pmax(f32x4.pmin(x, most), f32x4.neg(most));
}

/**
 * The sum of the squares of x (n), in f64: two sums, of the numbers at even and at odd places in their order,
 * and the sum of these. n a multiple of 4.
 */
export function sumSquares(x: usize, n: i32): f64 {
  let sums = f64x2.splat(0);
  for (const end = x + ((<usize>n) << 2); x < end; x += 8) {
    const pair = f64x2.promote_low_f32x4(v128.load64_zero(x));
    sums = f64x2.add(sums, f64x2.mul(pair, pair));
  }
  return f64x2.extract_lane(sums, 0) + f64x2.extract_lane(sums, 1);
}

/** Decoupled decay (Loshchilov and Hutter 2019): w (n) -= share·w. n a multiple of PAD. */
export function decay(w: usize, n: i32, share: f64): void {
  const part = f32x4.splat(<f32>share);
  for (const end = w + ((<usize>n) << 2); w < end; w += 32) {
    const w0 = v128.load(w);
    const w1 = v128.load(w, 16);
    store8(w, f32x4.sub(w0, f32x4.mul(w0, part)), f32x4.sub(w1, f32x4.mul(w1, part)));
  }
}

/** A moving average: a (n) = momentum·a + (1 - momentum)·w. w (n). n a multiple of PAD. */
export function average(a: usize, w: usize, n: i32, momentum: f64): void {
  const old = f32x4.splat(<f32>momentum);
  const fresh = f32x4.splat(<f32>(1.0 - momentum));
  for (const end = a + ((<usize>n) << 2); a < end; a += 32, w += 32) {
    const a0 = f32x4.add(f32x4.mul(v128.load(a), old), f32x4.mul(v128.load(w), fresh));
    const a1 = f32x4.add(f32x4.mul(v128.load(a, 16), old), f32x4.mul(v128.load(w, 16), fresh));
    store8(a, a0, a1);
  }
}
