/** What weights cost by their size: Σ l1·|w| + l2·w². */
import { store8 } from "./simd";

/** The penalty of w (n), in f64: two sums, of the numbers at even and at odd places, and their sum. n a multiple of 4. */
export function penalty(w: usize, n: i32, l1: f64, l2: f64): f64 {
  let sizes = f64x2.splat(0);
  let squares = f64x2.splat(0);
  for (const end = w + ((<usize>n) << 2); w < end; w += 8) {
    const pair = f64x2.promote_low_f32x4(v128.load64_zero(w));
    sizes = f64x2.add(sizes, f64x2.abs(pair));
    squares = f64x2.add(squares, f64x2.mul(pair, pair));
  }
  return (
    l1 * (f64x2.extract_lane(sizes, 0) + f64x2.extract_lane(sizes, 1)) +
    l2 * (f64x2.extract_lane(squares, 0) + f64x2.extract_lane(squares, 1))
  );
}

/** Its gradient: g (n) += l1·sign(w) + 2·l2·w, where the sign of 0 is 0. w (n). n a multiple of PAD. */
export function penaltyBackward(g: usize, w: usize, n: i32, l1: f64, l2: f64): void {
  const one = f32x4.splat(<f32>l1);
  const two = f32x4.splat(<f32>(2.0 * l2));
  for (const end = w + ((<usize>n) << 2); w < end; w += 32, g += 32) {
    const g0 = f32x4.add(v128.load(g), slope(v128.load(w), one, two));
    const g1 = f32x4.add(v128.load(g, 16), slope(v128.load(w, 16), one, two));
    store8(g, g0, g1);
  }
}

function slope(x: v128, one: v128, two: v128): v128 {
  const signed = v128.or(one, v128.and(x, f32x4.splat(-0.0)));
  const sized = v128.andnot(signed, f32x4.eq(x, f32x4.splat(0)));
  return f32x4.add(sized, f32x4.mul(x, two));
}
