export type FourWords = readonly [number, number, number, number];

/**
 * Philox 4×32-10, the counter-based generator of Salmon, Moraes, Dror and Shaw, "Parallel random numbers:
 * as easy as 1, 2, 3", SC 2011: four random 32-bit words from a counter of four words and a key of two.
 */
export function philox4x32(counter: FourWords, key: readonly [number, number]): FourWords {
  let [c0, c1, c2, c3] = counter;
  let [k0, k1] = key;
  for (let round = 0; round < 10; round++) {
    const p0 = BigInt(c0) * 0xd2511f53n;
    const p1 = BigInt(c2) * 0xcd9e8d57n;
    [c0, c1, c2, c3] = [(high(p1) ^ c1 ^ k0) >>> 0, low(p1), (high(p0) ^ c3 ^ k1) >>> 0, low(p0)];
    // Weyl sequences: the golden ratio and √3 - 1, as 32-bit fractions.
    k0 = (k0 + 0x9e3779b9) >>> 0;
    k1 = (k1 + 0xbb67ae85) >>> 0;
  }
  return [c0, c1, c2, c3];
}

/** Draw `number` of a stream of Philox's blocks, a multiple of 2⁻²⁴ in [0, 1); the blocks are counted first. */
export function unitDraw(
  number: number,
  key: readonly [number, number],
  [c1, c2, c3]: readonly [number, number, number] = [0, 0, 0],
): number {
  return (philox4x32([Math.floor(number / 4), c1, c2, c3], key)[number % 4]! >>> 8) / 2 ** 24;
}

const high = (product: bigint) => Number(product >> 32n);
const low = (product: bigint) => Number(product & 0xffffffffn);
