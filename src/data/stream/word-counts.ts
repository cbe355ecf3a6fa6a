/** Counts words of more texts than memory holds. */

/** Different words that are counted at a time: some 50 MB of them. */
const MOST_WORDS = 2 ** 19;

/**
 * How often each word occurs; exact for up to 524,288 different words. Where there are more, those that were seen least
 * are let go until half as many are left, again and again (Manku and Motwani, "Approximate frequency counts over data
 * streams", VLDB 2002): a word that was let go and comes again is counted from 0.
 */
export class WordCounts {
  readonly #most: number;
  #counts = new Map<string, number>();
  /** What a count may be short of. */
  missed = 0;

  constructor(most = MOST_WORDS) {
    this.#most = most;
  }

  add(words: readonly string[]): void {
    for (const word of words) {
      const before = this.#counts.get(word);
      if (before !== undefined) this.#counts.set(word, before + 1);
      else this.#counts.set(alone(word), 1);
    }
    while (this.#counts.size > this.#most) this.#prune();
  }

  /** From the most frequent down, of equals the one that came first. */
  ranked(): string[] {
    return [...this.#counts].sort((a, b) => b[1] - a[1]).map(([word]) => word);
  }

  #prune(): void {
    let bound = 0;
    let left = this.#counts;
    while (left.size > this.#most / 2) {
      bound++;
      left = new Map([...left].filter(([, count]) => count > bound));
    }
    this.#counts = left;
    this.missed += bound;
  }
}

/** Of the same letters, in memory of its own: engines keep a whole text for each word that was cut out of it. */
export const alone = (word: string): string => word.split("").join("");
