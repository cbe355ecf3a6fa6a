/** What the references of recurrent layers share: input dropout, and which of the outputs is handed on. */
import { dropoutBackward, dropoutForward } from "./dropout.ts";
import { atLastRows, lastRows, type ReferenceKind, type ReferencePass, type WeightGradient } from "./kind.ts";
import { row, type Vector } from "./matrix.ts";

/** What may happen to the steps of a recurrence; on its way back the same as on its way there. */
export interface Steps {
  /** (B, T): 0 where a step is masked, so that the states stay as they are. */
  readonly mask?: ArrayLike<number> | undefined;
  /** (B, H): what h₋ is multiplied with before U, at every step. */
  readonly m?: ArrayLike<number> | undefined;
  /** (B, T, H): what zoneout keeps of h and c as they were before a step; of the new ones it takes 1 less that. */
  readonly zone?: ArrayLike<number> | undefined;
  readonly zoneCell?: ArrayLike<number> | undefined;
  /** (B, H): what stands before the first step; zeros where not given. */
  readonly h0?: Vector | undefined;
  readonly c0?: Vector | undefined;
}

export const isMasked = ({ mask }: Steps, at: number): boolean => mask !== undefined && mask[at] === 0;

/** h₋·m of sequence b, and, of a gradient, the way back through it. */
export const throughDropout = ({ m }: Steps, b: number, h: Vector): Vector =>
  m ? h.map((value, j) => value * m[b * h.length + j]!) : h;

/** Zoneout's share of what was before, of element `at` of (B, T, H); 0 where there is none. */
export const keptShare = (zone: ArrayLike<number> | undefined, at: number): number => zone?.[at] ?? 0;

export interface RecurrentDescription {
  readonly units: number;
  readonly useBias: boolean;
  readonly dropout: number;
  readonly recurrentDropout?: number;
  readonly zoneout?: number;
  readonly zoneoutCell?: number;
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

const isBias = ([path]: readonly [path: string, ...unknown[]]) => path.endsWith("_cell/bias");

/** The reference of a layer from that of its cell, which always has a bias: zeros where the layer has none. */
export const recurrentReference = <L extends RecurrentDescription>(
  weights: ReferenceKind<L>["weights"],
  cell: (
    layer: L,
    weights: readonly Vector[],
    x: Vector,
    sizes: { B: number; T: number; I: number; H: number },
    steps: Steps,
  ) => CellPass,
): ReferenceKind<L> => ({
  weights: (layer, width) => weights(layer, width).filter((weight) => layer.useBias || !isBias(weight)),
  forward(layer, given, { values, B, T, width: I, mask }, keep, initial = {}): ReferencePass {
    const { units: H, dropout, recurrentDropout = 0, returnSequences } = layer;
    const all = weights(layer, I);
    const bias = all.findIndex(isBias);
    const tensors = layer.useBias
      ? given
      : given.toSpliced(bias, 0, new Float64Array(all[bias]![1].reduce((a, b) => a * b)));
    const kept = keep ? dropoutForward(values, keep, dropout, B, T, I) : values;
    /** Of x, from the order of its steps to that in which they are read, or back. */
    const turned = (rows: Vector) => (layer.goBackwards ? turnedRound(rows, B, T) : rows);
    const turnedAll = (tables: Readonly<Record<string, Vector>>) =>
      Object.fromEntries(Object.entries(tables).map(([name, rows]) => [name, turned(rows)]));
    const read = mask && turned(Float64Array.from(mask));
    // Behind what is kept of the inputs stands what is kept of the states before U, and what zoneout keeps of h and c.
    const drawn = keep && Array.from(keep).slice(B * I);
    const m = recurrentDropout > 0 ? drawn?.splice(0, B * H) : undefined;
    const [zone, zoneCell] = [layer.zoneout, layer.zoneoutCell].map((rate = 0) =>
      rate > 0 ? (drawn?.splice(0, B * T * H) ?? new Array<number>(B * T * H).fill(rate)) : undefined,
    );
    const pass = cell(
      layer,
      tensors,
      turned(kept),
      { B, T, I, H },
      {
        mask: read,
        m: m?.map((one) => one / (1 - recurrentDropout)),
        zone,
        zoneCell,
        h0: initial.h,
        c0: initial.c,
      },
    );
    const outputs = { values: pass.h, B, T, width: H, mask: read };
    return {
      y: returnSequences ? outputs : lastRows(outputs),
      states: turnedAll(pass.states),
      final: pass.final,
      backward(dy, dfinal = {}) {
        const found = pass.backward(returnSequences ? dy : atLastRows(dy, outputs), dfinal);
        const dweights = found.dweights.filter((_, i) => layer.useBias || i !== bias);
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
