/** Steps of one size, by the sign of the momentum. */
import { flush, TINY } from "./simd";

/**
 * Lion (Chen et al. 2023) as Keras computes it:
 *   w -= lr·sign(β₁·m + (1 - β₁)·g);  m = β₂·m + (1 - β₂)·g
 * w, m (n) updated; g (n) read, and left zero where `clears`. n a multiple of 4. The sign of 0 is 0.
 * g and m below TINY count as 0, as in adam: the momentum of a token that is read no more ends.
 */
export function lion(
  w: usize,
  m: usize,
  g: usize,
  n: i32,
  learningRate: f64,
  beta1: f64,
  beta2: f64,
  clears: i32,
): void {
  const rate = f32x4.splat(<f32>learningRate);
  const old1 = f32x4.splat(<f32>beta1);
  const fresh1 = f32x4.splat(<f32>(1.0 - beta1));
  const old2 = f32x4.splat(<f32>beta2);
  const fresh2 = f32x4.splat(<f32>(1.0 - beta2));
  const tiny = f32x4.splat(TINY);
  const bytes = (<usize>n) << 2;
  for (let j: usize = 0; j < bytes; j += 16) {
    const gj = flush(v128.load(g + j), tiny);
    const mj = v128.load(m + j);
    const along = f32x4.add(f32x4.mul(mj, old1), f32x4.mul(gj, fresh1));
    v128.store(m + j, flush(f32x4.add(f32x4.mul(mj, old2), f32x4.mul(gj, fresh2)), tiny));
    if (clears) v128.store(g + j, f32x4.splat(0));
    v128.store(w + j, f32x4.sub(v128.load(w + j), f32x4.mul(sign(along), rate)));
  }
}

/** 1, -1, or 0 of 0; NaN of NaN. */
function sign(x: v128): v128 {
  const signed = v128.or(v128.and(x, f32x4.splat(-0.0)), f32x4.splat(1));
  const zero = f32x4.eq(x, f32x4.splat(0));
  return v128.bitselect(x, signed, v128.or(zero, f32x4.ne(x, x)));
}
