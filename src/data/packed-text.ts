import { badFile, type PackedFormat, pack, unpack } from "./packed-file.ts";

/** A small file for one text: its UTF-8 in the frame of packed-file.ts, "LSTMRAW1". */

const FORMAT: PackedFormat = { magic: "LSTMRAW1", file: "the text's file" };

/** Packs a text. The same text gives the same bytes. */
export function packText(text: string): Uint8Array {
  const unpacked = new TextEncoder().encode(text);
  return pack(FORMAT, unpacked);
}

/** The text of a packed file. @throws BAD_DATASET where it is of another format, cut short or damaged */
export function unpackText(bytes: Uint8Array): string {
  const content = unpack(FORMAT, bytes);
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(content);
  } catch (cause) {
    throw badFile(FORMAT, "content that is no UTF-8", cause);
  }
}
