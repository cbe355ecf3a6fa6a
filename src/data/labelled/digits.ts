/** The handwritten digits that ship with the package, and the format of their file. */
import { deflateSync } from "fflate";
import { type Bytes, bytesOf } from "../../bytes.ts";
import { LstmkitError } from "../../errors.ts";
import { crc32 } from "../crc32.ts";
import { inflate, mostUnpacked } from "../inflate.ts";
import type { SequenceSet } from "./set.ts";

/*
 *   8 bytes   "LSTMDIG1"
 *   4 bytes   CRC-32 of what follows, unpacked, little-endian
 *   4 bytes   its length, little-endian
 *   the rest  deflated: 4 bytes of digits in the training part, 4 of those in the test part, a byte a digit that says
 *             which one it is, then each digit's pixels from left to right and from top to bottom, two in a byte, the
 *             first in the upper half: 0 is white, 15 black
 */

const MAGIC = "LSTMDIG1";
const PREFIX_LENGTH = 16;
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
  const packed = deflateSync(content, { level: 9, mem: 12 });
  const file = new Uint8Array(PREFIX_LENGTH + packed.length);
  file.set(new TextEncoder().encode(MAGIC));
  const prefix = new DataView(file.buffer);
  prefix.setUint32(8, crc32(content), true);
  prefix.setUint32(12, content.length, true);
  file.set(packed, PREFIX_LENGTH);
  return file;
}

/**
 * Handwritten digits, read row by row: 14 steps of 14 numbers from 0 (white) to 1 (black), ten classes. assets/README.md
 * says where they come from.
 *
 * @param bytes of `lstmkit/digits.bin`
 * @throws BAD_DATASET where they are damaged or another file's; BAD_ARGUMENT for what has no bytes
 */
export function digitsFromBytes(bytes: Bytes): { train: SequenceSet; test: SequenceSet } {
  const content = unpack(bytesOf(bytes, "digitsFromBytes()"));
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

function unpack(bytes: Uint8Array): Uint8Array {
  const magic = new TextDecoder("latin1").decode(bytes.subarray(0, MAGIC.length));
  if (magic !== MAGIC || bytes.length < PREFIX_LENGTH) throw bad(`${bytes.length} bytes in another format`);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const packed = bytes.subarray(PREFIX_LENGTH);
  const length = view.getUint32(12, true);
  if (length > mostUnpacked(packed.length)) throw bad("a declared length that its bytes cannot hold");
  try {
    const content = inflate(packed, length);
    if (content.length === length && crc32(content) === view.getUint32(8, true)) return content;
  } catch (cause) {
    throw bad("content that cannot be unpacked", cause);
  }
  throw bad("content that does not match its checksum");
}

function bad(found: string, cause?: unknown): LstmkitError {
  return new LstmkitError(
    "BAD_DATASET",
    `the digits' file has ${found}; wanted a whole file in the format ${MAGIC}. Install the package again, or fetch the file again.`,
    { cause },
  );
}
