/**
 * Matrix products, from a register tile of 4 rows × 8 columns, or × 16 where vectors have 256 bits.
 *
 * a and b are packed first, so that the tile reads both straight through:
 *   a (M, K) → tiles of 4 rows, [M/4][K][4], then the M mod 4 rows left over, [row][K]
 *   b (K, N) → panels of 8 columns, [N/8][K][8]
 * A transposition, a list of kept rows or columns, a row stride: all are the packing's business. A stride
 * may be negative, with the address of the row that comes last in memory: rows are taken from the end.
 * Every element of c is one chain of multiply-adds over k ascending, whatever the tile, so bits do
 * not depend on how the rows are cut into tiles and groups.
 *
 * N is always a multiple of 8: widths are padded to PAD inside.
 */
import { madd } from "./simd";

/** Widths are padded to this many f32: the columns of a panel. */
export const PAD: i32 = 8;

/**
 * Rows of c that go through all panels before the next, where the panels stay in the second cache: a wide
 * c's rows lie a power of two apart, and more of them than this push each other out.
 */
const ROWS: i32 = 32;
/** Floats of b up to which they do: 1 MiB. */
const IN_CACHE: i32 = 1 << 18;

/** a ← rows of src: a(m, k) = src[m·ld + k]. */
export function packRows(a: usize, src: usize, ld: i32, M: i32, K: i32): void {
  const stride = (<usize>ld) << 2;
  for (let m = 4; m <= M; m += 4) {
    let s0 = src;
    let s1 = s0 + stride;
    let s2 = s1 + stride;
    let s3 = s2 + stride;
    let k = 0;
    for (; k + 4 <= K; k += 4) {
      transpose4(a, 16, v128.load(s0), v128.load(s1), v128.load(s2), v128.load(s3));
      a += 64;
      s0 += 16;
      s1 += 16;
      s2 += 16;
      s3 += 16;
    }
    for (; k < K; k++) {
      store<f32>(a, load<f32>(s0));
      store<f32>(a, load<f32>(s1), 4);
      store<f32>(a, load<f32>(s2), 8);
      store<f32>(a, load<f32>(s3), 12);
      a += 16;
      s0 += 4;
      s1 += 4;
      s2 += 4;
      s3 += 4;
    }
    src += stride << 2;
  }
  for (let m = M & ~3; m < M; m++) {
    memory.copy(a, src, (<usize>K) << 2);
    a += (<usize>K) << 2;
    src += stride;
  }
}

/** a ← columns of src: a(m, k) = src[k·ld + m]. */
export function packColumns(a: usize, src: usize, ld: i32, M: i32, K: i32): void {
  const stride = (<usize>ld) << 2;
  for (let m = 4; m <= M; m += 4) {
    let s = src;
    for (let k = 0; k < K; k++) {
      v128.store(a, v128.load(s));
      a += 16;
      s += stride;
    }
    src += 16;
  }
  for (let m = M & ~3; m < M; m++) {
    let s = src;
    for (let k = 0; k < K; k++) {
      store<f32>(a, load<f32>(s));
      a += 4;
      s += stride;
    }
    src += 4;
  }
}

/** b ← rows of src: b(k, n) = src[row(k)·ld + n], row(k) = keep[k], or k where keep is 0. */
export function packPanels(b: usize, src: usize, ld: i32, keep: usize, K: i32, N: i32): void {
  const stride = (<usize>ld) << 2;
  const panel = (<usize>K) << 5;
  for (let k = 0; k < K; k++) {
    let s = src + stride * <usize>(keep ? load<i32>(keep + ((<usize>k) << 2)) : k);
    let d = b + ((<usize>k) << 5);
    for (let n = 0; n < N; n += 8) {
      v128.store(d, v128.load(s));
      v128.store(d, v128.load(s, 16), 16);
      s += 32;
      d += panel;
    }
  }
}

/**
 * b ← rows of src, transposed: b(k, n) = src[row(n)·ld + k], row(n) = keep[n], or n where keep is 0.
 * Columns from N to the next multiple of 8 are zero. K a multiple of 4.
 */
