/** Which rows are for the test, told row by row: by what is in a row, so that no other row has to be known. */

/**
 * A number in [0, 1) that a text has for a seed, the same everywhere: FNV-1a over its UTF-16 units, two bytes at a time
 * (Fowler, Noll, Vo), with the last mixing of MurmurHash3 (Appleby), in 32 bits.
 */
export function shareOf(text: string, seed: number): number {
  let hash = 0x811c9dc5 ^ seed;
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return ((hash ^ (hash >>> 16)) >>> 0) / 2 ** 32;
}

/**
 * Whether a row is for the test: where {@link shareOf} what it holds is below the share. Equal rows are on one side, and
 * of many different ones as large a share as was asked for, give or take √n.
 */
export const isSetApart = (content: string, share: number, seed: number): boolean =>
  share > 0 && shareOf(content, seed) < share;
