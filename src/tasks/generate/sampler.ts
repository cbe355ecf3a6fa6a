/** Which token comes next: drawn from what the model gives, with sums and an order that are the same everywhere. */
import { uniform } from "./uniform.ts";

/** How {@link Sampler} draws. */
export interface SamplerOptions {
  /** The most likely token alone; ties go to the lower id. */
  readonly greedy: boolean;
  /** Draw among the k most likely alone; undefined for all. */
  readonly topK: number | undefined;
  /** Draw among the most likely whose shares sum to p alone; undefined for all. */
  readonly topP: number | undefined;
  readonly seed: number;
}

/** An id takes so many codes behind the bits of its probability: vocabularies are smaller. */
const IDS = 2 ** 17;

/**
 * Draws ids. Number n of a text depends on the seed, n and the probabilities, and on nothing else: the order is by
 * probability and then by id, and sums are of doubles in that order.
 */
export class Sampler {
  readonly #options: SamplerOptions;
  /** Probability and id in one double, so that a plain sort has the order: bits · IDS + (IDS − 1 − id). */
  readonly #codes: Float64Array;
  readonly #value = new Float32Array(1);
  readonly #bits = new Uint32Array(this.#value.buffer);

  /** @param size ids that there are */
  constructor(size: number, options: SamplerOptions) {
    this.#options = options;
    const sorts = !options.greedy && (options.topK !== undefined || options.topP !== undefined);
    this.#codes = new Float64Array(sorts ? size : 0);
  }

  /** @param shares not negative, a share for each id; they need not sum to 1 @param place of the token, from 0 */
  draw(shares: Float32Array, place: number): number {
    const { greedy, seed } = this.#options;
    if (greedy) return largest(shares);
    if (this.#codes.length === 0) return walk(shares, uniform(seed, place));
    return this.#drawSorted(shares, uniform(seed, place));
  }

  #drawSorted(shares: Float32Array, random: number): number {
    const { topK = Number.POSITIVE_INFINITY, topP = 1 } = this.#options;
    const codes = this.#codes;
    let all = 0;
    for (let id = 0; id < shares.length; id++) {
      this.#value[0] = shares[id]!;
      codes[id] = this.#bits[0]! * IDS + (IDS - 1 - id);
      all += shares[id]!;
    }
    codes.sort();
    const idAt = (rank: number) => IDS - 1 - (codes[codes.length - 1 - rank]! % IDS);
    const most = Math.min(topK, shares.length);
    let kept = 0;
    let sum = 0;
    while (kept < most && (kept === 0 || sum < topP * all)) sum += shares[idAt(kept++)]!;
    const wanted = random * sum;
    let reached = 0;
    for (let rank = 0; rank < kept; rank++) {
      reached += shares[idAt(rank)]!;
      if (wanted < reached) return idAt(rank);
    }
    return idAt(0);
  }
}

function largest(shares: Float32Array): number {
  let best = 0;
  for (let id = 1; id < shares.length; id++) if (shares[id]! > shares[best]!) best = id;
  return best;
}

/** In the order of ids. */
function walk(shares: Float32Array, random: number): number {
  let sum = 0;
  for (let id = 0; id < shares.length; id++) sum += shares[id]!;
  const wanted = random * sum;
  let reached = 0;
  for (let id = 0; id < shares.length; id++) {
    reached += shares[id]!;
    if (wanted < reached) return id;
  }
  return largest(shares); // where rounding left nothing, or every share is 0
}
