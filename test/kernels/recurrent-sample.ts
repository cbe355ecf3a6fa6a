import type { RecurrentSizes } from "../reference/lstm.ts";
import { normals } from "../reference/sample.ts";

/** One and several of each, H below, off and above the padded width, T of an even and an odd tile. */
export const RECURRENT_SHAPES: RecurrentSizes[] = [1, 3].flatMap((B) =>
  [1, 7].flatMap((T) => [3, 5].flatMap((I) => [4, 5, 12].map((H) => ({ B, T, I, H })))),
);

/** Weights of size 0.4, inputs and gradients of size 1. */
export function recurrentSample(gates: 1 | 3 | 4, { B, T, I, H }: RecurrentSizes) {
  return {
    x: normals(B * T * I, 1),
    weights: {
      W: normals(I * gates * H, 2, 0.4),
      U: normals(H * gates * H, 3, 0.4),
      b: normals(gates * H, 4, 0.4),
    },
    h0: normals(B * H, 5, 0.5),
    c0: normals(B * H, 6, 0.5),
    dh: normals(B * T * H, 7),
  };
}
