/**
 * Products of int8 weights and 7-bit activations: integers inside, f32 outside.
 *
 *   a(m, k) = x(m, k)·e(k)         ≈ s(m)·(p(m, k) - 64)        p = 1 … 127, a scale s for each row
 *   w(k, n) = e(k)·q(k, n)·d(n)                                 q = -127 … 127, a scale d for each column
 *   c(m, n) = init + s(m)·d(n)·Σ (p(m, k) - 64)·q(k, n)
 *
 * e evens out rows of w, and columns of x with them, of which some are larger than others. The sum begins with
 * -64·Σ q, which is known beforehand, and adds products of bytes: it is exact in 32 bits for K ≤ 131,072. It becomes
 * an f32 once, by convert (nearest, even), then it is multiplied and added in strict f32, in the relaxed build as
 * well. So every build, engine and cut into rows gives the same bits.
 *
 * Where there is relaxed SIMD a step is four k of a column: relaxed_dot_i8x16_i7x16_add_s is the same integer
 * everywhere as long as its second operand is 0 … 127, as p is: the sum of two products then fits 16 bits. Elsewhere
 * a step is two k of bytes that are widened when they are packed, and i32x4.dot_i16x8_s.
 *
 *   a   tiles of 4 rows, [4 s][steps][4 rows][4 bytes], then the M mod 4 rows left over, [s][steps][4 bytes]
 *   b   panels of 8 columns, [8 start][8 d][steps][8 columns][4 bytes]
 *
 * They fit in the blocks of the f32 ones of gemm.ts for K ≥ 8: M·K floats, and K·N.
 */
import { hasWideTile, ZEROS } from "./gemm";

/** The largest |p - 64|. */
const LEVELS: f32 = 63;
/** Adding it leaves the nearest whole number, even of two, and 64 more, in the low bits of the mantissa: 1.5·2²³ + 64. */
const ROUND: f32 = 12582976;
/** A row whose largest number is below counts as zeros, so that 63 by it is finite: 2⁻¹⁰⁰. */
const NOTHING: f32 = 7.888609052210118e-31;

/** Four words that count, then four that do not: from 4·i bytes before the middle on, i lanes of a vector count. */
const LANES: usize = memory.data<i32>([-1, -1, -1, -1, 0, 0, 0, 0], 16);

/** Steps of a packed operand. */
function stepsOf(K: i32): i32 {
  const quads = (K + 3) >> 2;
  return ASC_FEATURE_RELAXED_SIMD ? quads : quads << 1;
}

/** Bytes of a panel. */
export function panelBytesInt8(K: i32): usize {
  return ((<usize>stepsOf(K)) << 5) + 64;
}

/** s + the products of a step: four of bytes, or two of halves. */
function dot(w: v128, p: v128, s: v128): v128 {
  if (ASC_FEATURE_RELAXED_SIMD) return i32x4.relaxed_dot_i8x16_i7x16_add_s(w, p, s);
  return i32x4.add(s, i32x4.dot_i16x8_s(w, p));
}

/**
 * a ← rows of x: a(m, k) = x[m·ld + k]·e[k], in 7 bits. A row in which a number is NaN or infinite has the scale NaN,
 * and so is all that is made of it. Up to the next multiple of 4 behind K rows of x and e are read, and do not count.
 */
