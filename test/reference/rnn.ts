import type { RecurrentSizes, RecurrentWeights } from "./lstm.ts";
import { addProduct, addProductBackward, addTo, row, type Vector } from "./matrix.ts";
import {
  cellWeights,
  isMasked,
  keptShare,
  recurrentReference,
  type Steps,
  throughDropout,
} from "./recurrent.ts";

export interface RnnResult extends RecurrentSizes {
  readonly x: Vector;
  readonly weights: RecurrentWeights;
  /** (B, T, H): the layer's output. */
  readonly h: Vector;
  /** (B, H): the last row of each sequence's h. */
  readonly hT: Vector;
  /** (B, T + 1, H): states, row 0 of each sequence being the initial one. */
  readonly hStates: Vector;
  /** (B, T, H): tanh of each step. */
  readonly cell: Vector;
  readonly steps: Steps;
}

export interface RnnGradients {
  readonly dx: Vector;
  readonly dW: Vector;
  readonly dU: Vector;
  readonly db: Vector;
  readonly dh0: Vector;
  /** (B, T, H): all that reaches h of each step, from above and from later steps. */
  readonly dhs: Vector;
}

/**
 * Elman's network, Keras's SimpleRNN: h = tanh(x·W + h₋·U + b). With zoneout h is k·h₋ + (1 - k)·h. hs (B, T, H) is
 * added to h: for differences.
 */
export function rnnForward(
  x: Vector,
  weights: RecurrentWeights,
  sizes: RecurrentSizes,
  initial: Steps & { readonly h0?: Vector | undefined; readonly hs?: Vector } = {},
): RnnResult {
  const { B, T, I, H } = sizes;
  const h = new Float64Array(B * T * H);
  const hT = new Float64Array(B * H);
  const hStates = new Float64Array(B * (T + 1) * H);
  const cell = new Float64Array(B * T * H);

  for (let b = 0; b < B; b++) {
    const stateRow = b * (T + 1);
    if (initial.h0) row(hStates, stateRow, H).set(row(initial.h0, b, H));
    for (let t = 0; t < T; t++) {
      const z = Float64Array.from(weights.b);
      addProduct(z, row(x, b * T + t, I), weights.W, 1, I, H);
      const before = row(hStates, stateRow + t, H);
      addProduct(z, throughDropout(initial, b, before), weights.U, 1, H, H);
      row(cell, b * T + t, H).set(z.map(Math.tanh));
      const hNow = before.map((old, j) => {
        const at = (b * T + t) * H + j;
        const k = isMasked(initial, b * T + t) ? 1 : keptShare(initial.zone, at);
        return k * old + (1 - k) * cell[at]! + (initial.hs?.[at] ?? 0);
      });
      row(hStates, stateRow + t + 1, H).set(hNow);
      row(h, b * T + t, H).set(hNow);
    }
    row(hT, b, H).set(row(hStates, stateRow + T, H));
  }
  return { ...sizes, x, weights, h, hT, hStates, cell, steps: initial };
}

/** Backpropagation through all T timesteps of dh (B, T, H), and of what reaches the state after the last, (B, H). */
export function rnnBackward(
  dh: Vector,
  forward: RnnResult,
  { h: dhT }: { readonly h?: Vector } = {},
): RnnGradients {
  const { B, T, I, H, x, weights, hStates, cell, steps } = forward;
  const dx = new Float64Array(x.length);
  const dW = new Float64Array(weights.W.length);
  const dU = new Float64Array(weights.U.length);
  const db = new Float64Array(weights.b.length);
  const dh0 = dhT?.slice() ?? new Float64Array(B * H);
  const dhs = new Float64Array(B * T * H);

  for (let b = 0; b < B; b++) {
    const stateRow = b * (T + 1);
    // What reaches h of the timestep in hand from the timestep after it.
    const dhNext = row(dh0, b, H);
    for (let t = T - 1; t >= 0; t--) {
      const reaching = row(dhs, b * T + t, H);
      reaching.set(dhNext.map((later, j) => later + dh[(b * T + t) * H + j]!));
      if (isMasked(steps, b * T + t)) {
        dhNext.set(reaching);
        continue;
      }
      const k = reaching.map((_, j) => keptShare(steps.zone, (b * T + t) * H + j));
      const dz = row(cell, b * T + t, H).map((h, j) => (1 - k[j]!) * reaching[j]! * (1 - h * h));
      const used = throughDropout(steps, b, row(hStates, stateRow + t, H));
      const dUsed = new Float64Array(H);
      addProductBackward(dUsed, dU, dz, used, weights.U, 1, H, H);
      dhNext.set(throughDropout(steps, b, dUsed));
      addTo(
        dhNext,
        k.map((share, j) => share * reaching[j]!),
      );
      addProductBackward(row(dx, b * T + t, I), dW, dz, row(x, b * T + t, I), weights.W, 1, I, H);
      addTo(db, dz);
    }
  }
  return { dx, dW, dU, db, dh0, dhs };
}

/** Keras's SimpleRNN, with the states that trace gives. */
export const simpleRnnReference = recurrentReference(
  cellWeights("simple_rnn_cell", 1),
  (_, [W, U, b], x, sizes, steps) => {
    const result = rnnForward(x, { W: W!, U: U!, b: b! }, sizes, steps);
    return {
      h: result.h,
      states: { h: result.h },
      final: { h: result.hT },
      backward(dh, dfinal) {
        const { dx, dW, dU, db, dhs, dh0 } = rnnBackward(dh, result, dfinal);
        const dweights = [{ dw: dW }, { dw: dU }, { dw: db }];
        return { dx, dweights, dstates: { dh: dhs }, dinitial: { h: dh0 } };
      },
    };
  },
);
