/** Steps divided by the root of the sum of all squares so far. */
import { flush, TINY } from "./simd";

/**
 * Adagrad (Duchi et al. 2011) as Keras computes it, ε inside the root:
 *   a += g²;  w -= lr·g / √(initial + a + ε)
 * w, a (n) updated; a starts at zero, so that padding keeps it. g (n) read, and left zero where `clears`.
 * squares (n) stands in for g², where it is given, and is left zero; 0 for none. n a multiple of 4.
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
  for (let j: usize = 0; j < bytes; j += 16) {
    const gj = flush(v128.load(g + j), tiny);
    let square = f32x4.mul(gj, gj);
    if (squares) {
      square = v128.load(squares + j);
      v128.store(squares + j, f32x4.splat(0));
    }
    if (clears) v128.store(g + j, f32x4.splat(0));
    const aj = f32x4.add(v128.load(a + j), square);
    v128.store(a + j, aj);
    const step = f32x4.div(f32x4.mul(gj, rate), f32x4.sqrt(f32x4.add(aj, least)));
    v128.store(w + j, f32x4.sub(v128.load(w + j), step));
  }
}
