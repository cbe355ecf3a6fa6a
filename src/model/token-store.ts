/**
 * What the first layers make of known tokens, W·e + b, kept from predict to predict: a row for each token of each
 * input, of which a batch makes those that are missing. A full list is begun anew, so that a call never makes more
 * rows than it would without.
 */
import type { Layer } from "../layers/index.ts";
import { gatheredWidth } from "./plan.ts";
import { branchesOf } from "./stack.ts";
import { TokenList } from "./token-list.ts";
import type { Weights } from "./weights.ts";

/** Bytes of the store where the caller does not say: the seed job's vocabulary takes 10 MB. */
export const STORE_BYTES = 64 * 2 ** 20;

export class TokenStore {
  /** At most, of all lists. */
  readonly bytes: number;
  /** Of each input; null where nothing is made of a token alone. */
  readonly lists: readonly (TokenList | null)[];
  /** The most tokens of each list; 0 where there is none. */
  readonly most: readonly number[];
  readonly #weights: Weights;
  /** Of each list, how many of its tokens have a row. */
  readonly #made: number[];
  /** Of the weights that the rows were made of. */
  #version: number;
  #address = 0;

  constructor(weights: Weights, layers: readonly Layer[], bytes: number) {
    const branches = branchesOf(layers).map(({ layers: own }) => {
      const [first] = own;
      return { inputDim: first?.type === "embedding" ? first.inputDim : 0, width: gatheredWidth(own, false) };
    });
    const share = bytes / branches.filter(({ width }) => width > 0).length;
    // A row, and its token's id.
    this.most = branches.map(({ inputDim, width }) =>
      width > 0 ? Math.min(inputDim, Math.floor(share / (width * 4 + 4))) : 0,
    );
    this.lists = branches.map(({ inputDim }, i) => (this.most[i]! > 0 ? new TokenList(inputDim) : null));
    this.bytes = bytes;
    this.#weights = weights;
    this.#made = branches.map(() => 0);
    this.#version = weights.version;
  }

  /** Whether there is a row for each token that a batch may have, of so many timesteps of each input. */
  holds(samples: number, T: readonly number[]): boolean {
    let some = false;
    for (const [i, list] of this.lists.entries()) {
      if (!list) continue;
      if (this.most[i]! < Math.min(list.inputDim, samples * T[i]!)) return false;
      some = true;
    }
    return some;
  }

  /** Where the rows lie. @param bytes that they take, by the plan: the same at each call. @throws OUT_OF_MEMORY */
  address(bytes: number): number {
    const purpose = "the store of cacheTokens";
    this.#address ||= this.#weights.memory.allocate(bytes, purpose);
    return this.#address;
  }

  /** Have room for the tokens of all samples of a batch's input. */
  admit(input: number, samples: readonly ArrayLike<number>[]): void {
    if (this.#version !== this.#weights.version) {
      this.#version = this.#weights.version;
      for (const i of this.lists.keys()) this.#clear(i);
    }
    const list = this.lists[input]!;
    const most = this.most[input]!;
    if (most === list.inputDim) return; // all there are
    let missing = 0;
    for (const ids of samples) for (let i = 0; i < ids.length; i++) if (!list.has(ids[i]!)) missing++;
    if (list.ids.length + missing > most) this.#clear(input);
  }

  /** How many of an input's list have their rows: the first ones. */
  made(input: number): number {
    return this.#made[input]!;
  }

  /** Now all of them have. */
  make(input: number): void {
    this.#made[input] = this.lists[input]!.ids.length;
  }

  free(): void {
    if (this.#address) this.#weights.memory.free(this.#address);
    this.#address = 0;
  }

  #clear(input: number): void {
    this.lists[input]?.clear();
    this.#made[input] = 0;
  }
}