export function packPanelsTransposed(b: usize, src: usize, ld: i32, keep: usize, K: i32, N: i32): void {
  const stride = (<usize>ld) << 2;
  for (let n = 0; n < N; n += 8) {
    for (let half = n; half < n + 8; half += 4) {
      const s0 = src + stride * rowOf(keep, half, N);
      const s1 = src + stride * rowOf(keep, half + 1, N);
      const s2 = src + stride * rowOf(keep, half + 2, N);
      const s3 = src + stride * rowOf(keep, half + 3, N);
      const live = N - half;
      const zero = f32x4.splat(0);
      let d = b + ((<usize>(half - n)) << 2);
      for (let k: usize = 0; k < (<usize>K) << 2; k += 16) {
        transpose4(
          d,
          32,
          live > 0 ? v128.load(s0 + k) : zero,
          live > 1 ? v128.load(s1 + k) : zero,
          live > 2 ? v128.load(s2 + k) : zero,
          live > 3 ? v128.load(s3 + k) : zero,
        );
        d += 128;
      }
    }
    b += (<usize>K) << 5;
  }
}

function rowOf(rows: usize, index: i32, count: i32): usize {
  return rows && index < count ? <usize>load<i32>(rows + ((<usize>index) << 2)) : <usize>index;
}

/** Store the four columns of the 4×4 block with rows r0 … r3 at d, d + step, … */
function transpose4(d: usize, step: usize, r0: v128, r1: v128, r2: v128, r3: v128): void {
  const t0 = v128.shuffle<f32>(r0, r1, 0, 4, 1, 5);
  const t1 = v128.shuffle<f32>(r2, r3, 0, 4, 1, 5);
  const t2 = v128.shuffle<f32>(r0, r1, 2, 6, 3, 7);
  const t3 = v128.shuffle<f32>(r2, r3, 2, 6, 3, 7);
  v128.store(d, v128.shuffle<f64>(t0, t1, 0, 2));
  v128.store(d + step, v128.shuffle<f64>(t0, t1, 1, 3));
  v128.store(d + 2 * step, v128.shuffle<f64>(t2, t3, 0, 2));
  v128.store(d + 3 * step, v128.shuffle<f64>(t2, t3, 1, 3));
}

/** x (n) = 0. */
export function clear(x: usize, n: i32): void {
  memory.fill(x, 0, (<usize>n) << 2);
}

/** db (N) += the sum over k of packed panels b (K, N), k ascending: the gradient of a bias. */
export function sumPanels(db: usize, b: usize, K: i32, N: i32): void {
  for (let n = 0; n < N; n += 8) {
    let s0 = v128.load(db);
    let s1 = v128.load(db, 16);
    for (const end = b + ((<usize>K) << 5); b < end; b += 32) {
      s0 = f32x4.add(s0, v128.load(b));
      s1 = f32x4.add(s1, v128.load(b, 16));
    }
    v128.store(db, s0);
    v128.store(db, s1, 16);
    db += 32;
  }
}

/** What a product without init begins with: zeros for the columns of the widest tile. */
export const ZEROS: usize = memory.data(128, 16);

/**
 * Columns of the product's tile. With 8, all sums of a tile are in the 16 registers that most processors have for vectors
 * of 128 bits. With 16, V8's pass that joins two such operations into one of 256 bits has them in eight, and enough chains
 * to hide the time that an addition takes; without the pass they are too many.
 */
let tileColumns: i32 = 8;

/** Columns of the product's tile from now on: 8, or 16 where vectors have 256 bits. The bits are the same. */
export function setTile(columns: i32): void {
  tileColumns = columns;
}

/** Whether it has 16. */
export function hasWideTile(): bool {
  return tileColumns == 16;
}

/**
 * c = init + a·b.
 * c     (M, N) assigned; row m is at row(m)·ldc, row(m) = rows[m], or m where rows is 0
 * init  (M, N) at row(m)·ldi: c itself to accumulate, a bias with ldi 0; 0 for zeros
 * a, b  packed as above
 */
