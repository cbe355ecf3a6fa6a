/** A column of times: read cell by cell, and understood as a whole. */
import { show } from "../../options.ts";
import { Float64List } from "./float64-list.ts";
import { timeText } from "./frequency.ts";
import { badSeries, Places } from "./places.ts";
import type { Finding } from "./series.ts";
import {
  DIGITS,
  isUnix,
  LONGEST_TIME,
  NUMBER_NAMES,
  numberFormatOf,
  type ReadTime,
  readNumber,
  type TimeFormat,
  WRITTEN,
} from "./time-formats.ts";

/** What a column's cells are, where they could be several things. */
export type TimeFormatName =
  | "day-first"
  | "month-first"
  | "excel"
  | "excel-1904"
  | "unix-seconds"
  | "unix-milliseconds"
  | "unix-microseconds";

export const TIME_FORMAT_NAMES = [
  "day-first",
  "month-first",
  "excel",
  "excel-1904",
  "unix-seconds",
  "unix-milliseconds",
  "unix-microseconds",
] as const satisfies readonly TimeFormatName[];

/** Times as a column has them. */
export interface ReadTimes {
  /** What the cells show, as if it were UTC: milliseconds since 1970. */
  readonly clock: Float64Array;
  /** Milliseconds that each clock is ahead of UTC; null where the cells do not say. */
  readonly offsets: Float64Array | null;
  readonly findings: readonly Finding[];
}

/** Reads a column of times. Cells are texts, numbers or dates. */
export class TimeColumn {
  readonly #name: string;
  readonly #wanted: TimeFormatName | undefined;
  readonly #places: (row: number) => string;
  readonly #clock = new Float64List();
  readonly #offsets = new Float64List();
  readonly #monthFirst = new Float64List();
  readonly #noTimes = new Places();
  /** Where a row says no offset, and where one does. */
  readonly #plain = new Places();
  readonly #zoned = new Places();
  #format: TimeFormat | "numbers" | "dates" | undefined;
  #hasOther = false;
  #least = Number.POSITIVE_INFINITY;
  #most = Number.NEGATIVE_INFINITY;

  /**
   * @param name of the column
   * @param places says where a row is, counted from 0
   */
  constructor(name: string, wanted: TimeFormatName | undefined, places: (row: number) => string) {
    this.#name = name;
    this.#wanted = wanted;
    this.#places = places;
  }

  add(given: unknown): void {
    const row = this.#clock.length;
    if (given instanceof Date) this.#addDate(given, row);
    else this.#addCell(given, row);
  }

