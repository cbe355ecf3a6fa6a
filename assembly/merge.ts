/**
 * Rows of two layers brought together, as Keras's Bidirectional merges its two directions. Rows are a
 * number of floats apart, their ld. It may be negative: then the address is that of the row that comes last
 * in memory, and rows are taken from the end, which reverses time.
 */

export const SUM: i32 = 0;
export const MUL: i32 = 1;
export const AVE: i32 = 2;

/**
 * to ← from, row by row; what is behind a row of `to` stays. A concatenation is two of them.
 * to, from (rows, width), any width
 */
export function copyRows(to: usize, ldTo: i32, from: usize, ldFrom: i32, width: i32, rows: i32): void {
  for (let r = 0; r < rows; r++) {
    memory.copy(to, from, (<usize>width) << 2);
    to += (<usize>ldTo) << 2;
    from += (<usize>ldFrom) << 2;
  }
}

/**
 * y = a + b, a·b or (a + b)/2, by mode.
 * y (rows, width) assigned; may be a or b with its ld
 * a, b (rows, width); width a multiple of 4
 */
export function mergeRows(
  y: usize,
  ldy: i32,
  a: usize,
  lda: i32,
  b: usize,
  ldb: i32,
  width: i32,
  rows: i32,
  mode: i32,
): void {
  const bytes = (<usize>width) << 2;
  for (let r = 0; r < rows; r++) {
    for (let j: usize = 0; j < bytes; j += 16) {
      const aj = v128.load(a + j);
      const bj = v128.load(b + j);
      let value = mode == MUL ? f32x4.mul(aj, bj) : f32x4.add(aj, bj);
      if (mode == AVE) value = f32x4.mul(value, f32x4.splat(0.5));
      v128.store(y + j, value);
    }
    y += (<usize>ldy) << 2;
    a += (<usize>lda) << 2;
    b += (<usize>ldb) << 2;
  }
}

/**
 * da = db = dy; da = b·dy, db = a·dy; or da = db = dy/2, by mode.
 * da, db (rows, width) assigned; either may be dy with its ld
 * dy   (rows, width); width a multiple of 4
 * a, b (rows, width) from the forward pass; read where mode is MUL alone
 */
export function mergeRowsBackward(
  da: usize,
  ldda: i32,
  db: usize,
  lddb: i32,
  dy: usize,
  lddy: i32,
  a: usize,
  lda: i32,
  b: usize,
  ldb: i32,
  width: i32,
  rows: i32,
  mode: i32,
): void {
  const bytes = (<usize>width) << 2;
  const factor = f32x4.splat(mode == AVE ? 0.5 : 1.0);
  for (let r = 0; r < rows; r++) {
    for (let j: usize = 0; j < bytes; j += 16) {
      const d = v128.load(dy + j);
      v128.store(da + j, f32x4.mul(d, mode == MUL ? v128.load(b + j) : factor));
      v128.store(db + j, f32x4.mul(d, mode == MUL ? v128.load(a + j) : factor));
    }
    da += (<usize>ldda) << 2;
    db += (<usize>lddb) << 2;
    dy += (<usize>lddy) << 2;
    a += (<usize>lda) << 2;
    b += (<usize>ldb) << 2;
  }
}
