/** What the references of recurrent layers share: input dropout, and which of the outputs is handed on. */
import { dropoutBackward, dropoutForward } from "./dropout.ts";
import { atLastRows, lastRows, type ReferenceKind, type ReferencePass, type WeightGradient } from "./kind.ts";
import { row, type Vector } from "./matrix.ts";

export interface RecurrentDescription {
  readonly units: number;
  readonly useBias: boolean;
  readonly dropout: number;
  readonly returnSequences: boolean;
  readonly goBackwards: boolean;
}

/** A cell's way through all steps of x (B, T, I), and back from the gradient of every output. */
export interface CellPass {
  /** (B, T, H). */
  readonly h: Vector;
  readonly states: Readonly<Record<string, Vector>>;
  readonly final: Readonly<Record<string, Vector>>;
  backward(
    dh: Vector,
    dfinal: Readonly<Record<string, Vector>>,
  ): {
    readonly dx: Vector;
    readonly dweights: readonly WeightGradient[];
    readonly dstates: Readonly<Record<string, Vector>>;
    readonly dinitial: Readonly<Record<string, Vector>>;
  };
}

/** The reference of a layer from that of its cell, which always has a bias: zeros where the layer has none. */
export const recurrentReference = <L extends RecurrentDescription>(
  weights: ReferenceKind<L>["weights"],
  cell: (
    layer: L,
    weights: readonly Vector[],
    x: Vector,
    sizes: { B: number; T: number; I: number; H: number },
    initial: Readonly<Record<string, Vector>>,
  ) => CellPass,
): ReferenceKind<L> => ({
  weights: (layer, width) => weights(layer, width).slice(0, layer.useBias ? 3 : 2),
  forward(layer, given, { values, B, T, width: I }, keep, initial = {}): ReferencePass {
    const { units: H, dropout, returnSequences } = layer;
    const bias = weights(layer, I)[2]!;
    const tensors = layer.useBias ? given : [...given, new Float64Array(bias[1].reduce((a, b) => a * b))];
    const kept = keep ? dropoutForward(values, keep, dropout, B, T, I) : values;
    /** Of x, from the order of its steps to that in which they are read, or back. */
    const turned = (rows: Vector) => (layer.goBackwards ? turnedRound(rows, B, T) : rows);
    const turnedAll = (tables: Readonly<Record<string, Vector>>) =>
      Object.fromEntries(Object.entries(tables).map(([name, rows]) => [name, turned(rows)]));
    const pass = cell(layer, tensors, turned(kept), { B, T, I, H }, initial);
    const all = { values: pass.h, B, T, width: H };
    return {
      y: returnSequences ? all : lastRows(all),
      states: turnedAll(pass.states),
      final: pass.final,
      backward(dy, dfinal = {}) {
        const found = pass.backward(returnSequences ? dy : atLastRows(dy, all), dfinal);
        const dweights = found.dweights.slice(0, given.length);
        const dx = turned(found.dx);
        return {
          dweights,
          dx: keep ? dropoutBackward(dx, keep, dropout, B, T, I) : dx,
          dstates: turnedAll(found.dstates),
          dinitial: found.dinitial,
        };
      },
    };
  },
});

/** Each sequence of (B, T, …) from its last row to its first. */
function turnedRound(rows: Vector, B: number, T: number): Vector {
  const width = rows.length / (B * T);
  const to = new Float64Array(rows.length);
  for (let b = 0; b < B; b++) {
    for (let t = 0; t < T; t++) row(to, b * T + t, width).set(row(rows, b * T + T - 1 - t, width));
  }
  return to;
}

/** Kernel, recurrent kernel and bias of a cell with so many gates. */
export const cellWeights =
  (cell: string, gates: number): ReferenceKind<RecurrentDescription>["weights"] =>
  ({ units: H }, I) => [
    [`${cell}/kernel`, [I, gates * H]],
    [`${cell}/recurrent_kernel`, [H, gates * H]],
    [`${cell}/bias`, [gates * H]],
  ];
