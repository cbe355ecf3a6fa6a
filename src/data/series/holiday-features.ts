/** Holidays as numbers that are known in advance. */
import { LstmkitError } from "../../errors.ts";
import { checkOptions, show, trueOrFalse } from "../../options.ts";
import type { Features } from "./calendar.ts";
import { millisecondsOf, type Times, timesOf } from "./check-times.ts";
import { DAY, dateMs, dateOf, weekdayOf } from "./clock.ts";
import { gridOf, isOfDays } from "./frequency.ts";
import { Zone } from "./zone.ts";

/** Days with their names, as plain data that a model's file can keep. `publicHolidays()` of lstmkit/holidays makes some. */
export interface Holidays {
  /** What they are of, in words: "US", "DE-BY". */
  readonly country: string;
  /** The first and the last year that they are known for. */
  readonly from: number;
  readonly to: number;
  /** By date, ascending: `["2024-12-25", "Christmas Day"]`. A day may have several. */
  readonly days: readonly (readonly [date: string, name: string])[];
}

/** How {@link holidayFeatures} tells of holidays. */
export interface HolidayFeatureOptions {
  /** Also a column for each holiday by its name. Default: false. */
  readonly each?: boolean;
}

const HOLIDAY_OPTIONS = { each: { ...trueOrFalse, fallback: false } };

/**
 * Columns for times: whether the day is a holiday, whether the day behind it is one, and whether the day before it was
 * one; with `each`, for every name whether the day is that, too. Where rows are longer than a day, how many of its weekdays
 * are holidays, and nothing else; where they are shorter, what is true of the day that the zone has.
 *
 * @throws BAD_ARGUMENT for what are no holidays, for times before or behind their years, and where rows are numbered
 */
export function holidayFeatures(
  set: Times,
  times: Float64Array,
  holidays: Holidays,
  options: HolidayFeatureOptions = {},
): Features {
  const call = "holidayFeatures()";
  const { frequency, timeZone } = timesOf(call, set);
  millisecondsOf(call, times);
  const { each } = checkOptions<HolidayFeatureOptions, typeof HOLIDAY_OPTIONS>(
    call,
    options,
    HOLIDAY_OPTIONS,
  );
  if (!frequency) throw refused("rows that are numbered", "a set whose rows have times");
  const known = daysOfHolidays(holidays);
  const isLong =
    isOfDays(frequency) &&
    !((frequency.unit === "day" || frequency.unit === "weekday") && frequency.every === 1);
  const grid = gridOf(frequency, times);
  const zone = timeZone === null ? undefined : new Zone(timeZone);
  const dayOf = (time: number) => Math.floor((zone ? zone.clock(time) : time) / DAY);
  const plain = isLong ? ["holidays"] : ["holiday", "day before holiday", "day after holiday"];
  const named = each && !isLong ? [...new Set(holidays.days.map(([, name]) => name))] : [];
  const columns = [...plain, ...named].map(() => new Float32Array(times.length));
  const columnOf = new Map(named.map((name, i) => [name, plain.length + i]));
  const isWeekdays = frequency.unit === "weekday";
  for (let i = 0; i < times.length; i++) {
    const day = dayOf(times[i]!);
    if (isLong) {
      const index = grid.indexOf(times[i]!);
      columns[0]![i] = weekdaysOff(known, day, dayOf(grid.timeAt(index + 1)));
      checkYears(day, holidays);
      continue;
    }
    checkYears(day, holidays);
    const names = known.get(day);
    const weekday = weekdayOf(day);
    const next = isWeekdays && weekday === 4 ? day + 3 : day + 1;
    const before = isWeekdays && weekday === 0 ? day - 3 : day - 1;
    columns[0]![i] = names ? 1 : 0;
    columns[1]![i] = known.has(next) ? 1 : 0;
    columns[2]![i] = known.has(before) ? 1 : 0;
    for (const name of names ?? []) {
      const column = columnOf.get(name);
      if (column !== undefined) columns[column]![i] = 1;
    }
  }
  return { names: [...plain, ...named], columns };
}

function weekdaysOff(known: ReadonlyMap<number, unknown>, start: number, end: number): number {
  let count = 0;
  for (let day = start; day < end; day++) if (weekdayOf(day) < 5 && known.has(day)) count++;
  return count;
}

/** By the day since 1970, what it is called. @throws BAD_ARGUMENT */
function daysOfHolidays(holidays: Holidays): Map<number, string[]> {
  const { days, from, to } = Object(holidays) as Partial<Holidays>;
  if (!Array.isArray(days) || !Number.isSafeInteger(from) || !Number.isSafeInteger(to)) {
    throw refused(
      show(holidays),
      'what publicHolidays("US", { from: 2000, to: 2030 }) of lstmkit/holidays gives',
    );
  }
  const found = new Map<number, string[]>();
  for (const entry of days as readonly unknown[]) {
    const [date, name] = Array.isArray(entry) ? (entry as unknown[]) : [];
    const parts = typeof date === "string" ? /^(\d{4})-(\d{2})-(\d{2})$/.exec(date) : null;
    const ms = parts ? dateMs(Number(parts[1]), Number(parts[2]), Number(parts[3])) : Number.NaN;
    if (Number.isNaN(ms) || typeof name !== "string") {
      throw refused(
        `the holiday ${show(entry)}`,
        'a date and a name, such as ["2024-12-25", "Christmas Day"]',
      );
    }
    const day = ms / DAY;
    const names = found.get(day);
    if (names) names.push(name);
    else found.set(day, [name]);
  }
  return found;
}

function checkYears(day: number, { country, from, to }: Holidays): void {
  const { year } = dateOf(day);
  if (year >= from && year <= to) return;
  throw refused(
    `the year ${year}, and holidays of ${show(country)} from ${from} to ${to}`,
    "holidays of all years that are asked for",
  );
}

function refused(found: string, wanted: string): LstmkitError {
  return new LstmkitError("BAD_ARGUMENT", `holidayFeatures() was given ${found}; wanted ${wanted}.`);
}
