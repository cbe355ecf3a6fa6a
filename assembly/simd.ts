/**
 * Four lanes of f32: the arithmetic every kernel is written in, and the transcendentals.
 *
 * The bounds below are in units in the last place of the f32 result and are asserted under the
 * same words in test/kernels/simd.test.ts. Coefficients are minimax fits in relative error, found
 * by Lawson's reweighted least squares in f64 and rounded to f32; range reductions are those of
 * Cody and Waite (Software Manual for the Elementary Functions, 1980).
 */

/**
 * a·b + c, rounded twice in the strict builds, once where a relaxed build's engine has FMA. RELAXED_MATH is what
 * asconfig.json says of the target: a strict build may have relaxed SIMD as well, for integers.
 */
export function madd(a: v128, b: v128, c: v128): v128 {
  if (RELAXED_MATH) return f32x4.relaxed_madd(a, b, c);
  return f32x4.add(f32x4.mul(a, b), c);
}

/**
 * 2⁻⁵⁸ ≈ 3.5e-18: a gradient below it counts as 0. Gradients that decay on their way through time would
 * end as subnormal numbers, which processors add and multiply some twenty times more slowly, and so would
 * their squares: this is a little above the root of what keeps those, times 1 - β₂, normal. An f32 weight
 * does not feel either.
 */
export const TINY: f32 = 3.469446951953614e-18;

/** x, or 0 where |x| < limit; NaN stays NaN. */
export function flush(x: v128, limit: v128): v128 {
  return v128.andnot(x, f32x4.lt(f32x4.abs(x), limit));
}

/*
 * The constants of exp and tanh lie in memory, below everything the host hands out: an immediate of 128
 * bits costs V8 several instructions each time it is used, and a loop of gates uses some fifty.
 */

/** Limits of x; 1 / ln 2, 1.5·2²³, ln 2 in two parts; the coefficients of p from the highest; 1. */
const EXP: usize = memory.data<f32>(
  [
    -87.3, 88.3, 1.4426950408889634, 12582912.0, -0.693359375, 2.1219444e-4, 0.0013814583653584123,
    0.008368724025785923, 0.04166838899254799, 0.1666652113199234, 0.4999999403953552, 1.0,
  ],
  16,
);

/** Limits of x; the coefficients of P and Q, in turn, from the highest; limits of the result. */
const TANH: usize = memory.data<f32>(
  [
    -9.0, 9.0, 1.3354646277718984e-8, 7.776551456117886e-7, 2.0609069906640798e-5, 3.285633574705571e-4,
    0.003495587268844247, 0.025876978412270546, 0.13381025195121765, 0.4671434164047241, -1.0, 1.0,
  ],
  16,
);

function at(table: usize, index: usize): v128 {
  return v128.load32_splat(table + (index << 2));
}

/** x limited to [low, high]; NaN stays NaN, as min and max of IEEE minNum would not have it. */
function clamp(x: v128, low: v128, high: v128): v128 {
  return f32x4.pmax(f32x4.pmin(x, high), low);
}

/**
 * exp has error < 1.5 ulp; x is limited to [-87.3, 88.3], where the result is normal.
 * x = n·ln 2 + r, |r| ≤ ln 2 / 2; eʳ = 1 + r + r²·p(r); 2ⁿ by adding n to the exponent bits.
 */
export function exp(x: v128): v128 {
  x = clamp(x, at(EXP, 0), at(EXP, 1));
  // Adding 1.5·2²³ leaves round(x / ln 2) in the low bits of the mantissa.
  const shifted = madd(x, at(EXP, 2), at(EXP, 3));
  const n = f32x4.sub(shifted, at(EXP, 3));
  let r = madd(n, at(EXP, 4), x); // ln 2, upper 10 bits: the product is exact
  r = madd(n, at(EXP, 5), r);
  let p = at(EXP, 6);
  p = madd(p, r, at(EXP, 7));
  p = madd(p, r, at(EXP, 8));
  p = madd(p, r, at(EXP, 9));
  p = madd(p, r, at(EXP, 10));
  p = madd(p, f32x4.mul(r, r), f32x4.add(r, at(EXP, 11)));
  return i32x4.add(p, i32x4.shl(shifted, 23));
}

/** sigmoid has error < 3.5 ulp for x ≥ -88.3. 1 / (1 + e⁻ˣ); never 0, exactly 1 from x = 17 on. */
export function sigmoid(x: v128): v128 {
  return f32x4.div(at(EXP, 11), f32x4.add(at(EXP, 11), exp(f32x4.neg(x))));
}

/** tanh has error < 7 ulp, and |tanh| ≤ 1. x·P(x²) / Q(x²), both of degree 4, for |x| ≤ 9. */
export function tanh(x: v128): v128 {
  x = clamp(x, at(TANH, 0), at(TANH, 1));
  const u = f32x4.mul(x, x);
  let p = at(TANH, 2);
  let q = at(TANH, 3);
  p = madd(p, u, at(TANH, 4));
  q = madd(q, u, at(TANH, 5));
  p = madd(p, u, at(TANH, 6));
  q = madd(q, u, at(TANH, 7));
  p = madd(p, u, at(TANH, 8));
  q = madd(q, u, at(TANH, 9));
  p = madd(p, u, at(TANH, 11));
  q = madd(q, u, at(TANH, 11));
  return clamp(f32x4.div(f32x4.mul(x, p), q), at(TANH, 10), at(TANH, 11));
}

