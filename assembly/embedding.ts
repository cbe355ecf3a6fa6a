/** Lookup of token vectors, and the gradient of the table. */

/**
 * x (T, E) = the rows of the table that the ids name.
 * ids  (T) i32, each in [0, V)
 * table (V, E)
 */
export function embeddingForward(x: usize, ids: usize, table: usize, T: i32, E: i32): void {
  const bytes = (<usize>E) << 2;
  for (let t = 0; t < T; t++) {
    memory.copy(x + <usize>t * bytes, table + <usize>load<i32>(ids + ((<usize>t) << 2)) * bytes, bytes);
  }
}

/**
 * dTable[id] += dx and squares[id] += dx² of every place the id stands at, in the order of places.
 * The sum of squares is Keras's: its gradient of a table is a list of rows, one for each place, and
 * Adam squares it before the rows of one id meet.
 * dx  (count, E), count = B·T; ids (count)
 * The rows that `ids` name must be zero before the batch: embeddingClear.
 */
export function embeddingBackward(
  dTable: usize,
  squares: usize,
  dx: usize,
  ids: usize,
  count: i32,
  E: i32,
): void {
  const bytes = (<usize>E) << 2;
  for (let p = 0; p < count; p++) {
    const at = <usize>load<i32>(ids + ((<usize>p) << 2)) * bytes;
    const row = dTable + at;
    const square = squares + at;
    for (let j: usize = 0; j < bytes; j += 16) {
      const d = v128.load(dx + j);
      v128.store(row + j, f32x4.add(v128.load(row + j), d));
      v128.store(square + j, f32x4.add(v128.load(square + j), f32x4.mul(d, d)));
    }
    dx += bytes;
  }
}

/** Zero the rows of a table (V, E) that the ids name. */
export function embeddingClear(table: usize, ids: usize, count: i32, E: i32): void {
  const bytes = (<usize>E) << 2;
  for (let p = 0; p < count; p++) {
    memory.fill(table + <usize>load<i32>(ids + ((<usize>p) << 2)) * bytes, 0, bytes);
  }
}
