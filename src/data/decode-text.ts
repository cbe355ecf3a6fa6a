/** Bytes as text: in what encoding they are, and where they are not. */
import { BYTES_WANTED, type Bytes, bytesOf } from "../bytes.ts";
import { type ErrorCode, LstmkitError } from "../errors.ts";
import { aString, checkOptions, show } from "../options.ts";

/** How {@link decodeText} reads. */
export interface DecodeOptions {
  /**
   * A label of the WHATWG Encoding Standard, such as "windows-1252" or "shift_jis". A byte order mark
   * goes before it, as on the web. Default: UTF-8, or UTF-16 where a mark says so.
   */
  readonly encoding?: string;
}

/**
 * Bytes as text, without a byte order mark. What is no text in that encoding is refused, and so is a NUL
 * where no encoding was named: text has none, UTF-16 without its mark has many.
 *
 * @throws BAD_TEXT with the line; BAD_ARGUMENT for an encoding that is not there, and for what has no bytes
 */
export function decodeText(bytes: Bytes, options?: DecodeOptions): string {
  const { encoding } = checkOptions("decodeText()", options, {
    encoding: { ...aString, fallback: undefined },
  });
  return decodeWhole(bytesOf(bytes, "decodeText()"), encoding);
}

/** @throws BAD_ARGUMENT for an encoding that is not there */
export function checkEncoding(encoding: string): void {
  strictDecoder(encoding);
}

/** Text that was decoded elsewhere, without the byte order mark that may have been left in. */
export function withoutMark(text: string): string {
  return text.startsWith("\ufeff") ? text.slice(1) : text;
}

/** Engines have strings of some 2^29 UTF-16 units (V8: 2^29 − 24), and a byte gives one at most. */
const MOST_BYTES = 2 ** 29 - 24;

/** {@link decodeText}, with the code of its errors and the most bytes it takes. */
export function decodeWhole(
  bytes: Uint8Array,
  encoding: string | undefined,
  code: ErrorCode = "BAD_TEXT",
  mostBytes = MOST_BYTES,
): string {
  if (bytes.length > mostBytes) {
    throw new LstmkitError(
      code,
      `${bytes.length} bytes of text; wanted ${mostBytes} at most, which is what a string holds. Cut the file into several.`,
    );
  }
  const decoder = new Decoder(encoding);
  try {
    const text = decoder.decode(bytes, true);
    if (encoding !== undefined || !text.includes(NUL)) return text;
  } catch {
    // where, is looked up below
  }
  throw firstFault(bytes, encoding, code);
}

/** Decodes piece by piece, wherever the pieces are cut. */
export class PieceDecoder {
  readonly #encoding: string | undefined;
  readonly #decoder: Decoder;
  /** One piece behind: where the other fails, this one goes up to the very byte. */
  readonly #behind: Decoder;

  /** @throws BAD_ARGUMENT for an encoding that is not there */
  constructor(encoding: string | undefined) {
    this.#encoding = encoding;
    this.#decoder = new Decoder(encoding);
    this.#behind = new Decoder(encoding);
  }

  /**
   * The text that is complete with this piece; with a fault, the text in front of what is none. Nothing can
   * be read from there on.
   */
  decode(bytes: Uint8Array, isLast: boolean): { text: string; fault?: string } {
    let piece: { text: string; fault?: string };
    try {
      piece = { text: this.#decoder.decode(bytes, isLast) };
      this.#behind.decode(bytes, isLast);
    } catch {
      piece = { text: this.#upToFault(bytes), fault: `is not ${this.#decoder.name}` };
    }
    const nul = this.#encoding === undefined ? piece.text.indexOf(NUL) : -1;
    return nul < 0
      ? piece
      : { text: piece.text.slice(0, nul), fault: "has a NUL, as UTF-16 and UTF-32 have" };
  }

  /** @param place such as "line 3" */
  refusal(place: string, fault: string, code: ErrorCode = "BAD_TEXT"): LstmkitError {
    const wanted = this.#encoding === undefined ? "UTF-8, or UTF-16 with a byte order mark" : "that encoding";
    return new LstmkitError(
      code,
      `${place} ${fault}; wanted ${wanted}. Name another one (encoding, --encoding on the command line), ` +
        'such as windows-1252 or utf-16le; in a spreadsheet, save as "CSV UTF-8".',
    );
  }

  #upToFault(bytes: Uint8Array): string {
    let text = "";
    try {
      for (let i = 0; i < bytes.length; i++) text += this.#behind.decode(bytes.subarray(i, i + 1), false);
    } catch {
      // here it is
    }
    return text;
  }
}

/** How bytes of a file's rows become text, each row by itself. */
export interface RowCoding {
  /** Bytes of the mark in front of the first row. */
  readonly mark: number;
  /** Bytes that a piece of text has in the file. */
  readonly measure: (text: string, from: number, to: number) => number;
  readonly decode: (bytes: Uint8Array) => string;
}

/**
 * Undefined for an encoding in which a row cannot be read without those before it, or its length is not known: such as
 * those of several bytes a character that are not Unicode's.
 *
 * @param start of the file, four bytes at least where it has so many
 * @throws BAD_ARGUMENT for an encoding that is not there
 */
export function rowCoding(start: Uint8Array, encoding = "utf-8"): RowCoding | undefined {
  const marked = MARKS.find(({ mark }) => start.length >= mark.length && startsAlike(start, mark));
  const plain = strictDecoder(marked?.encoding ?? encoding);
  const name = plain.encoding;
  const decoder = new TextDecoder(name, { fatal: true, ignoreBOM: true });
  const decode = (bytes: Uint8Array) => {
    const text = decoder.decode(bytes);
    return name === "windows-1252" ? asWindows1252(text) : text;
  };
  const mark = marked?.mark.length ?? 0;
  if (name === "utf-8") return { mark, decode, measure: utf8Length };
  if (name.startsWith("utf-16")) return { mark, decode, measure: (_, from, to) => (to - from) * 2 };
  const each = new TextDecoder(name).decode(Uint8Array.from({ length: 256 }, (_, byte) => byte));
  return each.length === 256 ? { mark, decode, measure: (_, from, to) => to - from } : undefined;
}

function utf8Length(text: string, from: number, to: number): number {
  let bytes = to - from;
  for (let i = from; i < to; i++) {
    const unit = text.charCodeAt(i);
    if (unit < 0x80) continue;
    bytes += unit < 0x800 || (unit & 0xf800) === 0xd800 ? 1 : 2; // two halves of four bytes
  }
  return bytes;
}

/** Line breaks of text that comes in pieces: \n, \r\n and \r. */
export class LineCounter {
  breaks = 0;
  #afterReturn = false;

