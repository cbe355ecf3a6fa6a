/** The order in which rows are read: as they stand, shuffled within windows, or all of them. */
import { philox } from "../philox.ts";

/** The second word of the key, as in the kernels (assembly/random.ts): what the numbers are for. */
const SHUFFLE = 2 << 16;

/**
 * Numbers 0 … n−1 in the order in which `fit` goes through arrays of n samples: Fisher and Yates's shuffle from the last
 * place down, by the kernels' own numbers, so that the same seed and epoch have one order there and here.
 *
 * @param window another order for each: the number of the window that is shuffled
 */
export function shuffled(n: number, seed: number, epoch: number, window = 0): Int32Array {
  const order = new Int32Array(n);
  for (let i = 0; i < n; i++) order[i] = i;
  let words: readonly number[] = [];
  for (let i = n - 1, drawn = 0; i > 0; i--, drawn++) {
    if ((drawn & 3) === 0) words = philox(seed, SHUFFLE, drawn >>> 2, window, 0, epoch);
    const j = upper(words[drawn & 3]!, i + 1);
    const held = order[i]!;
    order[i] = order[j]!;
    order[j] = held;
  }
  return order;
}

/** The upper 32 bits of a product of 32-bit numbers, in halves that doubles hold. */
function upper(word: number, n: number): number {
  const low = Math.floor(((word & 0xffff) * n) / 0x10000);
  return Math.floor(((word >>> 16) * n + low) / 0x10000);
}

/** True: all rows; a number: so many at a time, one window behind the other; false: as they stand. */
export type Shuffle = boolean | number;

/** Places of rows, pass by pass. One order, or one window of it, is held at a time. */
export class RowOrder {
  readonly #rows: number;
  readonly #window: number;
  readonly #seed: number;
  #held: { readonly pass: number; readonly window: number; readonly order: Int32Array } | null = null;

  constructor(rows: number, shuffle: Shuffle, seed: number) {
    this.#rows = rows;
    this.#window = shuffle === true ? Math.max(rows, 1) : Number(shuffle);
    this.#seed = seed;
  }

  /** Those of a pass from place `from` up to `to`. */
  places(pass: number, from: number, to: number): Int32Array {
    const places = Int32Array.from({ length: to - from }, (_, i) => from + i);
    if (this.#window === 0) return places;
    return places.map((place) => {
      const window = Math.floor(place / this.#window);
      const start = window * this.#window;
      return start + this.#order(pass, window, start)[place - start]!;
    });
  }

  #order(pass: number, window: number, start: number): Int32Array {
    if (this.#held?.pass !== pass || this.#held.window !== window) {
      this.#held = null; // two at once would be twice the memory
      const size = Math.min(this.#window, this.#rows - start);
      this.#held = { pass, window, order: shuffled(size, this.#seed, pass, window) };
    }
    return this.#held.order;
  }
}
