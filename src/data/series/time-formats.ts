/** Cells with times: the formats that there are, each a reader of one cell. */
import { DAY, dateMs, daysOf, HOUR, MINUTE, SECOND, weekMs } from "./clock.ts";

/** A cell as a time. */
export interface ReadTime {
  /** Milliseconds since 1970 of what the cell shows, as if it were UTC. */
  readonly clock: number;
  /** Milliseconds that the cell's clock is ahead of UTC, where it says so. */
  readonly offset?: number;
  /** Where day and month may be the other way round: that reading; NaN where it is no date. */
  readonly monthFirst?: number;
}

/** One way to write times. A column has one. */
export interface TimeFormat {
  /** In words, for messages. */
  readonly name: string;
  /** Undefined for a cell that is none of this format's; a clock of NaN where it is, and there is no such time. */
  read(cell: string): ReadTime | undefined;
}

/** `13:05`, `1:05:30.25 pm`, then Z or an offset. */
const OF_DAY =
  /^(\d{1,2}):(\d{2})(?::(\d{2})(?:[.,](\d{1,9}))?)?\s*([AaPp])?(?:\.?[Mm]\.?)?\s*(Z|z|UTC|GMT|[+-]\d{2}(?::?\d{2})?)?$/;

/** The time of day behind a date; undefined where that is none. */
function withTimeOfDay(date: number, text: string | undefined): ReadTime | undefined {
  if (text === undefined || text === "") return { clock: date };
  const found = OF_DAY.exec(text);
  if (!found) return undefined;
  const [, hours, minutes, seconds = "0", fraction = "0", half, zone] = found;
  let hour = Number(hours);
  if (half !== undefined) {
    if (hour < 1 || hour > 12) return { clock: Number.NaN };
    hour = (hour % 12) + (half.toLowerCase() === "p" ? 12 : 0);
  }
  const [minute, second] = [Number(minutes), Number(seconds)];
  const ms = Math.round(Number(`0.${fraction}`) * SECOND);
  const isMidnight = hour === 24 && minute === 0 && second === 0 && ms === 0 && half === undefined;
  if ((hour > 23 && !isMidnight) || minute > 59 || second > 59) return { clock: Number.NaN };
  const clock = date + hour * HOUR + minute * MINUTE + second * SECOND + ms;
  if (zone === undefined) return { clock };
  if (/^[A-Za-z]/.test(zone)) return { clock, offset: 0 };
  const [offsetHours, offsetMinutes] = [Number(zone.slice(1, 3)), Number(zone.slice(-2))];
  const isLong = zone.length > 3;
  if (offsetHours > 23 || (isLong && offsetMinutes > 59)) return { clock: Number.NaN };
  const offset = offsetHours * HOUR + (isLong ? offsetMinutes * MINUTE : 0);
  return { clock, offset: zone[0] === "-" ? -offset : offset };
}

const ISO = /^(\d{4})([-/.])(\d{1,2})\2(\d{1,2})(?:(?:[Tt]| +)(\S.*))?$/;
const COMPACT = /^(\d{4})(\d{2})(\d{2})[Tt ](\d{2}):?(\d{2})(?::?(\d{2}))?(Z|z|[+-]\d{2}:?\d{2})?$/;
const MONTH = /^(\d{4})(?:[-/]|[Mm])(\d{1,2})$/;
const QUARTER = /^(?:(\d{4})[-/ ]?[Qq]([1-4])|[Qq]([1-4])[-/ ]?(\d{4}))$/;
const WEEK = /^(\d{4})-?[Ww](\d{2})(?:-?([1-7]))?$/;
const DAY_AND_MONTH = /^(\d{1,2})([-/.])(\d{1,2})\2(\d{4})(?:(?:[Tt]|,? +)(\S.*))?$/;
const MONTHS = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
const MONTH_NAME = `(${MONTHS.join("|")})[a-z]*\\.?`;
const NAMED = new RegExp(
  `^(?:(\\d{1,2})(?:st|nd|rd|th)?[- ]+)?${MONTH_NAME}(?:[- ]+(\\d{1,2})(?:st|nd|rd|th)?,?)?[- ,]+(\\d{4})(?:(?:T|,? +)(\\S.*))?$`,
  "i",
);

