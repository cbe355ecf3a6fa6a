/** What a calendar and a clock say of times: numbers that are known in advance. */
import { LstmkitError } from "../../errors.ts";
import { didYouMean, show } from "../../options.ts";
import { millisecondsOf, type Times, timesOf } from "./check-times.ts";
import { DAY, dateOf, daysOf, MINUTE, modulo, SECOND, weekdayOf } from "./clock.ts";
import type { Frequency, SeriesSet } from "./series.ts";
import { Zone } from "./zone.ts";

/** Where sines and cosines come from: a Runtime, whose bits are the same everywhere. */
export interface Elementwise {
  /** As a runtime's. */
  elementwise(name: "sin" | "cos", values: Float64Array): Promise<Float64Array>;
}

/** Columns by their names, each with a number for every time. */
export interface Features {
  readonly names: readonly string[];
  readonly columns: readonly Float32Array[];
}

/**
 * What there is: the time of day, the day of the week (7 columns of 0 and 1), the day of the month, the month (12) and the
 * quarter (4 columns of 0 and 1), the season, which is the place in the year. Times of day and seasons are sines and
 * cosines of one and of two turns.
 */
export type CalendarFeature = "hour" | "weekday" | "day" | "month" | "quarter" | "season";

const FEATURES: readonly CalendarFeature[] = ["hour", "weekday", "day", "month", "quarter", "season"];

const WEEKDAYS = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"];
const MONTHS = "January,February,March,April,May,June,July,August,September,October,November,December".split(
  ",",
);
const QUARTERS = ["Q1", "Q2", "Q3", "Q4"];

/** Days that a year has on average, in the Julian calendar; nearly so in ours. */
const YEAR = 365.25;

/** By the length of a row, what differs from row to row, and in how many milliseconds it comes round. */
const BY_UNIT: Readonly<Record<Frequency["unit"], readonly (readonly [CalendarFeature, number])[]>> = {
  second: [
    ["hour", DAY],
    ["weekday", 7 * DAY],
    ["season", YEAR * DAY],
  ],
  minute: [
    ["hour", DAY],
    ["weekday", 7 * DAY],
    ["season", YEAR * DAY],
  ],
  hour: [
    ["hour", DAY],
    ["weekday", 7 * DAY],
    ["season", YEAR * DAY],
  ],
  day: [
    ["weekday", 7 * DAY],
    ["season", YEAR * DAY],
  ],
  weekday: [
    ["weekday", 7 * DAY],
    ["season", YEAR * DAY],
  ],
  week: [["season", YEAR * DAY]],
  month: [["month", YEAR * DAY]],
  quarter: [["quarter", YEAR * DAY]],
  year: [],
};

/** So many rounds have to be in a series before they can be learnt from it. */
const ROUNDS = 3;

/**
 * The features that suit a set: those that differ from row to row, and that come round three times or more in its longest
 * series. None where rows are numbered.
 */
export function calendarFeatures(set: SeriesSet): CalendarFeature[] {
  const { frequency } = timesOf("calendarFeatures()", set);
  if (!frequency) return [];
  if (!Array.isArray(set.series))
    throw refused("calendarFeatures()", "a set without series", "one with some");
  const span = (set.series as SeriesSet["series"]).reduce((most, { times, length }) => {
    return times && length > 1 ? Math.max(most, times[length - 1]! - times[0]!) : most;
  }, 0);
  return BY_UNIT[frequency.unit].filter(([, round]) => span >= ROUNDS * round).map(([feature]) => feature);
}

/**
 * The features of times, as numbers from -1 to 1. Hours and days are those that the set's zone has; without a zone, those
 * that the times show.
 *
 * @param kit a runtime; sines and cosines of a few thousand angles are computed there, whatever the number of times
 * @param times milliseconds, as a series of the set has them
 * @param features in the order of their columns
 * @throws BAD_ARGUMENT for a feature that there is not, and where rows are numbered
 */
