import { inflateSync } from "fflate";

/*
 * Deflate can pack a byte a thousand times over, so that a small file would fill the memory. What a file may
 * unpack to is bounded by its own size: texts, ranks of words and tar archives of them shrink to a half or a
 * fifth, rarely to a tenth. Small files are free of this: labels, say, may be sorted.
 */

const MOST_GROWTH = 32;
const ALWAYS_ALLOWED = 4 * 2 ** 20;
/** An array of its own for every text costs some 200 bytes. */
const BYTES_OF_TEXT = 4;
const TEXTS_ALWAYS_ALLOWED = 2 ** 16;

/** The most bytes that so many packed bytes may unpack to. */
export const mostUnpacked = (packed: number): number => Math.max(ALWAYS_ALLOWED, packed * MOST_GROWTH);

/** The most texts that so many packed bytes may hold. */
export const mostTexts = (packed: number): number =>
  Math.max(TEXTS_ALWAYS_ALLOWED, Math.floor(packed / BYTES_OF_TEXT));

/** Unpacks deflated bytes of which it is known how many they become. Throws where they become more. */
export function inflate(packed: Uint8Array, size: number): Uint8Array {
  return inflateSync(packed, { out: new Uint8Array(size) });
}
