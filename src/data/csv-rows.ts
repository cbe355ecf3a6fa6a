/** Rows of a CSV file: RFC 4180 with any line ends, and with the lines that messages name. */
import { LstmkitError } from "../errors.ts";
import { LineCounter } from "./decode-text.ts";

export interface Row {
  readonly cells: readonly string[];
  /** Where the row begins in the file, counted from 1. */
  readonly line: number;
  /** More than 1 where a quoted cell holds line breaks. */
  readonly lines: number;
  /** Its place in the text. */
  readonly start: number;
  readonly end: number;
}

const QUOTE = '"';
const RETURN = 13;
const LINE_FEED = 10;

/**
 * The rows that are not blank; a row of blank cells is, too: spreadsheets write them. Rows end at \n, \r\n
 * or \r. With quotes, a cell that begins with one goes on to the next single one, and "" is a quote in it;
 * a quote anywhere else is a character.
 *
 * A parser of our own: others have one line end for the file (Papa Parse) or know no lines, and what is to
 * be said of a quote that does not end needs both. Time is linear in the text, whatever is in it.
 *
 * @throws BAD_CSV for a quoted cell that does not end where a cell ends
 */
export function* csvRows(text: string, separator: string, hasQuotes: boolean): Generator<Row> {
  const separatorUnit = separator.charCodeAt(0);
  let at = 0;
  let line = 1;
  while (at < text.length) {
    const [start, firstLine] = [at, line];
    const cells: string[] = [];
    for (;;) {
      if (hasQuotes && text[at] === QUOTE) {
        const end = quotedEnd(text, at, separator, line);
        const cell = text.slice(at + 1, end);
        cells.push(cell.replaceAll('""', QUOTE));
        line += breaksIn(cell);
        at = skipBlanks(text, end + 1, separator);
      } else {
        const end = plainEnd(text, at, separatorUnit);
        cells.push(text.slice(at, end));
        at = end;
      }
      if (text.charCodeAt(at) !== separatorUnit) break;
      at++;
    }
    if (cells.some((cell) => cell.trim() !== "")) {
      yield { cells, line: firstLine, lines: line - firstLine + 1, start, end: at };
    }
    at += text.charCodeAt(at) === RETURN && text.charCodeAt(at + 1) === LINE_FEED ? 2 : 1;
    line++;
  }
}

function plainEnd(text: string, start: number, separatorUnit: number): number {
  for (let at = start; at < text.length; at++) {
    const unit = text.charCodeAt(at);
    if (unit === separatorUnit || unit === RETURN || unit === LINE_FEED) return at;
  }
  return text.length;
}

/** Where the closing quote is. @throws BAD_CSV */
function quotedEnd(text: string, start: number, separator: string, line: number): number {
  let end = text.indexOf(QUOTE, start + 1);
  while (end >= 0 && text[end + 1] === QUOTE) end = text.indexOf(QUOTE, end + 2);
  if (end < 0) throw badQuote(line, "the quote that opens a cell there is never closed");
  const behind = text[skipBlanks(text, end + 1, separator)];
  if (behind === undefined || behind === separator || behind === "\n" || behind === "\r") return end;
  const closing = line + breaksIn(text.slice(start, end));
  throw badQuote(
    line,
    `the cell that a quote opens there goes on behind its closing quote in line ${closing}`,
  );
}

/** For a quote that is not what it seems. */
export function badQuote(line: number, found: string): LstmkitError {
  return new LstmkitError(
    "BAD_CSV",
    `line ${line}: ${found}; wanted quotes around whole cells, and "" for a quote inside one. Where quotes are ` +
      'characters like others, pass quote: "none" (--quote none on the command line).',
  );
}

function skipBlanks(text: string, start: number, separator: string): number {
  let at = start;
  while ((text[at] === " " || text[at] === "\t") && text[at] !== separator) at++;
  return at;
}

function breaksIn(text: string): number {
  const counter = new LineCounter();
  counter.add(text);
  return counter.breaks;
}

const SEPARATORS = [",", ";", "\t"];
/** How much of a file the separator is found in. */
const SAMPLE = 2 ** 16;

/**
 * The comma, semicolon or tab that cuts most of the first rows into as many cells as the first one, and
 * that into the most.
 */
export function findSeparator(text: string, hasQuotes: boolean): string {
  const sample = text.slice(0, SAMPLE);
  const candidates = SEPARATORS.map((separator) => {
    const counts = cellCounts(sample, separator, hasQuotes);
    if (sample.length < text.length && counts.length > 1) counts.pop(); // it may be cut off
    const [cells = 0] = counts;
    const alike = counts.filter((count) => count === cells).length / counts.length;
    return { separator, cells, fits: cells > 1 ? alike : 0 };
  });
  const isBetter = (a: (typeof candidates)[number], b: typeof a) =>
    a.fits > b.fits || (a.fits === b.fits && a.cells > b.cells);
  return candidates.reduce((best, next) => (isBetter(next, best) ? next : best)).separator;
}

function cellCounts(sample: string, separator: string, hasQuotes: boolean): number[] {
  const counts: number[] = [];
  try {
    for (const { cells } of csvRows(sample, separator, hasQuotes)) counts.push(cells.length);
  } catch (error) {
    // A quote that does not end; what was read until there has to do.
    if (!(error instanceof LstmkitError)) throw error;
  }
  return counts;
}