export function packRowsInt8(a: usize, x: usize, ld: i32, e: usize, M: i32, K: i32): void {
  const stride = (<usize>ld) << 2;
  const whole = (<usize>(K & ~3)) << 2;
  const row = (<usize>K) << 2;
  const last = v128.load(LANES + 16 - ((<usize>K & 3) << 2));
  for (let m = 4; m <= M; m += 4) {
    const x1 = x + stride;
    const x2 = x1 + stride;
    const x3 = x2 + stride;
    let m0 = i32x4.splat(0);
    let m1 = m0;
    let m2 = m0;
    let m3 = m0;
    for (let k: usize = 0; k < whole; k += 16) {
      const f = v128.load(e + k);
      m0 = i32x4.max_s(m0, size(v128.load(x + k), f));
      m1 = i32x4.max_s(m1, size(v128.load(x1 + k), f));
      m2 = i32x4.max_s(m2, size(v128.load(x2 + k), f));
      m3 = i32x4.max_s(m3, size(v128.load(x3 + k), f));
    }
    if (whole < row) {
      const f = v128.load(e + whole);
      m0 = i32x4.max_s(m0, v128.and(last, size(v128.load(x + whole), f)));
      m1 = i32x4.max_s(m1, v128.and(last, size(v128.load(x1 + whole), f)));
      m2 = i32x4.max_s(m2, v128.and(last, size(v128.load(x2 + whole), f)));
      m3 = i32x4.max_s(m3, v128.and(last, size(v128.load(x3 + whole), f)));
    }
    const largest = largestOf(m0, m1, m2, m3);
    const steps = stepsBy(largest);
    v128.store(a, scaleBy(largest));
    a += 16;
    const n0 = v128.shuffle<f32>(steps, steps, 0, 0, 0, 0);
    const n1 = v128.shuffle<f32>(steps, steps, 1, 1, 1, 1);
    const n2 = v128.shuffle<f32>(steps, steps, 2, 2, 2, 2);
    const n3 = v128.shuffle<f32>(steps, steps, 3, 3, 3, 3);
    for (let k: usize = 0; k < row; k += 16) {
      const f = v128.load(e + k);
      const q01 = i16x8.narrow_i32x4_s(level(v128.load(x + k), f, n0), level(v128.load(x1 + k), f, n1));
      const q23 = i16x8.narrow_i32x4_s(level(v128.load(x2 + k), f, n2), level(v128.load(x3 + k), f, n3));
      if (ASC_FEATURE_RELAXED_SIMD) {
        v128.store(a, i8x16.narrow_i16x8_u(q01, q23));
        a += 16;
      } else {
        v128.store(a, v128.shuffle<i32>(q01, q23, 0, 2, 4, 6));
        v128.store(a, v128.shuffle<i32>(q01, q23, 1, 3, 5, 7), 16);
        a += 32;
      }
    }
    x += stride << 2;
  }
  for (let m = M & ~3; m < M; m++) {
    let m0 = i32x4.splat(0);
    for (let k: usize = 0; k < whole; k += 16) {
      m0 = i32x4.max_s(m0, size(v128.load(x + k), v128.load(e + k)));
    }
    if (whole < row) {
      m0 = i32x4.max_s(m0, v128.and(last, size(v128.load(x + whole), v128.load(e + whole))));
    }
    const largest = largestOf(m0, m0, m0, m0);
    const n0 = stepsBy(largest);
    v128.store32_lane(a, scaleBy(largest), 0);
    a += 4;
    for (let k: usize = 0; k < row; k += 16) {
      const q = level(v128.load(x + k), v128.load(e + k), n0);
      const halves = i16x8.narrow_i32x4_s(q, q);
      if (ASC_FEATURE_RELAXED_SIMD) {
        v128.store32_lane(a, i8x16.narrow_i16x8_u(halves, halves), 0);
        a += 4;
      } else {
        v128.store64_lane(a, halves, 0);
        a += 8;
      }
    }
    x += stride;
  }
}

/** The bits of |x·e|: as whole numbers they are in the order of sizes, infinity and NaN last. */
function size(x: v128, e: v128): v128 {
  return f32x4.abs(f32x4.mul(x, e));
}

/** The largest lane of each. */
function largestOf(m0: v128, m1: v128, m2: v128, m3: v128): v128 {
  const m01 = i32x4.max_s(v128.shuffle<i32>(m0, m1, 0, 4, 1, 5), v128.shuffle<i32>(m0, m1, 2, 6, 3, 7));
  const m23 = i32x4.max_s(v128.shuffle<i32>(m2, m3, 0, 4, 1, 5), v128.shuffle<i32>(m2, m3, 2, 6, 3, 7));
  return i32x4.max_s(v128.shuffle<i64>(m01, m23, 0, 2), v128.shuffle<i64>(m01, m23, 1, 3));
}

