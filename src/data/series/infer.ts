/** The frequency of times: by the distance that is most frequent, and only where all of them keep it. */
import { DAY, dateOf, HOUR, MINUTE, modulo, monthLength, SECOND, weekdayOf } from "./clock.ts";
import { gridOf, monthDayOf } from "./frequency.ts";
import type { Frequency } from "./series.ts";

/** What the distances are. */
export interface Inferred {
  readonly frequency: Frequency | undefined;
  /** How many of the distances are the most frequent one, of all. */
  readonly agree: number;
  readonly distances: number;
}

/**
 * The frequency that the times of all series keep, or the one that most keep. Undefined where there is no distance, or
 * one of no whole seconds.
 *
 * @param series times of each, ascending, none twice
 */
export function inferFrequency(series: readonly Float64Array[]): Inferred {
  const candidates = isOfOneClock(series) ? dayCandidates(series) : clockCandidates(series);
  const fitting = candidates.find(({ frequency }) => frequency && keeps(series, frequency));
  return fitting ?? candidates[0]!;
}

/** Whether all of the series' times lie on its grid. */
export function keeps(series: readonly Float64Array[], frequency: Frequency): boolean {
  return series.every((times) => {
    if (times.length === 0) return true;
    const grid = gridOf(frequency, times);
    return times.every((time) => Number.isInteger(grid.indexOf(time)));
  });
}

/** Whether a series' times show the same time of the day; where there are two or more. */
function isOfOneClock(series: readonly Float64Array[]): boolean {
  return series.every((times) => {
    const ofDay = times.length > 0 ? modulo(times[0]!, DAY) : 0;
    return times.every((time) => modulo(time, DAY) === ofDay);
  });
}

function dayCandidates(series: readonly Float64Array[]): Inferred[] {
  const days = distancesOf(series, (time) => Math.floor(time / DAY));
  const { mode, least } = days;
  const candidates: Inferred[] = [];
  if (mode !== undefined && mode >= 28 && series.every(isOfOneMonthDay)) {
    const months = distancesOf(series, (time) => {
      const { year, month } = dateOf(Math.floor(time / DAY));
      return year * 12 + month;
    });
    candidates.push(said(months, months.mode, ofMonths), said(months, months.least, ofMonths));
  }
  const isWeekdays = mode === 1 && crossesWeekends(series);
  const ofDays = (count: number): Frequency => {
    if (isWeekdays) return { unit: "weekday", every: count };
    return count % 7 === 0 ? { unit: "week", every: count / 7 } : { unit: "day", every: count };
  };
  candidates.push(said(days, mode, ofDays), said(days, least, ofDays));
  return candidates;
}

function ofMonths(count: number): Frequency {
  if (count % 12 === 0) return { unit: "year", every: count / 12 };
  return count % 3 === 0 ? { unit: "quarter", every: count / 3 } : { unit: "month", every: count };
}

function clockCandidates(series: readonly Float64Array[]): Inferred[] {
  const distances = distancesOf(series, (time) => time);
  return [said(distances, distances.mode, ofClock), said(distances, distances.least, ofClock)];
}

function ofClock(ms: number): Frequency | undefined {
  if (ms % HOUR === 0) return { unit: "hour", every: ms / HOUR };
  if (ms % MINUTE === 0) return { unit: "minute", every: ms / MINUTE };
  return ms % SECOND === 0 ? { unit: "second", every: ms / SECOND } : undefined;
}

function said(
  { counts, total }: Distances,
  distance: number | undefined,
  frequencyOf: (distance: number) => Frequency | undefined,
): Inferred {
  if (distance === undefined) return { frequency: undefined, agree: 0, distances: 0 };
  return { frequency: frequencyOf(distance), agree: counts.get(distance)!, distances: total };
}

interface Distances {
  readonly counts: ReadonlyMap<number, number>;
  readonly total: number;
  /** The most frequent one, of several the smallest; undefined where there is none. */
  readonly mode: number | undefined;
  /** The smallest one that a tenth of all are, which the most frequent may be a multiple of. */
  readonly least: number | undefined;
}

function distancesOf(series: readonly Float64Array[], numberOf: (time: number) => number): Distances {
  const counts = new Map<number, number>();
  let total = 0;
  for (const times of series) {
    for (let i = 1; i < times.length; i++) {
      const distance = numberOf(times[i]!) - numberOf(times[i - 1]!);
      counts.set(distance, (counts.get(distance) ?? 0) + 1);
      total++;
    }
  }
  let mode: number | undefined;
  let least: number | undefined;
  for (const [distance, count] of counts) {
    const most = mode === undefined ? 0 : counts.get(mode)!;
    if (count > most || (count === most && distance < mode!)) mode = distance;
    if (count * 10 >= total && distance < (least ?? Number.POSITIVE_INFINITY)) least = distance;
  }
  return { counts, total, mode, least };
}

/** Whether all are the same day of the month, or the last one where it has no such day. */
function isOfOneMonthDay(times: Float64Array): boolean {
  const monthDay = monthDayOf(times);
  return times.every((time) => {
    const { year, month, day } = dateOf(Math.floor(time / DAY));
    return day === Math.min(monthDay, monthLength(year, month));
  });
}

/** Rows that it takes to tell weekdays from days with a gap. */
const FEWEST_ROWS = 8;

/** Whether no day is a Saturday or Sunday, though weeks go on. */
function crossesWeekends(series: readonly Float64Array[]): boolean {
  let rows = 0;
  let crosses = false;
  for (const times of series) {
    rows += times.length;
    for (let i = 0; i < times.length; i++) {
      const day = Math.floor(times[i]! / DAY);
      if (weekdayOf(day) > 4) return false;
      if (i > 0) crosses ||= weekdayOf(day) < weekdayOf(Math.floor(times[i - 1]! / DAY));
    }
  }
  return crosses && rows >= FEWEST_ROWS;
}
