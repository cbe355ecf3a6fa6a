/** Steps divided by the root of a running mean of squares. */
import { flush, TINY } from "./simd";

/**
 * RMSprop (Hinton 2012) as Keras computes it, ε inside the root:
 *   v = ρ·v + (1 - ρ)·g²;  a = ρ·a + (1 - ρ)·g;  s = lr·g / √(v - a² + ε);  m = momentum·m + s;  w -= m
 * w, v (n) updated; a (n) updated, 0 where it is not `centered`: then v alone is under the root; m (n) updated,
 * 0 for no momentum: then w -= s. g (n) read, and left zero where `clears`. n a multiple of 4.
 * squares (n) stands in for g², where it is given, and is left zero; 0 for none.
 * v - a² is at least 0, which rounding would not leave it. What is tiny counts as 0, as in adam.
 */
export function rmsprop(
  w: usize,
  v: usize,
  a: usize,
  m: usize,
  g: usize,
  squares: usize,
  n: i32,
  learningRate: f64,
  rho: f64,
  momentum: f64,
  epsilon: f64,
  clears: i32,
): void {
  const rate = f32x4.splat(<f32>learningRate);
  const old = f32x4.splat(<f32>rho);
  const fresh = f32x4.splat(<f32>(1.0 - rho));
  const share = f32x4.splat(<f32>momentum);
  const eps = f32x4.splat(<f32>epsilon);
  const tiny = f32x4.splat(TINY);
  const tinySquare = f32x4.splat(TINY * TINY);
  const bytes = (<usize>n) << 2;
  for (let j: usize = 0; j < bytes; j += 16) {
    const gj = flush(v128.load(g + j), tiny);
    let square = f32x4.mul(gj, gj);
    if (squares) {
      square = v128.load(squares + j);
      v128.store(squares + j, f32x4.splat(0));
    }
    if (clears) v128.store(g + j, f32x4.splat(0));
    let vj = f32x4.add(f32x4.mul(v128.load(v + j), old), f32x4.mul(square, fresh));
    vj = flush(vj, tinySquare);
    v128.store(v + j, vj);
    if (a) {
      const aj = flush(f32x4.add(f32x4.mul(v128.load(a + j), old), f32x4.mul(gj, fresh)), tiny);
      v128.store(a + j, aj);
      vj = f32x4.pmax(f32x4.sub(vj, f32x4.mul(aj, aj)), f32x4.splat(0));
    }
    let step = f32x4.div(f32x4.mul(gj, rate), f32x4.sqrt(f32x4.add(vj, eps)));
    if (m) {
      step = flush(f32x4.add(f32x4.mul(v128.load(m + j), share), step), tiny);
      v128.store(m + j, step);
    }
    v128.store(w + j, f32x4.sub(v128.load(w + j), step));
  }
}