/** s: what a level counts for; NaN of what is not finite. */
function scaleBy(largest: v128): v128 {
  const s = f32x4.div(largest, f32x4.splat(LEVELS));
  const something = f32x4.ge(largest, f32x4.splat(NOTHING));
  return v128.or(v128.and(s, something), f32x4.sub(largest, largest));
}

/** 1 / s. */
function stepsBy(largest: v128): v128 {
  const n = f32x4.div(f32x4.splat(LEVELS), largest);
  return v128.and(n, f32x4.ge(largest, f32x4.splat(NOTHING)));
}

/** p; some number of 0 … 127 of what is not finite. */
function level(x: v128, e: v128, steps: v128): v128 {
  const rounded = f32x4.add(f32x4.mul(f32x4.mul(x, e), steps), f32x4.splat(ROUND));
  return v128.and(rounded, i32x4.splat(127));
}

/**
 * b ← rows of w, of the columns from `first` to before `last`, multiples of 8: w[k·ld + n] = e[k]·q(k, n)·d[n], of which
 * e (K) and d (N) are given; q is the nearest whole number, at most 127 away from 0. Where d is 0, as in the padding of
 * a width, q is 0.
 */
export function packPanelsInt8(
  b: usize,
  w: usize,
  ld: i32,
  e: usize,
  d: usize,
  K: i32,
  first: i32,
  last: i32,
): void {
  const stride = (<usize>ld) << 2;
  const panel = panelBytesInt8(K);
  for (let n = first; n < last; n += 4) {
    const column = (<usize>n) << 2;
    const half = column & 16;
    let to = b + <usize>(n >> 3) * panel + half;
    const scale = v128.load(d + column);
    const inverse = v128.and(f32x4.div(f32x4.splat(1), scale), f32x4.ne(scale, f32x4.splat(0)));
    v128.store(to, scale, 32);
    const start = to;
    to += 64;
    let sum = i32x4.splat(0);
    for (let k = 0; k < K; k += 4) {
      const from = w + column + <usize>k * stride;
      const factors = e + ((<usize>k) << 2);
      const q0 = weight(from, factors, inverse);
      const q1 = k + 1 < K ? weight(from + stride, factors + 4, inverse) : i32x4.splat(0);
      const q2 = k + 2 < K ? weight(from + 2 * stride, factors + 8, inverse) : i32x4.splat(0);
      const q3 = k + 3 < K ? weight(from + 3 * stride, factors + 12, inverse) : i32x4.splat(0);
      sum = i32x4.add(sum, i32x4.add(i32x4.add(q0, q1), i32x4.add(q2, q3)));
      const q01 = i16x8.narrow_i32x4_s(q0, q1);
      const q23 = i16x8.narrow_i32x4_s(q2, q3);
      if (ASC_FEATURE_RELAXED_SIMD) {
        const bytes = i8x16.narrow_i16x8_s(q01, q23);
        v128.store(to, v128.shuffle<i8>(bytes, bytes, 0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15));
        to += 32;
      } else {
        v128.store(to, v128.shuffle<i16>(q01, q01, 0, 4, 1, 5, 2, 6, 3, 7));
        v128.store(to, v128.shuffle<i16>(q23, q23, 0, 4, 1, 5, 2, 6, 3, 7), 32);
        to += 64;
      }
    }
    v128.store(start, i32x4.neg(i32x4.shl(sum, 6)));
  }
}