export function product(
  c: usize,
  ldc: i32,
  rows: usize,
  init: usize,
  ldi: i32,
  a: usize,
  b: usize,
  M: i32,
  N: i32,
  K: i32,
): void {
  const cStride = (<usize>ldc) << 2;
  const iStride = (<usize>ldi) << 2;
  const full = M & ~3;
  const panel = (<usize>K) << 5;
  const block = K * N <= IN_CACHE ? ROWS : full;
  const isWide = tileColumns == 16;
  for (let top = 0; top < full; top += block) {
    const bottom = min(top + block, full);
    const tiles = a + <usize>top * ((<usize>K) << 2);
    let n = 0;
    if (isWide) {
      for (; n + 16 <= N; n += 16) {
        const column = (<usize>n) << 2;
        const panels = b + <usize>(n >> 3) * panel;
        columns16(
          c + column,
          cStride,
          rows,
          init ? init + column : 0,
          iStride,
          tiles,
          panels,
          top,
          bottom,
          M,
          K,
        );
      }
    }
    for (; n < N; n += 8) {
      const column = (<usize>n) << 2;
      const panels = b + <usize>(n >> 3) * panel;
      columns8(
        c + column,
        cStride,
        rows,
        init ? init + column : 0,
        iStride,
        tiles,
        panels,
        top,
        bottom,
        M,
        K,
      );
    }
  }
  let row = a + <usize>full * ((<usize>K) << 2);
  for (let m = full; m < M; m++) {
    const r = rowOf(rows, m, M);
    productOfRow(c + r * cStride, init ? init + r * iStride : 0, row, b, N, K, isWide);
    row += (<usize>K) << 2;
  }
}

/** 8 columns of the product, of the rows from top to bottom, four at a time. */
function columns8(
  c: usize,
  cStride: usize,
  rows: usize,
  init: usize,
  iStride: usize,
  tile: usize,
  b: usize,
  top: i32,
  bottom: i32,
  M: i32,
  K: i32,
): void {
  for (let m = top; m < bottom; m += 4) {
    const r0 = rowOf(rows, m, M);
    const r1 = rowOf(rows, m + 1, M);
    const r2 = rowOf(rows, m + 2, M);
    const r3 = rowOf(rows, m + 3, M);
    tile4x8(
      c + r0 * cStride,
      c + r1 * cStride,
      c + r2 * cStride,
      c + r3 * cStride,
      init ? init + r0 * iStride : ZEROS,
      init ? init + r1 * iStride : ZEROS,
      init ? init + r2 * iStride : ZEROS,
      init ? init + r3 * iStride : ZEROS,
      tile,
      b,
      K,
    );
    tile += (<usize>K) << 4;
  }
}

/** 16 columns of the product, of the rows from top to bottom, four at a time. */
function columns16(
  c: usize,
  cStride: usize,
  rows: usize,
  init: usize,
  iStride: usize,
  tile: usize,
  b: usize,
  top: i32,
  bottom: i32,
  M: i32,
  K: i32,
): void {
  for (let m = top; m < bottom; m += 4) {
    const r0 = rowOf(rows, m, M);
    const r1 = rowOf(rows, m + 1, M);
    const r2 = rowOf(rows, m + 2, M);
    const r3 = rowOf(rows, m + 3, M);
    tile4x16(
      c + r0 * cStride,
      c + r1 * cStride,
      c + r2 * cStride,
      c + r3 * cStride,
      init ? init + r0 * iStride : ZEROS,
      init ? init + r1 * iStride : ZEROS,
      init ? init + r2 * iStride : ZEROS,
      init ? init + r3 * iStride : ZEROS,
      tile,
      b,
      K,
    );
    tile += (<usize>K) << 4;
  }
}

/**
 * A row left over, some panels abreast to keep as many chains in flight. Of 32 columns V8 before 13 keeps one sum in
 * memory where vectors have 128 bits: there it is 24, and 16 at the end, not 8.
 */
function productOfRow(c: usize, from: usize, a: usize, b: usize, N: i32, K: i32, isWide: bool): void {
  const panel = (<usize>K) << 5;
  const bytes = (<usize>N) << 2;
  let n: usize = 0;
  if (isWide) {
    for (; n + 128 <= bytes; n += 128) {
      tile1x32(c + n, from ? from + n : ZEROS, a, b, K);
      b += 4 * panel;
    }
  } else {
    for (; n + 96 <= bytes && n + 128 != bytes; n += 96) {
      tile1x24(c + n, from ? from + n : ZEROS, a, b, K);
      b += 3 * panel;
    }
  }
  for (; n + 64 <= bytes; n += 64) {
    tile1x16(c + n, from ? from + n : ZEROS, a, b, K);
    b += 2 * panel;
  }
  if (n < bytes) tile1x8(c + n, from ? from + n : ZEROS, a, b, K);
}

