import { type Bench, pad, padded, unpad, withoutPadding } from "../builds.ts";
import type { RecurrentSizes, RecurrentWeights } from "../reference/lstm.ts";

export type Cell = "lstm" | "rnn";

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
}

/** Outputs and gradients by the names that the goldens give them. */
export type CellResult = Record<string, Float32Array>;

/**
 * All B sequences through the raw kernels, abreast: the input's product, the cell, and backwards. What
 * src/model/recurrent.ts does for a layer, with an initial state and without dropout.
 */
export function runCell(bench: Bench, cell: Cell, inputs: CellInputs): CellResult {
  const { k } = bench;
  const { x, weights, sizes, dh } = inputs;
  const { B, T, I, H: units } = sizes;
  const gates = cell === "lstm" ? 4 : 1;
  const H = padded(units);
  const N = gates * H;
  const rows = B * T;

  const packed = (values: ArrayLike<number>, width: number) => bench.floats(pad(values, width));
  const panels = (address: number, K: number, n: number) => {
    const b = bench.floats(K * n);
    k.packPanels(b, address, n, 0, K, n);
    return b;
  };
  const panelsTransposed = (address: number, n: number) => {
    const b = bench.floats(N * padded(n));
    k.packPanelsTransposed(b, address, N, 0, N, n);
    return b;
  };
  /** (B, T+1, H) with row 0 given. */
  const statesFrom = (initial: ArrayLike<number> | undefined) => {
    const address = bench.floats(B * (T + 1) * H);
    if (initial) {
      const first = pad(initial, units);
      for (let b = 0; b < B; b++) {
        bench.memory.f32(address + b * (T + 1) * H * 4, H).set(first.subarray(b * H, (b + 1) * H));
      }
    }
    return address;
  };

  const W = packed(weights.W, units);
  const U = packed(weights.U, units);
  const xs = packed(x, I);
  const a = bench.floats(Math.max(rows * Math.max(padded(I), N), B * N));
  const z = bench.floats(rows * N);
  const [h, c, tc] = [statesFrom(inputs.h0), statesFrom(inputs.c0), bench.floats(rows * H)];

  k.packRows(a, xs, padded(I), rows, I);
  k.product(z, N, 0, packed(weights.b, units), 0, a, panels(W, I, N), rows, N, I);
  const u = panels(U, units, N);
  if (cell === "lstm") k.lstmForward(z, c, h, tc, u, a, B, T, H, units);
  else k.rnnForward(z, h, u, a, B, T, H, units);

  const read = (address: number, length: number, width: number) => unpad(bench.read(address, length), width);
  // Gates of padded units are sigmoid 0 = ½.
  const gateValues = withoutPadding(bench.read(z, rows * N), units);
  const everyOutput = dh.length === rows * units;
  const dhAll = everyOutput ? packed(dh, units) : 0;
  const dhState = everyOutput ? bench.floats(B * H) : packed(dh, units);
  const dcState = bench.floats(B * H);
  const uT = panelsTransposed(U, units);
  const states = cell === "lstm" ? 2 : 1;
  const flow = bench.floats(rows * states * H);
  if (cell === "lstm") k.lstmBackward(z, c, tc, dhAll, dhState, dcState, flow, uT, a, B, T, H);
  else k.rnnBackward(z, h, dhAll, dhState, flow, uT, a, B, T, H);
  const flows = read(flow, rows * states * H, units);

  const [dW, dU, db, dx] = [I * N, units * N, N, rows * padded(I)].map((n) => bench.floats(n)) as [
    number,
    number,
    number,
    number,
  ];
  const dz = panels(z, rows, N);
  k.sumPanels(db, dz, rows, N);
  k.packColumns(a, xs, padded(I), I, rows);
  k.product(dW, N, 0, dW, N, a, dz, I, N, rows);
  for (let b = 0; b < B; b++) {
    k.packColumns(a, h + b * (T + 1) * H * 4, H, units, T);
    k.product(dU, N, 0, dU, N, a, panels(z + b * T * N * 4, T, N), units, N, T);
  }
  k.packRows(a, z, N, rows, N);
  k.product(dx, padded(I), 0, 0, 0, a, panelsTransposed(W, I), rows, padded(I), N);

  const sequence = (address: number) => {
    const all = read(address, B * (T + 1) * H, units);
    const y = new Float32Array(rows * units);
    for (let b = 0; b < B; b++) {
      const from = (b * (T + 1) + 1) * units;
      y.set(all.subarray(from, from + T * units), b * T * units);
    }
    return y;
  };
  const last = (all: Float32Array) =>
    Float32Array.from({ length: B * units }, (_, i) => {
      const [b, j] = [Math.floor(i / units), i % units];
      return all[(b * T + T - 1) * units + j]!;
    });
  const y = sequence(h);
  const lstmOnly =
    cell === "lstm"
      ? {
          gates: gateValues,
          cT: last(sequence(c)),
          dc0: read(dcState, B * H, units),
          dcs: flows.filter((_, i) => Math.floor(i / units) % 2 === 1),
        }
      : {};
  return {
    y,
    hT: last(y),
    dx: read(dx, rows * padded(I), I),
    dW: read(dW, I * N, units),
    dU: read(dU, units * N, units),
    db: read(db, N, units),
    dh0: read(dhState, B * H, units),
    dhs: flows.filter((_, i) => Math.floor(i / units) % states === 0),
    ...lstmOnly,
  };
}