  #addCell(given: unknown, row: number): void {
    const cell = typeof given === "string" ? given.trim() : given;
    if (typeof cell === "string" && cell.length > LONGEST_TIME) {
      this.#refuse(row, given);
      return;
    }
    const isNumber = typeof cell === "number" || (typeof cell === "string" && DIGITS.test(cell));
    if (isNumber) {
      this.#addNumber(Number(cell), row, given);
      return;
    }
    const read = typeof cell === "string" ? this.#written(cell) : undefined;
    if (read && isTime(read)) this.#push(read.clock, read.offset, read.monthFirst);
    else this.#refuse(row, given);
  }

  #written(cell: string): ReadTime | undefined {
    this.#format ??= WRITTEN.find((format) => format.read(cell));
    return typeof this.#format === "object" ? this.#format.read(cell) : undefined;
  }

  #addDate(date: Date, row: number): void {
    this.#format ??= "dates";
    const ms = date.getTime();
    if (this.#format !== "dates" || Number.isNaN(ms)) this.#refuse(row, date);
    else this.#push(ms, 0, undefined);
  }

  #addNumber(value: number, row: number, given: unknown): void {
    this.#format ??= "numbers";
    if (this.#format !== "numbers" || !Number.isFinite(value)) {
      this.#refuse(row, given);
      return;
    }
    this.#least = Math.min(this.#least, value);
    this.#most = Math.max(this.#most, value);
    this.#push(value, 0, undefined);
  }

  #push(clock: number, offset: number | undefined, monthFirst: number | undefined): void {
    const row = this.#clock.length;
    this.#clock.push(clock);
    this.#offsets.push(offset ?? Number.NaN);
    if (this.#format !== "numbers")
      (offset === undefined ? this.#plain : this.#zoned).add(() => this.#places(row));
    if (monthFirst !== undefined) this.#hasOther = true;
    this.#monthFirst.push(monthFirst ?? clock);
  }

  #refuse(row: number, given: unknown): void {
    this.#noTimes.add(
      () => `${this.#places(row)} (${given instanceof Date ? "an invalid Date" : show(given)})`,
    );
    this.#clock.push(Number.NaN);
    this.#offsets.push(Number.NaN);
    this.#monthFirst.push(Number.NaN);
  }

  /** @throws BAD_SERIES for cells that are no times, and for a column that could be read in two ways */
  finish(): ReadTimes {
    if (this.#noTimes.count > 0) throw this.#noTime(this.#noTimes);
    if (this.#format === "numbers") return this.#numbers();
    if (this.#plain.count > 0 && this.#zoned.count > 0) {
      throw badSeries(
        `column ${show(this.#name)} has times with an offset from UTC (${this.#zoned}) and times without one (${this.#plain})`,
        "one kind",
      );
    }
    const offsets = this.#zoned.count > 0 ? this.#offsets.values : null;
    const clock = this.#hasOther ? this.#ordered() : this.#clock.values;
    if (offsets && this.#format === "dates") return { clock, offsets, findings: [] };
    const findings = this.#hasOther ? [this.#said(this.#order())] : [];
    return { clock, offsets, findings };
  }

  #noTime(places: Places): Error {
    const { name } = typeof this.#format === "object" ? this.#format : { name: "times" };
    const others =
      this.#format === undefined
        ? "times"
        : `${this.#format === "numbers" ? "numbers" : name}, as the rows before are`;
    return badSeries(
      `column ${show(this.#name)} has ${places.count === 1 ? "a cell that is no time" : `${places.count} cells that are no times`}: ${places}`,
      `${others}: such as 2024-12-31, 2024-12-31 13:00, 2024-12-31T13:00:00+01:00, 31/12/2024, 2024-12, 2024Q4, 2024-W52, 2024, ` +
        "Unix seconds or Excel's days. Where the rows have no times, name no such column: they are numbered then",
    );
  }

  #numbers(): ReadTimes {
    const wanted = this.#wanted;
    const format =
      wanted === undefined || wanted === "day-first" || wanted === "month-first"
        ? numberFormatOf(this.#least, this.#most)
        : wanted;
    if (format === undefined) {
      throw badSeries(
        `column ${show(this.#name)} has numbers from ${this.#least} to ${this.#most}, which are no times`,
        "years, Excel's days, dates such as 20241231, or Unix seconds, milliseconds or microseconds; timeFormat says which " +
          "(--time-format on the command line). Where these only number the rows, name no column of times",
      );
    }
    const raw = this.#clock.values;
    const clock = new Float64Array(raw.length);
    const wrong = new Places();
    for (let row = 0; row < raw.length; row++) {
      clock[row] = readNumber(raw[row]!, format);
      if (Number.isNaN(clock[row])) wrong.add(() => `${this.#places(row)} (${raw[row]})`);
    }
    if (wrong.count > 0) {
      throw badSeries(
        `column ${show(this.#name)}, read as ${NUMBER_NAMES[format]}, has ${wrong.count === 1 ? "a number" : `${wrong.count} numbers`} that are no times: ${wrong}`,
        "others in their place, or another timeFormat (--time-format on the command line)",
      );
    }
    const offsets = isUnix(format) ? new Float64Array(clock.length) : null;
    return {
      clock,
      offsets,
      findings: format === "year" ? [] : [this.#said(NUMBER_NAMES[format], clock, raw)],
    };
  }

  #said(how: string, clock?: Float64Array, raw?: Float64Array): Finding {
    const example = clock && raw && clock.length > 0 ? `: ${raw[0]} is ${timeText(clock[0]!, null)}` : "";
    return {
      code: "TIME_FORMAT",
      count: this.#clock.length,
      message: `The times in ${show(this.#name)} were read as ${how}${example}.`,
    };
  }

  #order(): string {
    return this.#isMonthFirst() ? "dates with the month first" : "dates with the day first";
  }

  #ordered(): Float64Array {
    return this.#isMonthFirst() ? this.#monthFirst.values : this.#clock.values;
  }

  /** By the whole column. @throws BAD_SERIES where it could be both, or is neither */
  #isMonthFirst(): boolean {
    const [day, month] = [this.#clock.values, this.#monthFirst.values];
    const notDay = new Places();
    const notMonth = new Places();
    let differs = -1;
    for (let row = 0; row < day.length; row++) {
      if (Number.isNaN(day[row])) notDay.add(() => this.#places(row));
      else if (Number.isNaN(month[row])) notMonth.add(() => this.#places(row));
      else if (day[row] !== month[row] && differs < 0) differs = row;
    }
    const name = show(this.#name);
    const wanted = this.#wanted;
    if (notDay.count > 0 && (notMonth.count > 0 || wanted === "day-first")) {
      const other = notMonth.count > 0 ? `; in ${notMonth} no month stands first` : "";
      throw badSeries(`column ${name}: in ${notDay} no day stands first${other}`, "dates of one order");
    }
    if (wanted === "month-first" && notMonth.count > 0) {
      throw badSeries(`column ${name}: in ${notMonth} no month stands first`, "dates of one order");
    }
    if (wanted !== undefined) return wanted === "month-first";
    if (notDay.count > 0 || notMonth.count > 0) return notDay.count > 0;
    if (differs < 0) return false;
    throw badSeries(
      `column ${name} has dates that could be either way round: ${this.#places(differs)} is ` +
        `${timeText(day[differs]!, null)} with the day first, and ${timeText(month[differs]!, null)} with the month first`,
      'timeFormat: "day-first" or "month-first" (--time-format on the command line)',
    );
  }
}

/** Whether a cell is a written time, in no digits alone. */
export function isWrittenTime(cell: unknown): boolean {
  if (cell instanceof Date) return true;
  if (typeof cell !== "string") return false;
  const text = cell.trim();
  if (text.length > LONGEST_TIME || DIGITS.test(text)) return false;
  return WRITTEN.some((format) => {
    const read = format.read(text);
    return read !== undefined && isTime(read);
  });
}

/** Whether it is one in one of its readings. */
const isTime = ({ clock, monthFirst = Number.NaN }: ReadTime) =>
  !(Number.isNaN(clock) && Number.isNaN(monthFirst));

/** Whether numbers in a column of such a name are times: `date`, `Timestamp`, `year`, `ds`. */
export const isTimeName = (name: string) =>
  /^(?:date|datetime|date_time|time|timestamp|ts|ds|day|month|week|quarter|year|unixtime|unix_time|datum|zeit|fecha|날짜|日期|日付)$/i.test(
    name.trim(),
  );
