import { LstmkitError } from "../errors.ts";
import { isList, show } from "../options.ts";

const STATE_LENGTH = 624;
const SHIFT = 397;
const MOST = 2 ** 32 - 1;

/**
 * numpy's legacy `RandomState(seed)`, as far as `shuffle` needs it. Keras orders its data sets with
 * it, so the same seed must give the same order here.
 *
 * The generator is MT19937 (Matsumoto and Nishimura, "Mersenne Twister", ACM TOMACS 8(1), 1998),
 * seeded by their `init_genrand`; bounded integers are drawn as numpy's `random_interval` draws them
 * (numpy/random/src/distributions/distributions.c): mask, and reject what is too large.
 *
 * Only for the order of data sets. Everything that reaches a weight draws from the kernels' own
 * counter-based generator.
 */
export class RandomState {
  readonly #state = new Uint32Array(STATE_LENGTH);
  #position = STATE_LENGTH;

  /** @throws BAD_ARGUMENT when the seed is no integer in [0, 2³²) */
  constructor(seed: number) {
    checkWhole("seed", seed, MOST);
    const state = this.#state;
    state[0] = seed;
    for (let i = 1; i < STATE_LENGTH; i++) {
      const previous = state[i - 1]!;
      state[i] = Math.imul(1812433253, previous ^ (previous >>> 30)) + i;
    }
  }

  /** The next 32 bits, as an unsigned integer. */
  nextUint32(): number {
    if (this.#position === STATE_LENGTH) this.#twist();
    let y = this.#state[this.#position++]!;
    y ^= y >>> 11;
    y ^= (y << 7) & 0x9d2c5680;
    y ^= (y << 15) & 0xefc60000;
    y ^= y >>> 18;
    return y >>> 0;
  }

  /** A uniform integer in [0, max], for 0 ≤ max < 2³². @throws BAD_ARGUMENT for another max */
  interval(max: number): number {
    checkWhole("max", max, MOST);
    if (max === 0) return 0;
    const mask = 0xffffffff >>> Math.clz32(max);
    for (;;) {
      const value = (this.nextUint32() & mask) >>> 0;
      if (value <= max) return value;
    }
  }

  /**
   * Shuffles in place, from the last element down (Durstenfeld's form of Fisher and Yates).
   *
   * @throws BAD_ARGUMENT for what has no elements by number
   */
  shuffle(values: Int32Array): void {
    if (!isList(values)) {
      throw new LstmkitError("BAD_ARGUMENT", `the values are ${show(values)}; wanted an Int32Array.`);
    }
    for (let i = values.length - 1; i > 0; i--) {
      const j = this.interval(i);
      const kept = values[i]!;
      values[i] = values[j]!;
      values[j] = kept;
    }
  }

  /** 0 … length−1 in shuffled order. @throws BAD_ARGUMENT for a length that no array has */
  permutation(length: number): Int32Array {
    checkWhole("length", length, 2 ** 31 - 1);
    const order = Int32Array.from({ length }, (_, i) => i);
    this.shuffle(order);
    return order;
  }

  #twist(): void {
    const state = this.#state;
    for (let i = 0; i < STATE_LENGTH; i++) {
      const y = (state[i]! & 0x80000000) | (state[(i + 1) % STATE_LENGTH]! & 0x7fffffff);
      state[i] = state[(i + SHIFT) % STATE_LENGTH]! ^ (y >>> 1) ^ (y & 1 ? 0x9908b0df : 0);
    }
    this.#position = 0;
  }
}

/** Other numbers would have interval() draw for ever. @throws BAD_ARGUMENT */
function checkWhole(name: string, value: unknown, most: number): void {
  if (Number.isInteger(value) && Number(value) >= 0 && Number(value) <= most) return;
  throw new LstmkitError(
    "BAD_ARGUMENT",
    `${name} is ${show(value)}; wanted a whole number from 0 to ${most}.`,
  );
}