/**
 * log has error < 1 ulp for normal x > 0; smaller x, zero included, counts as the smallest normal.
 * x = m·2ᵉ with m in [√½, √2); ln m = f - f²/2 + f³·p(f), f = m - 1.
 */
export function log(x: v128): v128 {
  x = f32x4.pmax(x, f32x4.splat(1.1754943508222875e-38));
  // Subtracting the bits of √½ moves the cut between two exponents from 1 to √½.
  const bits = i32x4.sub(x, i32x4.splat(0x3f3504f3));
  const e = f32x4.convert_i32x4_s(i32x4.shr_s(bits, 23));
  const m = i32x4.add(v128.and(bits, i32x4.splat(0x007fffff)), i32x4.splat(0x3f3504f3));
  const f = f32x4.sub(m, f32x4.splat(1.0));
  const f2 = f32x4.mul(f, f);
  let p = f32x4.splat(-0.07636541873216629);
  p = madd(p, f, f32x4.splat(0.12764669954776764));
  p = madd(p, f, f32x4.splat(-0.13160890340805054));
  p = madd(p, f, f32x4.splat(0.14201395213603973));
  p = madd(p, f, f32x4.splat(-0.16623252630233765));
  p = madd(p, f, f32x4.splat(0.20001238584518433));
  p = madd(p, f, f32x4.splat(-0.250008225440979));
  p = madd(p, f, f32x4.splat(0.3333333134651184));
  let y = f32x4.mul(f32x4.mul(f, f2), p);
  y = madd(e, f32x4.splat(-2.1219444e-4), y);
  y = madd(f2, f32x4.splat(-0.5), y);
  y = f32x4.add(y, f);
  return madd(e, f32x4.splat(0.693359375), y);
}

/**
 * log1p has error < 3 ulp for u ≥ 0: log(1 + u), relative to its value near 0 too. What rounding took from 1 + u = w
 * is in u / (w - 1), w - 1 being exact (Goldberg, What every computer scientist should know about floating-point
 * arithmetic, 1991, theorem 4).
 */
export function log1p(u: v128): v128 {
  const one = f32x4.splat(1.0);
  const w = f32x4.add(one, u);
  const d = f32x4.sub(w, one);
  const y = f32x4.mul(log(w), f32x4.div(u, d));
  return v128.bitselect(u, y, f32x4.eq(d, f32x4.splat(0)));
}

/** cosTurns has absolute error < 2.1e-7. cos(2πx) for |x| ≤ 2²²: sin(2πy), y = ¼ - |x - round x|. */
export function cosTurns(x: v128): v128 {
  const y = f32x4.sub(f32x4.splat(0.25), f32x4.abs(f32x4.sub(x, f32x4.nearest(x))));
  const u = f32x4.mul(y, y);
  let p = f32x4.splat(39.71091842651367);
  p = madd(p, u, f32x4.splat(-76.57498931884766));
  p = madd(p, u, f32x4.splat(81.60223388671875));
  p = madd(p, u, f32x4.splat(-41.341678619384766));
  p = madd(p, u, f32x4.splat(6.2831854820251465));
  return f32x4.mul(y, p);
}

/** y (n) = exp x, four at a time; n a multiple of 4. These exports let the bounds be tested. */
export function mapExp(y: usize, x: usize, n: i32): void {
  for (let i: usize = 0; i < (<usize>n) << 2; i += 16) v128.store(y + i, exp(v128.load(x + i)));
}

/** y (n) = log x. */
export function mapLog(y: usize, x: usize, n: i32): void {
  for (let i: usize = 0; i < (<usize>n) << 2; i += 16) v128.store(y + i, log(v128.load(x + i)));
}

/** y (n) = log(1 + x). */
export function mapLog1p(y: usize, x: usize, n: i32): void {
  for (let i: usize = 0; i < (<usize>n) << 2; i += 16) v128.store(y + i, log1p(v128.load(x + i)));
}

/** y (n) = sigmoid x. */
export function mapSigmoid(y: usize, x: usize, n: i32): void {
  for (let i: usize = 0; i < (<usize>n) << 2; i += 16) v128.store(y + i, sigmoid(v128.load(x + i)));
}

/** y (n) = tanh x. */
export function mapTanh(y: usize, x: usize, n: i32): void {
  for (let i: usize = 0; i < (<usize>n) << 2; i += 16) v128.store(y + i, tanh(v128.load(x + i)));
}

/** y (n) = cos 2πx. */
export function mapCosTurns(y: usize, x: usize, n: i32): void {
  for (let i: usize = 0; i < (<usize>n) << 2; i += 16) v128.store(y + i, cosTurns(v128.load(x + i)));
}
