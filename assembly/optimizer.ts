/** From the shards' gradients to the weights of the next step. */
import { flush, TINY } from "./simd";

/** g (n) = the sum of `shards` partials, `stride` floats apart, in their order. n a multiple of 4. */
export function sumShards(g: usize, partials: usize, shards: i32, stride: i32, n: i32): void {
  const bytes = (<usize>n) << 2;
  for (let j: usize = 0; j < bytes; j += 16) {
    let at = partials + j;
    let sum = v128.load(at);
    for (let s = 1; s < shards; s++) {
      at += (<usize>stride) << 2;
      sum = f32x4.add(sum, v128.load(at));
    }
    v128.store(g + j, sum);
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

/**
 * Adam (Kingma and Ba 2015) as Keras computes it, ε outside the bias correction:
 *   α = lr·√(1 - β₂ᵗ) / (1 - β₁ᵗ);  m += (g - m)(1 - β₁);  v += (g² - v)(1 - β₂);  w -= α·m / (√v + ε)
 * w, m, v (n) updated; g (n) read; t counts from 1. n a multiple of 4.
 * squares (n) stands in for g², where it is given (see embeddingBackward); 0 for none. Where it is,
 * it and g are left zero, ready for the next batch to add to.
 * g and m below TINY and v below its square count as 0, so that moments do not end as subnormal numbers.
 */
export function adam(
  w: usize,
  m: usize,
  v: usize,
  g: usize,
  squares: usize,
  n: i32,
  learningRate: f64,
  beta1: f64,
  beta2: f64,
  epsilon: f64,
  t: i32,
): void {
  const rate = (learningRate * sqrt<f64>(1.0 - power(beta2, t))) / (1.0 - power(beta1, t));
  const alpha = f32x4.splat(<f32>rate);
  const k1 = f32x4.splat(<f32>(1.0 - beta1));
  const k2 = f32x4.splat(<f32>(1.0 - beta2));
  const eps = f32x4.splat(<f32>epsilon);
  const tiny = f32x4.splat(TINY);
  const tinySquare = f32x4.splat(TINY * TINY);
  const bytes = (<usize>n) << 2;
  for (let j: usize = 0; j < bytes; j += 16) {
    const gj = flush(v128.load(g + j), tiny);
    let mj = v128.load(m + j);
    let vj = v128.load(v + j);
    mj = flush(f32x4.add(mj, f32x4.mul(f32x4.sub(gj, mj), k1)), tiny);
    let square = f32x4.mul(gj, gj);
    if (squares) {
      square = v128.load(squares + j);
      v128.store(squares + j, f32x4.splat(0));
      v128.store(g + j, f32x4.splat(0));
    }
    vj = flush(f32x4.add(vj, f32x4.mul(f32x4.sub(square, vj), k2)), tinySquare);
    v128.store(m + j, mj);
    v128.store(v + j, vj);
    const step = f32x4.div(f32x4.mul(mj, alpha), f32x4.add(f32x4.sqrt(vj), eps));
    v128.store(w + j, f32x4.sub(v128.load(w + j), step));
  }
}

/** base to the power n ≥ 0, by squaring. */
function power(base: f64, n: i32): f64 {
  let result: f64 = 1;
  for (; n > 0; n >>= 1) {
    if (n & 1) result *= base;
    base *= base;
  }
  return result;
}
