import type { BidirectionalLayer } from "../../src/layers/bidirectional.ts";
import type { AnyRecurrentLayer } from "../../src/layers/recurrent-kinds.ts";
import type { ReferenceKind, ReferencePass } from "./kind.ts";
import { addTo, row, type Vector } from "./matrix.ts";

/** How the outputs of two directions become one, Keras's `merge_mode`. */
export type MergeMode = "concat" | "sum" | "mul" | "ave";

/** A recurrent layer on x (B, T, I): its outputs (B, T, H), and the way back from their gradient. */
export type Direction<Gradients> = (x: Vector) => {
  readonly h: Vector;
  readonly backward: (dh: Vector) => Gradients;
};

export interface BidirectionalForm {
  readonly B: number;
  readonly T: number;
  readonly mergeMode: MergeMode;
  /** All outputs (B, T, …), or the last that each direction comes to (B, …). */
  readonly returnSequences: boolean;
}

/**
 * Two layers on one x, as Keras's Bidirectional: `ahead` from the first step to the last, `back` from the
 * last to the first. The outputs of each step are merged, whenever a direction comes to it; without
 * sequences, the output that `ahead` has after step T and that which `back` has after step 1.
 */
export function bidirectional<Gradients extends { readonly dx: Vector }>(
  x: Vector,
  ahead: Direction<Gradients>,
  back: Direction<Gradients>,
  { B, T, mergeMode, returnSequences }: BidirectionalForm,
) {
  const [first, second] = [ahead(x), back(reversed(x, B, T))];
  const a = returnSequences ? first.h : lastOf(first.h, B, T);
  const b = returnSequences ? reversed(second.h, B, T) : lastOf(second.h, B, T);
  const rows = returnSequences ? B * T : B;
  return {
    y: merge(a, b, rows, mergeMode),
    /** The gradients of either layer, and the sum of what they have for x. */
    backward(dy: Vector): { dx: Vector; ahead: Gradients; back: Gradients } {
      const [da, db] = mergeBackward(dy, a, b, rows, mergeMode);
      const found = {
        ahead: first.backward(returnSequences ? da : atLast(da, B, T)),
        back: second.backward(returnSequences ? reversed(db, B, T) : atLast(db, B, T)),
      };
      const dx = found.ahead.dx.slice();
      addTo(dx, reversed(found.back.dx, B, T));
      return { dx, ...found };
    },
  };
}

/** The rows of a and b beside each other, or their sums, products or means. */
export function merge(a: Vector, b: Vector, rows: number, mode: MergeMode): Vector {
  if (mode === "sum") return a.map((value, i) => value + b[i]!);
  if (mode === "mul") return a.map((value, i) => value * b[i]!);
  if (mode === "ave") return a.map((value, i) => (value + b[i]!) / 2);
  const H = a.length / rows;
  const y = new Float64Array(2 * a.length);
  for (let r = 0; r < rows; r++) {
    row(y, 2 * r, H).set(row(a, r, H));
    row(y, 2 * r + 1, H).set(row(b, r, H));
  }
  return y;
}

/** da and db. */
export function mergeBackward(
  dy: Vector,
  a: Vector,
  b: Vector,
  rows: number,
  mode: MergeMode,
): [Vector, Vector] {
  if (mode === "sum") return [dy.slice(), dy.slice()];
  if (mode === "mul") return [dy.map((d, i) => d * b[i]!), dy.map((d, i) => d * a[i]!)];
  if (mode === "ave") return [dy.map((d) => d / 2), dy.map((d) => d / 2)];
  const H = a.length / rows;
  const half = (part: number) => dy.filter((_, i) => Math.floor(i / H) % 2 === part);
  return [half(0), half(1)];
}

/** The timesteps of each sequence from the last to the first. */
function reversed(x: Vector, B: number, T: number): Vector {
  const width = x.length / (B * T);
  const y = new Float64Array(x.length);
  for (let b = 0; b < B; b++) {
    for (let t = 0; t < T; t++) row(y, b * T + t, width).set(row(x, b * T + T - 1 - t, width));
  }
  return y;
}

