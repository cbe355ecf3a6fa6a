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
 * dTable[id] += dx of every place the id stands at, in the order of places.
 * dx  (count, E), count = B·T; ids (count)
 * The rows that `ids` name must be zero before the batch: embeddingClear.
 */
export function embeddingBackward(dTable: usize, dx: usize, ids: usize, count: i32, E: i32): void {
  const bytes = (<usize>E) << 2;
  for (let p = 0; p < count; p++) {
    const row = dTable + <usize>load<i32>(ids + ((<usize>p) << 2)) * bytes;
    for (let j: usize = 0; j < bytes; j += 16) {
      v128.store(row + j, f32x4.add(v128.load(row + j), v128.load(dx + j)));
    }
    dx += bytes;
  }
}

/** Zero the rows of dTable (V, E) that the ids name. */
export function embeddingClear(dTable: usize, ids: usize, count: i32, E: i32): void {
  const bytes = (<usize>E) << 2;
  for (let p = 0; p < count; p++) {
    memory.fill(dTable + <usize>load<i32>(ids + ((<usize>p) << 2)) * bytes, 0, bytes);
  }
}
