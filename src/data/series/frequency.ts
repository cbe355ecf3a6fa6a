/** Frequencies: as words, and as the grid of times that they make. */
import { LstmkitError } from "../../errors.ts";
import { didYouMean, show } from "../../options.ts";
import { DAY, dateOf, daysOf, HOUR, MINUTE, modulo, monthLength, SECOND, weekdayOf } from "./clock.ts";
import type { Frequency } from "./series.ts";

/** Milliseconds of units that are always as long. */
const FIXED: Readonly<Partial<Record<Frequency["unit"], number>>> = {
  second: SECOND,
  minute: MINUTE,
  hour: HOUR,
  day: DAY,
  week: 7 * DAY,
};

/** Months of units that are made of months. */
const MONTHS: Readonly<Partial<Record<Frequency["unit"], number>>> = { month: 1, quarter: 3, year: 12 };

const UNITS = ["second", "minute", "hour", "day", "weekday", "week", "month", "quarter", "year"] as const;

/** The largest `every`: a hundred years of days. */
const MOST = 36_525;

/** What frequencies are given as: the object, or words such as `"hour"`, `"15 minutes"`, `"weekdays"`. */
export type FrequencyLike = Frequency | string;

/**
 * The frequency that words mean.
 *
 * @throws BAD_ARGUMENT for what is none
 */
export function parseFrequency(given: FrequencyLike): Frequency {
  if (typeof given !== "string") {
    const { unit, every } = Object(given) as Partial<Frequency>;
    if (UNITS.includes(unit!) && isEvery(every)) return { unit: unit!, every };
    throw noFrequency(given);
  }
  const [, count = "1", word = ""] = /^\s*(?:(\d{1,6})\s*)?([A-Za-z]+)\s*$/.exec(given) ?? [];
  const name = word.toLowerCase();
  const unit = ALIASES[name] ?? UNITS.find((known) => name === known || name === `${known}s`);
  if (unit === undefined || !isEvery(Number(count))) throw noFrequency(given, name);
  return { unit, every: Number(count) };
}

/** What frequencies are called elsewhere: adverbs, and pandas' letters where they mean one thing. */
const ALIASES: Readonly<Record<string, Frequency["unit"] | undefined>> = Object.assign(Object.create(null), {
  hourly: "hour",
  daily: "day",
  weekly: "week",
  monthly: "month",
  quarterly: "quarter",
  yearly: "year",
  annual: "year",
  s: "second",
  sec: "second",
  min: "minute",
  h: "hour",
  d: "day",
  w: "week",
  businessday: "weekday",
  businessdays: "weekday",
});

const isEvery = (every: unknown): every is number =>
  Number.isSafeInteger(every) && Number(every) >= 1 && Number(every) <= MOST;

function noFrequency(given: unknown, word = ""): LstmkitError {
  return new LstmkitError(
    "BAD_ARGUMENT",
    `frequency is ${show(given)}${word === "" ? "" : didYouMean(word, UNITS)}; wanted ${UNITS.join(", ")}, or so many of ` +
      'them up to 36525, such as "15 minutes" or { unit: "minute", every: 15 }.',
  );
}

/** In words: `"hour"`, `"15 minutes"`. {@link parseFrequency} reads them. */
export function frequencyName(frequency: Frequency): string {
  const { unit, every } = parseFrequency(frequency);
  return every === 1 ? unit : `${every} ${unit}s`;
}

/** Whether rows are of a calendar, a day or longer, and not of a clock. */
export const isOfDays = ({ unit }: Frequency) => unit !== "second" && unit !== "minute" && unit !== "hour";

/** Milliseconds from row to row of seconds, minutes, hours, days and weeks; undefined for the others. */
export function fixedStep({ unit, every }: Frequency): number | undefined {
  const length = FIXED[unit];
  return length === undefined ? undefined : length * every;
}

/**
 * The times of a frequency from a first one on. Months that have no such day (30 February) have their last one; where the
 * day is 31, all do.
 */
export interface Grid {
  /** The number of a time, 0 for the first one; no whole number, or NaN, where it is none of the grid's. */
  indexOf(time: number): number;
  timeAt(index: number): number;
}

/**
 * The grid of a series.
 *
 * @param times of the series, ascending: the first one is number 0, and all say which day of the month it is
 */
export function gridOf(frequency: Frequency, times: ArrayLike<number>): Grid {
  const first = times.length > 0 ? times[0]! : 0;
  const step = fixedStep(frequency);
  if (step !== undefined) {
    return { indexOf: (time) => (time - first) / step, timeAt: (index) => first + index * step };
  }
  return frequency.unit === "weekday"
    ? weekdayGrid(frequency.every, first)
    : monthGrid(frequency.every * MONTHS[frequency.unit]!, first, monthDayOf(times));
}