/** q of four columns. */
function weight(from: usize, factor: usize, inverse: v128): v128 {
  const q = f32x4.mul(f32x4.mul(v128.load(from), f32x4.splat(1 / load<f32>(factor))), inverse);
  return i32x4.trunc_sat_f32x4_s(f32x4.max(f32x4.min(f32x4.nearest(q), f32x4.splat(127)), f32x4.splat(-127)));
}

/**
 * c = init + a·b.
 * c     (M, N) assigned; rows ldc apart
 * init  (M, N), rows ldi apart: c itself to accumulate, a bias with ldi 0; 0 for zeros
 * a, b  packed as above; K ≤ 131,072
 */
export function productInt8(
  c: usize,
  ldc: i32,
  init: usize,
  ldi: i32,
  a: usize,
  b: usize,
  M: i32,
  N: i32,
  K: i32,
): void {
  const cStride = (<usize>ldc) << 2;
  const iStride = init ? (<usize>ldi) << 2 : 0;
  const steps = (<usize>stepsOf(K)) << 2;
  const panel = (steps << 3) + 64;
  const tile = (steps << 2) + 16;
  const full = M & ~3;
  for (let m = 0; m < full; m += 4) {
    let to = c;
    let from = init ? init : ZEROS;
    let p = b;
    let n = 0;
    for (const wide = hasWideTile() ? N - 15 : 0; n < wide; n += 16) {
      tile4x16(to, cStride, from, iStride, a, p, steps);
      to += 64;
      if (init) from += 64;
      p += panel << 1;
    }
    for (; n < N; n += 8) {
      tile4x8(to, cStride, from, iStride, a, p, steps);
      to += 32;
      if (init) from += 32;
      p += panel;
    }
    a += tile;
    c += cStride << 2;
    if (init) init += iStride << 2;
  }
  for (let m = full; m < M; m++) {
    let to = c;
    let from = init ? init : ZEROS;
    let p = b;
    let n = 0;
    for (; n + 32 <= N; n += 32) {
      tile1x32(to, from, a, p, steps);
      to += 128;
      if (init) from += 128;
      p += panel << 2;
    }
    for (; n < N; n += 8) {
      tile1x8(to, from, a, p, steps);
      to += 32;
      if (init) from += 32;
      p += panel;
    }
    a += steps + 4;
    c += cStride;
    if (init) init += iStride;
  }
}

/** init + s·d·sum, rounded three times in every build. */
function result(from: usize, s: v128, d: v128, sum: v128): v128 {
  return f32x4.add(v128.load(from), f32x4.mul(f32x4.convert_i32x4_s(sum), f32x4.mul(s, d)));
}

