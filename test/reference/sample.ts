import type { Vector } from "./matrix.ts";
import { philox4x32 } from "./random.ts";

/**
 * Seeded data for tests. Every number is one that float32 has exactly, so that a float32 kernel and the
 * float64 reference start from the same values.
 */
export function normals(length: number, seed: number, scale = 1): Vector {
  return Float64Array.from({ length }, (_, i) => {
    const [a, b] = philox4x32([i, 0, 0, 0], [seed, 1]);
    // Box and Muller, 1958; the half keeps the logarithm's argument off 0.
    const radius = Math.sqrt(-2 * Math.log((a + 0.5) / 2 ** 32));
    return Math.fround(scale * radius * Math.cos((2 * Math.PI * b) / 2 ** 32));
  });
}

/** Whole numbers in [0, below). */
export function integers(length: number, below: number, seed: number): Int32Array {
  return Int32Array.from({ length }, (_, i) =>
    Math.floor((philox4x32([i, 0, 0, 0], [seed, 2])[0] / 2 ** 32) * below),
  );
}

/** Sequences padded before, within and behind, one of padding alone, one without. */
const PADDED = ["0011111", "1101100", "0000000", "1111111", "0101010"];

/** (B, T): 1 where a step counts, 0 where it is masked. */
export function stepMask(B: number, T: number): Uint8Array {
  return Uint8Array.from({ length: B * T }, (_, i) => {
    const pattern = PADDED[Math.floor(i / T) % PADDED.length]!;
    return Number(pattern[(i % T) % pattern.length]);
  });
}

/** 0 with probability `rate`, else 1. */
export function keepMask(length: number, rate: number, seed: number): Uint8Array {
  return Uint8Array.from({ length }, (_, i) =>
    philox4x32([i, 0, 0, 0], [seed, 3])[0] / 2 ** 32 < rate ? 0 : 1,
  );
}