/*
 * The tiles, which read what they begin with at i or from. What V8's pass joins are neighbours in memory, all the way from a
 * pair of stores 16 bytes apart back to a pair of loads, if both of a pair are in one basic block: so there is no
 * branch in a tile, and zeros to begin with are read as well.
 */

function tile4x8(
  c0: usize,
  c1: usize,
  c2: usize,
  c3: usize,
  i0: usize,
  i1: usize,
  i2: usize,
  i3: usize,
  a: usize,
  b: usize,
  K: i32,
): void {
  let s00 = v128.load(i0);
  let s01 = v128.load(i0, 16);
  let s10 = v128.load(i1);
  let s11 = v128.load(i1, 16);
  let s20 = v128.load(i2);
  let s21 = v128.load(i2, 16);
  let s30 = v128.load(i3);
  let s31 = v128.load(i3, 16);
  for (const end = a + ((<usize>K) << 4); a < end; a += 16) {
    const p0 = v128.load(b);
    const p1 = v128.load(b, 16);
    b += 32;
    let x = v128.load32_splat(a);
    s00 = madd(x, p0, s00);
    s01 = madd(x, p1, s01);
    x = v128.load32_splat(a, 4);
    s10 = madd(x, p0, s10);
    s11 = madd(x, p1, s11);
    x = v128.load32_splat(a, 8);
    s20 = madd(x, p0, s20);
    s21 = madd(x, p1, s21);
    x = v128.load32_splat(a, 12);
    s30 = madd(x, p0, s30);
    s31 = madd(x, p1, s31);
  }
  v128.store(c0, s00);
  v128.store(c0, s01, 16);
  v128.store(c1, s10);
  v128.store(c1, s11, 16);
  v128.store(c2, s20);
  v128.store(c2, s21, 16);
  v128.store(c3, s30);
  v128.store(c3, s31, 16);
}

function tile4x16(
  c0: usize,
  c1: usize,
  c2: usize,
  c3: usize,
  i0: usize,
  i1: usize,
  i2: usize,
  i3: usize,
  a: usize,
  b: usize,
  K: i32,
): void {
  const panel = (<usize>K) << 5;
  let b1 = b + panel;
  let s00 = v128.load(i0);
  let s01 = v128.load(i0, 16);
  let s02 = v128.load(i0, 32);
  let s03 = v128.load(i0, 48);
  let s10 = v128.load(i1);
  let s11 = v128.load(i1, 16);
  let s12 = v128.load(i1, 32);
  let s13 = v128.load(i1, 48);
  let s20 = v128.load(i2);
  let s21 = v128.load(i2, 16);
  let s22 = v128.load(i2, 32);
  let s23 = v128.load(i2, 48);
  let s30 = v128.load(i3);
  let s31 = v128.load(i3, 16);
  let s32 = v128.load(i3, 32);
  let s33 = v128.load(i3, 48);
  for (const end = a + ((<usize>K) << 4); a < end; a += 16) {
    const p0 = v128.load(b);
    const p1 = v128.load(b, 16);
    const p2 = v128.load(b1);
    const p3 = v128.load(b1, 16);
    b += 32;
    b1 += 32;
    let x = v128.load32_splat(a);
    s00 = madd(x, p0, s00);
    s01 = madd(x, p1, s01);
    s02 = madd(x, p2, s02);
    s03 = madd(x, p3, s03);
    x = v128.load32_splat(a, 4);
    s10 = madd(x, p0, s10);
    s11 = madd(x, p1, s11);
    s12 = madd(x, p2, s12);
    s13 = madd(x, p3, s13);
    x = v128.load32_splat(a, 8);
    s20 = madd(x, p0, s20);
    s21 = madd(x, p1, s21);
    s22 = madd(x, p2, s22);
    s23 = madd(x, p3, s23);
    x = v128.load32_splat(a, 12);
    s30 = madd(x, p0, s30);
    s31 = madd(x, p1, s31);
    s32 = madd(x, p2, s32);
    s33 = madd(x, p3, s33);
  }
  v128.store(c0, s00);
  v128.store(c0, s01, 16);
  v128.store(c0, s02, 32);
  v128.store(c0, s03, 48);
  v128.store(c1, s10);
  v128.store(c1, s11, 16);
  v128.store(c1, s12, 32);
  v128.store(c1, s13, 48);
  v128.store(c2, s20);
  v128.store(c2, s21, 16);
  v128.store(c2, s22, 32);
  v128.store(c2, s23, 48);
  v128.store(c3, s30);
  v128.store(c3, s31, 16);
  v128.store(c3, s32, 32);
  v128.store(c3, s33, 48);
}

