/** Stochastic gradient descent. */
import { clear8, flush, store8, TINY } from "./simd";

/**
 * Keras's SGD. Without momentum w -= lr·g; with it
 *   m = momentum·m - lr·g;  w += m, or, as Nesterov has it, w += momentum·m - lr·g with the new m
 * w, m (n) updated; m 0 for no momentum, when momentum and nesterov say nothing; g (n). n a multiple of PAD.
 * clears: g is left zero, ready for the next batch to add to, as that of an embedding has to be.
 * g and m below TINY count as 0, so that momentum ends at 0: that of a token that is read no more shrinks at
 * every step, and would stay a subnormal number, slow to multiply, for good where momentum is over a half.
 */
export function sgd(
  w: usize,
  m: usize,
  g: usize,
  n: i32,
  learningRate: f64,
  momentum: f64,
  nesterov: i32,
  clears: i32,
): void {
  const rate = f32x4.splat(<f32>learningRate);
  const share = f32x4.splat(<f32>momentum);
  const tiny = f32x4.splat(TINY);
  const bytes = (<usize>n) << 2;
  for (let j: usize = 0; j < bytes; j += 32) {
    const gj = g + j;
    const wj = w + j;
    const step0 = f32x4.mul(flush(v128.load(gj), tiny), rate);
    const step1 = f32x4.mul(flush(v128.load(gj, 16), tiny), rate);
    let w0 = v128.load(wj);
    let w1 = v128.load(wj, 16);
    if (m) {
      const m0 = flush(f32x4.sub(f32x4.mul(v128.load(m + j), share), step0), tiny);
      const m1 = flush(f32x4.sub(f32x4.mul(v128.load(m + j, 16), share), step1), tiny);
      store8(m + j, m0, m1);
      if (nesterov) {
        w0 = f32x4.add(w0, f32x4.sub(f32x4.mul(m0, share), step0));
        w1 = f32x4.add(w1, f32x4.sub(f32x4.mul(m1, share), step1));
      } else {
        w0 = f32x4.add(w0, m0);
        w1 = f32x4.add(w1, m1);
      }
    } else {
      w0 = f32x4.sub(w0, step0);
      w1 = f32x4.sub(w1, step1);
    }
    store8(wj, w0, w1);
    if (clears) clear8(gj);
  }
}
