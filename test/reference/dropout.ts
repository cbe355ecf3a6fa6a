import type { Vector } from "./matrix.ts";

/**
 * Input dropout of a recurrent layer, Keras's rule: one mask per sequence. `keep` (B, I) holds 0 or 1;
 * what is kept is scaled by 1/(1 - rate), the same at every timestep of x (B, T, I) and for every gate.
 */
export function dropoutForward(
  x: Vector,
  keep: ArrayLike<number>,
  rate: number,
  B: number,
  T: number,
  I: number,
): Vector {
  const kept = new Float64Array(B * T * I);
  for (let b = 0; b < B; b++) {
    for (let t = 0; t < T; t++) {
      for (let i = 0; i < I; i++) {
        const at = (b * T + t) * I + i;
        kept[at] = (x[at]! * keep[b * I + i]!) / (1 - rate);
      }
    }
  }
  return kept;
}

/** The same product: dropout is linear in x and its matrix is diagonal. */
export const dropoutBackward = dropoutForward;
