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

/*
 * Kernels work on eight numbers abreast where they can: what V8 joins to operations of 256 bits begins with two stores
 * 16 bytes apart and goes back through pairs of operations, of which both have to be in one block of code, with no store
 * between their loads. test/kernels/packed.test.ts counts what it makes of them.
 */

/** Eight floats, in two halves. */
export function store8(to: usize, low: v128, high: v128): void {
  v128.store(to, low);
  v128.store(to, high, 16);
}

/** Eight floats are 0. */
export function clear8(to: usize): void {
  const zero = f32x4.splat(0);
  store8(to, zero, zero);
}

/**
 * 2⁻⁵⁸ ≈ 3.5e-18: a gradient below it counts as 0. Gradients that decay on their way through time would
 * end as subnormal numbers, which processors add and multiply some twenty times more slowly, and so would
 * their squares: this is a little above the root of what keeps those, times 1 - β₂, normal. An f32 weight
 * does not feel either.
 */
export const TINY: f32 = 3.469446951953614e-18;

/**
 * 2⁻¹⁰⁰ ≈ 7.9e-31: a state below it counts as 0, and so does an input. A cell that is fed with nothing more decays, step by
 * step, until it and all its products with weights are subnormal. What is above makes normal products with every
 * weight that matters, down to 1.5e-8.
 */
export const FAINT: f32 = 7.888609052210118e-31;

/** x, or 0 where |x| < limit; NaN stays NaN. */
export function flush(x: v128, limit: v128): v128 {
  return v128.andnot(x, f32x4.lt(f32x4.abs(x), limit));
}

/** y = a·b, a state or what a product takes for it: 0 where it is faint. So many bytes, a multiple of 32. */
export function multiplyRow(y: usize, a: usize, b: usize, bytes: usize): void {
  const faint = f32x4.splat(FAINT);
  for (const end = a + bytes; a < end; a += 32, b += 32, y += 32) {
    const y0 = f32x4.mul(v128.load(a), v128.load(b));
    const y1 = f32x4.mul(v128.load(a, 16), v128.load(b, 16));
    store8(y, flush(y0, faint), flush(y1, faint));
  }
}

/** y += a·b, so many bytes, a multiple of 32. */
export function addProductRow(y: usize, a: usize, b: usize, bytes: usize): void {
  for (const end = a + bytes; a < end; a += 32, b += 32, y += 32) {
    const y0 = f32x4.add(v128.load(y), f32x4.mul(v128.load(a), v128.load(b)));
    const y1 = f32x4.add(v128.load(y, 16), f32x4.mul(v128.load(a, 16), v128.load(b, 16)));
    store8(y, y0, y1);
  }
}

/** y = 0 where it is faint; so many bytes, a multiple of 32. */
export function flushRow(y: usize, bytes: usize): void {
  const faint = f32x4.splat(FAINT);
  for (const end = y + bytes; y < end; y += 32) {
    const y0 = v128.load(y);
    const y1 = v128.load(y, 16);
    store8(y, flush(y0, faint), flush(y1, faint));
  }
}

/** σ' = σ·(1 - σ), from the activated value. */
export function sigmoidSlope(y: v128, one: v128): v128 {
  return f32x4.mul(y, f32x4.sub(one, y));
}

/** tanh' = 1 - tanh², from the activated value. */
export function tanhSlope(y: v128, one: v128): v128 {
  return f32x4.sub(one, f32x4.mul(y, y));
}

/*
 * The constants of exp, sigmoid and tanh lie in memory, below everything the host hands out: an immediate of 128
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

/**
 * Of sigmoid and tanh. Limits of x; -1 / ln 2; 1.5·2²³ + 127; ln 2 in two parts; the coefficients of p from the
 * highest; 1. Then of tanh alone: the limit of |x|; -2 / ln 2; ln 2 in 21 bits.
 */
