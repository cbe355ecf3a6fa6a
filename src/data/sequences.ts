import { LstmkitError } from "../errors.ts";
import { checkOptions, isList, number, oneOf, show, wholeNumber } from "../options.ts";
import type { Tensor } from "../tensor.ts";

/** The side of a sequence: its beginning or its end. */
export type Side = "pre" | "post";

/** How sequences of many lengths become the rows of one array. */
export interface PadOptions {
  /** Length of every row. Default: the longest sequence. */
  readonly maxLen?: number;
  /** The side that is filled up when a sequence is short. Default "pre". */
  readonly padding?: Side;
  /** The side that is cut off when a sequence is long. Default "pre": the end is kept. */
  readonly truncating?: Side;
  /** What to fill with. Default 0. */
  readonly value?: number;
}

/** What the options of padSequences() take. */
export const PAD_OPTIONS = {
  maxLen: { ...wholeNumber(1), fallback: undefined },
  padding: { ...oneOf("pre", "post"), fallback: "pre" as Side },
  truncating: { ...oneOf("pre", "post"), fallback: "pre" as Side },
  value: { ...number("a 32-bit integer, such as 0", isInt32), fallback: 0 },
};

/**
 * Cuts and fills sequences to one length, as `keras.utils.pad_sequences` does.
 *
 * @returns x (sequences, maxLen)
 * @throws BAD_ARGUMENT for an option without meaning, and for what are no sequences; BAD_SHAPE when there is no
 * sequence to take the length from, OUT_OF_MEMORY, BAD_VALUE for a value that is no 32-bit integer
 */
export function padSequences(
  sequences: ArrayLike<ArrayLike<number>>,
  options: PadOptions = {},
): Tensor<Int32Array> {
  const given = checkOptions<PadOptions, typeof PAD_OPTIONS>("padSequences()", options, PAD_OPTIONS);
  const { padding, truncating, value } = given;
  checkRows(sequences);
  const maxLen = given.maxLen ?? longest(sequences);
  const size = sequences.length * maxLen;
  if (size > MAX_ELEMENTS) {
    throw new LstmkitError(
      "OUT_OF_MEMORY",
      `${sequences.length} sequences of ${maxLen} are ${size} numbers; at most ${MAX_ELEMENTS} fit. Reduce maxLen.`,
    );
  }
  checkFilling(sequences, maxLen);
  const data = new Int32Array(size).fill(value);
  for (let row = 0; row < sequences.length; row++) {
    const sequence = sequences[row]!;
    const kept = Math.min(sequence.length, maxLen);
    const from = truncating === "pre" ? sequence.length - kept : 0;
    const to = row * maxLen + (padding === "pre" ? maxLen - kept : 0);
    for (let i = 0; i < kept; i++) {
      const id: unknown = sequence[from + i];
      if (!isInt32(id)) {
        throw new LstmkitError(
          "BAD_VALUE",
          `sequences[${row}][${from + i}] is ${show(id)}; wanted a 32-bit integer. Encode text with encode() first.`,
        );
      }
      data[to + i] = id;
    }
  }
  return { data, shape: [sequences.length, maxLen] };
}

/** @throws BAD_ARGUMENT, or BAD_VALUE for a row that is missing or no list */
function checkRows(sequences: unknown): void {
  if (!isList(sequences)) {
    throw new LstmkitError(
      "BAD_ARGUMENT",
      `the sequences are ${show(sequences)}; wanted an array of arrays of ids.`,
    );
  }
  for (let row = 0; row < sequences.length; row++) {
    if (isList(sequences[row])) continue;
    throw new LstmkitError(
      "BAD_VALUE",
      `sequences[${row}] is ${show(sequences[row])}; wanted an array of ids. Encode text with encode() first.`,
    );
  }
}

/** 64 MB of numbers, which may be filling alone. */
const FREE_ELEMENTS = 2 ** 24;
/** Beyond them, numbers for each that is there: texts of some words are cut at a thousand at most. */
const MOST_FILLING = 256;

/** A maxLen out of a damaged file would take gigabytes for a few words. @throws OUT_OF_MEMORY */
function checkFilling(sequences: ArrayLike<ArrayLike<number>>, maxLen: number): void {
  const size = sequences.length * maxLen;
  if (size <= FREE_ELEMENTS) return;
  let given = sequences.length;
  for (let row = 0; row < sequences.length; row++) given += Math.min(sequences[row]!.length, maxLen);
  if (size <= given * MOST_FILLING) return;
  throw new LstmkitError(
    "OUT_OF_MEMORY",
    `${sequences.length} sequences of ${maxLen} are ${size} numbers, more than ${MOST_FILLING} times what they hold; wanted ${FREE_ELEMENTS} at most where so much is filled up. Reduce maxLen.`,
  );
}

/** What WebAssembly's address space holds of 32-bit numbers. */
const MAX_ELEMENTS = 2 ** 30;

function isInt32(value: unknown): value is number {
  return typeof value === "number" && (value | 0) === value;
}

function longest(sequences: ArrayLike<ArrayLike<number>>): number {
  let length = 0;
  for (let row = 0; row < sequences.length; row++) length = Math.max(length, sequences[row]!.length);
  if (length === 0) {
    throw new LstmkitError(
      "BAD_SHAPE",
      `${sequences.length} sequences, none with an element: there is no longest one to pad to. Give maxLen.`,
    );
  }
  return length;
}
