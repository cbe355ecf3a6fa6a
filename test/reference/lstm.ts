import { addProduct, addProductBackward, addTo, row, sigmoid, type Vector } from "./matrix.ts";
import {
  cellWeights,
  isMasked,
  keptShare,
  recurrentReference,
  type Steps,
  throughDropout,
} from "./recurrent.ts";

/** B sequences of T timesteps of I features, H hidden units. */
export interface RecurrentSizes {
  readonly B: number;
  readonly T: number;
  readonly I: number;
  readonly H: number;
}

/** Keras's kernel W (I, G), recurrent kernel U (H, G) and bias b (G); G is 4H in an LSTM, H in an RNN. */
export interface RecurrentWeights {
  readonly W: Vector;
  readonly U: Vector;
  readonly b: Vector;
}

/** States before the first timestep, (B, H) each; zero where not given. */
export interface LstmState extends Steps {
  readonly h0?: Vector | undefined;
  readonly c0?: Vector | undefined;
  /** Added to the states h and c of every step, (B, T, H) each: for differences. */
  readonly hs?: Vector;
  readonly cs?: Vector;
}

export interface LstmResult extends RecurrentSizes {
  readonly x: Vector;
  readonly weights: RecurrentWeights;
  /** (B, T, H): the layer's output. */
  readonly h: Vector;
  /** (B, H): the last row of each sequence's h and c. */
  readonly hT: Vector;
  readonly cT: Vector;
  /** (B, T, 4H): activated gates i | f | g | o, g being the candidate Keras calls c. */
  readonly gates: Vector;
  /** (B, T + 1, H): states, row 0 of each sequence being the initial one. */
  readonly hStates: Vector;
  readonly cStates: Vector;
  readonly steps: Steps;
}

export interface LstmGradients {
  readonly dx: Vector;
  readonly dW: Vector;
  readonly dU: Vector;
  readonly db: Vector;
  readonly dh0: Vector;
  readonly dc0: Vector;
  /** (B, T, H): all that reaches h and c of each step, from above and from later steps. */
  readonly dhs: Vector;
  readonly dcs: Vector;
}

/**
 * Hochreiter and Schmidhuber's LSTM with forget gates, as Keras's LSTM(activation="tanh",
 * recurrent_activation="sigmoid"):
 *
 *     z = x·W + h₋·U + b     i, f, o = σ(z)     g = tanh(z)
 *     c = f·c₋ + i·g         h = o·tanh(c)
 *
 * With zoneout c and h are what the next step begins with, and h the output: k·c₋ + (1 - k)·c and k·h₋ + (1 - k)·h.
 */
export function lstmForward(
  x: Vector,
  weights: RecurrentWeights,
  sizes: RecurrentSizes,
  initial: LstmState = {},
): LstmResult {
  const { B, T, I, H } = sizes;
  const h = new Float64Array(B * T * H);
  const hT = new Float64Array(B * H);
  const cT = new Float64Array(B * H);
  const gates = new Float64Array(B * T * 4 * H);
  const hStates = new Float64Array(B * (T + 1) * H);
  const cStates = new Float64Array(B * (T + 1) * H);

  for (let b = 0; b < B; b++) {
    const stateRow = b * (T + 1);
    if (initial.h0) row(hStates, stateRow, H).set(row(initial.h0, b, H));
    if (initial.c0) row(cStates, stateRow, H).set(row(initial.c0, b, H));
    for (let t = 0; t < T; t++) {
      const z = row(gates, b * T + t, 4 * H);
      if (isMasked(initial, b * T + t)) {
        const kept = (states: Vector, added: Vector | undefined) =>
          row(states, stateRow + t + 1, H).set(
            row(states, stateRow + t, H).map((s, j) => s + (added?.[(b * T + t) * H + j] ?? 0)),
          );
        kept(cStates, initial.cs);
        kept(hStates, initial.hs);
        row(h, b * T + t, H).set(row(hStates, stateRow + t + 1, H));
        continue;
      }
      z.set(weights.b);
      addProduct(z, row(x, b * T + t, I), weights.W, 1, I, 4 * H);
      addProduct(z, throughDropout(initial, b, row(hStates, stateRow + t, H)), weights.U, 1, H, 4 * H);
      const cBefore = row(cStates, stateRow + t, H);
      const cNow = row(cStates, stateRow + t + 1, H);
      const hBefore = row(hStates, stateRow + t, H);
      const hNow = row(hStates, stateRow + t + 1, H);
      for (let j = 0; j < H; j++) {
        const i = sigmoid(z[j]!);
        const f = sigmoid(z[H + j]!);
        const g = Math.tanh(z[2 * H + j]!);
        const o = sigmoid(z[3 * H + j]!);
        const at = (b * T + t) * H + j;
        const [kc, kh] = [keptShare(initial.zoneCell, at), keptShare(initial.zone, at)];
        const cNew = f * cBefore[j]! + i * g;
        cNow[j] = kc * cBefore[j]! + (1 - kc) * cNew + (initial.cs?.[at] ?? 0);
        // Without zoneout of c what is added to it is seen by the output as well.
        const hNew = o * Math.tanh(initial.zoneCell ? cNew : cNow[j]!);
        hNow[j] = kh * hBefore[j]! + (1 - kh) * hNew + (initial.hs?.[at] ?? 0);
        z[j] = i;
        z[H + j] = f;
        z[2 * H + j] = g;
        z[3 * H + j] = o;
      }
      row(h, b * T + t, H).set(hNow);
    }
    row(hT, b, H).set(row(hStates, stateRow + T, H));
    row(cT, b, H).set(row(cStates, stateRow + T, H));
  }
  return { ...sizes, x, weights, h, hT, cT, gates, hStates, cStates, steps: initial };
}

