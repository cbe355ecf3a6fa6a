import type { Bench } from "../builds.ts";
import type { RecurrentSizes, RecurrentWeights } from "../reference/lstm.ts";
import { CellBench } from "./cell-bench.ts";

export type Cell = "lstm" | "rnn" | "gru" | "gruBefore";

export interface CellInputs {
  /** (B, T, I). */
  readonly x: ArrayLike<number>;
  readonly weights: RecurrentWeights;
  readonly sizes: RecurrentSizes;
  /** (B, H) each; zero where not given. */
  readonly h0?: ArrayLike<number> | undefined;
  readonly c0?: ArrayLike<number> | undefined;
  /** (B, T, H), the gradient of every output, or (B, H), that of the last alone. */
  readonly dh: ArrayLike<number>;
  /** Of x and dx, take the last timestep first; y, dh and the states are in the order in which steps are taken. */
  readonly fromEnd?: boolean;
  /** (B, T), of the steps in the order in which they are taken: 0 where one is masked. */
  readonly mask?: ArrayLike<number>;
  /** (B, H): what h₋ is multiplied with before U. */
  readonly m?: ArrayLike<number>;
  /** (B, T, H), what zoneout keeps of h and of c; or (H), where it is the same at every step of every sequence. */
  readonly zone?: ArrayLike<number>;
  readonly zoneCell?: ArrayLike<number>;
  /** (B, T, I), what dx is added to; zeros where not given. */
  readonly dxBefore?: ArrayLike<number>;
}

/** Outputs and gradients by the names that the goldens give them. */
export type CellResult = Record<string, Float32Array>;

/**
 * All B sequences through the raw kernels, abreast: the input's product, the cell, and backwards. What a
 * layer does in the host, with an initial state and without dropout.
 */
export function runCell(bench: Bench, cell: Cell, inputs: CellInputs): CellResult {
  return RUNS[cell](bench, inputs);
}

const RUNS: Record<Cell, (bench: Bench, inputs: CellInputs) => CellResult> = {
  lstm: runLstm,
  rnn: runRnn,
  gru: runGru,
  gruBefore: runGruBefore,
};

function runLstm(bench: Bench, { x, weights, sizes, h0, c0, ...given }: CellInputs): CellResult {
  const on = new CellBench(bench, sizes, 4);
  const { H, N, rows, a } = on;
  const { B, T, I, H: units } = sizes;
  const [xs, W, U] = [on.packed(x, I), on.packed(weights.W), on.packed(weights.U)];
  const z = on.project(xs, W, on.packed(weights.b), given.fromEnd);
  const [c, h, tc] = [on.statesFrom(c0), on.statesFrom(h0), bench.floats(rows * H)];
  const { masks, m, hm, dm, before, zone, zoneCell, zoneSteps } = on.between(given, h);
  bench.k.lstmForward(
    z,
    c,
    h,
    tc,
    on.panels(U, units, N),
    0,
    a,
    B,
    T,
    H,
    units,
    ...masks,
    m,
    hm,
    zone,
    zoneCell,
    ...zoneSteps,
  );
  const [y, gates, cT] = [on.sequence(h), on.readGates(z), on.last(on.sequence(c))];

  const { dh, dhState } = on.gradientFrom(given.dh);
  const [dcState, flow] = [bench.floats(B * H), bench.floats(rows * 2 * H)];
  const uT = on.transposedPanels(U, units);
  bench.k.lstmBackward(
    z,
    c,
    tc,
    dh,
    dhState,
    dcState,
    flow,
    uT,
    a,
    B,
    T,
    H,
    ...masks,
    m,
    dm,
    zone,
    zoneCell,
    ...zoneSteps,
  );
  const dU = bench.floats(units * N);
  on.recurrentBackward(dU, ...before, z);
  const flows = on.read(flow, rows * 2 * H);
  const part = (index: number) => flows.filter((_, i) => Math.floor(i / units) % 2 === index);
  return {
    ...{ y, hT: on.last(y), cT, gates },
    ...on.projectBackward(xs, W, z, given.fromEnd, given.dxBefore),
    dU: on.read(dU, units * N),
    dh0: on.read(dhState, B * H),
    dc0: on.read(dcState, B * H),
    dhs: part(0),
    dcs: part(1),
  };
}

