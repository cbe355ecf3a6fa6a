/** A CSV file as a table with names. */
import type { Bytes } from "../../bytes.ts";
import { LstmkitError } from "../../errors.ts";
import { checkOptions, oneOf, trueOrFalse } from "../../options.ts";
import { CSV_OPTIONS } from "../csv.ts";
import { csvRows, findSeparator } from "../csv-rows.ts";
import { textOfSource } from "../decode-text.ts";
import { Float64List } from "./float64-list.ts";
import { looksNumeric } from "./number-column.ts";
import { badSeries, counted } from "./places.ts";
import { readSeries } from "./read-series.ts";
import type { Finding, SeriesSet } from "./series.ts";
import { SERIES_OPTIONS, type SeriesOptions } from "./series-options.ts";
import { listed, type Table } from "./table.ts";
import { isWrittenTime } from "./time-column.ts";

/** How a CSV file with series is read. */
export interface SeriesCsvOptions extends SeriesOptions {
  /** Whether the first row has the columns' names; without them they are "1", "2", …. Default: true. */
  readonly header?: boolean;
  /** What stands between cells: one character. Default: comma, semicolon or tab, as it seems. */
  readonly separator?: string;
  /** "none": quotes are characters like others. Default: "double", as RFC 4180 has them. */
  readonly quote?: "double" | "none";
  /** As {@link decodeText} has it. */
  readonly encoding?: string;
}

/** What the options of a CSV file with series take. */
export const SERIES_CSV_OPTIONS = {
  ...SERIES_OPTIONS,
  header: { ...trueOrFalse, fallback: undefined },
  separator: CSV_OPTIONS.separator,
  quote: { ...oneOf("double", "none"), fallback: undefined },
  encoding: CSV_OPTIONS.encoding,
};

/**
 * Series from a CSV file (RFC 4180; rows end at \\n, \\r\\n or \\r): one row a time, in the wide form with a column a
 * series, or in the long form with a column that says which. What was found and handled by a rule is in `findings`.
 *
 * @param source bytes (UTF-8, or UTF-16 with a byte order mark, where no encoding is named) or a text
 * @throws BAD_CSV for a file that is no table, with the line; BAD_SERIES for columns, times or numbers that make no
 * series, and for what a rule refuses; BAD_ARGUMENT for options without meaning
 */
export function seriesFromCsv(source: string | Bytes, options: SeriesCsvOptions = {}): SeriesSet {
  const given = checkOptions<SeriesCsvOptions, typeof SERIES_CSV_OPTIONS>(
    "seriesFromCsv()",
    options,
    SERIES_CSV_OPTIONS,
  );
  const text = textOfSource("seriesFromCsv()", source, given.encoding);
  const hasQuotes = given.quote !== "none";
  return readSeries(
    csvTable(text, given.separator ?? findSeparator(text, hasQuotes), hasQuotes, given.header),
    given,
  );
}

/** @throws BAD_CSV, BAD_SERIES where there are no names */
function csvTable(text: string, separator: string, hasQuotes: boolean, header: boolean | undefined): Table {
  const [first, second] = firstRows(text, separator, hasQuotes);
  if (!first) throw new LstmkitError("BAD_CSV", "the file is empty; wanted a header line and a row a time.");
  if (header === undefined && second && isRow(first, second)) {
    throw badSeries(
      `line 1 (${listed(first)}) is a row like the next one`,
      'the columns\' names there; or header: false (--no-header on the command line), for columns called "1", "2", …',
    );
  }
  const hasHeader = header ?? true;
  const names = hasHeader ? first.map((cell) => cell.trim()) : first.map((_, column) => String(column + 1));
  // A header that is too short names the columns on the left: archives have such files, all rows alike.
  const width = hasHeader && second && second.length > first.length ? second.length : names.length;
  const findings = width === names.length ? [] : [tooShort(names.length, width)];
  const lines = new Float64List();
  return {
    names,
    findings,
    place: (row) => `line ${lines.values[row] ?? row + 1}`,
    read(_columns, visit, mostRows = Number.POSITIVE_INFINITY) {
      let row = hasHeader ? -1 : 0;
      for (const { cells, line } of csvRows(text, separator, hasQuotes)) {
        if (row >= mostRows) return;
        if (row >= 0) {
          if (row === lines.length) lines.push(line);
          if (cells.length !== width) throw unequal(cells.length, width, line);
          visit(cells);
        }
        row++;
      }
    },
  };
}

function firstRows(text: string, separator: string, hasQuotes: boolean): (readonly string[])[] {
  const rows: (readonly string[])[] = [];
  for (const { cells } of csvRows(text, separator, hasQuotes)) if (rows.push(cells) === 2) break;
  return rows;
}

/** Whether the first row has a number or a time wherever the second has, so that it names nothing. */
function isRow(first: readonly string[], second: readonly string[]): boolean {
  const isContent = (cell: string | undefined) => looksNumeric(cell) === true || isWrittenTime(cell);
  return (
    second.some(isContent) && second.every((cell, column) => !isContent(cell) || isContent(first[column]))
  );
}

function tooShort(names: number, width: number): Finding {
  return {
    code: "HEADER",
    count: width - names,
    message:
      `The header names ${counted(names, "column")}, rows have ${counted(width, "cell")}: names go to the columns on the left, and ` +
      `${counted(width - names, "column")} on the right ${width - names === 1 ? "has" : "have"} none. Look whether they are the right ones.`,
  };
}

function unequal(found: number, wanted: number, line: number): LstmkitError {
  return new LstmkitError(
    "BAD_CSV",
    `line ${line} has ${counted(found, "cell")}, the rows before ${wanted}; wanted the same number in every row. Put quotes ` +
      "around a cell that holds the separator, or name another one (separator, --separator on the command line).",
  );
}
