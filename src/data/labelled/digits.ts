/** The handwritten digits that ship with the package, and the format of their file. */
import { type Bytes, bytesOf } from "../../bytes.ts";
import { badFile, type PackedFormat, pack, unpack } from "../packed-file.ts";
import type { SequenceSet } from "./set.ts";

/*
 * In the frame of packed-file.ts, "LSTMDIG1": 4 bytes of digits in the training part, 4 of those in the test part, both
 * little-endian, a byte a digit that says which one it is, then each digit's pixels from left to right and from top to bottom,
 * two in a byte, the first in the upper half: 0 is white, 15 black.
 */

const FORMAT: PackedFormat = { magic: "LSTMDIG1", file: "the digits' file" };
/** Rows of a digit, and pixels in each. */
export const DIGIT_SIZE = 14;
const BYTES = (DIGIT_SIZE * DIGIT_SIZE) / 2;
const DARKEST = 15;

/** A digit: which one, and its pixels from 0 to 15. */
export interface Digit {
  readonly label: number;
  readonly pixels: Uint8Array;
}

/** Packs digits. The same digits give the same bytes. */
export function writeDigits(train: readonly Digit[], test: readonly Digit[]): Uint8Array {
  const all = [...train, ...test];
  const content = new Uint8Array(8 + all.length * (1 + BYTES));
  const view = new DataView(content.buffer);
  view.setUint32(0, train.length, true);
  view.setUint32(4, test.length, true);
  for (const [i, { label, pixels }] of all.entries()) {
    content[8 + i] = label;
    for (let b = 0; b < BYTES; b++)
      content[8 + all.length + i * BYTES + b] = (pixels[2 * b]! << 4) | pixels[2 * b + 1]!;
  }
  return pack(FORMAT, content);
}

/**
 * Handwritten digits, read row by row: 14 steps of 14 numbers from 0 (white) to 1 (black), ten classes. assets/README.md
 * says where they come from.
 *
 * @param bytes of `lstmkit/digits.bin`
 * @throws BAD_DATASET where they are damaged or another file's; BAD_ARGUMENT for what has no bytes
 */
export function digitsFromBytes(bytes: Bytes): { train: SequenceSet; test: SequenceSet } {
  const content = unpack(FORMAT, bytesOf(bytes, "digitsFromBytes()"));
  if (content.length < 8) throw bad("no digits");
  const view = new DataView(content.buffer, content.byteOffset, content.byteLength);
  const [train, test] = [view.getUint32(0, true), view.getUint32(4, true)];
  if (8 + (train + test) * (1 + BYTES) !== content.length)
    throw bad(`${train + test} digits in ${content.length} bytes`);
  const part = (from: number, count: number): SequenceSet => {
    const places = Array.from({ length: count }, (_, i) => from + i);
    return {
      ...{ input: "numbers", labels: "one", findings: [] },
      features: Array.from({ length: DIGIT_SIZE }, (_, column) => `column ${column + 1}`),
      sequences: places.map((i) =>
        pixelsOf(content.subarray(8 + train + test + i * BYTES, 8 + train + test + (i + 1) * BYTES)),
      ),
      targets: places.map((i) => labelOf(content[8 + i]!)),
      places: places.map((i) => `digit ${i + 1}`),
    };
  };
  return { train: part(0, train), test: part(train, test) };
}

function labelOf(byte: number): string {
  if (byte > 9) throw bad(`the digit ${byte}`);
  return String(byte);
}

function pixelsOf(bytes: Uint8Array): Float64Array {
  return Float64Array.from({ length: DIGIT_SIZE * DIGIT_SIZE }, (_, i) => {
    const byte = bytes[i >> 1]!;
    return (i % 2 === 0 ? byte >> 4 : byte & 15) / DARKEST;
  });
}

const bad = (found: string) => badFile(FORMAT, found);
