/** What the references of recurrent layers share: input dropout, and which of the outputs is handed on. */
import { dropoutBackward, dropoutForward } from "./dropout.ts";
import { atLastRows, lastRows, type ReferenceKind, type ReferencePass, type WeightGradient } from "./kind.ts";
import type { Vector } from "./matrix.ts";

export interface RecurrentDescription {
  readonly units: number;
  readonly useBias: boolean;
  readonly dropout: number;
  readonly returnSequences: boolean;
}

/** A cell's way through all steps of x (B, T, I), and back from the gradient of every output. */
export interface CellPass {
  /** (B, T, H). */
  readonly h: Vector;
  readonly states: Readonly<Record<string, Vector>>;
  backward(dh: Vector): {
    readonly dx: Vector;
    readonly dweights: readonly WeightGradient[];
    readonly dstates: Readonly<Record<string, Vector>>;
  };
}

const isBias = ([path]: readonly [path: string, ...unknown[]]) => path.endsWith("_cell/bias");

/** The reference of a layer from that of its cell, which always has a bias: zeros where the layer has none. */
export const recurrentReference = <L extends RecurrentDescription>(
  weights: ReferenceKind<L>["weights"],
  cell: (
    layer: L,
    weights: readonly Vector[],
    x: Vector,
    sizes: { B: number; T: number; I: number; H: number },
  ) => CellPass,
): ReferenceKind<L> => ({
  weights: (layer, width) => weights(layer, width).filter((weight) => layer.useBias || !isBias(weight)),
  forward(layer, given, { values, B, T, width: I }, keep): ReferencePass {
    const { units: H, dropout, returnSequences } = layer;
    const all = weights(layer, I);
    const bias = all.findIndex(isBias);
    const tensors = layer.useBias
      ? given
      : given.toSpliced(bias, 0, new Float64Array(all[bias]![1].reduce((a, b) => a * b)));
    const kept = keep ? dropoutForward(values, keep, dropout, B, T, I) : values;
    const pass = cell(layer, tensors, kept, { B, T, I, H });
    const outputs = { values: pass.h, B, T, width: H };
    return {
      y: returnSequences ? outputs : lastRows(outputs),
      states: pass.states,
      backward(dy) {
        const found = pass.backward(returnSequences ? dy : atLastRows(dy, outputs));
        const dweights = found.dweights.filter((_, i) => layer.useBias || i !== bias);
        return {
          ...found,
          dweights,
          dx: keep ? dropoutBackward(found.dx, keep, dropout, B, T, I) : found.dx,
        };
      },
    };
  },
});

/** Kernel, recurrent kernel and bias of a cell with so many gates. */
export const cellWeights =
  (cell: string, gates: number): ReferenceKind<RecurrentDescription>["weights"] =>
  ({ units: H }, I) => [
    [`${cell}/kernel`, [I, gates * H]],
    [`${cell}/recurrent_kernel`, [H, gates * H]],
    [`${cell}/bias`, [gates * H]],
  ];
