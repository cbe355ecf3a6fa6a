import fc from "fast-check";
import { LstmkitError } from "../../src/errors.ts";

/** What `read` gives, or the coded error it throws; any other error goes on. */
export function outcomeOf<T>(read: () => T): T | LstmkitError {
  try {
    return read();
  } catch (error) {
    if (error instanceof LstmkitError) return error;
    throw error;
  }
}

const LENGTH = 100_000;

/**
 * Bytes long enough that work which grows with their square would outlast a test's time: a few bytes, over
 * and over, behind a beginning that may be that of a file.
 */
export function longBytes(...beginnings: readonly Uint8Array[]): fc.Arbitrary<Uint8Array> {
  const beginning = fc.constantFrom(new Uint8Array(0), ...beginnings);
  const pattern = fc.uint8Array({ minLength: 1, maxLength: 6 });
  return fc.tuple(beginning, pattern).map(([first, repeated]) => {
    const bytes = new Uint8Array(first.length + LENGTH);
    bytes.set(first);
    for (let i = 0; i < LENGTH; i++) bytes[first.length + i] = repeated[i % repeated.length]!;
    return bytes;
  });
}

/** The same of characters that mean something to the reader. */
export function longText(characters: readonly string[], ...beginnings: string[]): fc.Arbitrary<string> {
  const pattern = fc.array(fc.constantFrom(...characters), { minLength: 1, maxLength: 6 });
  return fc.tuple(fc.constantFrom("", ...beginnings), pattern).map(([first, repeated]) => {
    const once = repeated.join("");
    return first + once.repeat(LENGTH / once.length);
  });
}
