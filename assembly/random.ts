/**
 * Counter-based randomness: a number depends on what it is for, never on when it was drawn.
 *
 * Philox 4×32-10 (Salmon, Moraes, Dror, Shaw: "Parallel random numbers: as easy as 1, 2, 3",
 * SC 2011). The key is (seed, purpose), the counter (block, sample, step, epoch); one block gives
 * four 32-bit words.
 */
import { cosTurns, log } from "./simd";

// The second word of the key: what the numbers are for, with the layer or tensor in its low half.
const INITIALIZER: u32 = 1 << 16;
const SHUFFLE: u32 = 2 << 16;
const DROPOUT: u32 = 3 << 16;
/** A dropout layer's own, so that its mask is never that of a recurrent layer's input. */
export const DROPOUT_LAYER: u32 = 4 << 16;
/** Of what a recurrent layer's state is multiplied with before the recurrent product. */
export const RECURRENT_DROPOUT: u32 = 5 << 16;
/** Of what a recurrent layer's states keep at a step: of h; that of c is the next. */
export const ZONEOUT: u32 = 6 << 16;

/** philox4x32-10(key (k0, k1), counter (c0, c1, c2, c3)): a block of four words. */
export function block(k0: u32, k1: u32, c0: u32, c1: u32, c2: u32, c3: u32): v128 {
  for (let round = 0; round < 10; round++) {
    const p0 = <u64>0xd2511f53 * <u64>c0;
    const p1 = <u64>0xcd9e8d57 * <u64>c2;
    c0 = <u32>(p1 >> 32) ^ c1 ^ k0;
    c1 = <u32>p1;
    c2 = <u32>(p0 >> 32) ^ c3 ^ k1;
    c3 = <u32>p0;
    k0 += 0x9e3779b9;
    k1 += 0xbb67ae85;
  }
  return i32x4(c0, c1, c2, c3);
}

/** out (4 words) = a block, so that known answers can be tested. */
export function philox(out: usize, k0: u32, k1: u32, c0: u32, c1: u32, c2: u32, c3: u32): void {
  v128.store(out, block(k0, k1, c0, c1, c2, c3));
}

/** Four words as uniform numbers in [0, 1), multiples of 2⁻²⁴. */
export function unit(words: v128): v128 {
  return f32x4.mul(f32x4.convert_i32x4_u(i32x4.shr_u(words, 8)), f32x4.splat(5.9604644775390625e-8));
}

/**
 * out (n, rounded up to 4) = uniform in [low, high), for tensor number `tensor`: its numbers from the `first` on, a
 * multiple of 4.
 */
export function uniform(out: usize, n: i32, low: f32, high: f32, seed: u32, tensor: u32, first: i32): void {
  const scale = f32x4.splat(high - low);
  const offset = f32x4.splat(low);
  for (let i = 0; i < n; i += 4) {
    const at = out + ((<usize>i) << 2);
    philox(at, seed, INITIALIZER | tensor, (first + i) >> 2, 0, 0, 0);
    v128.store(at, f32x4.add(f32x4.mul(unit(v128.load(at)), scale), offset));
  }
}

/**
 * out (n, rounded up to 4) = standard normal, for tensor number `tensor`, by Box and Muller (1958):
 * √(-2 ln u)·cos and ·sin of 2πv; of a block's words two are u, two are v.
 */
export function normal(out: usize, n: i32, seed: u32, tensor: u32): void {
  for (let i = 0; i < n; i += 4) {
    const at = out + ((<usize>i) << 2);
    philox(at, seed, INITIALIZER | tensor, i >> 2, 0, 0, 0);
    const words = unit(v128.load(at));
    const u = v128.shuffle<f32>(words, words, 0, 0, 2, 2);
    const v = v128.shuffle<f32>(words, words, 1, 1, 3, 3);
    // 1 - u lies in (0, 1]; a quarter turn back makes a sine of the cosine.
    const r = f32x4.sqrt(f32x4.mul(f32x4.splat(-2.0), log(f32x4.sub(f32x4.splat(1.0), u))));
    v128.store(at, f32x4.mul(r, cosTurns(f32x4.sub(v, f32x4(0.0, 0.25, 0.0, 0.25)))));
  }
}