function runRnn(bench: Bench, { x, weights, sizes, h0, ...given }: CellInputs): CellResult {
  const on = new CellBench(bench, sizes, 1);
  const { H, N, rows, a } = on;
  const { B, T, I, H: units } = sizes;
  const [xs, W, U] = [on.packed(x, I), on.packed(weights.W), on.packed(weights.U)];
  const z = on.project(xs, W, on.packed(weights.b), given.fromEnd);
  const h = on.statesFrom(h0);
  const { masks, m, hm, dm, before, zone, zoneSteps } = on.between(given, h);
  bench.k.rnnForward(z, h, on.panels(U, units, N), 0, a, B, T, H, units, ...masks, m, hm, zone, ...zoneSteps);
  const y = on.sequence(h);

  const { dh, dhState } = on.gradientFrom(given.dh);
  const flow = bench.floats(rows * H);
  const uT = on.transposedPanels(U, units);
  bench.k.rnnBackward(z, h, dh, dhState, flow, uT, a, B, T, H, ...masks, m, dm, zone, ...zoneSteps);
  const dU = bench.floats(units * N);
  on.recurrentBackward(dU, ...before, z);
  return {
    ...{ y, hT: on.last(y) },
    ...on.projectBackward(xs, W, z, given.fromEnd, given.dxBefore),
    dU: on.read(dU, units * N),
    dh0: on.read(dhState, B * H),
    dhs: on.read(flow, rows * H),
  };
}

/** The reset gate after the product: a bias (2, 3H), or (3H) without b′; dU and half of db from dv. */
function runGru(bench: Bench, { x, weights, sizes, h0, ...given }: CellInputs): CellResult {
  const on = new CellBench(bench, sizes, 3);
  const { H, N, rows, a } = on;
  const { B, T, I, H: units } = sizes;
  const [xs, W, U] = [on.packed(x, I), on.packed(weights.W), on.packed(weights.U)];
  const b = on.packed(weights.b);
  const recurrentBias = weights.b.length === 6 * units ? b + N * 4 : 0;
  const z = on.project(xs, W, b, given.fromEnd);
  const [v, h] = [bench.floats(rows * N), on.statesFrom(h0)];
  const { masks, m, hm, dm, before, zone, zoneSteps } = on.between(given, h);
  bench.k.gruForward(
    z,
    v,
    h,
    recurrentBias,
    on.panels(U, units, N),
    0,
    a,
    B,
    T,
    H,
    units,
    ...masks,
    m,
    hm,
    zone,
    ...zoneSteps,
  );
  const [y, gates] = [on.sequence(h), on.readGates(z)];

  const { dh, dhState } = on.gradientFrom(given.dh);
  const flow = bench.floats(rows * H);
  const uT = on.transposedPanels(U, units);
  bench.k.gruBackward(z, v, h, dh, dhState, flow, uT, a, B, T, H, ...masks, m, dm, zone, ...zoneSteps);
  const dU = bench.floats(units * N);
  on.recurrentBackward(dU, ...before, v);
  const { dx, dW, db } = on.projectBackward(xs, W, z, given.fromEnd, given.dxBefore);
  return {
    ...{ y, hT: on.last(y), gates },
    ...{ dx, dW, db: Float32Array.of(...db, ...on.columnSums(v)) },
    dU: on.read(dU, units * N),
    dh0: on.read(dhState, B * H),
    dhs: on.read(flow, rows * H),
  };
}

/** The reset gate before the product: the candidate's part of dU from r·h₋. */
function runGruBefore(bench: Bench, { x, weights, sizes, h0, ...given }: CellInputs): CellResult {
  const on = new CellBench(bench, sizes, 3);
  const { H, N, rows, a } = on;
  const { k } = bench;
  const { B, T, I, H: units } = sizes;
  const [xs, W, U] = [on.packed(x, I), on.packed(weights.W), on.packed(weights.U)];
  const z = on.project(xs, W, on.packed(weights.b), given.fromEnd);
  const [h, rh] = [on.statesFrom(h0), bench.floats(rows * H)];
  const { masks, m, hm, dm, before, zone, zoneSteps } = on.between(given, h);
  k.gruBeforeForward(
    z,
    h,
    rh,
    on.panels(U, units, N),
    0,
    a,
    B,
    T,
    H,
    units,
    ...masks,
    m,
    hm,
    zone,
    ...zoneSteps,
  );
  const [y, gates] = [on.sequence(h), on.readGates(z)];
  on.read(rh, rows * H); // for its padding

  const { dh, dhState } = on.gradientFrom(given.dh);
  const flow = bench.floats(rows * H);
  const UT = bench.floats(N * H);
  k.packPanelsTransposed(UT, U, N, 0, 2 * H, units);
  k.packPanelsTransposed(UT + 2 * H * H * 4, U + 2 * H * 4, N, 0, H, units);
  k.gruBeforeBackward(z, h, dh, dhState, flow, UT, a, B, T, H, ...masks, m, hm, dm, zone, ...zoneSteps);
  const dU = bench.floats(units * N);
  on.recurrentBackward(dU, ...before, z, 0, 2 * H);
  on.recurrentBackward(dU, rh, T * H, z, 2 * H, H);
  return {
    ...{ y, hT: on.last(y), gates },
    ...on.projectBackward(xs, W, z, given.fromEnd, given.dxBefore),
    dU: on.read(dU, units * N),
    dh0: on.read(dhState, B * H),
    dhs: on.read(flow, rows * H),
  };
}
