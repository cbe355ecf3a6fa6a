/** In how many rows things come round, and how far back a forecast looks. */
import type { Frequency } from "../../data/series/series.ts";

const PER: Readonly<Partial<Record<Frequency["unit"], readonly number[]>>> = {
  second: [60, 3600, 86_400],
  minute: [60, 1440, 10_080],
  hour: [24, 168],
  day: [7, 364],
  weekday: [5, 260],
  week: [52],
  month: [12],
  quarter: [4],
};

/** The seasons of a frequency, shortest first: whole numbers of rows from 2 on. 364 days are 52 weeks, so weekdays match. */
export function seasonsOf(frequency: Frequency | null): number[] {
  if (!frequency) return [];
  const { unit, every } = frequency;
  return (PER[unit] ?? [])
    .filter((rows) => rows % every === 0)
    .map((rows) => rows / every)
    .filter((rows) => rows >= 2);
}

/** A window that is longer takes long to train, and tells little more. */
const LONGEST = 336;

/**
 * Rows that a forecast looks back on by default: five of the shortest season, the next season where it is not longer than
 * ten of those, and twice the horizon at least, in whole seasons; 336 and a quarter of the training part at most. Without a
 * season: 32, or twice the horizon.
 */
export function windowFor(horizon: number, seasons: readonly number[], rows: number): number {
  const [season = 1, next = 0] = seasons;
  const wanted = Math.max(season > 1 ? 5 * season : 32, next <= 10 * season ? next : 0, 2 * horizon);
  const whole = Math.ceil(wanted / season) * season;
  const most = Math.min(LONGEST, Math.floor(rows / 4));
  if (whole <= most) return whole;
  return Math.max(1, most >= season ? Math.floor(most / season) * season : most);
}
