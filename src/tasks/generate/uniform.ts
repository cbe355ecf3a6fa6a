/** Random numbers of a text that is written, by their places. */
import { philox } from "../../data/philox.ts";

/** The second word of the key: what the numbers are for. The kernels' purposes end far below. */
const GENERATE = 32 << 16;

/** The number of place `place` for this seed: uniform in [0, 1), a multiple of 2⁻⁵³. */
export function uniform(seed: number, place: number): number {
  const [a, b] = philox(seed, GENERATE, place, 0, 0, 0);
  return ((a >>> 5) * 2 ** 26 + (b >>> 6)) / 2 ** 53;
}
