/** Rows and columns in memory, and JSON, as a table with names. */

import type { Bytes } from "../../bytes.ts";
import { LstmkitError } from "../../errors.ts";
import { JsonError, parseJson } from "../../json.ts";
import { checkOptions, isList, show } from "../../options.ts";
import { CSV_OPTIONS } from "../csv.ts";
import { textOfSource } from "../decode-text.ts";
import { badSeries } from "./places.ts";
import { readSeries } from "./read-series.ts";
import type { SeriesSet } from "./series.ts";
import { SERIES_OPTIONS, type SeriesOptions } from "./series-options.ts";
import type { Table } from "./table.ts";

/** What stands in a cell. A Date is an instant; NaN, null and undefined are no value. */
export type SeriesCell = string | number | boolean | Date | null | undefined;

/** Rows as objects with a value a column, or columns by their names, as long as each other. */
export type SeriesRows =
  | Iterable<Readonly<Record<string, SeriesCell>>>
  | Readonly<Record<string, ArrayLike<SeriesCell>>>;

/** How series in JSON are read. */
export interface SeriesJsonOptions extends SeriesOptions {
  /** As {@link decodeText} has it. */
  readonly encoding?: string;
}

const SERIES_JSON_OPTIONS = { ...SERIES_OPTIONS, encoding: CSV_OPTIONS.encoding };

/**
 * Series from rows in memory: an array (or another iterable) of objects, or an object of columns.
 *
 * @throws BAD_SERIES as seriesFromCsv() does; BAD_ARGUMENT for what is no rows, and for options without meaning
 */
export function seriesFromRows(rows: SeriesRows, options: SeriesOptions = {}): SeriesSet {
  const given = checkOptions<SeriesOptions, typeof SERIES_OPTIONS>(
    "seriesFromRows()",
    options,
    SERIES_OPTIONS,
  );
  return readSeries(tableOf(rows, "row"), given);
}

/**
 * Series from JSON: an array of objects with a value a column, an object of columns, or one object a line (NDJSON). An
 * array holds 2^20 keys at most in all its objects, as src/json.ts has it; lines and columns have no such limit.
 *
 * @throws BAD_SERIES for what is no such JSON, and as seriesFromCsv() does; BAD_ARGUMENT for options without meaning
 */
export function seriesFromJson(source: string | Bytes, options: SeriesJsonOptions = {}): SeriesSet {
  const given = checkOptions<SeriesJsonOptions, typeof SERIES_JSON_OPTIONS>(
    "seriesFromJson()",
    options,
    SERIES_JSON_OPTIONS,
  );
  const text = textOfSource("seriesFromJson()", source, given.encoding).trim();
  const end = text.search(/[\r\n]/);
  const isOfLines = text.startsWith("{") && isObject(parsed(end < 0 ? text : text.slice(0, end)));
  const isLone = end < 0 && isOfLines && Object.values(parsed(text) as object).some(Array.isArray);
  if (isOfLines && !isLone) return readSeries(linesTable(text), given);
  let content: unknown;
  try {
    content = parseJson(text);
  } catch (cause) {
    if (!(cause instanceof JsonError)) throw cause;
    throw badSeries(
      `the text ${cause.message}`,
      "an array of objects, an object of columns, or an object a line",
    );
  }
  return readSeries(tableOf(content, "row", "BAD_SERIES"), given);
}

/** The value, or undefined for no JSON. */
function parsed(text: string): unknown {
  try {
    return parseJson(text);
  } catch {
    return undefined;
  }
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  Object.prototype.toString.call(value) === "[object Object]";

function linesTable(text: string): Table {
  const rows: Record<string, unknown>[] = [];
  const lines: number[] = [];
  let line = 0;
  for (const { 0: content } of text.matchAll(/[^\r\n]*(?:\r\n|[\r\n]|$)/g)) {
    line++;
    if (content.trim() === "") continue;
    let row: unknown;
    try {
      row = parseJson(content);
    } catch (cause) {
      if (!(cause instanceof JsonError)) throw cause;
      throw badSeries(`line ${line} ${cause.message}`, "an object in each line");
    }
    if (!isObject(row)) throw badSeries(`line ${line} is ${show(row)}`, "an object in each line");
    rows.push(row);
    lines.push(line);
  }
  return objectsTable(rows, (row) => `line ${lines[row]}`);
}

/** @throws the given code for what is neither rows nor columns */
function tableOf(given: unknown, what: string, code: "BAD_ARGUMENT" | "BAD_SERIES" = "BAD_ARGUMENT"): Table {
  const place = (row: number) => `${what} ${row + 1}`;
  if (isObject(given) && !(Symbol.iterator in given)) return columnsTable(given, place, code);
  const isIterable = typeof given === "object" && given !== null && Symbol.iterator in given;
  if (!isIterable) throw noRows(show(given), code);
  const rows: Record<string, unknown>[] = [];
  for (const row of given as Iterable<unknown>) {
    if (!isObject(row)) throw noRows(`${show(row)} as ${place(rows.length)}`, code);
    rows.push(row);
  }
  return objectsTable(rows, place);
}

function noRows(found: string, code: "BAD_ARGUMENT" | "BAD_SERIES"): LstmkitError {
  return new LstmkitError(
    code,
    `the rows of series are ${found}; wanted objects with a value a column, such as [{ date: "2024-01-31", sales: 12 }], or ` +
      'columns, such as { date: ["2024-01-31"], sales: [12] }.',
  );
}

function objectsTable(rows: readonly Record<string, unknown>[], place: (row: number) => string): Table {
  const seen = new Set<string>();
  for (const row of rows) for (const name of Object.keys(row)) seen.add(name);
  const names = [...seen];
  return {
    names,
    place,
    read(columns, visit, mostRows = rows.length) {
      const cells = new Array<unknown>(names.length);
      for (let row = 0; row < Math.min(rows.length, mostRows); row++) {
        const of = rows[row]!;
        for (const column of columns) {
          const name = names[column]!;
          cells[column] = Object.hasOwn(of, name) ? of[name] : undefined;
        }
        visit(cells);
      }
    },
  };
}

function columnsTable(
  columns: Readonly<Record<string, unknown>>,
  place: (row: number) => string,
  code: "BAD_ARGUMENT" | "BAD_SERIES",
): Table {
  const names = Object.keys(columns);
  const lists = names.map((name) => {
    const list = columns[name];
    if (!isList(list)) throw noRows(`an object whose ${show(name)} is ${show(list)}`, code);
    return list;
  });
  const length = lists[0]?.length ?? 0;
  const other = lists.findIndex((list) => list.length !== length);
  if (other > 0) {
    throw noRows(
      `columns of unequal length: ${show(names[0])} has ${length}, ${show(names[other])} ${lists[other]!.length}`,
      code,
    );
  }
  return {
    names,
    place,
    read(wanted, visit, mostRows = length) {
      const cells = new Array<unknown>(names.length);
      for (let row = 0; row < Math.min(length, mostRows); row++) {
        for (const column of wanted) cells[column] = lists[column]![row];
        visit(cells);
      }
    },
  };
}
