/** Adam and, by its maximum, AMSGrad. */
import { clear8, flush, store8, TINY } from "./simd";

/**
 * Adam (Kingma and Ba 2015) as Keras computes it, ε outside the bias correction:
 *   α = lr·√(1 - β₂ᵗ) / (1 - β₁ᵗ);  m += (g - m)(1 - β₁);  v += (g² - v)(1 - β₂);  w -= α·m / (√v + ε)
 * w, m, v (n) updated; g (n) read; t counts from 1.
 * most (n) updated: the largest v so far, which stands in for v in the step (Reddi et al. 2018); 0 for none.
 * squares (n) stands in for g², where it is given (see embeddingBackward); 0 for none. Where it is,
 * it and g are left zero, ready for the next batch to add to. n a multiple of PAD.
 * g and m below TINY and v below its square count as 0, so that moments do not end as subnormal numbers.
 */
export function adam(
  w: usize,
  m: usize,
  v: usize,
  most: usize,
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
  for (let j: usize = 0; j < bytes; j += 32) {
    const gj = g + j;
    const mj = m + j;
    const vj = v + j;
    const wj = w + j;
    const g0 = flush(v128.load(gj), tiny);
    const g1 = flush(v128.load(gj, 16), tiny);
    const m0 = moment(v128.load(mj), g0, k1, tiny);
    const m1 = moment(v128.load(mj, 16), g1, k1, tiny);
    let square0 = f32x4.mul(g0, g0);
    let square1 = f32x4.mul(g1, g1);
    if (squares) {
      square0 = v128.load(squares + j);
      square1 = v128.load(squares + j, 16);
      clear8(squares + j);
      clear8(gj);
    }
    let v0 = moment(v128.load(vj), square0, k2, tinySquare);
    let v1 = moment(v128.load(vj, 16), square1, k2, tinySquare);
    store8(mj, m0, m1);
    store8(vj, v0, v1);
    if (most) {
      v0 = f32x4.pmax(v128.load(most + j), v0);
      v1 = f32x4.pmax(v128.load(most + j, 16), v1);
      store8(most + j, v0, v1);
    }
    const w0 = f32x4.sub(v128.load(wj), adamStep(m0, v0, alpha, eps));
    const w1 = f32x4.sub(v128.load(wj, 16), adamStep(m1, v1, alpha, eps));
    store8(wj, w0, w1);
  }
}

/** A running mean that nears x by its share: old + (x - old)·share, or 0 below `least`. */
export function moment(old: v128, x: v128, share: v128, least: v128): v128 {
  return flush(f32x4.add(old, f32x4.mul(f32x4.sub(x, old), share)), least);
}

function adamStep(m: v128, v: v128, alpha: v128, epsilon: v128): v128 {
  return f32x4.div(f32x4.mul(m, alpha), f32x4.add(f32x4.sqrt(v), epsilon));
}

/** base to the power n ≥ 0, by squaring. */
export function power(base: f64, n: i32): f64 {
  let result: f64 = 1;
  for (; n > 0; n >>= 1) {
    if (n & 1) result *= base;
    base *= base;
  }
  return result;
}
