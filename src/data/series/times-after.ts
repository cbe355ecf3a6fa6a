/** Times that come next. */
import { LstmkitError } from "../../errors.ts";
import { show } from "../../options.ts";
import { millisecondsOf, type Times, timesOf } from "./check-times.ts";
import { gridOf } from "./frequency.ts";
import type { Series } from "./series.ts";

/**
 * The times of the `n` rows behind a series' past, by the set's frequency: behind 31 January comes 29 February, behind
 * Friday comes Monday where rows are weekdays, and an hour is an hour when clocks change. Those of rows that the series has
 * of the future are among them.
 *
 * @param from the row of the first one; default: the series' length
 * @returns null where rows are numbered
 * @throws BAD_ARGUMENT for a number of rows that cannot be
 */
export function timesAfter(
  set: Times,
  series: Pick<Series, "times" | "length">,
  n: number,
  from: number = Object(series).length,
): Float64Array | null {
  const { frequency } = timesOf("timesAfter()", set);
  const { times } = Object(series) as Partial<Series>;
  if (times !== null) millisecondsOf("timesAfter()", times);
  if (!Number.isSafeInteger(n) || n < 0 || n > MOST || !Number.isSafeInteger(from) || from < 0) {
    throw new LstmkitError(
      "BAD_ARGUMENT",
      `timesAfter() was given ${show(n)} and ${show(from)}; wanted whole numbers of rows, 0 to ${MOST}.`,
    );
  }
  if (!frequency || !times) return null;
  const grid = gridOf(frequency, times);
  return Float64Array.from({ length: n }, (_, i) => grid.timeAt(from + i));
}

const MOST = 2 ** 24;
