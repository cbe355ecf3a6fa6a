import Papa from "papaparse";
import { LstmkitError } from "../errors.ts";
import { show } from "../options.ts";
import type { LabelledTexts } from "./dataset.ts";

/** Which columns of a CSV file hold what. */
export interface CsvOptions {
  /** Header of the column with the texts. Guessed when there is one candidate only. */
  readonly text?: string;
  /** Header of the column with the classes. Guessed when there is one candidate only. */
  readonly label?: string;
}

/** Labelled texts, and the columns they came from. */
export interface CsvTexts extends LabelledTexts {
  readonly columns: { readonly text: string; readonly label: string };
}

const TEXT_NAMES = ["text", "review", "message", "sentence"];
const LABEL_NAMES = ["label", "sentiment", "class", "target", "y"];
const CLASS_0_NAMES = ["negative", "neg", "ham", "no", "false", "0"];
const MOST_LISTED = 10;

interface Row {
  readonly cells: readonly string[];
  /** Where the row begins in the file, counted from 1. */
  readonly line: number;
}

/**
 * Reads texts of two classes from a CSV file with a header line (RFC 4180; quoted cells may hold
 * separators and line breaks). The separator is the comma, semicolon or tab that the header line has
 * most of; bytes are UTF-8, with or without a byte order mark.
 *
 * Columns that are not named are guessed: a header called text, review, message or sentence, and one
 * called label, sentiment, class, target or y; or, of exactly two columns, the only one with two
 * distinct values is the label. The class called negative, neg, ham, no, false or 0 is class 0,
 * otherwise the alphabetically first.
 *
 * @throws BAD_CSV for a file that cannot be read so, with the line; BAD_LABEL for other than two classes
 */
export function textsFromCsv(source: string | Uint8Array, options: CsvOptions = {}): CsvTexts {
  const [header, ...rows] = readRows(typeof source === "string" ? source : decodeUtf8(source));
  if (!header) throw bad("the file is empty", "a header line and one row a text");
  const names = namesOf(header);
  if (rows.length === 0) throw bad(`only the header ${list(names)}`, "one row a text below it");
  for (const { cells, line } of rows) {
    if (cells.length !== names.length) {
      throw bad(
        `line ${line} has ${cells.length} cells, the header ${names.length}`,
        "the same number in every row; put quotes around a text that holds the separator",
      );
    }
  }
  const { text, label } = chooseColumns(names, rows, options);
  const found = rows.map(({ cells, line }) => {
    const cell = cells[label]!.trim();
    if (cell === "") throw bad(`line ${line} has no ${show(names[label])}`, "a class in every row");
    return cell;
  });
  const classes = twoClasses(new Set(found), names[label]!);
  return {
    texts: rows.map(({ cells }) => cells[text]!),
    labels: found.map((cell) => (cell === classes[1] ? 1 : 0)),
    classes,
    columns: { text: names[text]!, label: names[label]! },
  };
}

/**
 * The headers of a CSV file's columns, as {@link textsFromCsv} reads them: what text and label may be.
 *
 * @throws BAD_CSV for a file that is empty, or no UTF-8
 */
export function csvColumns(source: string | Uint8Array): string[] {
  const [header] = readRows(typeof source === "string" ? source : decodeUtf8(source));
  if (!header) throw bad("the file is empty", "a header line and one row a text");
  return namesOf(header);
}

const namesOf = (header: Row): string[] => header.cells.map((cell) => cell.trim());

function readRows(text: string): Row[] {
  const content = text.replace(/^\uFEFF/, "");
  if (content.trim() === "") return [];
  const { data, errors } = Papa.parse<string[]>(content, { delimiter: separatorOf(content) });
  const rows: Row[] = [];
  let line = 1;
  data.forEach((cells, i) => {
    const error = errors.find((candidate) => candidate.row === i);
    if (error) throw bad(`line ${line}: ${error.message}`, 'closed quotes, and "" for a quote inside a cell');
    if (cells.length > 1 || cells[0]?.trim()) rows.push({ cells, line });
    line += 1 + cells.reduce((breaks, cell) => breaks + (cell.match(/\r\n|\r|\n/g)?.length ?? 0), 0);
  });
  return rows;
}