/** The last timestep of each sequence, (B, H). */
function lastOf(h: Vector, B: number, T: number): Vector {
  const H = h.length / (B * T);
  const y = new Float64Array(B * H);
  for (let b = 0; b < B; b++) row(y, b, H).set(row(h, b * T + T - 1, H));
  return y;
}

/** Its gradient as one of all outputs, zero but at the last timestep. */
function atLast(dhT: Vector, B: number, T: number): Vector {
  const H = dhT.length / B;
  const dh = new Float64Array(B * T * H);
  for (let b = 0; b < B; b++) row(dh, b * T + T - 1, H).set(row(dhT, b, H));
  return dh;
}

const BASE_NAMES = {
  lstm: "lstm",
  gru: "gru",
  simpleRNN: "simple_rnn",
  minGRU: "min_gru",
  minLSTM: "min_lstm",
  layerNormLSTM: "layer_norm_lstm",
  peepholeLSTM: "peephole_lstm",
} as const;

/** Keras's Bidirectional, around the reference of a recurrent layer. */
export const bidirectionalReference = (
  referenceOf: (layer: AnyRecurrentLayer) => ReferenceKind<AnyRecurrentLayer>,
): ReferenceKind<BidirectionalLayer> => ({
  weights({ layer }, width) {
    const own = referenceOf(layer).weights(layer, width);
    const base = layer.name || BASE_NAMES[layer.type];
    return ["forward", "backward"].flatMap((side) =>
      own.map(([path, shape]) => [`${side}_${base}/${path}`, shape] as const),
    );
  },
  forward({ layer, mergeMode }, tensors, { values, B, T, width, mask }, keep) {
    const reference = referenceOf(layer);
    const every = { ...layer, returnSequences: true };
    const half = tensors.length / 2;
    // The masks of both directions, one after the other.
    const masks = [0, 1].map(
      (side) => keep && Array.from(keep).slice((side * keep.length) / 2, ((side + 1) * keep.length) / 2),
    );
    const passes: ReferencePass[] = [];
    const direction =
      (side: number): Direction<ReturnType<ReferencePass["backward"]>> =>
      (x) => {
        const own = tensors.slice(side * half, (side + 1) * half);
        const counts = mask && side === 1 ? reversed(Float64Array.from(mask), B, T) : mask;
        const pass = reference.forward(every, own, { values: x, B, T, width, mask: counts }, masks[side]);
        passes[side] = pass;
        return { h: pass.y.values, backward: (dh) => pass.backward(dh) };
      };
    const { returnSequences } = layer;
    const result = bidirectional(values, direction(0), direction(1), { B, T, mergeMode, returnSequences });
    const wide = mergeMode === "concat" ? 2 * layer.units : layer.units;
    // Keras's Bidirectional gives zeros at masked steps, where its layers by themselves repeat what was before.
    const shown = (all: Vector) =>
      returnSequences ? all.map((value, i) => (mask?.[Math.floor(i / wide)] === 0 ? 0 : value)) : all;
    return {
      y: {
        values: shown(result.y),
        B,
        T: returnSequences ? T : 1,
        width: wide,
        mask: returnSequences ? mask : undefined,
      },
      states: { ...sided(passes[0]!.states, "forward"), ...sided(passes[1]!.states, "backward", { B, T }) },
      backward(dy) {
        const { dx, ahead, back } = result.backward(shown(dy));
        return {
          dx,
          dweights: [...ahead.dweights, ...back.dweights],
          dstates: { ...sided(ahead.dstates, "forward"), ...sided(back.dstates, "backward", { B, T }) },
        };
      },
    };
  },
});

/** States with their side behind their names; those of the second in the order of x's steps. */
function sided(
  states: Readonly<Record<string, Vector>> | undefined,
  side: string,
  turn?: { readonly B: number; readonly T: number },
): Record<string, Vector> {
  return Object.fromEntries(
    Object.entries(states ?? {}).map(([name, values]) => [
      `${name}_${side}`,
      turn ? reversed(values, turn.B, turn.T) : values,
    ]),
  );
}
