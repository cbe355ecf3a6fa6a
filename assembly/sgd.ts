/** Stochastic gradient descent. */
import { flush, TINY } from "./simd";

/**
 * Keras's SGD. Without momentum w -= lr·g; with it
 *   m = momentum·m - lr·g;  w += m, or, as Nesterov has it, w += momentum·m - lr·g with the new m
 * w, m (n) updated; m 0 for no momentum, when momentum and nesterov say nothing; g (n). n a multiple of 4.
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
  for (let j: usize = 0; j < bytes; j += 16) {
    const step = f32x4.mul(flush(v128.load(g + j), tiny), rate);
    let wj = v128.load(w + j);
    if (m) {
      const mj = flush(f32x4.sub(f32x4.mul(v128.load(m + j), share), step), tiny);
      v128.store(m + j, mj);
      wj = f32x4.add(wj, nesterov ? f32x4.sub(f32x4.mul(mj, share), step) : mj);
    } else {
      wj = f32x4.sub(wj, step);
    }
    v128.store(w + j, wj);
    if (clears) v128.store(g + j, f32x4.splat(0));
  }
}
