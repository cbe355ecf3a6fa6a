import type { RecurrentSizes, RecurrentWeights } from "./lstm.ts";
import { addProduct, addProductBackward, addTo, row, sigmoid, type Vector } from "./matrix.ts";
import {
  cellWeights,
  isMasked,
  keptShare,
  type RecurrentDescription,
  recurrentReference,
  type Steps,
  throughDropout,
} from "./recurrent.ts";

/**
 * Where the reset gate acts, Keras's `reset_after`: on h₋·U (true), with a bias (2, 3H), b for x·W and b′
 * for h₋·U, or on h₋ (false), with a bias (3H).
 */
export interface GruSizes extends RecurrentSizes {
  readonly resetAfter: boolean;
}

export interface GruResult extends GruSizes {
  readonly x: Vector;
  readonly weights: RecurrentWeights;
  /** (B, T, H): the layer's output. */
  readonly h: Vector;
  /** (B, H): the last row of each sequence's h. */
  readonly hT: Vector;
  /** (B, T, 3H): activated gates and candidate u | r | g, which Keras calls z, r and hh. */
  readonly gates: Vector;
  /** (B, T, H): h₋·U + b′ of the candidate, where the reset gate acts after. */
  readonly v: Vector;
  /** (B, T + 1, H): states, row 0 of each sequence being the initial one. */
  readonly hStates: Vector;
  readonly steps: Steps;
}

export interface GruGradients {
  readonly dx: Vector;
  readonly dW: Vector;
  readonly dU: Vector;
  readonly db: Vector;
  readonly dh0: Vector;
  /** (B, T, H): all that reaches h of each step, from above and from later steps. */
  readonly dhs: Vector;
}

/**
 * The GRU of Cho et al., as Keras's GRU(activation="tanh", recurrent_activation="sigmoid"):
 *
 *     z = x·W + b     v = h₋·U + b′     u, r = σ(z + v)     h = u·h₋ + (1 − u)·g
 *     g = tanh(z + r·v) with the reset after, tanh(z + (r·h₋)·U) with the reset before
 *
 * With zoneout h is k·h₋ + (1 - k)·h. hs (B, T, H) is added to h: for differences.
 */
export function gruForward(
  x: Vector,
  weights: RecurrentWeights,
  sizes: GruSizes,
  initial: Steps & { readonly h0?: Vector | undefined; readonly hs?: Vector } = {},
): GruResult {
  const { B, T, I, H, resetAfter } = sizes;
  const h = new Float64Array(B * T * H);
  const hT = new Float64Array(B * H);
  const gates = new Float64Array(B * T * 3 * H);
  const vs = new Float64Array(B * T * H);
  const hStates = new Float64Array(B * (T + 1) * H);
  const [Uu, Ur, Ug] = blocks(weights.U, H);

  for (let b = 0; b < B; b++) {
    const stateRow = b * (T + 1);
    if (initial.h0) row(hStates, stateRow, H).set(row(initial.h0, b, H));
    for (let t = 0; t < T; t++) {
      const at = b * T + t;
      const hBefore = row(hStates, stateRow + t, H);
      const hNow = row(hStates, stateRow + t + 1, H);
      if (isMasked(initial, at)) {
        hNow.set(hBefore.map((value, j) => value + (initial.hs?.[at * H + j] ?? 0)));
        row(h, at, H).set(hNow);
        continue;
      }
      const used = throughDropout(initial, b, hBefore);
      const z = row(gates, at, 3 * H);
      const [u, r, g] = thirds(z);
      z.set(weights.b.subarray(0, 3 * H));
      addProduct(z, row(x, at, I), weights.W, 1, I, 3 * H);
      if (resetAfter) addTo(z.subarray(0, 2 * H), weights.b.subarray(3 * H, 5 * H));
      addProduct(u, used, Uu, 1, H, H);
      addProduct(r, used, Ur, 1, H, H);
      for (let j = 0; j < 2 * H; j++) z[j] = sigmoid(z[j]!);
      if (resetAfter) {
        const v = row(vs, at, H);
        v.set(weights.b.subarray(5 * H));
        addProduct(v, used, Ug, 1, H, H);
        for (let j = 0; j < H; j++) g[j]! += r[j]! * v[j]!;
      } else addProduct(g, multiply(r, used), Ug, 1, H, H);
      for (let j = 0; j < H; j++) {
        g[j] = Math.tanh(g[j]!);
        const k = keptShare(initial.zone, at * H + j);
        const fresh = u[j]! * hBefore[j]! + (1 - u[j]!) * g[j]!;
        hNow[j] = k * hBefore[j]! + (1 - k) * fresh + (initial.hs?.[at * H + j] ?? 0);
      }
      row(h, at, H).set(hNow);
    }
    row(hT, b, H).set(row(hStates, stateRow + T, H));
  }
  return { ...sizes, x, weights, h, hT, gates, v: vs, hStates, steps: initial };
}

