import { LstmkitError } from "../../errors.ts";
import { didYouMean, show } from "../../options.ts";
import { classKey, isPlain, list } from "../classes.ts";
import { csvRows, findSeparator, type Row } from "../csv-rows.ts";
import { isMissing, numberOf } from "./numbers.ts";
import type { SequenceOptions } from "./options.ts";

export const TEXT_NAMES = ["text", "review", "message", "sentence", "note", "comment", "content", "body"];
export const LABEL_NAMES = [
  "label",
  "class",
  "target",
  "y",
  "category",
  "sentiment",
  "activity",
  "tag",
  "labels",
  "tags",
];
export const TIME_NAMES = ["time", "timestamp", "date", "datetime", "t", "ms", "seconds"];

/** What stands in the columns that are not numbers, in most files. */
const KNOWN_NAMES = new Set([...TEXT_NAMES, ...LABEL_NAMES, ...TIME_NAMES, "id", "value"]);

export interface Table {
  readonly separator: string;
  readonly names: readonly string[];
  /** Below the header, if there is one; as many cells in each as there are names. */
  readonly rows: readonly Row[];
  readonly hasHeader: boolean;
}

/**
 * @param wanted the columns that are asked for by name
 * @param called what the file is called in messages, such as `walk/1.csv: `; nothing where it is the only one
 * @throws BAD_CSV
 */
export function readTable(
  content: string,
  options: SequenceOptions,
  wanted: readonly string[],
  called = "",
): Table {
  const hasQuotes = options.quote !== "none";
  const separator = options.separator ?? findSeparator(content, hasQuotes);
  const found = [...csvRows(content, separator, hasQuotes)];
  const first = found[0];
  if (!first) throw bad(`${called}the file is empty`, "a header line, and rows below it");
  const header = first.cells.map((cell) => cell.trim());
  const below = found.slice(1);
  const isNamed = wanted.some((name) => header.includes(name) && !/^\d+$/.test(name));
  const hasHeader = options.header ?? (isNamed || seemsHeader(header, below, separator));
  const names = hasHeader ? header : header.map((_, column) => String(column + 1));
  const rows = hasHeader ? below : found;
  if (rows.length === 0) throw bad(`${called}only the header ${list(names)}`, "rows below it");
  const odd = rows.find(({ cells }) => cells.length !== names.length);
  if (odd) {
    throw bad(
      `${called}line ${odd.line} has ${odd.cells.length} cells, the ${hasHeader ? "header" : "first row"} ${names.length}`,
      "the same number in every row; put quotes around a text that holds the separator, or name another " +
        "one (separator, --separator on the command line)",
    );
  }
  return { separator, names, rows, hasHeader };
}

/** Names of columns and the rows below them, of the rows at the beginning of a file. @throws BAD_CSV where there are none */
export function namedTable(
  separator: string,
  rows: readonly Row[],
  { header }: Pick<SequenceOptions, "header">,
): Table {
  const [first, ...below] = rows;
  if (!first) throw bad("the file is empty", "a header line, and rows below it");
  const names = first.cells.map((cell) => cell.trim());
  const hasHeader = header ?? seemsHeader(names, below, separator);
  return {
    separator,
    names: hasHeader ? names : names.map((_, column) => String(column + 1)),
    rows: hasHeader ? below : rows,
    hasHeader,
  };
}

/** Rows that are looked at to tell a header from a row. */
const SAMPLE = 1000;

/** Whether the first row has the names of columns: where there is nothing below to tell by, it has. */
function seemsHeader(header: readonly string[], below: readonly Row[], separator: string): boolean {
  if (header.some((name) => KNOWN_NAMES.has(name.toLowerCase()))) return true;
  const isNumber = (cell: string) => {
    const value = numberOf(cell, separator);
    return value !== undefined && !Number.isNaN(value);
  };
  const sample = below.slice(0, SAMPLE).filter(({ cells }) => cells.length === header.length);
  if (sample.length === 0) return !header.some(isNumber);
  const numeric = header.flatMap((_, c) =>
    sample.every(({ cells }) => isNumber(cells[c]!) || isMissing(cells[c]!)) &&
    sample.some(({ cells }) => isNumber(cells[c]!))
      ? [c]
      : [],
  );
  if (numeric.length > 0) return numeric.some((c) => !isNumber(header[c]!) && !isMissing(header[c]!));
  // No numbers at all: a class in the first row occurs below, a name does not.
  return !header.some((name, c) => {
    const values = new Set(sample.map(({ cells }) => classKey(cells[c]!)));
    return values.size <= (sample.length + 1) / 2 && values.has(classKey(name));
  });
}

/** The place of a column by its name. @throws BAD_CSV */
export function columnOf(names: readonly string[], name: string, role: string, flag: string): number {
  const column = names.indexOf(name);
  if (column < 0) {
    const hint = /^\d+$/.test(name) ? "; or header: false (--no-header), for columns by number" : "";
    const near = didYouMean(name, names.filter(isPlain)).replace(/^: (.*)$/, " ($1)");
    throw bad(
      `the columns ${list(names)}, none of which is ${show(name)}${near}`,
      `the name of the ${role} (${flag})${hint}`,
    );
  }
  if (names.lastIndexOf(name) !== column)
    throw bad(`the columns ${list(names)}`, `only one called ${show(name)}, the ${role} (${flag})`);
  return column;
}

/** The only column with one of these names. */
export function columnCalled(names: readonly string[], wanted: readonly string[]): number | undefined {
  const columns = names.flatMap((name, i) => (wanted.includes(name.toLowerCase()) ? [i] : []));
  return columns.length === 1 ? columns[0] : undefined;
}

/** Whether every cell of a column is a number or missing, and one is a number. */
export function isNumeric({ rows, separator }: Table, column: number): boolean {
  let some = false;
  for (const { cells } of rows) {
    const value = numberOf(cells[column]!, separator);
    if (value === undefined) return false;
    some ||= !Number.isNaN(value);
  }
  return some;
}

/** Share of the cells of a column that are numbers. */
export function shareOfNumbers({ rows, separator }: Table, column: number): number {
  const numbers = rows.filter(({ cells }) => {
    const value = numberOf(cells[column]!, separator);
    return value !== undefined && !Number.isNaN(value);
  });
  return numbers.length / rows.length;
}

/** Whether a column has names that come again and again: no more than half as many as rows. */
export function hasFewValues({ rows }: Table, column: number): boolean {
  const values = new Set<string>();
  for (const { cells } of rows) {
    values.add(classKey(cells[column]!));
    if (values.size > rows.length / 2) return false;
  }
  return true;
}

const LONGEST = 60;

/** What a file says, in a place's name: on one line, and not for ever. */
export function inLine(text: string): string {
  const line = text.replace(/[\p{Cc}\p{Zl}\p{Zp}]+/gu, " ");
  return line.length > LONGEST ? `${line.slice(0, LONGEST - 1)}…` : line;
}

export function bad(found: string, wanted: string): LstmkitError {
  return new LstmkitError("BAD_CSV", `${found}; wanted ${wanted}.`);
}