function tile4x16(
  c: usize,
  cStride: usize,
  from: usize,
  iStride: usize,
  a: usize,
  b: usize,
  steps: usize,
): void {
  const q = b + (steps << 3) + 64;
  let s00 = v128.load(b);
  const d0 = v128.load(b, 32);
  let s01 = v128.load(b, 16);
  const d1 = v128.load(b, 48);
  let s02 = v128.load(q);
  const d2 = v128.load(q, 32);
  let s03 = v128.load(q, 16);
  const d3 = v128.load(q, 48);
  let s10 = s00;
  let s11 = s01;
  let s12 = s02;
  let s13 = s03;
  let s20 = s00;
  let s21 = s01;
  let s22 = s02;
  let s23 = s03;
  let s30 = s00;
  let s31 = s01;
  let s32 = s02;
  let s33 = s03;
  const x0 = v128.load32_splat(a);
  const x1 = v128.load32_splat(a, 4);
  const x2 = v128.load32_splat(a, 8);
  const x3 = v128.load32_splat(a, 12);
  a += 16;
  b += 64;
  let p = q + 64;
  for (const end = a + (steps << 2); a < end; a += 16) {
    const w0 = v128.load(b);
    const w1 = v128.load(b, 16);
    const w2 = v128.load(p);
    const w3 = v128.load(p, 16);
    b += 32;
    p += 32;
    let x = v128.load32_splat(a);
    s00 = dot(w0, x, s00);
    s01 = dot(w1, x, s01);
    s02 = dot(w2, x, s02);
    s03 = dot(w3, x, s03);
    x = v128.load32_splat(a, 4);
    s10 = dot(w0, x, s10);
    s11 = dot(w1, x, s11);
    s12 = dot(w2, x, s12);
    s13 = dot(w3, x, s13);
    x = v128.load32_splat(a, 8);
    s20 = dot(w0, x, s20);
    s21 = dot(w1, x, s21);
    s22 = dot(w2, x, s22);
    s23 = dot(w3, x, s23);
    x = v128.load32_splat(a, 12);
    s30 = dot(w0, x, s30);
    s31 = dot(w1, x, s31);
    s32 = dot(w2, x, s32);
    s33 = dot(w3, x, s33);
  }
  const r00 = result(from, x0, d0, s00);
  const r01 = result(from + 16, x0, d1, s01);
  const r02 = result(from + 32, x0, d2, s02);
  const r03 = result(from + 48, x0, d3, s03);
  v128.store(c, r00);
  v128.store(c, r01, 16);
  v128.store(c, r02, 32);
  v128.store(c, r03, 48);
  c += cStride;
  from += iStride;
  const r10 = result(from, x1, d0, s10);
  const r11 = result(from + 16, x1, d1, s11);
  const r12 = result(from + 32, x1, d2, s12);
  const r13 = result(from + 48, x1, d3, s13);
  v128.store(c, r10);
  v128.store(c, r11, 16);
  v128.store(c, r12, 32);
  v128.store(c, r13, 48);
  c += cStride;
  from += iStride;
  const r20 = result(from, x2, d0, s20);
  const r21 = result(from + 16, x2, d1, s21);
  const r22 = result(from + 32, x2, d2, s22);
  const r23 = result(from + 48, x2, d3, s23);
  v128.store(c, r20);
  v128.store(c, r21, 16);
  v128.store(c, r22, 32);
  v128.store(c, r23, 48);
  c += cStride;
  from += iStride;
  const r30 = result(from, x3, d0, s30);
  const r31 = result(from + 16, x3, d1, s31);
  const r32 = result(from + 32, x3, d2, s32);
  const r33 = result(from + 48, x3, d3, s33);
  v128.store(c, r30);
  v128.store(c, r31, 16);
  v128.store(c, r32, 32);
  v128.store(c, r33, 48);
}

function tile4x8(
  c: usize,
  cStride: usize,
  from: usize,
  iStride: usize,
  a: usize,
  b: usize,
  steps: usize,
): void {
  let s00 = v128.load(b);
  const d0 = v128.load(b, 32);
  let s01 = v128.load(b, 16);
  const d1 = v128.load(b, 48);
  let s10 = s00;
  let s11 = s01;
  let s20 = s00;
  let s21 = s01;
  let s30 = s00;
  let s31 = s01;
  const x0 = v128.load32_splat(a);
  const x1 = v128.load32_splat(a, 4);
  const x2 = v128.load32_splat(a, 8);
  const x3 = v128.load32_splat(a, 12);
  a += 16;
  b += 64;
  for (const end = a + (steps << 2); a < end; a += 16) {
    const w0 = v128.load(b);
    const w1 = v128.load(b, 16);
    b += 32;
    let x = v128.load32_splat(a);
    s00 = dot(w0, x, s00);
    s01 = dot(w1, x, s01);
    x = v128.load32_splat(a, 4);
    s10 = dot(w0, x, s10);
    s11 = dot(w1, x, s11);
    x = v128.load32_splat(a, 8);
    s20 = dot(w0, x, s20);
    s21 = dot(w1, x, s21);
    x = v128.load32_splat(a, 12);
    s30 = dot(w0, x, s30);
    s31 = dot(w1, x, s31);
  }
  const r00 = result(from, x0, d0, s00);
  const r01 = result(from + 16, x0, d1, s01);
  v128.store(c, r00);
  v128.store(c, r01, 16);
  c += cStride;
  from += iStride;
  const r10 = result(from, x1, d0, s10);
  const r11 = result(from + 16, x1, d1, s11);
  v128.store(c, r10);
  v128.store(c, r11, 16);
  c += cStride;
  from += iStride;
  const r20 = result(from, x2, d0, s20);
  const r21 = result(from + 16, x2, d1, s21);
  v128.store(c, r20);
  v128.store(c, r21, 16);
  c += cStride;
  from += iStride;
  const r30 = result(from, x3, d0, s30);
  const r31 = result(from + 16, x3, d1, s31);
  v128.store(c, r30);
  v128.store(c, r31, 16);
}