function tile1x32(c: usize, from: usize, a: usize, b: usize, K: i32): void {
  const panel = (<usize>K) << 5;
  let b1 = b + panel;
  let b2 = b1 + panel;
  let b3 = b2 + panel;
  let s0 = v128.load(from);
  let s1 = v128.load(from, 16);
  let s2 = v128.load(from, 32);
  let s3 = v128.load(from, 48);
  let s4 = v128.load(from, 64);
  let s5 = v128.load(from, 80);
  let s6 = v128.load(from, 96);
  let s7 = v128.load(from, 112);
  for (const end = a + ((<usize>K) << 2); a < end; a += 4) {
    const x = v128.load32_splat(a);
    s0 = madd(x, v128.load(b), s0);
    s1 = madd(x, v128.load(b, 16), s1);
    s2 = madd(x, v128.load(b1), s2);
    s3 = madd(x, v128.load(b1, 16), s3);
    s4 = madd(x, v128.load(b2), s4);
    s5 = madd(x, v128.load(b2, 16), s5);
    s6 = madd(x, v128.load(b3), s6);
    s7 = madd(x, v128.load(b3, 16), s7);
    b += 32;
    b1 += 32;
    b2 += 32;
    b3 += 32;
  }
  v128.store(c, s0);
  v128.store(c, s1, 16);
  v128.store(c, s2, 32);
  v128.store(c, s3, 48);
  v128.store(c, s4, 64);
  v128.store(c, s5, 80);
  v128.store(c, s6, 96);
  v128.store(c, s7, 112);
}

function tile1x24(c: usize, from: usize, a: usize, b: usize, K: i32): void {
  const panel = (<usize>K) << 5;
  let b1 = b + panel;
  let b2 = b1 + panel;
  let s0 = v128.load(from);
  let s1 = v128.load(from, 16);
  let s2 = v128.load(from, 32);
  let s3 = v128.load(from, 48);
  let s4 = v128.load(from, 64);
  let s5 = v128.load(from, 80);
  for (const end = a + ((<usize>K) << 2); a < end; a += 4) {
    const x = v128.load32_splat(a);
    s0 = madd(x, v128.load(b), s0);
    s1 = madd(x, v128.load(b, 16), s1);
    s2 = madd(x, v128.load(b1), s2);
    s3 = madd(x, v128.load(b1, 16), s3);
    s4 = madd(x, v128.load(b2), s4);
    s5 = madd(x, v128.load(b2, 16), s5);
    b += 32;
    b1 += 32;
    b2 += 32;
  }
  v128.store(c, s0);
  v128.store(c, s1, 16);
  v128.store(c, s2, 32);
  v128.store(c, s3, 48);
  v128.store(c, s4, 64);
  v128.store(c, s5, 80);
}

function tile1x16(c: usize, from: usize, a: usize, b: usize, K: i32): void {
  const panel = (<usize>K) << 5;
  let b1 = b + panel;
  let s0 = v128.load(from);
  let s1 = v128.load(from, 16);
  let s2 = v128.load(from, 32);
  let s3 = v128.load(from, 48);
  for (const end = a + ((<usize>K) << 2); a < end; a += 4) {
    const x = v128.load32_splat(a);
    s0 = madd(x, v128.load(b), s0);
    s1 = madd(x, v128.load(b, 16), s1);
    s2 = madd(x, v128.load(b1), s2);
    s3 = madd(x, v128.load(b1, 16), s3);
    b += 32;
    b1 += 32;
  }
  v128.store(c, s0);
  v128.store(c, s1, 16);
  v128.store(c, s2, 32);
  v128.store(c, s3, 48);
}

function tile1x8(c: usize, from: usize, a: usize, b: usize, K: i32): void {
  let s0 = v128.load(from);
  let s1 = v128.load(from, 16);
  for (const end = a + ((<usize>K) << 2); a < end; a += 4) {
    const x = v128.load32_splat(a);
    s0 = madd(x, v128.load(b), s0);
    s1 = madd(x, v128.load(b, 16), s1);
    b += 32;
  }
  v128.store(c, s0);
  v128.store(c, s1, 16);
}
