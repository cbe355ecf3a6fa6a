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

/** The number of zoneout's draws in Philox's key: of h, and one more of c. */
const ZONEOUT = 6;

/**
 * What zoneout keeps of states of B samples, (B, T, units): 1 where a draw is below the rate, else 0. A step that is
 * masked has no draws; of those that count each begins with a block of its own.
 *
 * @param mask (B, T) in the order in which steps are read
 */
export function zoneMasks(
  [B, T, units]: readonly [number, number, number],
  rate: number,
  { seed, layer, step, epoch }: Omit<ElementDraw, "sample">,
  state: "h" | "c",
  mask?: ArrayLike<number>,
): number[] {
  const key = [seed, (((ZONEOUT + Number(state === "c")) << 16) | layer) >>> 0] as const;
  const drawn = Math.ceil(units / 4) * 4;
  return Array.from({ length: B }, (_, sample) => {
    let number = 0;
    return Array.from({ length: T }, (_, t) => {
      if (mask?.[sample * T + t] === 0) return new Array<number>(units).fill(0);
      const from = drawn * number++;
      return Array.from({ length: units }, (_, j) =>
        unitDraw(from + j, key, [sample, step, epoch]) < Math.fround(rate) ? 1 : 0,
      );
    });
  }).flat(2);
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
