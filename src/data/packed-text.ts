import { deflateSync } from "fflate";
import { LstmkitError } from "../errors.ts";
import { crc32 } from "./crc32.ts";
import { inflate, mostUnpacked } from "./inflate.ts";

/*
 * A small file for one text:
 *
 *   8 bytes   "LSTMRAW1"
 *   4 bytes   CRC-32 of the text's UTF-8, little-endian
 *   4 bytes   length of the text's UTF-8, little-endian
 *   the rest  the text's UTF-8, deflated
 */

const MAGIC = "LSTMRAW1";
const PREFIX_LENGTH = 16;

/** Packs a text. The same text gives the same bytes. */
export function packText(text: string): Uint8Array {
  const unpacked = new TextEncoder().encode(text);
  const packed = deflateSync(unpacked, { level: 9, mem: 12 });
  const file = new Uint8Array(PREFIX_LENGTH + packed.length);
  file.set(new TextEncoder().encode(MAGIC));
  const view = new DataView(file.buffer);
  view.setUint32(8, crc32(unpacked), true);
  view.setUint32(12, unpacked.length, true);
  file.set(packed, PREFIX_LENGTH);
  return file;
}

/** The text of a packed file. @throws BAD_DATASET where it is of another format, cut short or damaged */
export function unpackText(bytes: Uint8Array): string {
  const magic = new TextDecoder("latin1").decode(bytes.subarray(0, MAGIC.length));
  if (magic !== MAGIC || bytes.length < PREFIX_LENGTH) throw bad(`${bytes.length} bytes in another format`);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const packed = bytes.subarray(PREFIX_LENGTH);
  const length = view.getUint32(12, true);
  if (length > mostUnpacked(packed.length)) throw bad("a declared length that its bytes cannot hold");
  try {
    const content = inflate(packed, length);
    if (content.length === length && crc32(content) === view.getUint32(8, true)) {
      return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(content);
    }
  } catch (cause) {
    throw bad("content that cannot be unpacked", cause);
  }
  throw bad("content that does not match its checksum");
}

function bad(found: string, cause?: unknown): LstmkitError {
  return new LstmkitError(
    "BAD_DATASET",
    `the text's file has ${found}; wanted a whole file in the format ${MAGIC}. Install the package again, or fetch the file again.`,
    { cause },
  );
}