const DECAY: usize = memory.data<f32>(
  [
    -88.3, 87.3, -1.4426950408889634, 12583039.0, 0.693359375, -2.1219444e-4, -0.001368077239021659,
    0.008366098627448082, -0.04167032986879349, 0.1666654795408249, -0.49999988079071045, 1.0, 9.05,
    -2.8853900817779268, 0.6931471824645996,
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

/*
 * sigmoid and tanh take e⁻ʸ apart: y = r - m·ln 2, |r| ≤ ln 2 / 2, and e⁻ʸ = s·(1 - v), s = 2ᵐ, v = 1 - e⁻ʳ. Then
 * 1 + e⁻ʸ = (1 + s) - s·v and 1 - e⁻ʸ = (1 - s) + s·v. As long as they count, the brackets and the product are exact,
 * so each has one rounding, of a sum that moves one way with v, and v rises with r. That makes both monotonic within
 * an m; a search over all floats beyond 2⁻⁹ (tanh) and 2⁻³³ (sigmoid) has found them so from one m to the next.
 *
 * A loop over rows keeps the constants in registers: to load them each time costs it more than its division.
 */

/** The arithmetic, its constants given. Only methods may say that they are to be inlined. */
class Curve {
  /** v = 1 - e⁻ʳ = r + r²·p(r). */
  @inline static decayed(r: v128, p4: v128, p3: v128, p2: v128, p1: v128, p0: v128): v128 {
    const u = f32x4.mul(r, r);
    const high = madd(p4, u, madd(p3, r, p2));
    return madd(madd(high, u, madd(p1, r, p0)), u, r);
  }

  @inline static sigmoid(
    x: v128,
    low: v128,
    high: v128,
    perTurn: v128,
    shifter: v128,
    turn: v128,
    rest: v128,
    p4: v128,
    p3: v128,
    p2: v128,
    p1: v128,
    p0: v128,
    one: v128,
  ): v128 {
    const y = clamp(x, low, high);
    const shifted = madd(y, perTurn, shifter); // leaves m + 127 in the low bits of the mantissa
    const m = f32x4.sub(shifted, shifter);
    const r = madd(m, rest, madd(m, turn, y)); // ln 2, upper 10 bits: the product is exact
    const s = i32x4.shl(shifted, 23);
    const sv = f32x4.mul(s, Curve.decayed(r, p4, p3, p2, p1, p0));
    return f32x4.div(one, f32x4.sub(f32x4.add(one, s), sv));
  }

  @inline static tanh(
    x: v128,
    limit: v128,
    perTurn: v128,
    shifter: v128,
    turn: v128,
    p4: v128,
    p3: v128,
    p2: v128,
    p1: v128,
    p0: v128,
    one: v128,
  ): v128 {
    const size = f32x4.abs(x);
    const sign = v128.xor(x, size);
    const half = f32x4.pmin(size, limit); // NaN stays NaN
    const shifted = madd(half, perTurn, shifter);
    const m = f32x4.sub(shifted, shifter);
    const r = madd(m, turn, f32x4.add(half, half)); // ln 2 in 21 bits: exact down to m = -8, and then it hardly counts
    const s = i32x4.shl(shifted, 23);
    const sv = f32x4.mul(s, Curve.decayed(r, p4, p3, p2, p1, p0));
    const y = f32x4.div(f32x4.add(f32x4.sub(one, s), sv), f32x4.sub(f32x4.add(one, s), sv));
    return v128.or(y, sign);
  }
}

/** sigmoid has error < 2.5 ulp for x ≥ -88.3, and never falls. 1 / (1 + e⁻ˣ); never 0, exactly 1 from x = 17 on. */
export function sigmoid(x: v128): v128 {
  return Curve.sigmoid(
    x,
    at(DECAY, 0),
    at(DECAY, 1),
    at(DECAY, 2),
    at(DECAY, 3),
    at(DECAY, 4),
    at(DECAY, 5),
    at(DECAY, 6),
    at(DECAY, 7),
    at(DECAY, 8),
    at(DECAY, 9),
    at(DECAY, 10),
    at(DECAY, 11),
  );
}

/**
 * tanh has error < 2 ulp, and never falls; it is odd, and exactly 1 from x = 9 on. With y = 2|x| it is (1 - e⁻ʸ) /
 * (1 + e⁻ʸ), whose numerator rises where its denominator falls.
 */
export function tanh(x: v128): v128 {
  return Curve.tanh(
    x,
    at(DECAY, 12),
    at(DECAY, 13),
    at(DECAY, 3),
    at(DECAY, 14),
    at(DECAY, 6),
    at(DECAY, 7),
    at(DECAY, 8),
    at(DECAY, 9),
    at(DECAY, 10),
    at(DECAY, 11),
  );
}

/** y = sigmoid x, so many bytes, a multiple of 32. y may be x. */
export function sigmoidRow(y: usize, x: usize, bytes: usize): void {
  const low = at(DECAY, 0);
  const high = at(DECAY, 1);
  const perTurn = at(DECAY, 2);
  const shifter = at(DECAY, 3);
  const turn = at(DECAY, 4);
  const rest = at(DECAY, 5);
  const p4 = at(DECAY, 6);
  const p3 = at(DECAY, 7);
  const p2 = at(DECAY, 8);
  const p1 = at(DECAY, 9);
  const p0 = at(DECAY, 10);
  const one = at(DECAY, 11);
  for (const end = x + bytes; x < end; x += 32, y += 32) {
    const x0 = v128.load(x);
    const x1 = v128.load(x, 16);
    store8(
      y,
      Curve.sigmoid(x0, low, high, perTurn, shifter, turn, rest, p4, p3, p2, p1, p0, one),
      Curve.sigmoid(x1, low, high, perTurn, shifter, turn, rest, p4, p3, p2, p1, p0, one),
    );
  }
}

/** y = tanh x, so many bytes, a multiple of 32. y may be x. */
export function tanhRow(y: usize, x: usize, bytes: usize): void {
  const limit = at(DECAY, 12);
  const perTurn = at(DECAY, 13);
  const shifter = at(DECAY, 3);
  const turn = at(DECAY, 14);
  const p4 = at(DECAY, 6);
  const p3 = at(DECAY, 7);
  const p2 = at(DECAY, 8);
  const p1 = at(DECAY, 9);
  const p0 = at(DECAY, 10);
  const one = at(DECAY, 11);
  for (const end = x + bytes; x < end; x += 32, y += 32) {
    const x0 = v128.load(x);
    const x1 = v128.load(x, 16);
    store8(
      y,
      Curve.tanh(x0, limit, perTurn, shifter, turn, p4, p3, p2, p1, p0, one),
      Curve.tanh(x1, limit, perTurn, shifter, turn, p4, p3, p2, p1, p0, one),
    );
  }
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

/** x (n) = 0 where it is faint, as an input is taken; n a multiple of 8. */
export function flushFaint(x: usize, n: i32): void {
  flushRow(x, (<usize>n) << 2);
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

/** y (n) = sigmoid x; n a multiple of 8. */
export function mapSigmoid(y: usize, x: usize, n: i32): void {
  sigmoidRow(y, x, (<usize>n) << 2);
}

/** y (n) = tanh x; n a multiple of 8. */
export function mapTanh(y: usize, x: usize, n: i32): void {
  tanhRow(y, x, (<usize>n) << 2);
}

/** y (n) = cos 2πx. */
export function mapCosTurns(y: usize, x: usize, n: i32): void {
  for (let i: usize = 0; i < (<usize>n) << 2; i += 16) v128.store(y + i, cosTurns(v128.load(x + i)));
}
