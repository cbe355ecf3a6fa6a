/** Values that are not there, by rule. */

/** How a value between two others is filled that is not there; behind the last one it is always the last. */
export type GapRule = "interpolate" | "last" | "refuse";

/**
 * Fills what is NaN behind the first number, in its place: on the straight line between the values around, or by the
 * value before.
 *
 * @returns how many were filled
 */
export function fillGaps(values: Float64Array, rule: Exclude<GapRule, "refuse">): number {
  let filled = 0;
  let before = -1;
  for (let i = 0; i <= values.length; i++) {
    if (i < values.length && Number.isNaN(values[i])) continue;
    if (before >= 0 && i > before + 1) {
      filled += i - before - 1;
      const isInside = i < values.length && rule === "interpolate";
      const start = values[before]!;
      const step = isInside ? (values[i]! - start) / (i - before) : 0;
      for (let gap = before + 1; gap < i; gap++) values[gap] = start + step * (gap - before);
    }
    before = i;
  }
  return filled;
}

/** Runs of true: how many, and the longest and the first of them. */
export class Runs {
  count = 0;
  total = 0;
  longest = 0;
  longestAt = -1;
  firstAt = -1;
  #start = -1;
  #length = 0;

  /** One after the other, from 0 on. */
  add(at: number, isIn: boolean): void {
    if (!isIn) {
      this.#length = 0;
      return;
    }
    if (this.#length === 0) {
      this.count++;
      this.#start = at;
      if (this.firstAt < 0) this.firstAt = at;
    }
    this.total++;
    if (++this.#length > this.longest) {
      this.longest = this.#length;
      this.longestAt = this.#start;
    }
  }
}
