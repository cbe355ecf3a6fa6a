/** Lookup of token vectors, and the gradient of the table. */
import { peakOf, within } from "./optimizer";
import { flush, store8, TINY } from "./simd";

/**
 * x (T, E) = the rows of the table that the ids name.
 * ids  (T) i32, each in [0, V); `step` words from one to the next, which may be negative
 * table (V, E)
 */
export function embeddingForward(x: usize, ids: usize, table: usize, T: i32, E: i32, step: i32): void {
  const bytes = (<usize>E) << 2;
  for (let t = 0; t < T; t++) {
    memory.copy(x + <usize>t * bytes, table + <usize>load<i32>(ids) * bytes, bytes);
    ids += (<usize>step) << 2;
  }
}

/** sums[place] += a row of x for each place, in their order. x (T, N), N a multiple of PAD; places (T), `step` words apart. */
export function addRows(sums: usize, x: usize, places: usize, T: i32, N: i32, step: i32): void {
  const bytes = (<usize>N) << 2;
  for (let t = 0; t < T; t++) {
    const row = sums + <usize>load<i32>(places) * bytes;
    places += (<usize>step) << 2;
    for (let j: usize = 0; j < bytes; j += 32, x += 32) {
      const at = row + j;
      const sum0 = f32x4.add(v128.load(at), v128.load(x));
      const sum1 = f32x4.add(v128.load(at, 16), v128.load(x, 16));
      store8(at, sum0, sum1);
    }
  }
}

/**
 * dTable[id] += dx and squares[id] += dx² of every place the id stands at, in the order of places.
 * The sum of squares is Keras's: its gradient of a table is a list of rows, one for each place, and
 * Adam squares it before the rows of one id meet. squares 0: nobody asks for it.
 * dx  (count, E), count = B·T; ids (count)
 * Of `parts` callers each takes the ids of its own remainder; returns the largest |dx| that it added, or NaN
 * where one is not finite.
 */
export function embeddingBackward(
  dTable: usize,
  squares: usize,
  dx: usize,
  ids: usize,
  count: i32,
  E: i32,
  part: u32,
  parts: u32,
): f32 {
  const bytes = (<usize>E) << 2;
  const zero = f32x4.splat(0);
  let most = zero;
  let sound = zero;
  const tiny = f32x4.splat(TINY);
  for (let p = 0; p < count; p++, dx += bytes) {
    const id = load<u32>(ids + ((<usize>p) << 2));
    if (id % parts != part) continue;
    const row = dTable + <usize>id * bytes;
    const square = squares ? squares + <usize>id * bytes : 0;
    for (let j: usize = 0; j < bytes; j += 32) {
      const from = dx + j;
      const at = row + j;
      const d0 = flush(v128.load(from), tiny);
      const d1 = flush(v128.load(from, 16), tiny);
      const sum0 = f32x4.add(v128.load(at), d0);
      const sum1 = f32x4.add(v128.load(at, 16), d1);
      store8(at, sum0, sum1);
      if (square) {
        const square0 = f32x4.add(v128.load(square + j), f32x4.mul(d0, d0));
        const square1 = f32x4.add(v128.load(square + j, 16), f32x4.mul(d1, d1));
        store8(square + j, square0, square1);
      }
      // NaN where d is not finite
      sound = f32x4.add(sound, f32x4.add(f32x4.mul(d0, zero), f32x4.mul(d1, zero)));
      most = f32x4.pmax(most, f32x4.pmax(f32x4.abs(d0), f32x4.abs(d1)));
    }
  }
  return peakOf(most, sound);
}

/**
 * Limit dx to [-most, most], number by number, as Keras clips such a list before its rows meet; infinite numbers
 * become NaN, so that nobody takes them for sound. Shapes and parts are those of embeddingBackward.
 */
export function limitPlaces(
  dx: usize,
  ids: usize,
  count: i32,
  E: i32,
  part: u32,
  parts: u32,
  most: f64,
): void {
  const bytes = (<usize>E) << 2;
  const high = f32x4.splat(<f32>most);
  const zero = f32x4.splat(0);
  for (let p = 0; p < count; p++, dx += bytes) {
    if (load<u32>(ids + ((<usize>p) << 2)) % parts != part) continue;
    for (let j: usize = 0; j < bytes; j += 32) {
      const at = dx + j;
      const d0 = v128.load(at);
      const d1 = v128.load(at, 16);
      store8(
        at,
        f32x4.add(within(d0, high), f32x4.mul(d0, zero)),
        f32x4.add(within(d1, high), f32x4.mul(d1, zero)),
      );
    }
  }
}
