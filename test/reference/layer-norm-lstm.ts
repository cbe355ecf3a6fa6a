import { type LayerNormResult, layerNormBackward, layerNormForward } from "./layer-normalization.ts";
import type { RecurrentSizes, RecurrentWeights } from "./lstm.ts";
import { addProduct, addProductBackward, addTo, row, sigmoid, type Vector } from "./matrix.ts";
import {
  cellWeights,
  isMasked,
  type RecurrentDescription,
  recurrentReference,
  type Steps,
  throughDropout,
} from "./recurrent.ts";

interface Norm {
  readonly gamma: Vector;
  readonly beta: Vector;
}

/** Beside an LSTM's: γ and β of x·W and of h₋·U, (4H) each, and of c, (H) each. */
export interface LayerNormLstmWeights extends RecurrentWeights {
  readonly norms: { readonly x: Norm; readonly v: Norm; readonly c: Norm };
}

/**
 * Ba, Kiros and Hinton's LSTM with layer normalization:
 *
 *     z = LN(x·W) + LN(h₋·U) + b     i, f, o = σ(z)     g = tanh(z)
 *     c = f·c₋ + i·g                 h = o·tanh(LN(c))
 *
 * @param start h and c before the first step, (B, H) each; zeros where not given
 */
export function layerNormLstm(
  x: Vector,
  weights: LayerNormLstmWeights,
  { B, T, I, H }: RecurrentSizes,
  epsilon: number,
  start: Steps = {},
) {
  const { W, U, b, norms } = weights;
  const gates = new Float64Array(B * T * 4 * H);
  /** (B, T + 1, H), row 0 of each sequence being the first. */
  const [hs, cs] = [new Float64Array(B * (T + 1) * H), new Float64Array(B * (T + 1) * H)];
  const normalized: { x: LayerNormResult; v: LayerNormResult; c: LayerNormResult }[] = [];
  const product = (left: Vector, right: Vector) => {
    const z = new Float64Array(4 * H);
    addProduct(z, left, right, 1, left.length, 4 * H);
    return z;
  };
  for (let s = 0; s < B; s++) {
    if (start.h0) row(hs, s * (T + 1), H).set(row(start.h0, s, H));
    if (start.c0) row(cs, s * (T + 1), H).set(row(start.c0, s, H));
    for (let t = 0; t < T; t++) {
      const at = s * (T + 1) + t;
      if (isMasked(start, s * T + t)) {
        for (const states of [hs, cs]) row(states, at + 1, H).set(row(states, at, H));
        continue;
      }
      const own = {
        x: layerNormForward(product(row(x, s * T + t, I), W), norms.x, 4 * H, epsilon),
        v: layerNormForward(product(throughDropout(start, s, row(hs, at, H)), U), norms.v, 4 * H, epsilon),
      };
      const z = row(gates, s * T + t, 4 * H);
      for (const part of [b, own.x.y, own.v.y]) addTo(z, part);
      const [before, cell, h] = [row(cs, at, H), row(cs, at + 1, H), row(hs, at + 1, H)];
      for (let j = 0; j < 4 * H; j++) z[j] = Math.floor(j / H) === 2 ? Math.tanh(z[j]!) : sigmoid(z[j]!);
      for (let j = 0; j < H; j++) cell[j] = z[H + j]! * before[j]! + z[j]! * z[2 * H + j]!;
      const c = layerNormForward(cell, norms.c, H, epsilon);
      for (let j = 0; j < H; j++) h[j] = z[3 * H + j]! * Math.tanh(c.y[j]!);
      normalized[s * T + t] = { ...own, c };
    }
  }
  const steps = (states: Vector) => states.filter((_, i) => Math.floor(i / H) % (T + 1) > 0);
  const after = (states: Vector) => states.filter((_, i) => Math.floor(i / H) % (T + 1) === T);
  const gate = (index: number) => gates.filter((_, i) => Math.floor(i / H) % 4 === index);
  return {
    h: steps(hs),
    states: { i: gate(0), f: gate(1), g: gate(2), o: gate(3), c: steps(cs), h: steps(hs) },
    final: { h: after(hs), c: after(cs) },
    /** Backpropagation through all T timesteps of dh (B, T, H), and of what reaches the states after the last, (B, H) each. */
    backward(dh: Vector, dfinal: { readonly h?: Vector; readonly c?: Vector } = {}) {
      const [dx, dW, dU] = [x, W, U].map(({ length }) => new Float64Array(length)) as [
        Vector,
        Vector,
        Vector,
      ];
      const db = new Float64Array(4 * H);
      const sizes = { x: 4 * H, v: 4 * H, c: H };
      const empty = (of: keyof typeof sizes) => ({
        dgamma: new Float64Array(sizes[of]),
        dbeta: new Float64Array(sizes[of]),
      });
      const dnorms = { x: empty("x"), v: empty("v"), c: empty("c") };
      const through = (of: keyof typeof sizes, dy: Vector, result: LayerNormResult) => {
        const back = layerNormBackward(dy, result);
        addTo(dnorms[of].dgamma, back.dgamma);
        addTo(dnorms[of].dbeta, back.dbeta);
        return back.dx;
      };
      const [dh0, dc0] = [dfinal.h, dfinal.c].map((d) => d?.slice() ?? new Float64Array(B * H)) as [
        Vector,
        Vector,
      ];
      const [dhs, dcs] = [new Float64Array(B * T * H), new Float64Array(B * T * H)];
      for (let s = 0; s < B; s++) {
        const [laterH, laterC] = [row(dh0, s, H), row(dc0, s, H)];
        for (let t = T - 1; t >= 0; t--) {
          const at = s * (T + 1) + t;
          if (isMasked(start, s * T + t)) {
            addTo(laterH, row(dh, s * T + t, H));
            row(dhs, s * T + t, H).set(laterH);
            row(dcs, s * T + t, H).set(laterC);
            continue;
          }
          const own = normalized[s * T + t]!;
          const z = row(gates, s * T + t, 4 * H);
          const before = row(cs, at, H);
          const reaching = row(dhs, s * T + t, H);
          reaching.set(laterH.map((later, j) => later + dh[(s * T + t) * H + j]!));
          const squashed = own.c.y.map((value) => Math.tanh(value));
          const dn = reaching.map((d, j) => d * z[3 * H + j]! * (1 - squashed[j]! ** 2));
          const dc = row(dcs, s * T + t, H);
          dc.set(laterC);
          addTo(dc, through("c", dn, own.c));
          const dz = new Float64Array(4 * H);
          for (let j = 0; j < H; j++) {
            const [i, f, g, o] = [z[j]!, z[H + j]!, z[2 * H + j]!, z[3 * H + j]!];
            dz[j] = dc[j]! * g * i * (1 - i);
            dz[H + j] = dc[j]! * before[j]! * f * (1 - f);
            dz[2 * H + j] = dc[j]! * i * (1 - g * g);
            dz[3 * H + j] = reaching[j]! * squashed[j]! * o * (1 - o);
            laterC[j] = dc[j]! * f;
          }
          addTo(db, dz);
          const used = throughDropout(start, s, row(hs, at, H));
          const dUsed = new Float64Array(H);
          addProductBackward(dUsed, dU, through("v", dz, own.v), used, U, 1, H, 4 * H);
          laterH.set(throughDropout(start, s, dUsed));
          const [dxt, xt] = [row(dx, s * T + t, I), row(x, s * T + t, I)];
          addProductBackward(dxt, dW, through("x", dz, own.x), xt, W, 1, I, 4 * H);
        }
      }
      const dweights = [dW, dU, db, ...Object.values(dnorms).flatMap(({ dgamma, dbeta }) => [dgamma, dbeta])];
      return { dx, dweights, dhs, dcs, dh0, dc0 };
    },
  };
}