  add(text: string): void {
    for (let i = 0; i < text.length; i++) {
      const unit = text.charCodeAt(i);
      if (unit === 13 || (unit === 10 && !this.#afterReturn)) this.breaks++;
      this.#afterReturn = unit === 13;
    }
  }
}

/** A piece of bytes in the search for a fault. */
const PIECE = 2 ** 16;

function firstFault(bytes: Uint8Array, encoding: string | undefined, code: ErrorCode): LstmkitError {
  const decoder = new PieceDecoder(encoding);
  const lines = new LineCounter();
  for (let start = 0; ; start += PIECE) {
    const isLast = start + PIECE >= bytes.length;
    const { text, fault } = decoder.decode(bytes.subarray(start, start + PIECE), isLast);
    lines.add(text);
    if (fault !== undefined) return decoder.refusal(`line ${lines.breaks + 1}`, fault, code);
    if (isLast) throw new Error("text was refused, and has no fault"); // cannot be
  }
}

const NUL = "\0";

const MARKS = [
  { encoding: "utf-8", mark: [0xef, 0xbb, 0xbf] },
  { encoding: "utf-16le", mark: [0xff, 0xfe] },
  { encoding: "utf-16be", mark: [0xfe, 0xff] },
];

/** A TextDecoder that heeds byte order marks and gives the same on every engine. */
class Decoder {
  #decoder: TextDecoder;
  /** Bytes that may become a mark, before it is known; null afterwards. */
  #start: Uint8Array | null = new Uint8Array(0);

  constructor(encoding = "utf-8") {
    this.#decoder = strictDecoder(encoding);
  }

  get name(): string {
    return this.#decoder.encoding.toUpperCase();
  }

  /** @throws TypeError for bytes that are in no such encoding */
  decode(bytes: Uint8Array, isLast: boolean): string {
    let piece = bytes;
    if (this.#start) {
      piece = joined(this.#start, bytes);
      const isUnsure = MARKS.some(({ mark }) => piece.length < mark.length && startsAlike(piece, mark));
      if (isUnsure && !isLast) {
        this.#start = piece;
        return "";
      }
      this.#start = null;
      const marked = MARKS.find(({ mark }) => piece.length >= mark.length && startsAlike(piece, mark));
      if (marked) this.#decoder = strictDecoder(marked.encoding);
    }
    const text = this.#decoder.decode(piece, { stream: !isLast });
    return this.#decoder.encoding === "windows-1252" ? asWindows1252(text) : text;
  }
}

/** @throws BAD_ARGUMENT */
function strictDecoder(encoding: string): TextDecoder {
  try {
    return new TextDecoder(encoding, { fatal: true });
  } catch (cause) {
    throw new LstmkitError(
      "BAD_ARGUMENT",
      `encoding is ${show(encoding)}; wanted a label of the Encoding Standard that this engine has, such as "windows-1252".`,
      { cause },
    );
  }
}

function startsAlike(bytes: Uint8Array, mark: readonly number[]): boolean {
  return mark.every((byte, i) => i >= bytes.length || bytes[i] === byte);
}

function joined(first: Uint8Array, second: Uint8Array): Uint8Array {
  if (first.length === 0) return second;
  const both = new Uint8Array(first.length + second.length);
  both.set(first);
  both.set(second, first.length);
  return both;
}

/** The characters of 0x80 to 0x9f, by the Encoding Standard. */
const WINDOWS_1252 = "€\x81‚ƒ„…†‡ˆ‰Š‹Œ\x8dŽ\x8f\x90‘’“”•–—˜™š›œ\x9džŸ";

/** Node 20 decodes Latin-1 in its place: control characters stand where quotes and dashes should. */
function asWindows1252(text: string): string {
  return text.replace(/[\x80-\x9f]/g, (control) => WINDOWS_1252[control.charCodeAt(0) - 0x80]!);
}

/**
 * The text of bytes, or a text as it was given.
 *
 * @throws BAD_CSV for what does not decode; BAD_ARGUMENT for what is neither, and for the encoding of a text
 */
export function textOfSource(call: string, source: string | Bytes, encoding: string | undefined): string {
  if (typeof source !== "string") {
    return decodeWhole(bytesOf(source, call, `a string, ${BYTES_WANTED}`), encoding, "BAD_CSV");
  }
  if (encoding === undefined) return withoutMark(source);
  throw new LstmkitError(
    "BAD_ARGUMENT",
    `${call}: encoding is ${show(encoding)}, and the source is a string, decoded already. Give the file's bytes, or no encoding.`,
  );
}
