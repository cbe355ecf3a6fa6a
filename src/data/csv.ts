import type { Bytes } from "../bytes.ts";
import { LstmkitError } from "../errors.ts";
import { aString, checkOptions, oneOf, show, trueOrFalse } from "../options.ts";
import {
  type Classes,
  type ClassNames,
  classesOption,
  classKey,
  classReader,
  findClasses,
  labelsOf,
  list,
  type Rename,
  renameOption,
} from "./classes.ts";
import { badQuote, csvRows, findSeparator, type Row } from "./csv-rows.ts";
import type { LabelledTexts } from "./dataset.ts";
import { textOfSource } from "./decode-text.ts";

/** How a CSV file is read, and which of its columns hold what. */
export interface CsvOptions {
  /** Name of the column with the texts. Guessed when there is one candidate only. */
  readonly text?: string;
  /** Name of the column with the classes. Guessed when there is one candidate only. */
  readonly label?: string;
  /**
   * Names of class 0 and class 1: a model's, to evaluate it on this file. Names of the file are theirs, case and
   * blanks apart; one of the two may be absent, others are refused. Default: the two that the file has.
   */
  readonly classes?: Classes;
  /** What the file's names stand for, where they are other ones: `{ "0": "ham", "1": "spam" }`. */
  readonly rename?: Rename;
  /** Whether the first row has the columns' names; else they are "1", "2", …. Default: as it seems. */
  readonly header?: boolean;
  /** What stands between cells: one character. Default: comma, semicolon or tab, as it seems. */
  readonly separator?: string;
  /**
   * "double": a cell that begins with " goes on to the next single one. "none": quotes are characters like
   * others. Default: "double", and a quote that seems to swallow rows is refused.
   */
  readonly quote?: "double" | "none";
  /** As {@link decodeText} has it. */
  readonly encoding?: string;
}