/** The LSTM with layer normalization, with the states that trace gives. */
export const layerNormLstmReference = recurrentReference<RecurrentDescription & { readonly epsilon: number }>(
  (layer, I) => [
    ...cellWeights("layer_norm_lstm_cell", 4)(layer, I),
    ...["kernel", "recurrent", "state"].flatMap((of) => {
      const shape = [(of === "state" ? 1 : 4) * layer.units];
      return ["gamma", "beta"].map((name) => [`layer_norm_lstm_cell/${of}_norm/${name}`, shape] as const);
    }),
  ],
  ({ epsilon }, [W, U, b, ...rest], x, sizes, steps) => {
    const [gx, bx, gv, bv, gc, bc] = rest as unknown as [Vector, Vector, Vector, Vector, Vector, Vector];
    const norms = {
      x: { gamma: gx, beta: bx },
      v: { gamma: gv, beta: bv },
      c: { gamma: gc, beta: bc },
    };
    const result = layerNormLstm(x, { W: W!, U: U!, b: b!, norms }, sizes, epsilon, steps);
    return {
      h: result.h,
      states: result.states,
      final: result.final,
      backward(dh, dfinal) {
        const { dx, dweights, dhs, dcs, dh0, dc0 } = result.backward(dh, dfinal);
        return {
          dx,
          dweights: dweights.map((dw) => ({ dw })),
          dstates: { dh: dhs, dc: dcs },
          dinitial: { h: dh0, c: dc0 },
        };
      },
    };
  },
);