function weekdayGrid(every: number, first: number): Grid {
  const start = weekdayNumber(first);
  const ofDay = modulo(first, DAY);
  return {
    indexOf: (time) => (modulo(time, DAY) === ofDay ? (weekdayNumber(time) - start) / every : Number.NaN),
    timeAt: (index) => {
      const number = start + index * every;
      const week = Math.floor(number / 5);
      return (week * 7 + (number - week * 5) - 3) * DAY + ofDay; // 1970-01-01 was a Thursday
    },
  };
}

/** Weekdays are counted through, five a week; NaN on Saturdays and Sundays. */
function weekdayNumber(time: number): number {
  const day = Math.floor(time / DAY);
  const weekday = weekdayOf(day);
  return weekday > 4 ? Number.NaN : ((day + 3 - weekday) / 7) * 5 + weekday;
}

function monthGrid(months: number, first: number, anchor: number): Grid {
  const ofDay = modulo(first, DAY);
  const { year, month } = dateOf(Math.floor(first / DAY));
  const start = year * 12 + month - 1;
  return {
    indexOf: (time) => {
      const date = dateOf(Math.floor(time / DAY));
      const isThatDay = date.day === Math.min(anchor, monthLength(date.year, date.month));
      if (!isThatDay || modulo(time, DAY) !== ofDay) return Number.NaN;
      return (date.year * 12 + date.month - 1 - start) / months;
    },
    timeAt: (index) => {
      const number = start + index * months;
      const at = { year: Math.floor(number / 12), month: modulo(number, 12) + 1 };
      return daysOf(at.year, at.month, Math.min(anchor, monthLength(at.year, at.month))) * DAY + ofDay;
    },
  };
}

/**
 * The day of the month that times of months, quarters and years stand for: 31 where each is the last of its month, else
 * the largest.
 */
export function monthDayOf(times: ArrayLike<number>): number {
  let areEnds = true;
  let largest = 1;
  for (let i = 0; i < times.length; i++) {
    const { year, month, day } = dateOf(Math.floor(times[i]! / DAY));
    areEnds &&= day === monthLength(year, month);
    largest = Math.max(largest, day);
  }
  return areEnds ? 31 : largest;
}

/** The beginning of the step that a time lies in, on the clock; weeks begin on Mondays. */
export function floorTo(frequency: Frequency, clock: number): number {
  const { unit, every } = frequency;
  const day = Math.floor(clock / DAY);
  if (unit === "weekday") return day * DAY;
  const months = MONTHS[unit];
  if (months === undefined) {
    const start = unit === "week" ? -3 * DAY : 0; // a Monday
    const step = FIXED[unit]! * every;
    return Math.floor((clock - start) / step) * step + start;
  }
  const { year, month } = dateOf(day);
  const number = Math.floor((year * 12 + month - 1) / (months * every)) * months * every;
  return daysOf(Math.floor(number / 12), modulo(number, 12) + 1, 1) * DAY;
}

/** A time in words, as {@link isOfDays} has it: `2024-01-31`, `2024-03-31 02:00`, `2024-03-31T02:00:00+02:00`. */
export function timeText(time: number, frequency: Frequency | null, offset?: number): string {
  const clock = time + (offset ?? 0);
  const { year, month, day } = dateOf(Math.floor(clock / DAY));
  const date = `${pad(year, 4)}-${pad(month, 2)}-${pad(day, 2)}`;
  const ofDay = modulo(clock, DAY);
  if (ofDay === 0 && offset === undefined && (frequency === null || isOfDays(frequency))) return date;
  const [h, m] = [Math.floor(ofDay / HOUR), Math.floor((ofDay % HOUR) / MINUTE)];
  const [s, ms] = [Math.floor((ofDay % MINUTE) / SECOND), ofDay % SECOND];
  const seconds = s > 0 || ms > 0 || offset !== undefined ? `:${pad(s, 2)}` : "";
  const clockText = `${pad(h, 2)}:${pad(m, 2)}${seconds}${ms > 0 ? `.${pad(Math.floor(ms), 3)}` : ""}`;
  return offset === undefined ? `${date} ${clockText}` : `${date}T${clockText}${offsetName(offset)}`;
}

/** `+05:30`; `Z` for none. */
export function offsetName(offset: number): string {
  if (offset === 0) return "Z";
  const minutes = Math.abs(Math.round(offset / MINUTE));
  return `${offset < 0 ? "-" : "+"}${pad(Math.floor(minutes / 60), 2)}:${pad(minutes % 60, 2)}`;
}

const pad = (value: number, digits: number) => String(value).padStart(digits, "0");