export async function calendar(
  kit: Elementwise,
  set: Times,
  times: Float64Array,
  features: readonly CalendarFeature[],
): Promise<Features> {
  const { frequency, timeZone } = timesOf("calendar()", set);
  millisecondsOf("calendar()", times);
  if (!Array.isArray(features)) throw refused("calendar()", show(features), "an array of features");
  if (typeof (Object(kit) as Partial<Elementwise>).elementwise !== "function") {
    throw refused("calendar()", `${show(kit)} for its kit`, "a runtime, as createRuntime() gives it");
  }
  for (const feature of features) {
    if (!FEATURES.includes(feature)) {
      throw refused(
        "calendar()",
        `the feature ${show(feature)}${didYouMean(String(feature), FEATURES)}`,
        FEATURES.join(", "),
      );
    }
  }
  if (features.length > 0 && !frequency)
    throw refused("calendar()", "rows that are numbered", "a set whose rows have times");
  const zone = timeZone === null ? undefined : new Zone(timeZone);
  const names: string[] = [];
  const columns: Float32Array[] = [];
  const turns = await turnsOf(kit, features, frequency);
  for (const feature of features) {
    const before = columns.length;
    const own = namesOf(feature);
    names.push(...own);
    for (const _ of own) columns.push(new Float32Array(times.length));
    const values = columns.slice(before);
    const table = turns.get(feature);
    for (let i = 0; i < times.length; i++) {
      const place = placeOf(feature, zone ? zone.clock(times[i]!) : times[i]!, frequency!);
      if (!table) values[place]![i] = 1;
      else for (let c = 0; c < table.length; c++) values[c]![i] = table[c]![place]!;
    }
  }
  return { names, columns };
}

function refused(call: string, found: string, wanted: string): LstmkitError {
  return new LstmkitError("BAD_ARGUMENT", `${call} was given ${found}; wanted ${wanted}.`);
}

function namesOf(feature: CalendarFeature): readonly string[] {
  if (feature === "weekday") return WEEKDAYS;
  if (feature === "month") return MONTHS;
  if (feature === "quarter") return QUARTERS;
  return harmonicsOf(feature).flatMap((turn) => [`${feature} sin ${turn}`, `${feature} cos ${turn}`]);
}

const harmonicsOf = (feature: CalendarFeature) => (feature === "day" ? [1] : [1, 2]);

/** Which place in its round a time has. */
function placeOf(feature: CalendarFeature, clock: number, { unit }: Frequency): number {
  const day = Math.floor(clock / DAY);
  switch (feature) {
    case "hour":
      return Math.floor(modulo(clock, DAY) / (unit === "second" ? SECOND : MINUTE));
    case "weekday":
      return weekdayOf(day);
    case "day":
      return dateOf(day).day - 1;
    case "month":
      return dateOf(day).month - 1;
    case "quarter":
      return Math.floor((dateOf(day).month - 1) / 3);
    case "season":
      return day - daysOf(dateOf(day).year, 1, 1);
  }
}

/** How many places a round has, and how long it is, in places. */
function roundOf(feature: CalendarFeature, frequency: Frequency): { places: number; length: number } {
  if (feature === "season") return { places: 366, length: YEAR };
  if (feature === "day") return { places: 31, length: 31 };
  const places = frequency.unit === "second" ? DAY / SECOND : DAY / MINUTE;
  return { places, length: places };
}

/** Sines and cosines of all places of those features that turn: for each a table a column. */
async function turnsOf(
  kit: Elementwise,
  features: readonly CalendarFeature[],
  frequency: Frequency | null,
): Promise<Map<CalendarFeature, Float64Array[]>> {
  const turning = [...new Set(features)].filter((feature) => ["hour", "day", "season"].includes(feature));
  const tables = new Map<CalendarFeature, Float64Array[]>();
  for (const feature of turning) {
    const { places, length } = roundOf(feature, frequency!);
    const columns: Float64Array[] = [];
    for (const turn of harmonicsOf(feature)) {
      const angles = Float64Array.from(
        { length: places },
        (_, place) => (2 * Math.PI * turn * place) / length,
      );
      columns.push(await kit.elementwise("sin", angles), await kit.elementwise("cos", angles));
    }
    tables.set(feature, columns);
  }
  return tables;
}
