/** Tables that series are read from: what the sources have in common. */
import { didYouMean, show } from "../../options.ts";
import { looksNumeric } from "./number-column.ts";
import { badSeries, Places } from "./places.ts";
import type { Finding } from "./series.ts";
import { listOf, type SeriesOptions } from "./series-options.ts";
import { isTimeName, isWrittenTime } from "./time-column.ts";
import { DIGITS, numberFormatOf } from "./time-formats.ts";

/** Cells in rows and columns, which can be read from the beginning any number of times. */
export interface Table {
  readonly names: readonly string[];
  /** What is odd about the table itself. */
  readonly findings?: readonly Finding[];
  /** Row by row; only these columns need have cells. The array is the same one each time. */
  read(columns: readonly number[], visit: (cells: readonly unknown[]) => void, mostRows?: number): void;
  /** Where a row is, counted from 0: `line 3`. */
  place(row: number): string;
}

/** Which columns are what, by their places in the table. */
export interface Roles {
  readonly time: number | undefined;
  readonly series: number | undefined;
  readonly target: readonly number[];
  readonly known: readonly number[];
  readonly past: readonly number[];
  /** Whether nobody named the column, and why it is that one. */
  readonly isTimeFound: boolean;
  readonly isTargetFound: boolean;
  /** Columns that could be the time where several could, and none was taken. */
  readonly timeCandidates: readonly string[];
  /** Columns of words. */
  readonly words: readonly string[];
}

/** Rows that are looked at to find out what a column is. */
const SAMPLE = 1000;

/** @throws BAD_SERIES for a column that is not there, that is two things, and for a target that is not clear */
export function rolesOf(table: Table, options: SeriesOptions): Roles {
  const { names } = table;
  const find = (name: string, role: string) => columnOf(names, name, role);
  const series = options.series === undefined ? undefined : find(options.series, "series");
  const known = listOf(options.known).map((name) => find(name, "known"));
  const past = listOf(options.past).map((name) => find(name, "past"));
  const named = listOf(options.target).map((name) => find(name, "target"));
  const sample = sampleOf(table);
  const taken = new Set([series, ...known, ...past, ...named]);
  const isFree = (column: number) => !taken.has(column);
  const candidates = names.flatMap((name, column) =>
    isFree(column) && sample[column]!.seemsTime(name) ? [column] : [],
  );
  const time = options.time === undefined ? only(candidates) : find(options.time, "time");
  const numeric = names.flatMap((_, column) =>
    isFree(column) && column !== time && sample[column]!.isNumeric ? [column] : [],
  );
  const target = named.length > 0 ? named : [only(numeric) ?? noTarget(names, numeric)];
  refuseTwice(names, [
    ["time", time],
    ["series", series],
    ...all("target", target),
    ...all("known", known),
    ...all("past", past),
  ]);
  return {
    time,
    series,
    target,
    known,
    past,
    isTimeFound: options.time === undefined && time !== undefined,
    isTargetFound: named.length === 0,
    timeCandidates: time === undefined ? candidates.map((column) => names[column]!) : [],
    words: names.filter((_, column) => isFree(column) && column !== time && sample[column]!.isWords),
  };
}

const only = <T>(items: readonly T[]) => (items.length === 1 ? items[0] : undefined);
const all = (role: string, columns: readonly number[]) => columns.map((column) => [role, column] as const);

function noTarget(names: readonly string[], numeric: readonly number[]): never {
  const found =
    numeric.length === 0
      ? `none of the columns ${listed(names)} has numbers alone`
      : `the columns ${listed(numeric.map((column) => names[column]!))} could each be the target`;
  throw badSeries(found, "the name of one, or of several: target (--target on the command line)");
}

function columnOf(names: readonly string[], name: string, role: string): number {
  const column = names.indexOf(name);
  if (column < 0) {
    const near = names.filter(({ length }) => length > 0 && length <= LONGEST_MEANT);
    throw badSeries(
      `there is no column ${show(name)} (${role})${didYouMean(name, near)}; the columns are ${listed(names)}`,
      "one of them",
    );
  }
  if (names.lastIndexOf(name) !== column) {
    throw badSeries(`several columns are called ${show(name)} (${role})`, "one of each name");
  }
  return column;
}

function refuseTwice(
  names: readonly string[],
  roles: readonly (readonly [string, number | undefined])[],
): void {
  const seen = new Map<number, string>();
  for (const [role, column] of roles) {
    if (column === undefined) continue;
    const before = seen.get(column);
    if (before !== undefined) {
      throw badSeries(
        `column ${show(names[column])} was named as ${before} and as ${role}`,
        "one of the two",
      );
    }
    seen.set(column, role);
  }
}

/** No longer name is what somebody meant to type. */
const LONGEST_MEANT = 64;

/** Characters of names that a message lists. */
const MOST_LISTED = 400;

/** Names in a message. */
export function listed(names: readonly string[]): string {
  const shown: string[] = [];
  let length = 0;
  for (const name of names) {
    const quoted = show(name);
    length += quoted.length + 2;
    if (length > MOST_LISTED) break;
    shown.push(quoted);
  }
  const more = names.length - shown.length;
  return `${shown.join(", ")}${more > 0 ? ` and ${more} more` : ""}`;
}

/** What the first cells of a column are. */
class Sample {
  isNumeric = false;
  isWords = false;
  #numbers = 0;
  #times = 0;
  #others = 0;
  #least = Number.POSITIVE_INFINITY;
  #most = Number.NEGATIVE_INFINITY;

  add(cell: unknown): void {
    const isNumber = looksNumeric(cell);
    if (isNumber === undefined) return;
    if (isWrittenTime(cell)) this.#times++;
    else if (isNumber) this.#addNumber(cell);
    else this.#others++;
    this.isNumeric = this.#numbers > 0 && this.#times + this.#others === 0;
    this.isWords = this.#others > 0;
  }

  #addNumber(cell: unknown): void {
    this.#numbers++;
    const isDigits = typeof cell === "number" || (typeof cell === "string" && DIGITS.test(cell.trim()));
    const value = isDigits ? Number(cell) : Number.NaN;
    this.#least = Math.min(this.#least, value);
    this.#most = Math.max(this.#most, value);
  }

  /** By what is written in it; numbers are times where the name says so. */
  seemsTime(name: string): boolean {
    if (this.#others > 0) return false;
    if (this.#times > 0) return this.#numbers === 0;
    return this.#numbers > 0 && isTimeName(name) && numberFormatOf(this.#least, this.#most) !== undefined;
  }
}

function sampleOf(table: Table): Sample[] {
  const samples = table.names.map(() => new Sample());
  table.read(
    table.names.map((_, column) => column),
    (cells) => {
      for (const [column, sample] of samples.entries()) sample.add(cells[column]);
    },
    SAMPLE,
  );
  return samples;
}

/** Numbers of the series of each row, and their names in the order in which they come first. */
export class SeriesNames {
  readonly ids: string[] = [];
  readonly none = new Places();
  readonly #numbers = new Map<string, number>();

  number(cell: unknown, place: () => string): number {
    const id = typeof cell === "string" ? cell.trim() : typeof cell === "number" ? String(cell) : "";
    if (id === "") this.none.add(place);
    let number = this.#numbers.get(id);
    if (number === undefined) {
      number = this.ids.length;
      this.ids.push(id);
      this.#numbers.set(id, number);
    }
    return number;
  }
}
