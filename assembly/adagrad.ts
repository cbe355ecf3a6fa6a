/** Steps divided by the root of the sum of all squares so far. */
import { clear8, flush, store8, TINY } from "./simd";

/**
 * Adagrad (Duchi et al. 2011) as Keras computes it, ε inside the root:
 *   a += g²;  w -= lr·g / √(initial + a + ε)
 * w, a (n) updated; a starts at zero, so that padding keeps it. g (n) read, and left zero where `clears`.
 * squares (n) stands in for g², where it is given, and is left zero; 0 for none. n a multiple of PAD.
 * A gradient below TINY counts as 0, as in adam.
 */
export function adagrad(
  w: usize,
  a: usize,
  g: usize,
  squares: usize,
  n: i32,
  learningRate: f64,
  initial: f64,
  epsilon: f64,
  clears: i32,
): void {
  const rate = f32x4.splat(<f32>learningRate);
  const least = f32x4.splat(<f32>(initial + epsilon));
  const tiny = f32x4.splat(TINY);
  const bytes = (<usize>n) << 2;
  for (let j: usize = 0; j < bytes; j += 32) {
    const gj = g + j;
    const wj = w + j;
    const g0 = flush(v128.load(gj), tiny);
    const g1 = flush(v128.load(gj, 16), tiny);
    let square0 = f32x4.mul(g0, g0);
    let square1 = f32x4.mul(g1, g1);
    if (squares) {
      square0 = v128.load(squares + j);
      square1 = v128.load(squares + j, 16);
      clear8(squares + j);
    }
    if (clears) clear8(gj);
    const aj = a + j;
    const a0 = f32x4.add(v128.load(aj), square0);
    const a1 = f32x4.add(v128.load(aj, 16), square1);
    store8(aj, a0, a1);
    const w0 = f32x4.sub(v128.load(wj), adagradStep(g0, a0, rate, least));
    const w1 = f32x4.sub(v128.load(wj, 16), adagradStep(g1, a1, rate, least));
    store8(wj, w0, w1);
  }
}

function adagradStep(g: v128, a: v128, rate: v128, least: v128): v128 {
  return f32x4.div(f32x4.mul(g, rate), f32x4.sqrt(f32x4.add(a, least)));
}
