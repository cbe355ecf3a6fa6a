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
  /** Places of words in the list of counts: a word that is known is looked up once. */
  #places = new Map<string, number>();
  #counts = new Float64Array(1024);
  /** What a count may be short of. */
  missed = 0;

  constructor(most = MOST_WORDS) {
    this.#most = most;
  }

  add(words: readonly string[]): void {
    for (const word of words) {
      const place = this.#places.get(word);
      if (place === undefined) this.#note(alone(word), 1);
      else this.#counts[place]!++;
    }
    if (this.#places.size > this.#most) this.#prune();
  }

  /** From the most frequent down, of equals the one that came first. */
  ranked(): string[] {
    return [...this.#places].sort((a, b) => this.#counts[b[1]]! - this.#counts[a[1]]!).map(([word]) => word);
  }

  #note(word: string, count: number): void {
    const place = this.#places.size;
    if (place === this.#counts.length) {
      const larger = new Float64Array(place * 2);
      larger.set(this.#counts);
      this.#counts = larger;
    }
    this.#counts[place] = count;
    this.#places.set(word, place);
  }

  #prune(): void {
    const before = [...this.#places].map(([word, place]) => ({ word, count: this.#counts[place]! }));
    let bound = 0;
    let left = before;
    while (left.length > this.#most / 2) {
      bound++;
      left = left.filter(({ count }) => count > bound);
    }
    this.#places = new Map();
    for (const { word, count } of left) this.#note(word, count);
    this.missed += bound;
  }
}

/** Of the same letters, in memory of its own: engines keep a whole text for each word that was cut out of it. */
export const alone = (word: string): string => word.split("").join("");
