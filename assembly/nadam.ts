/** Adam with Nesterov's momentum. */
import { moment, power } from "./adam";
import { clear8, flush, store8, TINY } from "./simd";

/** How fast the momentum nears its end. */
const DECAY: f64 = 0.96;

/**
 * Nadam (Dozat 2016) as Keras computes it, with a momentum that grows from step to step,
 *   uₜ = β₁·(1 - ½·0.96ᵗ),  Pₜ = u₁·…·uₜ
 *   m += (g - m)(1 - β₁);  v += (g² - v)(1 - β₂)
 *   m̂ = uₜ₊₁·m / (1 - Pₜ₊₁) + (1 - uₜ)·g / (1 - Pₜ);  v̂ = v / (1 - β₂ᵗ);  w -= lr·m̂ / (√v̂ + ε)
 * w, m, v (n) updated; g (n) read, and left zero where `clears`; t counts from 1. n a multiple of PAD.
 * squares (n) stands in for g², where it is given, and is left zero; 0 for none.
 * What is tiny counts as 0, as in adam.
 */
export function nadam(
  w: usize,
  m: usize,
  v: usize,
  g: usize,
  squares: usize,
  n: i32,
  learningRate: f64,
  beta1: f64,
  beta2: f64,
  epsilon: f64,
  t: i32,
  clears: i32,
): void {
  const product = momenta(beta1, t);
  const now = momentum(beta1, t);
  const next = momentum(beta1, t + 1);
  const ofMean = f32x4.splat(<f32>((learningRate * next) / (1.0 - product * next)));
  const ofGradient = f32x4.splat(<f32>((learningRate * (1.0 - now)) / (1.0 - product)));
  const unbiased = f32x4.splat(<f32>(1.0 / (1.0 - power(beta2, t))));
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
    }
    if (clears) clear8(gj);
    const v0 = moment(v128.load(vj), square0, k2, tinySquare);
    const v1 = moment(v128.load(vj, 16), square1, k2, tinySquare);
    store8(mj, m0, m1);
    store8(vj, v0, v1);
    const ahead0 = f32x4.add(f32x4.mul(m0, ofMean), f32x4.mul(g0, ofGradient));
    const ahead1 = f32x4.add(f32x4.mul(m1, ofMean), f32x4.mul(g1, ofGradient));
    const step0 = f32x4.div(ahead0, f32x4.add(f32x4.sqrt(f32x4.mul(v0, unbiased)), eps));
    const step1 = f32x4.div(ahead1, f32x4.add(f32x4.sqrt(f32x4.mul(v1, unbiased)), eps));
    const w0 = f32x4.sub(v128.load(wj), step0);
    const w1 = f32x4.sub(v128.load(wj, 16), step1);
    store8(wj, w0, w1);
  }
}

function momentum(beta1: f64, t: i32): f64 {
  return beta1 * (1.0 - 0.5 * power(DECAY, t));
}

/** Pₜ, made anew at each step, so that nothing has to be kept; 0 from where 1 - Pₜ is 1 in f64. */
function momenta(beta1: f64, t: i32): f64 {
  let product: f64 = 1;
  let decayed: f64 = 1;
  for (let s = 1; s <= t; s++) {
    decayed *= DECAY;
    product *= beta1 * (1.0 - 0.5 * decayed);
    if (product < 1e-17) return 0;
  }
  return product;
}