function tile1x32(c: usize, from: usize, a: usize, b: usize, steps: usize): void {
  const panel = (steps << 3) + 64;
  let p1 = b + panel;
  let p2 = p1 + panel;
  let p3 = p2 + panel;
  let s0 = v128.load(b);
  let s1 = v128.load(b, 16);
  let s2 = v128.load(p1);
  let s3 = v128.load(p1, 16);
  let s4 = v128.load(p2);
  let s5 = v128.load(p2, 16);
  let s6 = v128.load(p3);
  let s7 = v128.load(p3, 16);
  const d0 = v128.load(b, 32);
  const d1 = v128.load(b, 48);
  const d2 = v128.load(p1, 32);
  const d3 = v128.load(p1, 48);
  const d4 = v128.load(p2, 32);
  const d5 = v128.load(p2, 48);
  const d6 = v128.load(p3, 32);
  const d7 = v128.load(p3, 48);
  const x = v128.load32_splat(a);
  a += 4;
  b += 64;
  p1 += 64;
  p2 += 64;
  p3 += 64;
  for (const end = a + steps; a < end; a += 4) {
    const p = v128.load32_splat(a);
    s0 = dot(v128.load(b), p, s0);
    s1 = dot(v128.load(b, 16), p, s1);
    s2 = dot(v128.load(p1), p, s2);
    s3 = dot(v128.load(p1, 16), p, s3);
    s4 = dot(v128.load(p2), p, s4);
    s5 = dot(v128.load(p2, 16), p, s5);
    s6 = dot(v128.load(p3), p, s6);
    s7 = dot(v128.load(p3, 16), p, s7);
    b += 32;
    p1 += 32;
    p2 += 32;
    p3 += 32;
  }
  const r0 = result(from, x, d0, s0);
  const r1 = result(from + 16, x, d1, s1);
  const r2 = result(from + 32, x, d2, s2);
  const r3 = result(from + 48, x, d3, s3);
  const r4 = result(from + 64, x, d4, s4);
  const r5 = result(from + 80, x, d5, s5);
  const r6 = result(from + 96, x, d6, s6);
  const r7 = result(from + 112, x, d7, s7);
  v128.store(c, r0);
  v128.store(c, r1, 16);
  v128.store(c, r2, 32);
  v128.store(c, r3, 48);
  v128.store(c, r4, 64);
  v128.store(c, r5, 80);
  v128.store(c, r6, 96);
  v128.store(c, r7, 112);
}

function tile1x8(c: usize, from: usize, a: usize, b: usize, steps: usize): void {
  let s0 = v128.load(b);
  let s1 = v128.load(b, 16);
  const d0 = v128.load(b, 32);
  const d1 = v128.load(b, 48);
  const x = v128.load32_splat(a);
  a += 4;
  b += 64;
  for (const end = a + steps; a < end; a += 4) {
    const p = v128.load32_splat(a);
    s0 = dot(v128.load(b), p, s0);
    s1 = dot(v128.load(b, 16), p, s1);
    b += 32;
  }
  const r0 = result(from, x, d0, s0);
  const r1 = result(from + 16, x, d1, s1);
  v128.store(c, r0);
  v128.store(c, r1, 16);
}
