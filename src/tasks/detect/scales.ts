/** How odd an error is: in multiples of what is usual at such a time, and by rank among errors that were seen. */
import { DAY, HOUR, modulo, weekdayOf } from "../../data/series/clock.ts";
import type { Frequency } from "../../data/series/series.ts";
import type { Zone } from "../../data/series/zone.ts";

/** Times that are alike: the day of the week where rows are days, the hour where they are shorter; one for all else. */
export function groupOf(frequency: Frequency | null, zone: Zone | undefined, time: number | null): number {
  if (!frequency || time === null) return 0;
  const clock = zone ? zone.clock(time) : time;
  if (frequency.unit === "day" || frequency.unit === "weekday") return weekdayOf(Math.floor(clock / DAY));
  const isOfClock = frequency.unit === "hour" || frequency.unit === "minute" || frequency.unit === "second";
  return isOfClock ? Math.floor(modulo(clock, DAY) / HOUR) : 0;
}

/** What errors usually are, in the data's own unit. */
export interface Scales {
  /** Of all groups. */
  readonly all: number;
  /** By group, where there were enough; null elsewhere. */
  readonly groups: readonly (number | null)[];
}

/** Errors that it takes to say what is usual. */
const FEWEST = 10;
/** In units of the series: what stands in where nothing ever was off. */
const LEAST = 1e-6;

/**
 * Medians of absolute errors.
 *
 * @param errors absolute, with their groups
 * @param leastShare of the scale of all, that a group's is at least
 * @param pooled that of all series, for one of few errors; undefined for the pool itself
 */
export function scalesOf(
  errors: readonly { readonly error: number; readonly group: number }[],
  unit: number,
  leastShare: number,
  pooled?: number,
): Scales {
  const least = LEAST * unit;
  const own =
    errors.length >= FEWEST || pooled === undefined
      ? median(errors.map(({ error }) => error))
      : pooled * unit;
  const all = Math.max(own, least);
  const byGroup: number[][] = [];
  for (const { error, group } of errors) {
    while (byGroup.length <= group) byGroup.push([]);
    byGroup[group]!.push(error);
  }
  const groups = byGroup.map((some) =>
    some.length >= FEWEST ? Math.max(median(some), all * leastShare, least) : null,
  );
  return { all, groups };
}

export const scaleAt = ({ all, groups }: Scales, group: number): number => groups[group] ?? all;

/** The middle of the numbers, or the mean of the two; 0 of none. */
export function median(numbers: readonly number[]): number {
  const sorted = Float64Array.from(numbers).sort();
  const half = sorted.length >> 1;
  if (sorted.length === 0) return 0;
  return sorted.length % 2 === 1 ? sorted[half]! : (sorted[half - 1]! + sorted[half]!) / 2;
}

/**
 * The conformal p-value of a score (Vovk et al. 2005; Laxhammar 2014): the share of the calibration's scores that are as
 * high or higher, it itself counted in. Of values that are as those of the calibration, a share p has a p-value of p or less.
 *
 * @param calibration ascending
 */
export function pValue(calibration: Float64Array, score: number): number {
  let [low, high] = [0, calibration.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (calibration[middle]! < score) low = middle + 1;
    else high = middle;
  }
  return (1 + calibration.length - low) / (calibration.length + 1);
}

/** The lowest p-value that there can be. */
export const leastPValue = (calibration: Float64Array) => 1 / (calibration.length + 1);
