/**
 * Pooling over time, for one sample: the largest of the rows of a window, or their mean. Window t has the rows
 * from t·strides - before on, `size` of them, of which only those in 0 … T - 1 exist and count, as in TensorFlow.
 * A pooling of the whole sequence is one window of T rows.
 *
 * x  (T, width) rows ldx apart; y, dy (windows, width); dx (T, width)
 * mask  32-bit words, `maskStride` of them apart: 1 where a row counts, 0 where not; or 0, and all count
 * A window without a row that counts gives 0, and nothing goes back through it.
 *
 * width is a multiple of 4; a negative ld goes up. Rows are taken in ascending order, windows too, one sample by
 * itself, so bits do not depend on groups.
 */
import { row } from "./rows";

/** The first row of window t. */
function firstRow(t: i32, strides: i32, before: i32): i32 {
  return max(t * strides - before, 0);
}

/** The row behind its last. */
function lastRow(t: i32, strides: i32, before: i32, size: i32, T: i32): i32 {
  return min(t * strides - before + size, T);
}

function counts(mask: usize, maskStride: i32, s: i32): bool {
  return mask == 0 || load<i32>(row(mask, s, maskStride)) != 0;
}

/** y = the largest of the window's rows, column by column; NaN where one is NaN. */
export function maxPoolForward(
  y: usize,
  ldy: i32,
  x: usize,
  ldx: i32,
  T: i32,
  windows: i32,
  size: i32,
  strides: i32,
  before: i32,
  width: i32,
  mask: usize,
  maskStride: i32,
): void {
  for (let t = 0; t < windows; t++) {
    const end = lastRow(t, strides, before, size, T);
    let first = firstRow(t, strides, before);
    while (first < end && !counts(mask, maskStride, first)) first++;
    const to = row(y, t, ldy);
    for (let j: usize = 0; j < (<usize>width) << 2; j += 16) {
      let most = first < end ? v128.load(row(x, first, ldx) + j) : f32x4.splat(0);
      for (let s = first + 1; s < end; s++) {
        if (counts(mask, maskStride, s)) most = f32x4.max(most, v128.load(row(x, s, ldx) + j));
      }
      v128.store(to + j, most);
    }
  }
}

/** dx assigned: of each window dy, where its first largest row is, as TensorFlow's MaxPoolGrad has it. */
export function maxPoolBackward(
  dx: usize,
  lddx: i32,
  dy: usize,
  lddy: i32,
  y: usize,
  ldy: i32,
  x: usize,
  ldx: i32,
  T: i32,
  windows: i32,
  size: i32,
  strides: i32,
  before: i32,
  width: i32,
): void {
  clearRows(dx, lddx, T, width);
  for (let t = 0; t < windows; t++) {
    const first = firstRow(t, strides, before);
    const end = lastRow(t, strides, before, size, T);
    for (let j: usize = 0; j < (<usize>width) << 2; j += 16) {
      const most = v128.load(row(y, t, ldy) + j);
      const d = v128.load(row(dy, t, lddy) + j);
      let open = i32x4.splat(-1);
      for (let s = first; s < end && v128.any_true(open); s++) {
        const found = v128.and(open, f32x4.eq(v128.load(row(x, s, ldx) + j), most));
        const to = row(dx, s, lddx) + j;
        v128.store(to, f32x4.add(v128.load(to), v128.and(d, found)));
        open = v128.andnot(open, found);
      }
    }
  }
}

/**
 * The way back through one window of all T rows: dx assigned, dy in equal parts to all rows that are the largest,
 * as TensorFlow has it for a reduce_max, of which Keras makes its global pooling.
 */
export function globalMaxBackward(
  dx: usize,
  lddx: i32,
  dy: usize,
  y: usize,
  x: usize,
  ldx: i32,
  T: i32,
  width: i32,
  mask: usize,
  maskStride: i32,
): void {
  const zero = f32x4.splat(0);
  const one = f32x4.splat(1);
  for (let j: usize = 0; j < (<usize>width) << 2; j += 16) {
    const most = v128.load(y + j);
    let ties = zero;
    for (let s = 0; s < T; s++) {
      if (!counts(mask, maskStride, s)) continue;
      ties = f32x4.add(ties, v128.and(one, f32x4.eq(v128.load(row(x, s, ldx) + j), most)));
    }
    const part = f32x4.div(v128.load(dy + j), f32x4.max(ties, one));
    for (let s = 0; s < T; s++) {
      const found = f32x4.eq(v128.load(row(x, s, ldx) + j), most);
      v128.store(row(dx, s, lddx) + j, counts(mask, maskStride, s) ? v128.and(part, found) : zero);
    }
  }
}

/** y = the mean of the window's rows that exist and count. */
export function averagePoolForward(
  y: usize,
  ldy: i32,
  x: usize,
  ldx: i32,
  T: i32,
  windows: i32,
  size: i32,
  strides: i32,
  before: i32,
  width: i32,
  mask: usize,
  maskStride: i32,
): void {
  for (let t = 0; t < windows; t++) {
    const first = firstRow(t, strides, before);
    const end = lastRow(t, strides, before, size, T);
    const n = f32x4.splat(<f32>max(rowsOf(first, end, mask, maskStride), 1));
    const to = row(y, t, ldy);
    for (let j: usize = 0; j < (<usize>width) << 2; j += 16) {
      let sum = f32x4.splat(0);
      for (let s = first; s < end; s++) {
        if (counts(mask, maskStride, s)) sum = f32x4.add(sum, v128.load(row(x, s, ldx) + j));
      }
      v128.store(to + j, f32x4.div(sum, n));
    }
  }
}

/** dx assigned: of each window dy in equal parts to its rows that count. */
export function averagePoolBackward(
  dx: usize,
  lddx: i32,
  dy: usize,
  lddy: i32,
  T: i32,
  windows: i32,
  size: i32,
  strides: i32,
  before: i32,
  width: i32,
  mask: usize,
  maskStride: i32,
): void {
  clearRows(dx, lddx, T, width);
  for (let t = 0; t < windows; t++) {
    const first = firstRow(t, strides, before);
    const end = lastRow(t, strides, before, size, T);
    const n = f32x4.splat(<f32>max(rowsOf(first, end, mask, maskStride), 1));
    for (let j: usize = 0; j < (<usize>width) << 2; j += 16) {
      const part = f32x4.div(v128.load(row(dy, t, lddy) + j), n);
      for (let s = first; s < end; s++) {
        if (!counts(mask, maskStride, s)) continue;
        const to = row(dx, s, lddx) + j;
        v128.store(to, f32x4.add(v128.load(to), part));
      }
    }
  }
}

/** How many rows of a window count. */
function rowsOf(first: i32, end: i32, mask: usize, maskStride: i32): i32 {
  if (!mask) return end - first;
  let n = 0;
  for (let s = first; s < end; s++) n += i32(counts(mask, maskStride, s));
  return n;
}

function clearRows(x: usize, ld: i32, rows: i32, width: i32): void {
  for (let r = 0; r < rows; r++) memory.fill(row(x, r, ld), 0, (<usize>width) << 2);
}
