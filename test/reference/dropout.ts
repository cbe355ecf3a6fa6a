import type { ReferenceKind } from "./kind.ts";
import type { Vector } from "./matrix.ts";
import { unitDraw } from "./random.ts";

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

/** What a dropout layer's mask depends on, besides its rate. */
export interface ElementDraw {
  readonly seed: number;
  readonly layer: number;
  readonly sample: number;
  readonly step: number;
  readonly epoch: number;
}

/** The number of a dropout layer's draws in Philox's key, above the layer's own. */
const DROPOUT_LAYER = 4;

/**
 * What a dropout layer keeps of one sample's `count` elements, row-major: 1 where a draw is not below the
 * rate, else 0. What is kept is scaled by 1/(1 - rate), forward and backward.
 */
export function elementMask(
  count: number,
  rate: number,
  { seed, layer, sample, step, epoch }: ElementDraw,
): Uint8Array {
  return Uint8Array.from({ length: count }, (_, i) => {
    const draw = unitDraw(i, [seed, ((DROPOUT_LAYER << 16) | layer) >>> 0], [sample, step, epoch]);
    return draw >= Math.fround(rate) ? 1 : 0;
  });
}

/** The number of recurrent dropout's draws in Philox's key, above the layer's own. */
const RECURRENT_DROPOUT = 5;

/** What recurrent dropout keeps of the states of B samples, (B, units). */
export function stateMasks(
  B: number,
  units: number,
  rate: number,
  { seed, layer, step, epoch }: Omit<ElementDraw, "sample">,
): number[] {
  const key = [seed, ((RECURRENT_DROPOUT << 16) | layer) >>> 0] as const;
  return Array.from({ length: B * units }, (_, i) => {
    const draw = unitDraw(i % units, key, [Math.floor(i / units), step, epoch]);
    return draw >= Math.fround(rate) ? 1 : 0;
  });
}

/** Keras's Dropout layer: each element by itself. `keep` is of every element of x. */
export const dropoutReference: ReferenceKind<{ readonly rate: number }> = {
  weights: () => [],
  forward({ rate }, _, x, keep) {
    const drop = (values: Vector) =>
      values.map((value, i) => (keep ? (value * keep[i]!) / (1 - rate) : value));
    return { y: { ...x, values: drop(x.values) }, backward: (dy) => ({ dx: drop(dy), dweights: [] }) };
  },
};
