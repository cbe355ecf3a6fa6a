/** Where the rows of a file lie, so that they can be read in any order. */
import { gather, type IndexStore } from "./byte-file.ts";

/** Of a row: where it begins (f64) and how many bytes it has (u32). */
const ENTRY = 12;
/** Entries that are written at once. */
const BLOCK = 4096;

export class RowIndex {
  length = 0;
  readonly #store: IndexStore;
  #block = new DataView(new ArrayBuffer(BLOCK * ENTRY));
  #used = 0;

  constructor(store: IndexStore = memoryStore()) {
    this.#store = store;
  }

  /** Note a row. Waits where a block is full. */
  add(start: number, bytes: number): void | Promise<void> {
    this.#block.setFloat64(this.#used, start, true);
    this.#block.setUint32(this.#used + 8, bytes, true);
    this.#used += ENTRY;
    this.length++;
    if (this.#used === this.#block.byteLength) return this.flush();
  }

  /** Before it is read. */
  async flush(): Promise<void> {
    if (this.#used === 0) return;
    const full = new Uint8Array(this.#block.buffer, 0, this.#used);
    this.#block = new DataView(new ArrayBuffer(BLOCK * ENTRY));
    this.#used = 0;
    await this.#store.append(full);
  }

  /** Where rows lie, by their numbers in the index. */
  async find(rows: ArrayLike<number>): Promise<{ from: number; to: number }[]> {
    const wanted = Array.from(rows, (row) => ({ from: row * ENTRY, to: (row + 1) * ENTRY }));
    const entries = await gather(wanted, async (from, to) => this.#store.read(from, to));
    return entries.map(({ buffer, byteOffset }) => {
      const entry = new DataView(buffer, byteOffset, ENTRY);
      const from = entry.getFloat64(0, true);
      return { from, to: from + entry.getUint32(8, true) };
    });
  }

  async close(): Promise<void> {
    await this.#store.close();
  }
}

/** In memory, block by block. */
function memoryStore(): IndexStore {
  let blocks: Uint8Array[] = [];
  const size = BLOCK * ENTRY;
  return {
    append: (bytes) => void blocks.push(bytes),
    read(from, to) {
      const found = new Uint8Array(to - from);
      for (let at = from; at < to; ) {
        const block = blocks[Math.floor(at / size)]!; // all but the last are full
        const part = block.subarray(at % size, (at % size) + to - at);
        found.set(part, at - from);
        at += part.length;
      }
      return found;
    },
    close: () => {
      blocks = [];
    },
  };
}