function separatorOf(content: string): string {
  const header = /^[^\r\n]*/.exec(content.trimStart())![0].replace(/"[^"]*"/g, "");
  const counts = [",", ";", "\t"].map((separator) => ({ separator, count: header.split(separator).length }));
  return counts.reduce((best, next) => (next.count > best.count ? next : best)).separator;
}

function decodeUtf8(bytes: Uint8Array): string {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch (cause) {
    throw bad(
      `line ${firstBadLine(bytes)} is not UTF-8`,
      'UTF-8 text; in a spreadsheet, save as "CSV UTF-8"',
      cause,
    );
  }
}

/** No UTF-8 sequence holds the byte of a line feed, so each line can be tried by itself. */
function firstBadLine(bytes: Uint8Array): number {
  const decoder = new TextDecoder("utf-8", { fatal: true });
  let line = 1;
  for (let start = 0; start < bytes.length; line++) {
    const end = bytes.indexOf(10, start);
    const next = end < 0 ? bytes.length : end + 1;
    try {
      decoder.decode(bytes.subarray(start, next));
    } catch {
      return line;
    }
    start = next;
  }
  return line;
}

function chooseColumns(
  names: readonly string[],
  rows: readonly Row[],
  options: CsvOptions,
): { text: number; label: number } {
  let text =
    options.text === undefined ? columnCalled(names, TEXT_NAMES) : named(names, options.text, "text");
  let label =
    options.label === undefined ? columnCalled(names, LABEL_NAMES) : named(names, options.label, "label");
  if (names.length === 2) {
    if (text === undefined && label === undefined) label = onlyBinaryColumn(rows);
    if (text === undefined && label !== undefined) text = 1 - label;
    if (label === undefined && text !== undefined) label = 1 - text;
  }
  if (text === undefined || label === undefined) {
    throw bad(
      `the columns ${list(names)}, of which none or several could be the ${text === undefined ? "text" : "label"}`,
      "two names: pass { text, label } (--text and --label on the command line)",
    );
  }
  if (text === label) throw bad(`column ${show(names[text])} as both text and label`, "two columns");
  return { text, label };
}

function named(names: readonly string[], name: string, role: string): number {
  const column = names.indexOf(name);
  if (column < 0) throw bad(`the columns ${list(names)}`, `one called ${JSON.stringify(name)}, the ${role}`);
  if (names.lastIndexOf(name) !== column) {
    throw bad(`the columns ${list(names)}`, `only one called ${JSON.stringify(name)}, the ${role}`);
  }
  return column;
}

function columnCalled(names: readonly string[], wanted: readonly string[]): number | undefined {
  const columns = names.flatMap((name, i) => (wanted.includes(name.toLowerCase()) ? [i] : []));
  return columns.length === 1 ? columns[0] : undefined;
}

function onlyBinaryColumn(rows: readonly Row[]): number | undefined {
  const binary = [0, 1].filter(
    (column) => new Set(rows.map(({ cells }) => cells[column]!.trim())).size === 2,
  );
  return binary.length === 1 ? binary[0] : undefined;
}

function twoClasses(found: ReadonlySet<string>, column: string): [string, string] {
  const [first, second, ...others] = [...found].sort((a, b) => (a < b ? -1 : 1));
  if (first === undefined || second === undefined || others.length > 0) {
    throw new LstmkitError(
      "BAD_LABEL",
      `column ${show(column)} has ${found.size} classes: ${list([...found])}; wanted two. Name the label's column, or leave the rows of two classes.`,
    );
  }
  const isClass0 = (name: string): boolean => CLASS_0_NAMES.includes(name.toLowerCase());
  return isClass0(second) && !isClass0(first) ? [second, first] : [first, second];
}

function list(names: readonly string[]): string {
  const shown = names.slice(0, MOST_LISTED).map((name) => JSON.stringify(name.slice(0, 40)));
  return shown.join(", ") + (names.length > MOST_LISTED ? ` and ${names.length - MOST_LISTED} more` : "");
}

function bad(found: string, wanted: string, cause?: unknown): LstmkitError {
  return new LstmkitError("BAD_CSV", `${found}; wanted ${wanted}.`, { cause });
}
