import { lastRows } from "./kind.ts";
import { addProduct, addProductBackward, addTo, row, sigmoid, type Vector } from "./matrix.ts";
import { isMasked, recurrentReference, type Steps } from "./recurrent.ts";

export interface MinCellSizes {
  readonly B: number;
  readonly T: number;
  readonly I: number;
  readonly H: number;
}

/** Kernel W (I, blocks·H) and bias b (blocks·H). */
export interface MinCellWeights {
  readonly W: Vector;
  readonly b: Vector;
}

/** What an elementwise recurrence gives: outputs h (B, T, H), the gates as they act, and the way back. */
export interface MinCellResult {
  readonly h: Vector;
  readonly gates: Readonly<Record<string, Vector>>;
  /** @param dhT (B, H), what reaches the state after the last step */
  backward(
    dh: Vector,
    dhT?: Vector,
  ): {
    readonly dx: Vector;
    readonly dW: Vector;
    readonly db: Vector;
    /** (B, H): of the state before the first step. */
    readonly dh0: Vector;
    /** (B, T, H): all that reaches h of each step. */
    readonly dhs: Vector;
  };
}

/** One unit at one step: the share s of the candidate g that enters, and how ds and dg go back into z. */
export interface Blend {
  readonly share: number;
  readonly candidate: number;
  readonly gates: Readonly<Record<string, number>>;
  /** dz of the unit, block by block. */
  backward(dShare: number, dCandidate: number): readonly number[];
}

/**
 * h = (1 - s)·h₋ + s·g, where s and g come of z = x·W + b alone: what minGRU and minLSTM (Feng et al. 2024) share.
 *
 * @param blend of a unit's z, a number a block
 */
export function blendingCell(
  x: Vector,
  { W, b }: MinCellWeights,
  { B, T, I, H }: MinCellSizes,
  blend: (z: readonly number[]) => Blend,
  { hs, ...steps }: Steps & { readonly hs?: Vector } = {},
): MinCellResult {
  const N = b.length;
  const h = new Float64Array(B * T * H);
  /** Nothing at masked steps. */
  const blends: (Blend | undefined)[] = [];
  const before = (s: number, t: number, j: number) =>
    t > 0 ? h[(s * T + t - 1) * H + j]! : (steps.h0?.[s * H + j] ?? 0);
  for (let s = 0; s < B; s++) {
    for (let t = 0; t < T; t++) {
      if (isMasked(steps, s * T + t)) {
        for (let j = 0; j < H; j++) {
          const at = (s * T + t) * H + j;
          h[at] = before(s, t, j) + (hs?.[at] ?? 0);
        }
        continue;
      }
      const z = b.slice();
      addProduct(z, row(x, s * T + t, I), W, 1, I, N);
      for (let j = 0; j < H; j++) {
        const own = blend(Array.from({ length: N / H }, (_, block) => z[block * H + j]!));
        const at = (s * T + t) * H + j;
        blends[at] = own;
        h[at] = (1 - own.share) * before(s, t, j) + own.share * own.candidate + (hs?.[at] ?? 0);
      }
    }
  }
  const names = Object.keys(blends.find((own) => own !== undefined)?.gates ?? {});
  return {
    h,
    gates: Object.fromEntries(
      names.map((name) => [
        name,
        Float64Array.from({ length: B * T * H }, (_, at) => blends[at]?.gates[name] ?? 0),
      ]),
    ),
    backward(dh, dhT) {
      const [dx, dW, db] = [new Float64Array(x.length), new Float64Array(W.length), new Float64Array(N)];
      const dh0 = dhT?.slice() ?? new Float64Array(B * H);
      const dhs = new Float64Array(B * T * H);
      for (let s = 0; s < B; s++) {
        const later = row(dh0, s, H);
        for (let t = T - 1; t >= 0; t--) {
          const dz = new Float64Array(N);
          for (let j = 0; j < H; j++) {
            const at = (s * T + t) * H + j;
            if (isMasked(steps, s * T + t)) {
              later[j]! += dh[at]!;
              dhs[at] = later[j]!;
              continue;
            }
            const { share, candidate, backward } = blends[at]!;
            const d = dh[at]! + later[j]!;
            dhs[at] = d;
            for (const [block, value] of backward(d * (candidate - before(s, t, j)), d * share).entries()) {
              dz[block * H + j] = value;
            }
            later[j] = d * (1 - share);
          }
          addProductBackward(row(dx, s * T + t, I), dW, dz, row(x, s * T + t, I), W, 1, I, N);
          addTo(db, dz);
        }
      }
      return { dx, dW, db, dh0, dhs };
    },
  };
}

/** minGRU: the gate u = σ(z) is the share that enters; the candidate is linear. */
export const minGruBlend = ([zu, g]: readonly number[]): Blend => {
  const u = sigmoid(zu!);
  return { share: u, candidate: g!, gates: { u, g: g! }, backward: (du, dg) => [du * u * (1 - u), dg] };
};

/** The reference of a layer from its blend. */
export const blendingReference = (cell: string, blocks: number, blend: (z: readonly number[]) => Blend) =>
  recurrentReference(
    ({ units: H }, I) => [
      [`${cell}/kernel`, [I, blocks * H]],
      [`${cell}/bias`, [blocks * H]],
    ],
    (_, [W, b], x, sizes, steps) => {
      const result = blendingCell(x, { W: W!, b: b! }, sizes, blend, steps);
      return {
        h: result.h,
        states: { ...result.gates, h: result.h },
        final: { h: lastRows({ values: result.h, ...sizes, width: sizes.H }).values },
        backward(dh, dfinal) {
          const { dx, dW, db, dhs, dh0 } = result.backward(dh, dfinal.h);
          return { dx, dweights: [{ dw: dW }, { dw: db }], dstates: { dh: dhs }, dinitial: { h: dh0 } };
        },
      };
    },
  );

/** minGRU, with the states that trace gives. */
export const minGruReference = blendingReference("min_gru_cell", 2, minGruBlend);
