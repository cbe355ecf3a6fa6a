/** Adam and, by its maximum, AMSGrad. */
import { flush, TINY } from "./simd";

/**
 * Adam (Kingma and Ba 2015) as Keras computes it, ε outside the bias correction:
 *   α = lr·√(1 - β₂ᵗ) / (1 - β₁ᵗ);  m += (g - m)(1 - β₁);  v += (g² - v)(1 - β₂);  w -= α·m / (√v + ε)
 * w, m, v (n) updated; g (n) read; t counts from 1. n a multiple of 4.
 * most (n) updated: the largest v so far, which stands in for v in the step (Reddi et al. 2018); 0 for none.
 * squares (n) stands in for g², where it is given (see embeddingBackward); 0 for none. Where it is,
 * it and g are left zero, ready for the next batch to add to.
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
    if (most) {
      vj = f32x4.pmax(v128.load(most + j), vj);
      v128.store(most + j, vj);
    }
    const step = f32x4.div(f32x4.mul(mj, alpha), f32x4.add(f32x4.sqrt(vj), eps));
    v128.store(w + j, f32x4.sub(v128.load(w + j), step));
  }
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
