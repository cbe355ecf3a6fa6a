import { type Bench, pad, padded, unpad, withoutPadding } from "../builds.ts";
import type { RecurrentSizes } from "../reference/lstm.ts";
import type { CellInputs } from "./cell.ts";

/**
 * What is around the kernels of a cell, whatever the cell: memory in their layout, and the products that do
 * not depend on the order of steps. All B sequences go abreast; what the kernels call R is B.
 */
export class CellBench {
  readonly bench: Bench;
  readonly sizes: RecurrentSizes;
  /** The padded width of a state. */
  readonly H: number;
  /** The padded width of the pre-activations: `blocks` of H. */
  readonly N: number;
  readonly rows: number;
  /** Scratch for the left operand of any product. */
  readonly a: number;

  constructor(bench: Bench, sizes: RecurrentSizes, blocks: number) {
    const { B, T, I, H: units } = sizes;
    this.bench = bench;
    this.sizes = sizes;
    this.H = padded(units);
    this.N = blocks * this.H;
    this.rows = B * T;
    this.a = bench.floats(this.rows * Math.max(padded(I), this.N));
  }

  /** Runs of `width` numbers, or of the units. */
  packed(values: ArrayLike<number>, width = this.sizes.H): number {
    return this.bench.floats(pad(values, width));
  }

  /** Panels of K rows of so many columns; the rows are `ld` apart. */
  panels(address: number, K: number, columns: number, ld = columns): number {
    const b = this.bench.floats(K * columns);
    this.bench.k.packPanels(b, address, ld, 0, K, columns);
    return b;
  }

  /** Panels of the transpose of n rows of the pre-activations' width. */
  transposedPanels(address: number, n: number): number {
    const b = this.bench.floats(this.N * padded(n));
    this.bench.k.packPanelsTransposed(b, address, this.N, 0, this.N, n);
    return b;
  }

  /** States (B, T+1, H) whose row 0 is given. */
  statesFrom(initial: ArrayLike<number> | undefined): number {
    const { bench, H } = this;
    const { B, T, H: units } = this.sizes;
    const address = bench.floats(B * (T + 1) * H);
    if (initial) {
      const first = pad(initial, units);
      for (let b = 0; b < B; b++) {
        bench.memory.f32(address + b * (T + 1) * H * 4, H).set(first.subarray(b * H, (b + 1) * H));
      }
    }
    return address;
  }

  /** What may happen between the steps, from states at h: masks, dropout of what U is multiplied with, and zoneout. */
  between(given: Pick<CellInputs, "mask" | "m" | "zone" | "zoneCell">, h: number) {
    const { bench, H } = this;
    const { B, T } = this.sizes;
    const masks = [given.mask ? bench.ints(given.mask) : 0, 1, T] as const;
    const before = (from: number, sequence: number) => [from, sequence] as [number, number];
    const zones = [given.zone, given.zoneCell];
    const [zone, zoneCell] = zones.map((k) => (k ? this.packed(k) : 0)) as [number, number];
    const oneRow = zones.some((k) => k?.length === this.sizes.H);
    const zoneSteps = (oneRow ? [0, 0] : [H, T * H]) as readonly [number, number];
    const zoned = { zone, zoneCell, zoneSteps };
    if (!given.m) return { masks, m: 0, hm: 0, dm: 0, before: before(h, (T + 1) * H), ...zoned };
    const hm = bench.floats(this.rows * H);
    return {
      masks,
      m: this.packed(given.m),
      hm,
      dm: bench.floats(B * H),
      before: before(hm, T * H),
      ...zoned,
    };
  }

  /** The gradient of all outputs, (B, T, H), as the kernels take it: from above, or in the state after the last step. */
  gradientFrom(dh: ArrayLike<number>): { dh: number; dhState: number } {
    const { B, H: units } = this.sizes;
    if (dh.length === this.rows * units) {
      return { dh: this.packed(dh), dhState: this.bench.floats(B * this.H) };
    }
    return { dh: 0, dhState: this.packed(dh) };
  }

