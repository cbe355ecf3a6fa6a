/** Softmax over each row. Sums are taken in f64, in an order that depends on n alone. */
import { addLanes, clearPadding, inside, row, total } from "./rows";
import { exp } from "./simd";

/**
 * A class this much below the largest has probability 0, not e⁻⁷⁰ ≈ 4e-31: so that -∞ gives exactly 0, and
 * no quotient of up to 2²⁴ classes ends as a subnormal number.
 */
const LOWEST: f32 = -70;

/** The largest of z (n); NaN where there is one. */
export function largest(z: usize, n: i32): f32 {
  const least = f32x4.splat(-Infinity);
  let most = least;
  for (let j = 0; j < n; j += 4, z += 16) {
    most = f32x4.max(most, v128.bitselect(v128.load(z), least, inside(j, n)));
  }
  most = f32x4.max(most, v128.shuffle<f32>(most, most, 2, 3, 0, 1));
  return max(f32x4.extract_lane(most, 0), f32x4.extract_lane(most, 1));
}

/**
 * Returns the sum of e = exp(z - most) over a row, most being its largest.
 * e (n, rounded up to 4) assigned, 0 past n; 0 for none; may be z
 */
export function exponentials(e: usize, z: usize, n: i32, most: f32): f64 {
  const shift = f32x4.splat(most);
  const lowest = f32x4.splat(LOWEST);
  let sums = f64x2.splat(0);
  for (let j = 0, at: usize = 0; j < n; j += 4, at += 16) {
    const x = f32x4.sub(v128.load(z + at), shift);
    const kept = v128.andnot(inside(j, n), f32x4.lt(x, lowest)); // NaN is kept
    const ex = v128.and(exp(x), kept);
    sums = addLanes(sums, ex);
    if (e) v128.store(e + at, ex);
  }
  return total(sums);
}

/**
 * y = e^z / Σ e^z over each row, the largest z taken off first, so that nothing overflows. Keras's softmax,
 * over the last axis.
 * y (rows, ld) in: z; out: the probabilities, 0 in padded columns. A row with NaN or +∞ comes out as NaN, and
 *              so does one of -∞ alone; beside numbers -∞ gives 0
 */
export function softmaxForward(y: usize, rows: i32, n: i32, ld: i32): void {
  for (let m = 0; m < rows; m++) {
    const ym = row(y, m, ld);
    const sum = f32x4.splat(<f32>exponentials(ym, ym, n, largest(ym, n)));
    for (let at: usize = 0; at < (<usize>n) << 2; at += 16) {
      v128.store(ym + at, f32x4.div(v128.load(ym + at), sum));
    }
    clearPadding(ym, n, ld);
  }
}

/**
 * dz = y ∘ (dy - Σ dy·y) over each row.
 * dy (rows, ld) in: gradient of y, finite in padded columns; out: gradient of z, 0 in padded columns
 * y  (rows, ld) what softmaxForward left, 0 in padded columns
 */
export function softmaxBackward(dy: usize, y: usize, rows: i32, n: i32, ld: i32): void {
  const bytes = (<usize>n) << 2;
  for (let m = 0; m < rows; m++) {
    const dm = row(dy, m, ld);
    const ym = row(y, m, ld);
    let sums = f64x2.splat(0);
    for (let at: usize = 0; at < bytes; at += 16) {
      sums = addLanes(sums, f32x4.mul(v128.load(dm + at), v128.load(ym + at)));
    }
    const mean = f32x4.splat(<f32>total(sums));
    for (let at: usize = 0; at < bytes; at += 16) {
      v128.store(dm + at, f32x4.mul(v128.load(ym + at), f32x4.sub(v128.load(dm + at), mean)));
    }
    clearPadding(dm, n, ld);
  }
}
