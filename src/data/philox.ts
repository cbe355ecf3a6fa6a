/**
 * Counter-based random numbers in integer arithmetic, the same on every engine: Philox 4×32-10 (Salmon, Moraes, Dror,
 * Shaw: "Parallel random numbers: as easy as 1, 2, 3", SC 2011), as in the kernels (assembly/random.ts).
 */
const [M0, M1] = [0xd2511f53, 0xcd9e8d57];
const [W0, W1] = [0x9e3779b9, 0xbb67ae85];

/** A block of four words, unsigned: philox4x32-10(key (k0, k1), counter (c0, c1, c2, c3)). */
export function philox(
  k0: number,
  k1: number,
  c0: number,
  c1: number,
  c2: number,
  c3: number,
): [number, number, number, number] {
  let [a, b, c, d] = [c0 >>> 0, c1 >>> 0, c2 >>> 0, c3 >>> 0];
  let [key0, key1] = [k0, k1];
  for (let round = 0; round < 10; round++) {
    const [high0, low0] = [high(M0, a), Math.imul(M0, a)];
    const [high1, low1] = [high(M1, c), Math.imul(M1, c)];
    a = high1 ^ b ^ key0;
    b = low1;
    c = high0 ^ d ^ key1;
    d = low0;
    key0 = (key0 + W0) | 0;
    key1 = (key1 + W1) | 0;
  }
  return [a >>> 0, b >>> 0, c >>> 0, d >>> 0];
}

/** The upper 32 bits of a product of two 32-bit numbers, in halves of 16 bits: doubles hold what comes between. */
function high(x: number, y: number): number {
  const [x1, x0] = [x >>> 16, x & 0xffff];
  const [y1, y0] = [y >>> 16, y & 0xffff];
  const middle = x1 * y0 + ((x0 * y0) >>> 16);
  const other = x0 * y1 + (middle & 0xffff);
  return (x1 * y1 + Math.floor(middle / 65536) + Math.floor(other / 65536)) | 0;
}