/**
 * out (rows, cols) = a random matrix with orthonormal rows (or columns, where there are more rows),
 * Haar distributed: Gram and Schmidt on normal vectors in f64, each projected twice (Giraud, Langou,
 * Rozložník 2005: twice is enough). The diagonal of R is positive, as Keras makes it.
 * scratch: 8·rows·cols bytes
 */
export function orthogonal(out: usize, scratch: usize, rows: i32, cols: i32, seed: u32, tensor: u32): void {
  const count = min(rows, cols);
  const length = max(rows, cols);
  const bytes = (<usize>length) << 3;
  normal(out, rows * cols, seed, tensor);
  for (let i = rows * cols - 1; i >= 0; i--) {
    store<f64>(scratch + ((<usize>i) << 3), <f64>load<f32>(out + ((<usize>i) << 2)));
  }
  for (let i = 0; i < count; i++) {
    const q = scratch + <usize>i * bytes;
    for (let pass = 0; pass < 2; pass++) projectOut(q, scratch, i, bytes);
    const scale = 1.0 / sqrt<f64>(dot(q, q, bytes));
    for (let k: usize = 0; k < bytes; k += 8) store<f64>(q + k, load<f64>(q + k) * scale);
  }
  for (let i = 0; i < count; i++) {
    for (let k = 0; k < length; k++) {
      const value = <f32>load<f64>(scratch + <usize>i * bytes + ((<usize>k) << 3));
      store<f32>(out + ((<usize>(rows < cols ? i * cols + k : k * cols + i)) << 2), value);
    }
  }
}

/**
 * q = what is left of it without its projections on `count` vectors of as many bytes, f64, one after the other. It is an
 * export so that it stays a function: engines exchange code for better code when a function is called.
 */
export function projectOut(q: usize, vectors: usize, count: i32, bytes: usize): void {
  for (let j = 0; j < count; j++) {
    const other = vectors + <usize>j * bytes;
    const projection = dot(q, other, bytes);
    for (let k: usize = 0; k < bytes; k += 8) {
      store<f64>(q + k, load<f64>(q + k) - projection * load<f64>(other + k));
    }
  }
}

function dot(a: usize, b: usize, bytes: usize): f64 {
  let sum: f64 = 0;
  for (let k: usize = 0; k < bytes; k += 8) sum += load<f64>(a + k) * load<f64>(b + k);
  return sum;
}

/**
 * keep (n) = the inputs that survive dropout, ascending; returns how many.
 * An input is dropped with probability `rate`; the choice depends on every argument but `keep`.
 * scratch: 16 bytes
 */
export function dropoutKeep(
  keep: usize,
  scratch: usize,
  n: i32,
  rate: f32,
  seed: u32,
  layer: u32,
  sample: u32,
  step: u32,
  epoch: u32,
): i32 {
  let kept = 0;
  for (let i = 0; i < n; i++) {
    if ((i & 3) == 0) {
      philox(scratch, seed, DROPOUT | layer, i >> 2, sample, step, epoch);
      v128.store(scratch, unit(v128.load(scratch)));
    }
    store<i32>(keep + ((<usize>kept) << 2), i);
    kept += i32(load<f32>(scratch + ((<usize>(i & 3)) << 2)) >= rate);
  }
  return kept;
}

/**
 * order (n) = a permutation of 0 … n-1 that depends on seed and epoch alone (Fisher and Yates; the
 * bias of the multiply-and-shift draw is below n·2⁻³²).
 * scratch: 16 bytes
 */
export function shuffle(order: usize, scratch: usize, n: i32, seed: u32, epoch: u32): void {
  for (let i = 0; i < n; i++) store<i32>(order + ((<usize>i) << 2), i);
  for (let i = n - 1, drawn = 0; i > 0; i--, drawn++) {
    if ((drawn & 3) == 0) philox(scratch, seed, SHUFFLE, drawn >> 2, 0, 0, epoch);
    const word = load<u32>(scratch + ((<usize>(drawn & 3)) << 2));
    const j = <i32>((<u64>word * <u64>(i + 1)) >> 32);
    const at = order + ((<usize>i) << 2);
    const other = order + ((<usize>j) << 2);
    const held = load<i32>(at);
    store<i32>(at, load<i32>(other));
    store<i32>(other, held);
  }
}
