/** Cells that are numbers. */
const NUMBER = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i;
const WITH_COMMA = /^[+-]?\d+,\d+(e[+-]?\d+)?$/i;
const MISSING = new Set(["", "na", "n/a", "nan", "null", "none", "?", "-"]);

/** Whether a cell says that there is no number. */
export const isMissing = (cell: string): boolean => MISSING.has(cell.trim().toLowerCase());

/**
 * The number of a cell, NaN for one that is missing, undefined for what is none; a comma is a decimal point where it
 * does not part cells.
 */
export function numberOf(cell: string, separator: string): number | undefined {
  const text = cell.trim();
  if (NUMBER.test(text)) return finite(Number(text));
  if (separator !== "," && WITH_COMMA.test(text)) return finite(Number(text.replace(",", ".")));
  return isMissing(text) ? Number.NaN : undefined;
}

/** A number that no double holds is none. */
const finite = (value: number): number | undefined => (Number.isFinite(value) ? value : undefined);

/** Numbers and their NaN in a list that grows, in a typed array at the end. */
export class NumberList {
  #values = new Float64Array(64);
  length = 0;

  push(value: number): void {
    if (this.length === this.#values.length) {
      const larger = new Float64Array(this.length * 2);
      larger.set(this.#values);
      this.#values = larger;
    }
    this.#values[this.length++] = value;
  }

  /** Without the steps at the end in which every number is missing. */
  toArray(features: number): Float64Array {
    let { length } = this;
    while (length > 0 && this.#isMissing(length - features, features)) length -= features;
    return this.#values.slice(0, length);
  }

  #isMissing(from: number, features: number): boolean {
    for (let f = 0; f < features; f++) if (!Number.isNaN(this.#values[from + f]!)) return false;
    return true;
  }
}
