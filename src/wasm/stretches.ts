/**
 * Floats, or rows, that a kernel goes through in one call. Engines begin with code that is quick to make and exchange it
 * for quick code when a function is called, not in the midst of a loop: a kernel that is called once for a million
 * weights would do all of them with the former.
 */
const STRETCH = 16_384;

/** So many from `from` on, a stretch at a time, each but the last a multiple of a cache line. */
export function* stretches(
  from: number,
  count: number,
  most = STRETCH,
): Generator<readonly [from: number, count: number]> {
  for (let done = 0; done < count; done += most) yield [from + done, Math.min(most, count - done)];
}
