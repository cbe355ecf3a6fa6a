import { deflateSync } from "fflate";
import { crc32 } from "../crc32.ts";
import { LstmkitError } from "../errors.ts";
import { inflate, mostUnpacked } from "./inflate.ts";

/*
 * The frame of the small files that ship with the package:
 *
 *   8 bytes   the format's name, such as "LSTMTXT1"
 *   4 bytes   CRC-32 of the content, little-endian
 *   4 bytes   length of the content, little-endian
 *   the rest  the content, deflated
 */

const PREFIX_LENGTH = 16;

/** A format of content in this frame. */
export interface PackedFormat {
  /** Eight characters. */
  readonly magic: string;
  /** The file in messages: "the corpus file". */
  readonly file: string;
}

/** The same content gives the same bytes. */
export function pack({ magic }: PackedFormat, content: Uint8Array): Uint8Array {
  const packed = deflateSync(content, { level: 9, mem: 12 });
  const file = new Uint8Array(PREFIX_LENGTH + packed.length);
  file.set(new TextEncoder().encode(magic));
  const view = new DataView(file.buffer);
  view.setUint32(8, crc32(content), true);
  view.setUint32(12, content.length, true);
  file.set(packed, PREFIX_LENGTH);
  return file;
}

/** The content of a file. @throws BAD_DATASET where it is of another format, cut short or damaged */
export function unpack(format: PackedFormat, bytes: Uint8Array): Uint8Array {
  const { magic } = format;
  const found = new TextDecoder("latin1").decode(bytes.subarray(0, magic.length));
  if (found !== magic || bytes.length < PREFIX_LENGTH) {
    throw badFile(format, `${bytes.length} bytes in another format`);
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const packed = bytes.subarray(PREFIX_LENGTH);
  const length = view.getUint32(12, true);
  if (length > mostUnpacked(packed.length)) {
    throw badFile(format, "a declared length that its bytes cannot hold");
  }
  let content: Uint8Array;
  try {
    content = inflate(packed, length);
  } catch (cause) {
    throw badFile(format, "content that cannot be unpacked", cause);
  }
  if (content.length !== length || crc32(content) !== view.getUint32(8, true)) {
    throw badFile(format, "content that does not match its checksum");
  }
  return content;
}

/** For a file that is not what its format says. */
export function badFile({ magic, file }: PackedFormat, found: string, cause?: unknown): LstmkitError {
  return new LstmkitError(
    "BAD_DATASET",
    `${file} has ${found}; wanted a whole file in the format ${magic}. Install the package again, or fetch the file again.`,
    { cause },
  );
}