  /** z = b + x·W, of addresses, sequence by sequence; x from its last timestep to its first where `fromEnd`. */
  project(x: number, W: number, b: number, fromEnd = false): number {
    const { bench, N, rows, a } = this;
    const { B, T, I } = this.sizes;
    const z = bench.floats(rows * N);
    const w = this.panels(W, I, N);
    for (let s = 0; s < B; s++) {
      bench.k.packRows(a, ...this.#timesteps(x, s, fromEnd), T, I);
      bench.k.product(z + s * T * N * 4, N, 0, b, 0, a, w, T, N, I);
    }
    return z;
  }

  /** dW and db from dz, and dx added to `dxBefore`. */
  projectBackward(x: number, W: number, z: number, fromEnd = false, dxBefore?: ArrayLike<number>) {
    const { bench, N, rows, a } = this;
    const { k } = bench;
    const { B, T, I } = this.sizes;
    const dx = dxBefore ? this.packed(dxBefore, I) : bench.floats(rows * padded(I));
    const dW = bench.floats(I * N);
    const wT = this.transposedPanels(W, I);
    for (let s = 0; s < B; s++) {
      const dz = z + s * T * N * 4;
      k.packColumns(a, ...this.#timesteps(x, s, fromEnd), I, T);
      k.product(dW, N, 0, dW, N, a, this.panels(dz, T, N), I, N, T);
      const [to, ld] = this.#timesteps(dx, s, fromEnd);
      k.packRows(a, dz, N, T, N);
      k.product(to, ld, 0, to, ld, a, wT, T, padded(I), N);
    }
    return {
      dx: this.read(dx, rows * padded(I), I),
      dW: this.read(dW, I * N),
      db: this.columnSums(z),
    };
  }

  /** Address and stride of a sequence of x (B, T, I): from its last row the stride is negative. */
  #timesteps(x: number, sequence: number, fromEnd: boolean): [address: number, ld: number] {
    const { T, I } = this.sizes;
    const ld = padded(I);
    const first = x + sequence * T * ld * 4;
    return fromEnd ? [first + (T - 1) * ld * 4, -ld] : [first, ld];
  }

  /** Σ dz over all rows. */
  columnSums(z: number): Float32Array {
    const db = this.bench.floats(this.N);
    this.bench.k.sumPanels(db, this.panels(z, this.rows, this.N), this.rows, this.N);
    return this.read(db, this.N);
  }

  /**
   * dU (units, N) += hᵀ·dz in `columns` columns from `first` on, of addresses; h has `sequence` floats for
   * each sequence.
   */
  recurrentBackward(dU: number, h: number, sequence: number, z: number, first = 0, columns = this.N): void {
    const { bench, N, a } = this;
    const { B, T, H: units } = this.sizes;
    const to = dU + first * 4;
    for (let b = 0; b < B; b++) {
      bench.k.packColumns(a, h + b * sequence * 4, this.H, units, T);
      const dz = this.panels(z + (b * T * N + first) * 4, T, columns, N);
      bench.k.product(to, N, 0, to, N, a, dz, units, columns, T);
    }
  }

  /** What is there without its padding, which must be exactly 0. */
  read(address: number, length: number, width = this.sizes.H): Float32Array {
    return unpad(this.bench.read(address, length), width);
  }

  /** (B, T, N) without padding, which holds gates of padded units: sigmoid 0 = ½. */
  readGates(z: number): Float32Array {
    return withoutPadding(this.bench.read(z, this.rows * this.N), this.sizes.H);
  }

  /** Rows 1 … T of states. */
  sequence(states: number): Float32Array {
    const { B, T, H: units } = this.sizes;
    const all = this.read(states, B * (T + 1) * this.H);
    const y = new Float32Array(this.rows * units);
    for (let b = 0; b < B; b++) {
      const from = (b * (T + 1) + 1) * units;
      y.set(all.subarray(from, from + T * units), b * T * units);
    }
    return y;
  }

  /** The last row of each sequence. */
  last(all: Float32Array): Float32Array {
    const { B, T, H: units } = this.sizes;
    return Float32Array.from({ length: B * units }, (_, i) => {
      const [b, j] = [Math.floor(i / units), i % units];
      return all[(b * T + T - 1) * units + j]!;
    });
  }
}
