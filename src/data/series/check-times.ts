/** What callers give for a set, or for what a model's file keeps of one. */
import { LstmkitError } from "../../errors.ts";
import { show } from "../../options.ts";
import { parseFrequency } from "./frequency.ts";
import type { SeriesSet } from "./series.ts";

/** What a set says of its times; a model's file keeps as much. */
export type Times = Pick<SeriesSet, "frequency" | "timeZone">;

/**
 * The frequency and the zone of a set.
 *
 * @param call as its user knows it, such as `calendar()`
 * @throws BAD_ARGUMENT for what has none
 */
export function timesOf(call: string, given: unknown): Times {
  const { frequency, timeZone } = Object(given) as Partial<Times>;
  if (frequency === undefined || (timeZone !== null && typeof timeZone !== "string")) {
    throw new LstmkitError(
      "BAD_ARGUMENT",
      `${call} was given ${show(given)} for its set; wanted what seriesFromCsv() gives, or { frequency, timeZone } of it.`,
    );
  }
  return { frequency: frequency === null ? null : parseFrequency(frequency), timeZone };
}

/** @throws BAD_ARGUMENT for what are no times of a series */
export function millisecondsOf(call: string, given: unknown): Float64Array {
  if (given instanceof Float64Array) return given;
  throw new LstmkitError(
    "BAD_ARGUMENT",
    `${call} was given ${show(given)} for its times; wanted a Float64Array of milliseconds, such as series.times.`,
  );
}
