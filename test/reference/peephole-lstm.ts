import type { RecurrentSizes, RecurrentWeights } from "./lstm.ts";
import { addProduct, addProductBackward, addTo, row, sigmoid, type Vector } from "./matrix.ts";
import { cellWeights, isMasked, recurrentReference, type Steps, throughDropout } from "./recurrent.ts";

/** Beside an LSTM's: the peepholes of the input, forget and output gate, (H) each. */
export interface PeepholeWeights extends RecurrentWeights {
  readonly peepholes: readonly [pi: Vector, pf: Vector, po: Vector];
}

/**
 * Gers and Schmidhuber's LSTM with peepholes:
 *
 *     z = x·W + h₋·U + b
 *     i, f = σ(z + p·c₋)     g = tanh(z)     c = f·c₋ + i·g
 *     o = σ(z + p·c)         h = o·tanh(c)
 *
 * @param start h and c before the first step, (B, H) each; zeros where not given
 */
export function peepholeLstm(
  x: Vector,
  weights: PeepholeWeights,
  { B, T, I, H }: RecurrentSizes,
  start: Steps = {},
) {
  const { W, U, b, peepholes } = weights;
  const [pi, pf, po] = peepholes;
  const gates = new Float64Array(B * T * 4 * H);
  /** (B, T + 1, H), row 0 of each sequence being the first. */
  const [hs, cs] = [new Float64Array(B * (T + 1) * H), new Float64Array(B * (T + 1) * H)];
  for (let s = 0; s < B; s++) {
    if (start.h0) row(hs, s * (T + 1), H).set(row(start.h0, s, H));
    if (start.c0) row(cs, s * (T + 1), H).set(row(start.c0, s, H));
    for (let t = 0; t < T; t++) {
      const at = s * (T + 1) + t;
      if (isMasked(start, s * T + t)) {
        for (const states of [hs, cs]) row(states, at + 1, H).set(row(states, at, H));
        continue;
      }
      const z = row(gates, s * T + t, 4 * H);
      z.set(b);
      addProduct(z, row(x, s * T + t, I), W, 1, I, 4 * H);
      addProduct(z, throughDropout(start, s, row(hs, at, H)), U, 1, H, 4 * H);
      const [before, cell, h] = [row(cs, at, H), row(cs, at + 1, H), row(hs, at + 1, H)];
      for (let j = 0; j < H; j++) {
        z[j] = sigmoid(z[j]! + pi[j]! * before[j]!);
        z[H + j] = sigmoid(z[H + j]! + pf[j]! * before[j]!);
        z[2 * H + j] = Math.tanh(z[2 * H + j]!);
        cell[j] = z[H + j]! * before[j]! + z[j]! * z[2 * H + j]!;
        z[3 * H + j] = sigmoid(z[3 * H + j]! + po[j]! * cell[j]!);
        h[j] = z[3 * H + j]! * Math.tanh(cell[j]!);
      }
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
      const [dpi, dpf, dpo] = peepholes.map(() => new Float64Array(H)) as [Vector, Vector, Vector];
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
          const z = row(gates, s * T + t, 4 * H);
          const [before, cell] = [row(cs, at, H), row(cs, at + 1, H)];
          const dz = new Float64Array(4 * H);
          for (let j = 0; j < H; j++) {
            const [i, f, g, o] = [z[j]!, z[H + j]!, z[2 * H + j]!, z[3 * H + j]!];
            const squashed = Math.tanh(cell[j]!);
            const dhj = dh[(s * T + t) * H + j]! + laterH[j]!;
            const dO = dhj * squashed * o * (1 - o);
            const dc = laterC[j]! + dhj * o * (1 - squashed * squashed) + dO * po[j]!;
            const dI = dc * g * i * (1 - i);
            const dF = dc * before[j]! * f * (1 - f);
            dhs[(s * T + t) * H + j] = dhj;
            dcs[(s * T + t) * H + j] = dc;
            dz[j] = dI;
            dz[H + j] = dF;
            dz[2 * H + j] = dc * i * (1 - g * g);
            dz[3 * H + j] = dO;
            dpi[j]! += dI * before[j]!;
            dpf[j]! += dF * before[j]!;
            dpo[j]! += dO * cell[j]!;
            laterC[j] = dc * f + dI * pi[j]! + dF * pf[j]!;
          }
          const used = throughDropout(start, s, row(hs, at, H));
          const dUsed = new Float64Array(H);
          addProductBackward(dUsed, dU, dz, used, U, 1, H, 4 * H);
          laterH.set(throughDropout(start, s, dUsed));
          addProductBackward(row(dx, s * T + t, I), dW, dz, row(x, s * T + t, I), W, 1, I, 4 * H);
          addTo(db, dz);
        }
      }
      return { dx, dweights: [dW, dU, db, dpi, dpf, dpo], dhs, dcs, dh0, dc0 };
    },
  };
}

/** The LSTM with peepholes, with the states that trace gives. */
export const peepholeLstmReference = recurrentReference(
  (layer, I) => [
    ...cellWeights("peephole_lstm_cell", 4)(layer, I),
    ...["input", "forget", "output"].map(
      (gate) => [`peephole_lstm_cell/${gate}_gate_peephole_weights`, [layer.units]] as const,
    ),
  ],
  (_, [W, U, b, ...rest], x, sizes, steps) => {
    const peepholes = rest as unknown as [Vector, Vector, Vector];
    const result = peepholeLstm(x, { W: W!, U: U!, b: b!, peepholes }, sizes, steps);
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
