/** The product that a cell takes at each step, of the states before with the recurrent kernel: in f32 or in int8. */
import { packRows, product } from "./gemm";
import { packRowsInt8, panelBytesInt8, productInt8 } from "./integer";

/**
 * c = init + x·U.
 * c, init as of product
 * x (R, K) rows ld apart
 * u packed panels of U (K, N): of bytes where e, the factors of its rows, is not 0
 * a scratch: R·K floats
 */
export function stateProduct(
  c: usize,
  ldc: i32,
  init: usize,
  ldi: i32,
  x: usize,
  ld: i32,
  u: usize,
  e: usize,
  a: usize,
  R: i32,
  N: i32,
  K: i32,
): void {
  if (e) {
    packRowsInt8(a, x, ld, e, R, K);
    productInt8(c, ldc, init, ldi, a, u, R, N, K);
  } else {
    packRows(a, x, ld, R, K);
    product(c, ldc, 0, init, ldi, a, u, R, N, K);
  }
}

/** Where the panels of the columns from `column` on begin, a multiple of 8. */
export function panelsFrom(u: usize, e: usize, column: i32, K: i32): usize {
  return u + <usize>(column >> 3) * (e ? panelBytesInt8(K) : (<usize>K) << 5);
}
