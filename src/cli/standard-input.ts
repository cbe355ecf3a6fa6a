/** Text on the standard input, in any encoding, without a bound on its length but with one on a line's. */
import { fstatSync } from "node:fs";
import { decodeWhole, PieceDecoder } from "../data/decode-text.ts";
import { LstmkitError } from "../errors.ts";
import { surroundings } from "./surroundings.ts";

/** Characters of a line, bytes of a text: one that does not end would fill the memory. */
const MOST = 2 ** 24;

/**
 * The lines of the standard input, as many at a time as have arrived: a slow writer gets its answers at
 * once. They end at \n, \r\n or \r. What is no text is refused after the lines in front of it.
 *
 * @throws BAD_TEXT with the line, for another encoding and for a line without an end; FILE_UNREADABLE
 */
export function inputLines(encoding: string | undefined): AsyncGenerator<string[]> {
  return linesOf(standardInput(), encoding);
}

/** {@link inputLines}, of any bytes. */
export async function* linesOf(
  pieces: AsyncIterable<Uint8Array>,
  encoding: string | undefined,
  most = MOST,
): AsyncGenerator<string[]> {
  const decoder = new PieceDecoder(encoding);
  const open = new OpenLine(most);
  for await (const { bytes, isLast } of withEnd(pieces)) {
    const { text, fault } = decoder.decode(bytes, isLast);
    const { lines, isTooLong } = open.add(text);
    if (isLast && fault === undefined && !isTooLong) lines.push(...open.end());
    if (lines.length > 0) yield lines;
    if (isTooLong) throw tooLong(`line ${open.number}`, `${most} characters`);
    if (fault !== undefined) throw decoder.refusal(`line ${open.number}`, fault);
  }
}

/** All of the standard input. @throws BAD_TEXT, FILE_UNREADABLE */
export async function inputText(encoding: string | undefined): Promise<string> {
  const pieces: Uint8Array[] = [];
  let size = 0;
  for await (const bytes of standardInput()) {
    pieces.push(bytes);
    size += bytes.length;
    if (size > MOST) throw tooLong("the standard input", `${MOST} bytes`);
  }
  return decodeWhole(Buffer.concat(pieces), encoding);
}

async function* standardInput(): AsyncGenerator<Uint8Array> {
  const { input } = surroundings();
  if (input) {
    yield* input;
    return;
  }
  try {
    // Node takes a folder for an input without content.
    if (fstatSync(process.stdin.fd).isDirectory()) throw new Error("it is a folder");
    for await (const bytes of process.stdin) yield bytes as Uint8Array;
  } catch (cause) {
    const reason =
      cause instanceof Error ? ("code" in cause ? String(cause.code) : cause.message) : String(cause);
    throw new LstmkitError(
      "FILE_UNREADABLE",
      `the standard input cannot be read (${reason}); wanted text from a file or another command.`,
      { cause },
    );
  }
}

/** An empty piece at the end, which says so. */
async function* withEnd(
  pieces: AsyncIterable<Uint8Array>,
): AsyncGenerator<{ bytes: Uint8Array; isLast: boolean }> {
  for await (const bytes of pieces) yield { bytes, isLast: false };
  yield { bytes: new Uint8Array(0), isLast: true };
}

function tooLong(place: string, most: string): LstmkitError {
  return new LstmkitError(
    "BAD_TEXT",
    `${place} has more than ${most}; wanted text of that length at most, a text in each line.`,
  );
}

/** The line that has not ended yet, in its pieces: joined once, or a long one would be copied over and over. */
class OpenLine {
  /** Counted from 1. */
  number = 1;
  readonly #most: number;
  #pieces: string[] = [];
  #length = 0;
  #afterReturn = false;

  constructor(most: number) {
    this.#most = most;
  }

  /** The lines that end in this text, up to one that is too long. */
  add(text: string): { lines: string[]; isTooLong: boolean } {
    // A \r has ended a line; the \n behind it came later.
    const parts = (this.#afterReturn && text.startsWith("\n") ? text.slice(1) : text).split(/\r\n|\r|\n/);
    if (text !== "") this.#afterReturn = text.endsWith("\r");
    const lines: string[] = [];
    for (const [i, part] of parts.entries()) {
      if (i > 0) lines.push(this.#close());
      this.#length += part.length;
      if (this.#length > this.#most) return { lines, isTooLong: true };
      this.#pieces.push(part);
    }
    return { lines, isTooLong: false };
  }

  /** The last line, where no line end follows it. */
  end(): string[] {
    return this.#length > 0 ? [this.#close()] : [];
  }

  #close(): string {
    const line = this.#pieces.join("");
    this.#pieces = [];
    this.#length = 0;
    this.number++;
    return line;
  }
}
