/** Lines as rows for a detector: JSON objects, or CSV with a header. */
import { csvRows } from "../data/csv-rows.ts";
import { isTimeName, isWrittenTime } from "../data/series/time-column.ts";
import { DIGITS, numberFormatOf, readNumber, WRITTEN } from "../data/series/time-formats.ts";
import { LstmkitError } from "../errors.ts";
import { didYouMean, show } from "../options.ts";
import type { DetectRow } from "../tasks/index.ts";

/** What the columns are called, and how they are read. */
export interface RowNames {
  readonly target: string;
  /** Undefined: the one that looks like a time. */
  readonly time: string | undefined;
  readonly series: string | undefined;
  readonly decimal: "." | ",";
  readonly monthFirst: boolean | undefined;
  /** Whether rows have times at all. */
  readonly isTimed: boolean;
}

/** How the lines are written; kept in the state, since a stream that goes on has no header again. */
export interface LineForm {
  /** Null for JSON. */
  readonly header: readonly string[] | null;
  readonly separator: string;
}

/** A row, or what is wrong with the line. */
export type ReadLine =
  | { readonly row: DetectRow; readonly doubt?: string }
  | { readonly fault: string }
  | null;

/** Reads lines one by one. */
export class RowReader {
  readonly #names: RowNames;
  #form: LineForm | null;

  constructor(names: RowNames, form: LineForm | null) {
    this.#names = names;
    this.#form = form;
  }

  get form(): LineForm | null {
    return this.#form;
  }

  /** Null for a blank line and for the header. @throws BAD_SERIES for a header without the target */
  read(line: string): ReadLine {
    if (line.trim() === "") return null;
    if (line.trimStart().startsWith("{")) return this.#ofObject(line);
    if (!this.#form || this.#isHeader(line)) {
      this.#form = this.#headerOf(line);
      return null;
    }
    const { header, separator } = this.#form;
    const cells = cellsOf(line, separator);
    if (!cells) return { fault: "is no row of CSV: a quote does not end" };
    return this.#ofCells(Object.fromEntries((header ?? []).map((name, i) => [name, cells[i] ?? ""])));
  }

  /** A header again, as files that were put one behind the other have. */
  #isHeader(line: string): boolean {
    const { header, separator } = this.#form!;
    return (
      header !== null &&
      cellsOf(line, separator)
        ?.map((cell) => cell.trim())
        .join("\n") === header.join("\n")
    );
  }

  #headerOf(line: string): LineForm {
    const forms = [",", ";", "\t", "|"].map((separator) => ({
      separator,
      header: (cellsOf(line, separator) ?? []).map((cell) => cell.trim()),
    }));
    const { target } = this.#names;
    const found = forms.find(({ header }) => header.includes(target));
    if (found) return found;
    const widest = forms.reduce((a, b) => (b.header.length > a.header.length ? b : a)).header;
    throw new LstmkitError(
      "BAD_SERIES",
      `the first line has no column ${show(target)}${didYouMean(target, widest)}: it is ${show(line)}; wanted JSON objects, or CSV with a header that names it.`,
    );
  }

  #ofObject(line: string): ReadLine {
    let object: unknown;
    try {
      object = JSON.parse(line);
    } catch {
      return { fault: "is no JSON" };
    }
    return this.#ofCells(object as Record<string, unknown>);
  }

  #ofCells(cells: Readonly<Record<string, unknown>>): ReadLine {
    const { target, series, decimal, isTimed } = this.#names;
    const time = isTimed ? this.#timeOf(cells) : null;
    if (time === undefined) return { fault: "has no time that can be read" };
    const id = series === undefined ? undefined : cells[series];
    if (series !== undefined && typeof id !== "string" && typeof id !== "number")
      return { fault: `has no ${show(series)}, which says what series it is of` };
    const value = numberOf(cells[target], decimal);
    const row = {
      time,
      value: value === undefined ? null : value,
      ...(id !== undefined && { series: String(id).trim() }),
    };
    if (value !== undefined) return { row };
    return { row, doubt: `has ${show(cells[target])} for ${target}, which is no number; taken for none` };
  }

  #timeOf(cells: Readonly<Record<string, unknown>>): number | string | undefined {
    const { target, series, monthFirst } = this.#names;
    const own = Object.keys(cells).filter((name) => name !== target && name !== series);
    const name = this.#names.time ?? own.find(isTimeName) ?? own.find((one) => isWrittenTime(cells[one]));
    const cell = name === undefined ? undefined : cells[name];
    const digits = typeof cell === "number" || (typeof cell === "string" && DIGITS.test(cell.trim()));
    if (digits) {
      const value = Number(cell);
      const format = numberFormatOf(value, value);
      const time = format ? readNumber(value, format) : Number.NaN;
      return Number.isNaN(time) ? undefined : time;
    }
    if (typeof cell !== "string") return undefined;
    const read = WRITTEN.map((format) => format.read(cell.trim())).find((one) => one !== undefined);
    if (!read || (Number.isNaN(read.clock) && Number.isNaN(read.monthFirst ?? Number.NaN))) return undefined;
    if (read.monthFirst === undefined || monthFirst === undefined) return cell;
    const chosen = monthFirst ? read.monthFirst : read.clock;
    return Number.isNaN(chosen) ? undefined : chosen;
  }
}

function cellsOf(line: string, separator: string): readonly string[] | undefined {
  try {
    return [...csvRows(line, separator, true)][0]?.cells;
  } catch {
    return undefined;
  }
}

const NOTHING = /^(?:|-|\?|n\/?a|nan|null|none)$/i;

/** NaN for none; undefined for what is no number. */
function numberOf(cell: unknown, decimal: "." | ","): number | undefined {
  if (cell === null || cell === undefined) return Number.NaN;
  if (typeof cell === "number") return Number.isFinite(cell) ? cell : Number.NaN;
  if (typeof cell !== "string") return undefined;
  const text = cell.trim();
  if (NOTHING.test(text)) return Number.NaN;
  const plain = decimal === "," ? text.replaceAll(".", "").replace(",", ".") : text;
  return /^[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?$/i.test(plain) ? Number(plain) : undefined;
}
