/**
 * Intervals by rolling conformal prediction: what the last errors were, so many steps ahead, is what is expected of the
 * next (split conformal, Papadopoulos et al. 2002, with a window that moves on; of quantiles as Romano et al. 2019). An
 * error counts once the row that it is about is known.
 *
 * Errors h steps ahead from origins that follow each other share all but one of the rows between, so n of them tell less than n
 * that have none in common, and the ends are corrected for so many.
 */
import { LstmkitError } from "../../errors.ts";

/** What an interval of each level is laid about: of the network's outputs those for its lower and its upper end. */
export interface Anchors {
  readonly levels: readonly number[];
  readonly low: readonly number[];
  readonly high: readonly number[];
  /** The output that is the forecast itself. */
  readonly middle: number;
}

/** @param quantiles that the network says, ascending; null where it says one number */
export function anchorsOf(levels: readonly number[], quantiles: readonly number[] | null): Anchors {
  const nearest = (p: number) => {
    if (!quantiles) return 0;
    let best = 0;
    for (const [i, q] of quantiles.entries()) if (Math.abs(q - p) < Math.abs(quantiles[best]! - p)) best = i;
    return best;
  };
  return {
    levels,
    low: levels.map((level) => nearest((1 - level) / 2)),
    high: levels.map((level) => nearest((1 + level) / 2)),
    middle: nearest(0.5),
  };
}

/** The last errors, sorted: one comes, the oldest goes. */
class SortedErrors {
  readonly #sorted: Float64Array;
  readonly #ring: Float64Array;
  #count = 0;
  #next = 0;

  constructor(most: number) {
    this.#sorted = new Float64Array(most);
    this.#ring = new Float64Array(most);
  }

  get count(): number {
    return this.#count;
  }

  add(error: number): void {
    const sorted = this.#sorted;
    if (this.#count === sorted.length) {
      const gone = this.#place(this.#ring[this.#next]!);
      sorted.copyWithin(gone, gone + 1, this.#count);
      this.#count--;
    }
    const at = this.#place(error);
    sorted.copyWithin(at + 1, at, this.#count);
    sorted[at] = error;
    this.#count++;
    this.#ring[this.#next] = error;
    this.#next = (this.#next + 1) % sorted.length;
  }

  /** Errors that are smaller. */
  #place(error: number): number {
    let [low, high] = [0, this.#count];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.#sorted[middle]! < error) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** The error that a share of all is expected below. @param overlap errors that tell as much as one */
  lower(share: number, overlap: number): number {
    return this.#sorted[this.#fromEnd(share, overlap)]!;
  }

  /** The error that a share of all is expected above. */
  upper(share: number, overlap: number): number {
    return this.#sorted[this.#count - 1 - this.#fromEnd(share, overlap)]!;
  }

  /**
   * Errors that are left out at an end. Of m that are independent the one at place (m + 1) · share is taken, since the next one
   * may fall between any two: that is m · share less a correction of 1/2 − share, and 1/2 for the middle of a place. The
   * correction is a matter of how many tell something new, so with overlap it is that much larger. The outermost error where
   * there are too few.
   */
  #fromEnd(share: number, overlap: number): number {
    const place = this.#count * share - (0.5 - share) * overlap + 0.5;
    return Math.max(0, Math.floor(place + 1e-9) - 1);
  }

  /** Oldest first. */
  list(): number[] {
    const from = this.#count < this.#ring.length ? 0 : this.#next;
    return Array.from({ length: this.#count }, (_, i) => this.#ring[(from + i) % this.#ring.length]!);
  }
}

/**
 * Errors h steps ahead, from each row in turn, that tell as much of their spread as one: where rows change independently the
 * correlation of two that are k apart is 1 − k / h, and the sum of its squares over all k is this (Bartlett 1946).
 */
const overlapOf = (h: number): number => (2 * h * h + 1) / (3 * h);

/**
 * Errors that intervals of a level need, so many steps ahead: with fewer they reach to the outermost errors that there have been,
 * and hold less than they say.
 */
export function errorsNeeded(level: number, step: number): number {
  const tail = (1 - level) / 2;
  return Math.ceil(((0.5 - tail) * overlapOf(step) + 0.5) / tail - 1e-9);
}

/** Errors of forecasts of one series: for each step, target and output. */
export class Errors {
  readonly #own: readonly SortedErrors[];
  readonly #targets: number;
  readonly #outputs: number;

  /** @param most errors that are kept of each */
  constructor(
    { horizon, targets }: { readonly horizon: number; readonly targets: number },
    outputs: number,
    most: number,
  ) {
    this.#targets = targets;
    this.#outputs = outputs;
    this.#own = Array.from({ length: horizon * targets * outputs }, () => new SortedErrors(most));
  }

  get count(): number {
    return this.#own[0]!.count;
  }

  /** @param forecasts (…, places, outputs). @param actual what came, by place */
  add(forecasts: Float64Array, at: number, actual: (place: number) => number): void {
    for (let i = 0; i < this.#own.length; i++) {
      this.#own[i]!.add(actual(Math.floor(i / this.#outputs)) - forecasts[at + i]!);
    }
  }

  /** The ends of the intervals about a forecast, for each place: lower and upper of each level. */
  bounds(
    forecasts: Float64Array,
    at: number,
    { levels, low, high }: Anchors,
    out: Float64Array,
    to: number,
  ): void {
    const places = this.#own.length / this.#outputs;
    for (let place = 0; place < places; place++) {
      const overlap = overlapOf(Math.floor(place / this.#targets) + 1);
      for (let l = 0; l < levels.length; l++) {
        const [lowAt, highAt] = [place * this.#outputs + low[l]!, place * this.#outputs + high[l]!];
        const tail = (1 - levels[l]!) / 2;
        const a = forecasts[at + lowAt]! + this.#own[lowAt]!.lower(tail, overlap);
        const b = forecasts[at + highAt]! + this.#own[highAt]!.upper(tail, overlap);
        const place2 = to + (place * levels.length + l) * 2;
        out[place2] = Math.min(a, b);
        out[place2 + 1] = Math.max(a, b);
      }
    }
  }

  /** All, for a file: of each place and output oldest first. */
  lists(): number[][] {
    return this.#own.map((own) => own.list());
  }

  /** @throws BAD_MODEL_FILE where a file's are not as many as there are places */
  addLists(lists: readonly (readonly number[])[]): void {
    if (lists.length !== this.#own.length) {
      throw new LstmkitError(
        "BAD_MODEL_FILE",
        "the file's errors do not go with its horizon. Train the model again.",
      );
    }
    for (const [i, list] of lists.entries()) for (const error of list) this.#own[i]!.add(error);
  }
}
