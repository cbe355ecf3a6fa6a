/** A column of numbers: read cell by cell. */
import { show } from "../../options.ts";
import { Float64List } from "./float64-list.ts";
import { Places } from "./places.ts";

/** What stands for no value, in small letters; a cell without anything does, too. */
const NOTHING = new Set([
  ..."na,n/a,#n/a,<na>,nan,null,none,nil,-,--,?,.,missing".split(","),
  "–", // en dash
  "—", // em dash
]);

/** How commas and points in numbers are meant. */
export interface NumberStyle {
  /** What stands between a number and its fraction. */
  readonly decimal: "." | ",";
}

const PLAIN = /^[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?$/;
/** Characters of a number at most. */
const LONGEST = 1000;
const BLANKS_BETWEEN = /(\d)[ \u00a0\u202f'’](?=\d{3}(?!\d))/g;
/** By the decimal sign: with digits in threes, and without. */
const GROUPED = {
  ".": /^[+-]?\d{1,3}(?:,\d{3})+(?:\.\d*)?$/,
  ",": /^[+-]?\d{1,3}(?:\.\d{3})+(?:,\d*)?$/,
};
const DECIMAL_COMMA = /^[+-]?\d*,\d*(?:[eE][+-]?\d+)?$/;

/** What numbers of a file tell of its commas: where they cannot but be one or the other. */
export class CommaEvidence {
  readonly decimal = new Places();
  readonly thousands = new Places();
  readonly points = new Places();
  readonly unclear = new Places();

  see(cell: string, place: () => string): void {
    const shown = () => `${place()} (${show(cell)})`;
    if (!cell.includes(",")) {
      if (!/^[+-]?[1-9]\d{0,2}(?:\.\d{3})+$/.test(cell)) this.points.add(shown);
    } else if (/^[+-]?[1-9]\d{0,2},\d{3}$/.test(cell)) this.unclear.add(shown);
    else if (GROUPED["."].test(cell)) this.thousands.add(shown);
    else if (GROUPED[","].test(cell) || DECIMAL_COMMA.test(cell)) this.decimal.add(shown);
  }
}

/** Reads a column of numbers. Cells are texts, numbers, true or false. */
export class NumberColumn {
  readonly name: string;
  readonly list = new Float64List();
  readonly noNumbers = new Places();
  readonly #style: NumberStyle;
  readonly #nothing: ReadonlySet<string>;
  readonly #evidence: CommaEvidence;
  readonly #place: (row: number) => string;

  /** Whether numbers are read as they are, with no other word for none. */
  readonly #isPlainStyle: boolean;

  /**
   * @param nothing what else stands for no value, in small letters
   * @param evidence is told of every number with a comma, and of numbers with a point
   * @param place says where a row is, counted from 0
   */
  constructor(
    name: string,
    style: NumberStyle,
    nothing: ReadonlySet<string>,
    evidence: CommaEvidence,
    place: (row: number) => string,
  ) {
    this.name = name;
    this.#style = style;
    this.#nothing = nothing;
    this.#evidence = evidence;
    this.#place = place;
    this.#isPlainStyle = style.decimal === "." && nothing.size === 0;
  }

  add(cell: unknown): void {
    this.list.push(this.#read(cell));
  }

  get values(): Float64Array {
    return this.list.values;
  }

  #read(cell: unknown): number {
    if (typeof cell === "number") {
      if (this.#nothing.size > 0 && this.#nothing.has(String(cell))) return Number.NaN;
      if (cell === Number.POSITIVE_INFINITY || cell === Number.NEGATIVE_INFINITY) return this.#refuse(cell);
      return cell;
    }
    if (typeof cell === "boolean") return cell ? 1 : 0;
    if (cell === null || cell === undefined) return Number.NaN;
    if (typeof cell !== "string") return this.#refuse(cell);
    if (this.#isPlainStyle) {
      const value = commonNumber(cell);
      if (!Number.isNaN(value) && (this.#evidence.points.count > 0 || Number.isInteger(value))) return value;
    }
    const text = cell.trim();
    if (text.length > LONGEST) return this.#refuse(cell);
    if (text === "" || (this.#nothing.size > 0 && this.#nothing.has(text.toLowerCase()))) return Number.NaN;
    if (this.#style.decimal === "." && PLAIN.test(text)) return this.#plain(text);
    const value = this.#other(text);
    return value ?? (NOTHING.has(text.toLowerCase()) ? Number.NaN : this.#refuse(cell));
  }

  #plain(text: string): number {
    const row = this.list.length;
    if (this.#evidence.points.count === 0 && text.includes("."))
      this.#evidence.see(text, () => this.#place(row));
    const value = Number(text);
    return Number.isFinite(value) ? value : this.#refuse(text);
  }

  /** A number with a comma, blanks or in words; undefined for none. */
  #other(text: string): number | undefined {
    const word = WORDS[text.toLowerCase()];
    if (word !== undefined) return word;
    const cell = text.replace(BLANKS_BETWEEN, "$1").replace("\u2212", "-");
    const row = this.list.length;
    if (cell.includes(",") || (this.#style.decimal === "," && cell.includes("."))) {
      this.#evidence.see(cell, () => this.#place(row));
    }
    let plain = cell;
    if (this.#style.decimal === ",") {
      if (GROUPED[","].test(cell)) plain = cell.replaceAll(".", "").replace(",", ".");
      else if (DECIMAL_COMMA.test(cell)) plain = cell.replace(",", ".");
      else if (cell.includes(".")) return undefined;
    } else if (GROUPED["."].test(cell)) plain = cell.replaceAll(",", "");
    else if (DECIMAL_COMMA.test(cell) || GROUPED[","].test(cell)) return Number.NaN; // told by the evidence, and read again
    if (!PLAIN.test(plain)) return undefined;
    const value = Number(plain);
    return Number.isFinite(value) ? value : undefined;
  }

  #refuse(cell: unknown): number {
    const row = this.list.length;
    this.noNumbers.add(() => `${this.#place(row)} (${show(cell)})`);
    return Number.NaN;
  }
}

const POINT = 46;
const MINUS = 45;
const TENS = Array.from({ length: 16 }, (_, exponent) => 10 ** exponent);

/**
 * What Number() gives for up to 15 digits, with a point among them and a minus in front; NaN for all else. Both are
 * exact in f64, and so the quotient is the nearest number there is (Clinger 1990).
 */
function commonNumber(cell: string): number {
  const { length } = cell;
  const isNegative = length > 0 && cell.charCodeAt(0) === MINUS;
  const start = isNegative ? 1 : 0;
  if (length === start || length > start + 16) return Number.NaN;
  let value = 0;
  let point = -1;
  for (let at = start; at < length; at++) {
    const unit = cell.charCodeAt(at);
    if (unit >= 48 && unit <= 57) value = value * 10 + (unit - 48);
    else if (unit === POINT && point < 0 && at > start) point = at;
    else return Number.NaN;
  }
  if (length - start - (point < 0 ? 0 : 1) > 15) return Number.NaN;
  if (point >= 0) value /= TENS[length - point - 1]!;
  return isNegative ? -value : value;
}

const WORDS: Readonly<Record<string, number | undefined>> = Object.assign(Object.create(null), {
  true: 1,
  false: 0,
  yes: 1,
  no: 0,
});

/** Whether a cell could be a number's, or nothing's. */
export function looksNumeric(cell: unknown): boolean | undefined {
  if (typeof cell === "number" || typeof cell === "boolean") return true;
  if (cell === null || cell === undefined) return undefined;
  if (typeof cell !== "string") return false;
  const text = cell.trim();
  if (text.length > LONGEST) return false;
  if (text === "" || NOTHING.has(text.toLowerCase())) return undefined;
  const bare = text.replace(BLANKS_BETWEEN, "$1");
  return PLAIN.test(bare) || DECIMAL_COMMA.test(bare) || GROUPED["."].test(bare) || GROUPED[","].test(bare);
}