const HYPHEN = 45;
const COLON = 58;

/** `2024-12-31` and `2024-12-31 13:00:00`, which most files have, without an expression; undefined for all others. */
function commonTime(cell: string): number | undefined {
  if (cell.length !== 10 && cell.length !== 19) return undefined;
  if (cell.charCodeAt(4) !== HYPHEN || cell.charCodeAt(7) !== HYPHEN) return undefined;
  const year = twoDigits(cell, 0) * 100 + twoDigits(cell, 2);
  const date = dateMs(year, twoDigits(cell, 5), twoDigits(cell, 8));
  if (Number.isNaN(date)) return undefined;
  if (cell.length === 10) return date;
  const between = cell[10];
  if (
    (between !== " " && between !== "T") ||
    cell.charCodeAt(13) !== COLON ||
    cell.charCodeAt(16) !== COLON
  ) {
    return undefined;
  }
  const [hour, minute, second] = [twoDigits(cell, 11), twoDigits(cell, 14), twoDigits(cell, 17)];
  const isTime = hour < 24 && minute < 60 && second < 60;
  return isTime ? date + hour * HOUR + minute * MINUTE + second * SECOND : undefined;
}

/** Two digits as a number; NaN where they are none. */
function twoDigits(cell: string, at: number): number {
  const [tens, ones] = [cell.charCodeAt(at) - 48, cell.charCodeAt(at + 1) - 48];
  return tens >= 0 && tens <= 9 && ones >= 0 && ones <= 9 ? tens * 10 + ones : Number.NaN;
}

/** Written dates, in the order in which they are tried. A column of digits is none of them, see {@link DIGITS}. */
export const WRITTEN: readonly TimeFormat[] = [
  {
    name: "ISO dates",
    read(cell) {
      const clock = commonTime(cell);
      if (clock !== undefined) return { clock };
      const found = ISO.exec(cell);
      if (!found) return undefined;
      return withTimeOfDay(dateMs(Number(found[1]), Number(found[3]), Number(found[4])), found[5]);
    },
  },
  {
    name: "months",
    read(cell) {
      const found = MONTH.exec(cell);
      return found ? { clock: dateMs(Number(found[1]), Number(found[2]), 1) } : undefined;
    },
  },
  {
    name: "quarters",
    read(cell) {
      const found = QUARTER.exec(cell);
      if (!found) return undefined;
      const [year, quarter] = [Number(found[1] ?? found[4]), Number(found[2] ?? found[3])];
      return { clock: dateMs(year, quarter * 3 - 2, 1) };
    },
  },
  {
    name: "ISO weeks",
    read(cell) {
      const found = WEEK.exec(cell);
      if (!found) return undefined;
      return { clock: weekMs(Number(found[1]), Number(found[2])) + (Number(found[3] ?? 1) - 1) * DAY };
    },
  },
  {
    name: "dates with day and month",
    read(cell) {
      const found = DAY_AND_MONTH.exec(cell);
      if (!found) return undefined;
      const [first, second, year] = [Number(found[1]), Number(found[3]), Number(found[4])];
      const read = withTimeOfDay(dateMs(year, second, first), found[5]);
      if (!read || found[2] === ".") return read; // nobody puts dots behind the month first
      const other = withTimeOfDay(dateMs(year, first, second), found[5]);
      return { ...read, monthFirst: other!.clock };
    },
  },
  {
    name: "dates with English months",
    read(cell) {
      const found = NAMED.exec(cell);
      if (!found || (found[1] !== undefined && found[3] !== undefined)) return undefined;
      const month = MONTHS.indexOf(found[2]!.toLowerCase()) + 1;
      return withTimeOfDay(dateMs(Number(found[4]), month, Number(found[1] ?? found[3] ?? 1)), found[5]);
    },
  },
  {
    name: "dates without hyphens",
    read(cell) {
      const found = COMPACT.exec(cell);
      if (!found) return undefined;
      const [, year, month, day, hours, minutes, seconds = "00", zone = ""] = found;
      return withTimeOfDay(
        dateMs(Number(year), Number(month), Number(day)),
        `${hours}:${minutes}:${seconds}${zone}`,
      );
    },
  },
];

