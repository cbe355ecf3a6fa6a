/** Rows of a CSV file: RFC 4180 with any line ends, and with the lines that messages name. */
import { LstmkitError } from "../errors.ts";
import { LineCounter } from "./decode-text.ts";

export interface Row {
  readonly cells: readonly string[];
  /** Where the row begins in the file, counted from 1. */
  readonly line: number;
  /** More than 1 where a quoted cell holds line breaks. */
  readonly lines: number;
  /** Its place in the text, in characters; for a reader that measures, in what it counts. */
  readonly start: number;
  readonly end: number;
  /** As it stands there, where it has several lines. */
  readonly text?: string;
}

/** How much there is of a text from a place up to another. */
export type Measure = (text: string, from: number, to: number) => number;

const QUOTE = '"';
const RETURN = 13;
const LINE_FEED = 10;

/** The rows of a text that is there as a whole: see {@link RowReader}. @throws BAD_CSV */
export const csvRows = (text: string, separator: string, hasQuotes: boolean): Generator<Row> =>
  new RowReader(separator, hasQuotes).read(text, true);

/** Characters of a row, where the file is larger than memory: a quote that is never closed would fill it. */
const MOST_OF_ROW = 2 ** 24;

/**
 * Reads rows from text that comes in pieces, wherever they are cut: those that are not blank; a row of blank cells is,
 * too: spreadsheets write them. Rows end at \n, \r\n or \r. With quotes, a cell that begins with one goes on to the
 * next single one, and "" is a quote in it; a quote anywhere else is a character.
 *
 * A parser of our own: others have one line end for the file (Papa Parse) or know no lines, and what is to
 * be said of a quote that does not end needs both. Time is linear in the text, whatever is in it.
 */
export class RowReader {
  /** Of the row that comes next, counted from 1. */
  line = 1;
  readonly #separator: string;
  readonly #separatorUnit: number;
  readonly #hasQuotes: boolean;
  readonly #measure: Measure;
  readonly #most: number;
  /** The text that is not read yet, in its pieces, and how much there was before it. */
  #pieces: string[] = [];
  #length = 0;
  #base: number;
  /** Characters that have to be there before it is worth while to look for the end of the row again. */
  #wanted = 0;

  /**
   * @param most characters of a row whose end is not there yet
   * @param measure what places are counted in. @param base the place of the first row
   */
  constructor(
    separator: string,
    hasQuotes: boolean,
    {
      most = MOST_OF_ROW,
      measure = (_, from, to) => to - from,
      base = 0,
    }: {
      readonly most?: number;
      readonly measure?: Measure;
      readonly base?: number;
    } = {},
  ) {
    this.#separator = separator;
    this.#separatorUnit = separator.charCodeAt(0);
    this.#hasQuotes = hasQuotes;
    this.#most = most;
    this.#measure = measure;
    this.#base = base;
  }

  /**
   * The rows that end in this piece, or with it.
   *
   * @throws BAD_CSV for a quoted cell that does not end where a cell ends, and for a row that is too long
   */
  *read(piece: string, isLast: boolean): Generator<Row> {
    this.#pieces.push(piece);
    this.#length += piece.length;
    if (!isLast && this.#length < this.#wanted) return;
    const text = this.#pieces.length === 1 ? piece : this.#pieces.join("");
    let at = 0;
    while (at < text.length) {
      const found = this.#row(text, at, isLast);
      if (!found) break;
      const start = this.#base;
      const end = start + this.#measure(text, at, found.end);
      this.#base = end + this.#measure(text, found.end, found.next);
      const { cells, lines } = found;
      const row = { cells, line: this.line, lines, start, end };
      const isBlank = cells.every((cell) => cell.trim() === "");
      if (!isBlank) yield lines === 1 ? row : { ...row, text: text.slice(at, found.end) };
      at = found.next;
      this.line += lines;
    }
    this.#pieces = at === text.length ? [] : [text.slice(at)];
    this.#length = text.length - at;
    // Twice as much, so that a long row is gone through a few times and not with every piece.
    this.#wanted = this.#length * 2;
    if (this.#length <= this.#most) return;
    throw new LstmkitError(
      "BAD_CSV",
      `line ${this.line}: the row that begins there goes on for more than ${this.#most} characters; wanted shorter ones. ` +
        'Perhaps a quote is never closed: where quotes are characters like others, pass quote: "none" (--quote none on the command line).',
    );
  }

  /** Of what comes after all that was given. */
  get lastLine(): number {
    return this.line + breaksIn(this.#pieces.join(""));
  }

  /** The row that begins there, where it ends and the next one begins; null where the end is not there yet. */
  #row(
    text: string,
    start: number,
    isLast: boolean,
  ): { cells: string[]; lines: number; end: number; next: number } | null {
    const cells: string[] = [];
    let at = start;
    let line = this.line;
    for (;;) {
      if (this.#hasQuotes && text[at] === QUOTE) {
        const end = quotedEnd(text, at, this.#separator, line, isLast);
        if (end < 0) return null;
        const cell = text.slice(at + 1, end);
        cells.push(cell.includes(QUOTE) ? cell.replaceAll('""', QUOTE) : cell);
        line += breaksIn(cell);
        at = skipBlanks(text, end + 1, this.#separator);
      } else {
        const end = plainEnd(text, at, this.#separatorUnit);
        cells.push(text.slice(at, end));
        at = end;
      }
      if (text.charCodeAt(at) !== this.#separatorUnit) break;
      at++;
    }
    const isReturn = text.charCodeAt(at) === RETURN;
    // A \n that is still to come may belong to this row's end.
    if (!isLast && (at >= text.length || (isReturn && at + 1 === text.length))) return null;
    const next = at + (isReturn && text.charCodeAt(at + 1) === LINE_FEED ? 2 : 1);
    return { cells, lines: line - this.line + 1, end: at, next: Math.min(next, text.length) };
  }
}

function plainEnd(text: string, start: number, separatorUnit: number): number {
  for (let at = start; at < text.length; at++) {
    const unit = text.charCodeAt(at);
    if (unit === separatorUnit || unit === RETURN || unit === LINE_FEED) return at;
  }
  return text.length;
}

/** Where the closing quote is; below 0 where it may be to come. @throws BAD_CSV */
function quotedEnd(text: string, start: number, separator: string, line: number, isLast: boolean): number {
  let end = text.indexOf(QUOTE, start + 1);
  while (end >= 0 && text[end + 1] === QUOTE) end = text.indexOf(QUOTE, end + 2);
  if (end < 0 && !isLast) return -1;
  if (end < 0) throw badQuote(line, "the quote that opens a cell there is never closed");
  const behind = text[skipBlanks(text, end + 1, separator)];
  if (behind === undefined && !isLast) return -1;
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

export function breaksIn(text: string): number {
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
