/** What the kernels that work row by row share: rows of n numbers, `ld` floats apart, ld a multiple of 4. */

/** The address of row m of x. */
export function row(x: usize, m: i32, ld: i32): usize {
  return x + ((<usize>(m * ld)) << 2);
}

/** 0 in the columns n … ld - 1 of a row. */
export function clearPadding(x: usize, n: i32, ld: i32): void {
  memory.fill(x + ((<usize>n) << 2), 0, (<usize>(ld - n)) << 2);
}

/** All ones in those of the lanes j … j + 3 that are columns of a row of n, zeros in the rest. */
export function inside(j: i32, n: i32): v128 {
  return i32x4.lt_s(i32x4.add(i32x4.splat(j), i32x4(0, 1, 2, 3)), i32x4.splat(n));
}

/** sums (2 × f64) + the lanes of x, those of each half in turn; `total` adds the two. */
export function addLanes(sums: v128, x: v128): v128 {
  const high = v128.shuffle<f32>(x, x, 2, 3, 2, 3);
  return f64x2.add(f64x2.add(sums, f64x2.promote_low_f32x4(x)), f64x2.promote_low_f32x4(high));
}

export function total(sums: v128): f64 {
  return f64x2.extract_lane(sums, 0) + f64x2.extract_lane(sums, 1);
}

/*
 * Kernels work on eight numbers abreast where they can: what V8 merges into operations of 256 bits begins with two stores
 * 16 bytes apart and goes back through pairs of operations, of which both have to be in one block of code, with no store
 * between their loads. test/kernels/packed.test.ts counts what it makes of them.
 */

/** Eight floats, in two halves. */
export function storeEight(x: usize, low: v128, high: v128): void {
  v128.store(x, low);
  v128.store(x, high, 16);
}

/** Eight floats are 0. */
export function clearEight(x: usize): void {
  const zero = f32x4.splat(0);
  storeEight(x, zero, zero);
}