/** Backpropagation through all T timesteps of dh (B, T, H), and of what reaches the state after the last, (B, H). */
export function gruBackward(
  dh: Vector,
  forward: GruResult,
  { h: dhT }: { readonly h?: Vector } = {},
): GruGradients {
  const { B, T, I, H, resetAfter, x, weights, gates, v, hStates, steps } = forward;
  const dx = new Float64Array(x.length);
  const dW = new Float64Array(weights.W.length);
  const db = new Float64Array(weights.b.length);
  const dh0 = dhT?.slice() ?? new Float64Array(B * H);
  const dhs = new Float64Array(B * T * H);
  const [Uu, Ur, Ug] = blocks(weights.U, H);
  const [dUu, dUr, dUg] = [new Float64Array(H * H), new Float64Array(H * H), new Float64Array(H * H)];

  for (let b = 0; b < B; b++) {
    // What reaches h of the timestep in hand from the timestep after it.
    const dhNext = row(dh0, b, H);
    for (let t = T - 1; t >= 0; t--) {
      const at = b * T + t;
      const hBefore = row(hStates, b * (T + 1) + t, H);
      if (isMasked(steps, at)) {
        addTo(dhNext, row(dh, at, H));
        row(dhs, at, H).set(dhNext);
        continue;
      }
      const used = throughDropout(steps, b, hBefore);
      const dUsed = new Float64Array(H);
      const [u, r, g] = thirds(row(gates, at, 3 * H));
      const dz = new Float64Array(3 * H);
      const [du, dr, dg] = thirds(dz);
      for (let j = 0; j < H; j++) {
        const k = keptShare(steps.zone, at * H + j);
        const dhAll = dh[at * H + j]! + dhNext[j]!;
        const dhNow = (1 - k) * dhAll;
        dhs[at * H + j] = dhAll;
        du[j] = dhNow * (hBefore[j]! - g[j]!) * u[j]! * (1 - u[j]!);
        dg[j] = dhNow * (1 - u[j]!) * (1 - g[j]! * g[j]!);
        dhNext[j] = dhNow * u[j]! + k * dhAll;
      }
      if (resetAfter) {
        const dv = multiply(dg, r);
        dr.set(multiply(dg, row(v, at, H)));
        addProductBackward(dUsed, dUg, dv, used, Ug, 1, H, H);
        addTo(db.subarray(5 * H), dv);
      } else {
        const drh = new Float64Array(H);
        addProductBackward(drh, dUg, dg, multiply(r, used), Ug, 1, H, H);
        dr.set(multiply(drh, used));
        addTo(dUsed, multiply(drh, r));
      }
      for (let j = 0; j < H; j++) dr[j]! *= r[j]! * (1 - r[j]!);
      addProductBackward(dUsed, dUu, du, used, Uu, 1, H, H);
      addProductBackward(dUsed, dUr, dr, used, Ur, 1, H, H);
      addTo(dhNext, throughDropout(steps, b, dUsed));
      addProductBackward(row(dx, at, I), dW, dz, row(x, at, I), weights.W, 1, I, 3 * H);
      addTo(db.subarray(0, 3 * H), dz);
      if (resetAfter) addTo(db.subarray(3 * H, 5 * H), dz.subarray(0, 2 * H));
    }
  }
  return { dx, dW, dU: beside(dUu, dUr, dUg, H), db, dh0, dhs };
}

function multiply(a: Vector, b: Vector): Vector {
  return a.map((value, i) => value * b[i]!);
}

/** The parts u | r | g of a row: views, not copies. */
function thirds(z: Vector): [Vector, Vector, Vector] {
  const H = z.length / 3;
  return [row(z, 0, H), row(z, 1, H), row(z, 2, H)];
}

/** U (H, 3H) as three matrices (H, H), for u, r and g. */
function blocks(U: Vector, H: number): [Vector, Vector, Vector] {
  const block = (part: number) => U.filter((_, i) => Math.floor(i / H) % 3 === part);
  return [block(0), block(1), block(2)];
}

/** The three back in one. */
function beside(Uu: Vector, Ur: Vector, Ug: Vector, H: number): Vector {
  const rows = Array.from({ length: H }, (_, k) => [Uu, Ur, Ug].flatMap((part) => [...row(part, k, H)]));
  return Float64Array.from(rows.flat());
}

/** Keras's GRU, with the states that trace gives. */
export const gruReference = recurrentReference<RecurrentDescription & { readonly resetAfter: boolean }>(
  (layer, I) =>
    cellWeights("gru_cell", 3)(layer, I).map(([path, shape]) =>
      path === "gru_cell/bias" && layer.resetAfter ? [path, [2, ...shape]] : [path, shape],
    ),
  ({ resetAfter }, [W, U, b], x, sizes, steps) => {
    const result = gruForward(x, { W: W!, U: U!, b: b! }, { ...sizes, resetAfter }, steps);
    const gate = (index: number) => result.gates.filter((_, at) => Math.floor(at / sizes.H) % 3 === index);
    return {
      h: result.h,
      states: { u: gate(0), r: gate(1), g: gate(2), h: result.h },
      final: { h: result.hT },
      backward(dh, dfinal) {
        const { dx, dW, dU, db, dhs, dh0 } = gruBackward(dh, result, dfinal);
        const dweights = [{ dw: dW }, { dw: dU }, { dw: db }];
        return { dx, dweights, dstates: { dh: dhs }, dinitial: { h: dh0 } };
      },
    };
  },
);
