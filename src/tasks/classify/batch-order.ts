/** Which pieces make a batch: in another order each epoch, those of like length together where lengths differ. */
import { RandomState } from "../../data/random-state.ts";
import type { Encoded } from "./encode.ts";

/** Batches whose pieces are sorted by length among themselves: the larger, the less padding, and the less chance. */
const SORTED_AT_ONCE = 50;
/** Lengths that batches are padded to: each is laid out once. */
const LENGTHS = 8;

export class BatchOrder {
  readonly #steps: readonly number[];
  readonly #seed: number;
  readonly #batchSize: number;
  /** Ascending; the last is the longest. */
  readonly #lengths: readonly number[];

  constructor({ pieces }: Pick<Encoded, "pieces">, { seed, batchSize }: { seed: number; batchSize: number }) {
    this.#steps = pieces.map(({ steps }) => steps);
    this.#seed = seed;
    this.#batchSize = batchSize;
    const sorted = [...this.#steps].sort((a, b) => a - b);
    const quantiles = Array.from(
      { length: LENGTHS },
      (_, i) => sorted[Math.ceil(((i + 1) / LENGTHS) * sorted.length) - 1]!,
    );
    this.#lengths = [...new Set(quantiles)];
  }

  /** Of an epoch. */
  get batches(): number {
    return Math.ceil(this.#steps.length / this.#batchSize);
  }

  /** @returns places of pieces, and the length that they are padded to */
  ofEpoch(epoch: number): { chosen: number[]; T: number }[] {
    const random = new RandomState(
      (Math.imul(this.#seed, 0x9e3779b1) + Math.imul(epoch + 1, 0x85ebca6b)) >>> 0,
    );
    const order = Array.from(random.permutation(this.#steps.length));
    if (this.#lengths.length > 1) {
      const size = this.#batchSize * SORTED_AT_ONCE;
      for (let from = 0; from < order.length; from += size) {
        const some = order
          .slice(from, from + size)
          .sort((a, b) => this.#steps[a]! - this.#steps[b]! || a - b);
        for (const [i, place] of some.entries()) order[from + i] = place;
      }
    }
    const batches = Array.from({ length: this.batches }, (_, b) =>
      order.slice(b * this.#batchSize, (b + 1) * this.#batchSize),
    );
    return Array.from(random.permutation(batches.length), (b) => {
      const chosen = batches[b]!;
      const longest = chosen.reduce((most, i) => Math.max(most, this.#steps[i]!), 1);
      return { chosen, T: this.#lengths.find((length) => length >= longest)! };
    });
  }
}