/** What the options of a CSV file take. */
export const CSV_OPTIONS = {
  text: { ...aString, fallback: undefined },
  label: { ...aString, fallback: undefined },
  classes: { ...classesOption, fallback: undefined },
  rename: { ...renameOption, fallback: undefined },
  header: { ...trueOrFalse, fallback: undefined },
  separator: {
    wanted: "one character other than a double quote or a line break",
    accepts: (value: unknown) => typeof value === "string" && /^[^"\r\n]$/.test(value),
    fallback: undefined,
  },
  quote: { ...oneOf("double", "none"), fallback: undefined },
  encoding: { ...aString, fallback: undefined },
};

/** Labelled texts, and the columns they came from. */
export interface CsvTexts extends LabelledTexts {
  readonly columns: { readonly text: string; readonly label: string };
  /** The names in the label's column, and the class of each. */
  readonly names: ClassNames;
  /** Where the first row is no header, but a text: columns are called by number. */
  readonly header?: false;
}

const TEXT_NAMES = ["text", "review", "message", "sentence"];
const LABEL_NAMES = ["label", "sentiment", "class", "target", "y"];

/**
 * Reads texts of two classes from a CSV file (RFC 4180; rows end at \\n, \\r\\n or \\r, blank ones and rows of
 * blank cells are left out). The separator is the comma, semicolon or tab that cuts the first rows alike.
 * Bytes are UTF-8, or UTF-16 with a byte order mark, where no encoding is named.
 *
 * The first row names the columns. Where it seems to be a row like the others, it is one: of two columns
 * that both have no name of those below, its class is one of the two that follow.
 *
 * Columns that are not named are guessed: a header called text, review, message or sentence, and one
 * called label, sentiment, class, target or y; or, of exactly two columns, the only one with two
 * distinct values is the label; where `classes` are given, the only one with no other names.
 *
 * Names that differ in case and blanks alone are one class, called as most rows have it. Without `classes`, the
 * one called negative, neg, ham, no, false or 0 is class 0, otherwise the alphabetically first.
 *
 * @throws BAD_CSV for a file that cannot be read so, with the line; BAD_LABEL for other than two classes, or,
 * where `classes` are given, for another name, with the line; BAD_ARGUMENT for options without meaning
 */
export function textsFromCsv(source: string | Bytes, options: CsvOptions = {}): CsvTexts {
  const table = readTable("textsFromCsv()", source, options);
  const { names, rows, hasHeader } = table;
  if (rows.length === 0) throw bad(`only the header ${list(names)}`, "one row a text below it");
  for (const row of rows) checkCells(row, names, hasHeader);
  const { text, label } = chooseColumns(names, rows, options);
  const found = rows.map((row) => classCell(row, label, names));
  const distinct = new Set(found.map(classKey));
  if (options.quote === undefined) for (const row of rows) refuseSwallowed(table, row, label, distinct);
  refuseDoubtfulHeader(table, label, distinct, options);
  const column = `column ${show(names[label])}`;
  const classes = options.classes ?? findClasses(found, options.rename, column);
  const named = labelsOf(
    found,
    classes,
    options.rename,
    (i) => `line ${rows[i]!.line}: ${show(names[label])}`,
  );
  return {
    texts: rows.map(({ cells }) => cells[text]!),
    ...named,
    classes,
    columns: { text: names[text]!, label: names[label]! },
    ...(hasHeader ? {} : { header: false }),
  };
}

/** @param classes keys of those that the rows below have. @throws BAD_CSV for a first row that could be either */
export function refuseDoubtfulHeader(
  { names, hasHeader }: Pick<Table, "names" | "hasHeader">,
  label: number,
  classes: ReadonlySet<string>,
  options: CsvOptions,
): void {
  const isGuess = options.header === undefined && options.text === undefined && options.label === undefined;
  const isTextNamed = names.some((name) => isOneOf(TEXT_NAMES, name));
  if (!hasHeader || !isGuess || isTextNamed || !classes.has(classKey(names[label]!))) return;
  throw bad(
    `line 1 could be the header or a row: its ${show(names[label])} is a class of the rows below`,
    "header: false where it is a row (--no-header on the command line), else the name of the label's column",
  );
}

/** @throws BAD_CSV for a row of more cells than there are columns, or fewer */
export function checkCells({ cells, line }: Row, names: readonly string[], hasHeader: boolean): void {
  if (cells.length === names.length) return;
  throw bad(
    `line ${line} has ${cells.length} cells, the ${hasHeader ? "header" : "first row"} ${names.length}`,
    "the same number in every row; put quotes around a text that holds the separator, or name another " +
      "one (separator, --separator on the command line)",
  );
}

/** The name of a row's class. @throws BAD_CSV where there is none */
export function classCell({ cells, line }: Row, label: number, names: readonly string[]): string {
  const cell = cells[label]!.trim();
  if (classKey(cell) === "") throw bad(`line ${line} has no ${show(names[label])}`, "a class in every row");
  return cell;
}

/**
 * The names of a CSV file's columns, as {@link textsFromCsv} reads them: what text and label may be.
 *
 * @throws BAD_CSV for a file that is empty, or no text; BAD_ARGUMENT for options without meaning
 */
export function csvColumns(source: string | Bytes, options: CsvOptions = {}): string[] {
  return [...readTable("csvColumns()", source, options).names];
}

export interface Table {
  readonly separator: string;
  readonly names: readonly string[];
  /** Below the header, if there is one. */
  readonly rows: readonly Row[];
  readonly hasHeader: boolean;
}

function readTable(call: string, source: string | Bytes, options: CsvOptions): Table {
  const given = checkOptions(call, options, CSV_OPTIONS);
  const content = textOfSource(call, source, given.encoding);
  const hasQuotes = given.quote !== "none";
  const separator = given.separator ?? findSeparator(content, hasQuotes);
  return tableOf(separator, [...csvRows(content, separator, hasQuotes)], given);
}

/** Tells a header from a row. @param rows all of them, or those at the beginning. @throws BAD_CSV where there is none */
export function tableOf(
  separator: string,
  rows: readonly Row[],
  given: Pick<CsvOptions, "text" | "label" | "header" | "classes" | "rename">,
): Table {
  const first = rows[0];
  if (!first) throw bad("the file is empty", "a header line and one row a text");
  const header = first.cells.map((cell) => cell.trim());
  const named = [given.text, given.label].filter((name) => name !== undefined);
  // "1" may be a class in the first row, too; a column's number it is only where there is no header.
  const isNamed = named.some((name) => header.includes(name) && !/^\d+$/.test(name));
  const hasHeader = given.header ?? (isNamed || !seemsRow(header, rows.slice(1), given));
  return {
    separator,
    names: hasHeader ? header : header.map((_, column) => String(column + 1)),
    rows: hasHeader ? rows.slice(1) : rows,
    hasHeader,
  };
}

/** Whether the first row is nearly certainly no header. */
function seemsRow(header: readonly string[], rows: readonly Row[], options: CsvOptions): boolean {
  if (header.length !== 2 || rows.some(({ cells }) => cells.length !== 2)) return false;
  if (header.some((name) => isOneOf(TEXT_NAMES, name) || isOneOf(LABEL_NAMES, name))) return false;
  const isKnown = options.classes && classReader(options.classes, options.rename);
  const asBelow = classColumns(rows, options).filter((column) => {
    const name = header[column]!;
    return valuesOf(column, rows).has(classKey(name)) || isKnown?.(name) !== undefined;
  });
  return asBelow.length === 1;
}

/**
 * A quote at the beginning of a text, in a file that has no quoted cells, lasts until the next one rows
 * below. It shows where each line of such a cell would be a row by itself.
 *
 * @throws BAD_CSV
 */
export function refuseSwallowed(
  { separator, names }: Pick<Table, "separator" | "names">,
  { line, lines, text }: Row,
  label: number,
  classes: ReadonlySet<string>,
): void {
  if (text === undefined) return;
  const found = new Set(classes);
  const isRow = (own: string): boolean => {
    if (own.trim() === "") return true;
    const cells = own.split(separator);
    return cells.length === names.length && found.add(classKey(cells[label]!)).size <= 2;
  };
  if (!everyLine(text, isRow)) return;
  throw badQuote(
    line,
    `the quote that opens a cell there ends in line ${line + lines - 1}, and each of these lines would be a row`,
  );
}

function everyLine(text: string, accepts: (line: string) => boolean): boolean {
  let start = 0;
  for (const lineEnd of text.matchAll(/\r\n?|\n|$/g)) {
    if (!accepts(text.slice(start, lineEnd.index))) return false;
    start = lineEnd.index + lineEnd[0].length;
  }
  return true;
}

/** Which columns hold what. @throws BAD_CSV */
export function chooseColumns(
  names: readonly string[],
  rows: readonly Row[],
  options: CsvOptions,
): { text: number; label: number } {
  let text =
    options.text === undefined ? columnCalled(names, TEXT_NAMES) : named(names, options.text, "text");
  let label =
    options.label === undefined ? columnCalled(names, LABEL_NAMES) : named(names, options.label, "label");
  if (names.length === 2) {
    if (text === undefined && label === undefined) label = onlyOne(classColumns(rows, options));
    if (text === undefined && label !== undefined) text = 1 - label;
    if (label === undefined && text !== undefined) label = 1 - text;
  }
  if (text === undefined || label === undefined) {
    throw bad(
      `the columns ${list(names)}, of which none or several could be the ${text === undefined ? "text" : "label"}`,
      "two names: pass { text, label } (--text and --label on the command line), and header: false " +
        '(--no-header) where these are a row, for the columns "1", "2", …',
    );
  }
  if (text === label) throw bad(`column ${show(names[text])} as both text and label`, "two columns");
  return { text, label };
}

function named(names: readonly string[], name: string, role: string): number {
  const column = names.indexOf(name);
  const called = `called ${show(name)}, the ${role}`;
  if (column < 0) {
    const hint = /^\d+$/.test(name) ? "; or header: false (--no-header), for columns by number" : "";
    throw bad(`the columns ${list(names)}`, `one ${called}${hint}`);
  }
  if (names.lastIndexOf(name) !== column) throw bad(`the columns ${list(names)}`, `only one ${called}`);
  return column;
}

const isOneOf = (names: readonly string[], name: string): boolean => names.includes(name.toLowerCase());

function columnCalled(names: readonly string[], wanted: readonly string[]): number | undefined {
  const columns = names.flatMap((name, i) => (isOneOf(wanted, name) ? [i] : []));
  return columns.length === 1 ? columns[0] : undefined;
}

const onlyOne = (columns: readonly number[]) => (columns.length === 1 ? columns[0] : undefined);

/** Of two columns those that could have the classes: no other names than the given ones, or two names. */
function classColumns(rows: readonly Row[], { classes, rename }: CsvOptions): number[] {
  if (classes) {
    const labelOf = classReader(classes, rename);
    const known = [0, 1].filter((column) =>
      rows.every(({ cells }) => labelOf(cells[column]!.trim()) !== undefined),
    );
    if (known.length > 0) return known;
  }
  return [0, 1].filter((column) => valuesOf(column, rows).size === 2);
}

/** The first three names of a column at most: more are no classes, and need not be held. */
function valuesOf(column: number, rows: readonly Row[]): ReadonlySet<string> {
  const values = new Set<string>();
  for (const { cells } of rows) {
    if (values.add(classKey(cells[column]!)).size > 2) break;
  }
  return values;
}

function bad(found: string, wanted: string): LstmkitError {
  return new LstmkitError("BAD_CSV", `${found}; wanted ${wanted}.`);
}