/** How numbers are times. */
export type NumberFormat =
  | "excel"
  | "excel-1904"
  | "unix-seconds"
  | "unix-milliseconds"
  | "unix-microseconds"
  | "year"
  | "yyyymmdd";

/** Days from 1970 back to the day 0 of Excel's 1900 system, as it counts from 1 March 1900 on. */
const EXCEL_1900 = daysOf(1899, 12, 30);
const EXCEL_1904 = daysOf(1904, 1, 1);

/** Where a column of numbers is one of times by its size alone, that format; they overlap nowhere. */
const RANGES: readonly (readonly [NumberFormat, number, number])[] = [
  ["year", 1000, 2999],
  ["excel", 10_000, 110_000], // 1927 to 2201
  ["yyyymmdd", 10_000_101, 29_991_231],
  ["unix-seconds", 1e8, 1e10], // 1973 to 2286
  ["unix-milliseconds", 1e11, 1e13],
  ["unix-microseconds", 1e14, 1e16],
];

/** Characters of a time at most. */
export const LONGEST_TIME = 64;

/** Written in digits. */
export const DIGITS = /^[+-]?\d+(?:\.\d+)?$/;

/** What numbers in a column that is said to be of times are, by its smallest and largest; undefined for none. */
export function numberFormatOf(least: number, most: number): NumberFormat | undefined {
  return RANGES.find(([, from, to]) => least >= from && most <= to)?.[0];
}

/** A number as a time, in whole milliseconds; NaN where it is none. Excel's are rounded to seconds, as it shows them. */
export function readNumber(value: number, format: NumberFormat): number {
  switch (format) {
    case "year":
      return Number.isInteger(value) && value >= 1 && value <= 9999 ? dateMs(value, 1, 1) : Number.NaN;
    case "yyyymmdd": {
      const [year, month] = [Math.floor(value / 10_000), Math.floor(value / 100) % 100];
      return Number.isInteger(value) && year >= 1000 && year <= 9999
        ? dateMs(year, month, value % 100)
        : Number.NaN;
    }
    case "excel":
      // 60 is 29 February 1900, which was none.
      if (value < 1 || (value >= 60 && value < 61) || value >= 2_958_466) return Number.NaN;
      return seconds((EXCEL_1900 + value + (value < 60 ? 1 : 0)) * DAY);
    case "excel-1904":
      return value >= 0 && value < 2_957_004 ? seconds((EXCEL_1904 + value) * DAY) : Number.NaN;
    default:
      return unix(value * UNIX[format]);
  }
}

const UNIX = { "unix-seconds": 1000, "unix-milliseconds": 1, "unix-microseconds": 0.001 };

const seconds = (ms: number) => Math.round(ms / SECOND) * SECOND;
const MOST_MS = 8.64e15;
const unix = (ms: number) => (Math.abs(ms) <= MOST_MS ? Math.round(ms) : Number.NaN);

/** Whether such numbers are instants, and no clock's. */
export const isUnix = (format: NumberFormat) => format in UNIX;

/** In words, for messages. */
export const NUMBER_NAMES: Readonly<Record<NumberFormat, string>> = {
  excel: "Excel's days (1900 system)",
  "excel-1904": "Excel's days (1904 system)",
  "unix-seconds": "Unix seconds",
  "unix-milliseconds": "Unix milliseconds",
  "unix-microseconds": "Unix microseconds",
  year: "years",
  yyyymmdd: "dates in eight digits",
};
