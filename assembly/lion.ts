/** Steps of one size, by the sign of the momentum. */
import { clear8, flush, store8, TINY } from "./simd";

/**
 * Lion (Chen et al. 2023) as Keras computes it:
 *   w -= lr·sign(β₁·m + (1 - β₁)·g);  m = β₂·m + (1 - β₂)·g
 * w, m (n) updated; g (n) read, and left zero where `clears`. n a multiple of PAD. The sign of 0 is 0.
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
  for (let j: usize = 0; j < bytes; j += 32) {
    const gj = g + j;
    const mj = m + j;
    const wj = w + j;
    const g0 = flush(v128.load(gj), tiny);
    const g1 = flush(v128.load(gj, 16), tiny);
    const m0 = v128.load(mj);
    const m1 = v128.load(mj, 16);
    const along0 = f32x4.add(f32x4.mul(m0, old1), f32x4.mul(g0, fresh1));
    const along1 = f32x4.add(f32x4.mul(m1, old1), f32x4.mul(g1, fresh1));
    store8(
      mj,
      flush(f32x4.add(f32x4.mul(m0, old2), f32x4.mul(g0, fresh2)), tiny),
      flush(f32x4.add(f32x4.mul(m1, old2), f32x4.mul(g1, fresh2)), tiny),
    );
    if (clears) clear8(gj);
    const w0 = f32x4.sub(v128.load(wj), f32x4.mul(sign(along0), rate));
    const w1 = f32x4.sub(v128.load(wj, 16), f32x4.mul(sign(along1), rate));
    store8(wj, w0, w1);
  }
}

/** 1, -1, or 0 of 0; NaN of NaN. */
function sign(x: v128): v128 {
  const signed = v128.or(v128.and(x, f32x4.splat(-0.0)), f32x4.splat(1));
  const zero = f32x4.eq(x, f32x4.splat(0));
  return v128.bitselect(x, signed, v128.or(zero, f32x4.ne(x, x)));
}
