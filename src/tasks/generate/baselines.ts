/** How well a text is said beforehand without a network: what a model's bits are to be seen beside. */
import type { Runtime } from "../../index.ts";
import { bitsOf } from "./bits.ts";

/** Bits a token on the same validation part. */
export interface GenerateBaseline {
  /**
   * `frequencies`: each token by how often it is in the training part. `trigram`: by the two before it, with
   * Witten–Bell's interpolation.
   */
  readonly name: "frequencies" | "trigram";
  readonly bits: number;
}

/** Tokens that are counted, the last ones before the validation part: the tables of words grow with them. */
const MOST_COUNTED = 2 ** 22;

/**
 * Counts of the training part, and bits on the validation part. Witten–Bell (Witten and Bell 1991, as in Chen and
 * Goodman 1998): p(c | ab) = (n(abc) + t(ab) · p(c | b)) / (n(ab) + t(ab)), where n counts and t(ab) is how many
 * different tokens follow ab; so on with p(c | b), p(c) and, last, 1 / size.
 */
export async function baselinesOf(
  kit: Runtime,
  train: Uint16Array,
  validation: Uint16Array,
  size: number,
): Promise<GenerateBaseline[]> {
  const counted = train.subarray(Math.max(0, train.length - MOST_COUNTED));
  const [one, two, three] = [1, 2, 3].map((order) => new Counts(counted, order, size));
  const n = validation.length - 1;
  const [unigram, trigram] = [new Float64Array(n), new Float64Array(n)];
  for (let i = 0; i < n; i++) {
    const next = validation[i + 1]!;
    const last = validation[i]!;
    unigram[i] = one!.share(0, next, 1 / size);
    trigram[i] = two!.share(last, next, unigram[i]!);
    // The first token has one before it alone.
    if (i > 0) trigram[i] = three!.share(validation[i - 1]! * size + last, next, trigram[i]!);
  }
  return [
    { name: "frequencies", bits: await bitsOf(kit, unigram) },
    { name: "trigram", bits: await bitsOf(kit, trigram) },
  ];
}

/** How often each token follows each context of order − 1 tokens. A context is a number, its tokens to the base of size. */
class Counts {
  readonly #size: number;
  readonly #follows = new Map<number, number>();
  readonly #contexts = new Map<number, { n: number; t: number }>();

  constructor(ids: Uint16Array, order: number, size: number) {
    this.#size = size;
    for (let i = order - 1; i < ids.length; i++) {
      let context = 0;
      for (let back = order - 1; back > 0; back--) context = context * size + ids[i - back]!;
      this.#count(context, ids[i]!);
    }
  }

  #count(context: number, next: number): void {
    const key = context * this.#size + next;
    const before = this.#follows.get(key) ?? 0;
    this.#follows.set(key, before + 1);
    const found = this.#contexts.get(context) ?? { n: 0, t: 0 };
    if (found.n === 0) this.#contexts.set(context, found);
    found.n++;
    if (before === 0) found.t++;
  }

  /** The share of `next` behind a context, given that with less context. */
  share(context: number, next: number, shorter: number): number {
    const found = this.#contexts.get(context);
    if (!found) return shorter;
    const n = this.#follows.get(context * this.#size + next) ?? 0;
    return (n + found.t * shorter) / (found.n + found.t);
  }
}
