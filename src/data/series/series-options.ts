/** How series are read, whatever they are read from. */
import { aString, oneOf } from "../../options.ts";
import type { DuplicateRule } from "./duplicates.ts";
import type { GapRule } from "./fill.ts";
import type { FrequencyLike } from "./frequency.ts";
import { TIME_FORMAT_NAMES, type TimeFormatName } from "./time-column.ts";

/** Which columns of a table make a series, and by which rules. */
export interface SeriesOptions {
  /** Column or columns to forecast. Default: the only one with numbers. */
  readonly target?: string | readonly string[];
  /** Column of times. Default: the one that has some, where it is only one; else rows are numbered. */
  readonly time?: string;
  /** Column that tells several series apart, such as a store. Default: all rows are one series. */
  readonly series?: string;
  /** Columns that are known in advance, also for rows behind the last target: prices, holidays. */
  readonly known?: string | readonly string[];
  /** Columns that are known up to the present, as targets are: temperatures, sales of others. */
  readonly past?: string | readonly string[];
  /**
   * From row to row: `"hour"`, `"15 minutes"`, `"weekday"`, … Default: the most frequent distance, which all rows have
   * to keep. Where it is given, a row counts for the step that it lies in.
   */
  readonly frequency?: FrequencyLike;
  /**
   * Whose clock the times are of: a zone of the IANA database. Times with an offset from UTC are shown by it, those
   * without one read by it. Only rows shorter than a day need one. Default: none; times are as they stand.
   */
  readonly timeZone?: string;
  /** What the times are, where that is unclear: which of day and month comes first, or how numbers are times. */
  readonly timeFormat?: TimeFormatName;
  /**
   * Rows and values that are not there: "interpolate" on the line between the values around, "last" by the value
   * before, "refuse". At the end it is always the last value. Default: "interpolate".
   */
  readonly gaps?: GapRule;
  /** Rows of one time with different values: "mean", "sum", "first", "last" of them, or "refuse". Default: "refuse". */
  readonly duplicates?: DuplicateRule;
  /**
   * What stands for no value besides nothing, NA, NaN, null, - and ?: such as `["-999"]`. Where it is given, numbers
   * such as -999 are no longer taken for no value by themselves.
   */
  readonly missing?: string | number | readonly (string | number)[];
  /** The sign before a fraction. Default: as it seems. */
  readonly decimal?: "." | ",";
}

const names = {
  wanted: "the name of a column, or several as an array",
  accepts: (value: unknown) =>
    typeof value === "string" ||
    (Array.isArray(value) && value.length > 0 && value.every((name) => typeof name === "string")),
  fallback: undefined,
};

const aColumn = { wanted: "the name of a column", accepts: aString.accepts, fallback: undefined };

/** What the options of series take. */
export const SERIES_OPTIONS = {
  target: names,
  time: aColumn,
  series: aColumn,
  known: names,
  past: names,
  frequency: {
    wanted: 'words such as "hour" or "15 minutes", or { unit, every }',
    accepts: (value: unknown) => typeof value === "string" || (typeof value === "object" && value !== null),
    fallback: undefined,
  },
  timeZone: { ...aString, wanted: 'the name of a zone, such as "Europe/Berlin"', fallback: undefined },
  timeFormat: { ...oneOf(...TIME_FORMAT_NAMES), fallback: undefined },
  gaps: { ...oneOf("interpolate", "last", "refuse"), fallback: "interpolate" as const },
  duplicates: { ...oneOf("refuse", "mean", "sum", "first", "last"), fallback: undefined },
  missing: {
    wanted: 'a word or a number, or several as an array, such as ["-999"]',
    accepts: (value: unknown) =>
      [value].flat().every((one) => typeof one === "string" || typeof one === "number"),
    fallback: undefined,
  },
  decimal: { ...oneOf(".", ","), fallback: undefined },
};

/** One name or several, as a list. */
export const listOf = <T>(given: T | readonly T[] | undefined): readonly T[] =>
  given === undefined ? [] : Array.isArray(given) ? (given as readonly T[]) : [given as T];
