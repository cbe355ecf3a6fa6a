/** Places in a table that messages name, and the errors of series. */
import { LstmkitError } from "../../errors.ts";

/** For data that make no series: what was found, and what was wanted. */
export function badSeries(found: string, wanted: string): LstmkitError {
  return new LstmkitError("BAD_SERIES", `${found}; wanted ${wanted}.`);
}

/** How many places a message names. */
const SHOWN = 3;

/** The first of many places, and how many there are. */
export class Places {
  count = 0;
  readonly #shown: string[] = [];

  /** @param place is asked where it will be shown */
  add(place: () => string): void {
    if (this.count++ < SHOWN) this.#shown.push(place());
  }

  /** `line 3, line 7 and 12 more`. */
  toString(): string {
    const more = this.count - this.#shown.length;
    return more > 0 ? `${this.#shown.join(", ")} and ${more} more` : this.#shown.join(", ");
  }
}

/** `1 row`, `2 rows`. */
export const counted = (count: number, one: string, many = `${one}s`) =>
  `${count} ${count === 1 ? one : many}`;
