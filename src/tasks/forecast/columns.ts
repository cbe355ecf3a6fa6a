/** Which columns of a set play which part, and whether a set has them. */
import type { CalendarFeature } from "../../data/series/calendar.ts";
import type { Holidays } from "../../data/series/holiday-features.ts";
import type { SeriesSet } from "../../data/series/series.ts";
import { LstmkitError } from "../../errors.ts";
import { didYouMean, isList, show } from "../../options.ts";

/** What a forecaster reads of a row. */
export interface Columns {
  readonly target: readonly string[];
  readonly known: readonly string[];
  readonly past: readonly string[];
  readonly calendar: readonly CalendarFeature[];
  readonly holidays: Holidays | null;
}

/** The columns that stand in the data. */
export const namesIn = ({ target, known, past }: Columns): readonly string[] => [
  ...target,
  ...known,
  ...past,
];

const listOf = (names: string | readonly string[] = []) => (typeof names === "string" ? [names] : names);

/**
 * The parts as they were given, or as a set leaves no doubt of.
 *
 * @throws BAD_SERIES for columns that there are not; BAD_ARGUMENT where a column would play two parts, or it is not clear
 *   which one to forecast
 */
export function rolesOf(
  set: SeriesSet,
  given: {
    readonly target?: string | readonly string[] | undefined;
    readonly known?: string | readonly string[] | undefined;
    readonly past?: string | readonly string[] | undefined;
  },
): Pick<Columns, "target" | "known" | "past"> {
  const there = Object.keys(set.series[0]!.columns);
  const [known, past] = [listOf(given.known), listOf(given.past)];
  const left = there.filter((name) => !known.includes(name) && !past.includes(name));
  if (given.target === undefined && left.length !== 1) {
    const found =
      left.length === 0 ? "there is no column" : `there are ${left.length} columns, ${quoted(left)},`;
    throw new LstmkitError(
      "BAD_ARGUMENT",
      `${found} beside what is known and past; wanted the one to forecast: give its name as target, or several names.`,
    );
  }
  const target = given.target === undefined ? left : listOf(given.target);
  const all = [...target, ...known, ...past];
  const twice = all.find((name, i) => all.indexOf(name) !== i);
  if (twice !== undefined) {
    throw new LstmkitError(
      "BAD_ARGUMENT",
      `the column ${show(twice)} is named twice among target, known and past; wanted one part for each.`,
    );
  }
  checkColumns(set, all);
  return { target, known, past };
}

/** @throws BAD_SERIES for columns that are not there */
export function checkColumns(set: SeriesSet, names: readonly string[]): void {
  for (const { id, columns } of set.series) {
    const missing = names.find((name) => !Object.hasOwn(columns, name));
    if (missing === undefined) continue;
    const there = Object.keys(columns);
    throw new LstmkitError(
      "BAD_SERIES",
      `${seriesName(id)} has no column ${show(missing)}${didYouMean(missing, there)}; it has ${quoted(there)}, and wanted are ${quoted(names)}.`,
    );
  }
}

/** @throws BAD_ARGUMENT for what is no set, and for one without a series */
export function checkSet(set: unknown, call: string): asserts set is SeriesSet {
  const { series } = Object(set) as Partial<SeriesSet>;
  const isSet =
    isList(series) && Array.from(series).every((one) => Object(Object(one).columns) === Object(one).columns);
  if (isSet && series.length > 0) return;
  throw new LstmkitError(
    "BAD_ARGUMENT",
    `${call} was given ${isSet ? "a set without a series" : show(set)}; wanted a set of series, such as seriesFromCsv() of lstmkit/data gives.`,
  );
}

/** A series in messages. */
export const seriesName = (id: string): string => (id === "" ? "the series" : `the series ${show(id)}`);

const MOST_NAMED = 12;

/** Names in messages. */
export function quoted(names: readonly string[]): string {
  const some = names.slice(0, MOST_NAMED).map(show).join(", ");
  return names.length > MOST_NAMED ? `${some} and ${names.length - MOST_NAMED} more` : some;
}
