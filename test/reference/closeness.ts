import { expect } from "vitest";

/** How far two tensors may be apart, and why; test/tolerances.ts holds the table of them. */
export interface Tolerance {
  readonly bound: number;
  readonly reason: string;
}

/**
 * The largest |actual - expected|, over `scale`: by default the largest |expected|, or 1 where all of
 * them are 0. One scale for a whole tensor, since its elements are sums whose terms are of that size,
 * and cancellation leaves some elements near 0 with the rounding errors of the rest.
 */
export function worstError(
  actual: ArrayLike<number>,
  expected: ArrayLike<number>,
  scale?: number,
): { error: number; index: number } {
  if (actual.length !== expected.length) {
    throw new Error(`${actual.length} elements cannot be compared with ${expected.length}`);
  }
  let largest = 0;
  let worst = { error: 0, index: 0 };
  for (let i = 0; i < expected.length; i++) {
    largest = Math.max(largest, Math.abs(expected[i]!));
    const error = Math.abs(actual[i]! - expected[i]!);
    // Not "error > worst": a NaN must come out as the worst.
    if (!(error <= worst.error)) worst = { error, index: i };
    if (Number.isNaN(error)) break;
  }
  return { error: worst.error / (scale ?? (largest || 1)), index: worst.index };
}

/** Fails where an element of `actual` is further from `expected` than the tolerance, or is NaN. */
export function expectClose(
  actual: ArrayLike<number>,
  expected: ArrayLike<number>,
  tolerance: Tolerance,
  label: string,
  scale?: number,
): void {
  const { error, index } = worstError(actual, expected, scale);
  expect(
    error <= tolerance.bound,
    `${label}: element ${index} is ${actual[index]}, expected ${expected[index]}; ` +
      `the error is ${error.toExponential(2)}, allowed is ${tolerance.bound} (${tolerance.reason})`,
  ).toBe(true);
}
