/** Times of a clock without a zone: whether they look as if that clock had summer time. */
import { DAY, dateOf, HOUR, modulo } from "./clock.ts";

/** An hour that is not there, or that is there twice. */
export interface Jump {
  readonly at: number;
  readonly rows: number;
}

/** Months in which summer time begins or ends somewhere. */
const MONTHS = new Set([2, 3, 4, 5, 9, 10, 11]);
/** Clocks change before that hour. */
const LATEST = 4;

/**
 * Whether each hour that is there twice can be the end of summer time, and whether some hour that is not there can be
 * its beginning: a whole hour, early in the night, once a year.
 *
 * @param doubled runs of rows whose times are there twice
 * @param missing runs of rows that are not there
 * @param step milliseconds from row to row
 */
export function looksLikeSummerTime(
  doubled: readonly Jump[],
  missing: readonly Jump[],
  step: number,
): boolean {
  if (step > HOUR || HOUR % step !== 0) return false;
  const isChange = ({ at, rows }: Jump) =>
    rows * step === HOUR &&
    modulo(at, HOUR) === 0 &&
    modulo(at, DAY) < LATEST * HOUR &&
    MONTHS.has(dateOf(Math.floor(at / DAY)).month);
  const begins = missing.filter(isChange);
  if (!onceAYear(doubled) || !onceAYear(begins)) return false;
  return (
    doubled.every(isChange) && doubled.length + begins.length > 0 && (doubled.length > 0 || begins.length > 1)
  );
}

function onceAYear(jumps: readonly Jump[]): boolean {
  const years = jumps.map(({ at }) => dateOf(Math.floor(at / DAY)).year);
  return new Set(years).size === years.length;
}
