/** Steps divided by the root of a running mean of squares. */
import { clear8, flush, store8, TINY } from "./simd";

/**
 * RMSprop (Hinton 2012) as Keras computes it, ε inside the root:
 *   v = ρ·v + (1 - ρ)·g²;  a = ρ·a + (1 - ρ)·g;  s = lr·g / √(v - a² + ε);  m = momentum·m + s;  w -= m
 * w, v (n) updated; a (n) updated, 0 where it is not `centered`: then v alone is under the root; m (n) updated,
 * 0 for no momentum: then w -= s. g (n) read, and left zero where `clears`. n a multiple of PAD.
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
  const zero = f32x4.splat(0);
  const tiny = f32x4.splat(TINY);
  const tinySquare = f32x4.splat(TINY * TINY);
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
    const vj = v + j;
    let v0 = flush(mean(v128.load(vj), square0, old, fresh), tinySquare);
    let v1 = flush(mean(v128.load(vj, 16), square1, old, fresh), tinySquare);
    store8(vj, v0, v1);
    let base0 = f32x4.add(v0, eps);
    let base1 = f32x4.add(v1, eps);
    if (a) {
      const a0 = flush(mean(v128.load(a + j), g0, old, fresh), tiny);
      const a1 = flush(mean(v128.load(a + j, 16), g1, old, fresh), tiny);
      store8(a + j, a0, a1);
      base0 = f32x4.add(f32x4.pmax(f32x4.sub(v0, f32x4.mul(a0, a0)), zero), eps);
      base1 = f32x4.add(f32x4.pmax(f32x4.sub(v1, f32x4.mul(a1, a1)), zero), eps);
    }
    const root0 = f32x4.sqrt(base0);
    const root1 = f32x4.sqrt(base1);
    let step0 = f32x4.div(f32x4.mul(g0, rate), root0);
    let step1 = f32x4.div(f32x4.mul(g1, rate), root1);
    if (m) {
      step0 = flush(f32x4.add(f32x4.mul(v128.load(m + j), share), step0), tiny);
      step1 = flush(f32x4.add(f32x4.mul(v128.load(m + j, 16), share), step1), tiny);
      store8(m + j, step0, step1);
    }
    const w0 = f32x4.sub(v128.load(wj), step0);
    const w1 = f32x4.sub(v128.load(wj, 16), step1);
    store8(wj, w0, w1);
  }
}

function mean(old: v128, x: v128, kept: v128, fresh: v128): v128 {
  return f32x4.add(f32x4.mul(old, kept), f32x4.mul(x, fresh));
}