/** Backpropagation through all T timesteps of dh (B, T, H), and of what reaches the states after the last, (B, H) each. */
export function lstmBackward(
  dh: Vector,
  forward: LstmResult,
  { h: dhT, c: dcT }: { readonly h?: Vector; readonly c?: Vector } = {},
): LstmGradients {
  const { B, T, I, H, x, weights, gates, hStates, cStates, steps } = forward;
  const dx = new Float64Array(x.length);
  const dW = new Float64Array(weights.W.length);
  const dU = new Float64Array(weights.U.length);
  const db = new Float64Array(weights.b.length);
  const dh0 = dhT?.slice() ?? new Float64Array(B * H);
  const dc0 = dcT?.slice() ?? new Float64Array(B * H);
  const dhs = new Float64Array(B * T * H);
  const dcs = new Float64Array(B * T * H);

  for (let b = 0; b < B; b++) {
    const stateRow = b * (T + 1);
    // What reaches h and c of the timestep in hand from the timestep after it.
    const dhNext = row(dh0, b, H);
    const dcNext = row(dc0, b, H);
    for (let t = T - 1; t >= 0; t--) {
      const gate = row(gates, b * T + t, 4 * H);
      if (isMasked(steps, b * T + t)) {
        addTo(dhNext, row(dh, b * T + t, H));
        row(dhs, b * T + t, H).set(dhNext);
        row(dcs, b * T + t, H).set(dcNext);
        continue;
      }
      const cBefore = row(cStates, stateRow + t, H);
      const cNow = row(cStates, stateRow + t + 1, H);
      const dz = new Float64Array(4 * H);
      const dhKept = new Float64Array(H);
      for (let j = 0; j < H; j++) {
        const at = (b * T + t) * H + j;
        const [kc, kh] = [keptShare(steps.zoneCell, at), keptShare(steps.zone, at)];
        const [i, f, g, o] = [gate[j]!, gate[H + j]!, gate[2 * H + j]!, gate[3 * H + j]!];
        const tanhC = Math.tanh(steps.zoneCell ? f * cBefore[j]! + i * g : cNow[j]!);
        const dhAll = dh[at]! + dhNext[j]!;
        const dhNow = (1 - kh) * dhAll;
        const dc = (1 - kc) * dcNext[j]! + dhNow * o * (1 - tanhC * tanhC);
        dhKept[j] = kh * dhAll;
        dhs[at] = dhAll;
        dcs[at] = steps.zoneCell ? dcNext[j]! : dc;
        dz[j] = dc * g * i * (1 - i);
        dz[H + j] = dc * cBefore[j]! * f * (1 - f);
        dz[2 * H + j] = dc * i * (1 - g * g);
        dz[3 * H + j] = dhNow * tanhC * o * (1 - o);
        dcNext[j] = dc * f + kc * dcNext[j]!;
      }
      const used = throughDropout(steps, b, row(hStates, stateRow + t, H));
      const dUsed = new Float64Array(H);
      addProductBackward(dUsed, dU, dz, used, weights.U, 1, H, 4 * H);
      dhNext.set(throughDropout(steps, b, dUsed));
      addTo(dhNext, dhKept);
      addProductBackward(row(dx, b * T + t, I), dW, dz, row(x, b * T + t, I), weights.W, 1, I, 4 * H);
      addTo(db, dz);
    }
  }
  return { dx, dW, dU, db, dh0, dc0, dhs, dcs };
}

/** Keras's LSTM, with the states that trace gives. */
export const lstmReference = recurrentReference(
  cellWeights("lstm_cell", 4),
  (_, [W, U, b], x, sizes, steps) => {
    const result = lstmForward(x, { W: W!, U: U!, b: b! }, sizes, steps);
    const { B, T, H } = sizes;
    const gate = (index: number) => result.gates.filter((_, at) => Math.floor(at / H) % 4 === index);
    const c = new Float64Array(B * T * H);
    for (let at = 0; at < B * T; at++) row(c, at, H).set(row(result.cStates, at + Math.floor(at / T) + 1, H));
    return {
      h: result.h,
      states: { i: gate(0), f: gate(1), g: gate(2), o: gate(3), c, h: result.h },
      final: { h: result.hT, c: result.cT },
      backward(dh, dfinal) {
        const { dx, dW, dU, db, dhs, dcs, dh0, dc0 } = lstmBackward(dh, result, dfinal);
        return {
          dx,
          dweights: [{ dw: dW }, { dw: dU }, { dw: db }],
          dstates: { dh: dhs, dc: dcs },
          dinitial: { h: dh0, c: dc0 },
        };
      },
    };
  },
);
