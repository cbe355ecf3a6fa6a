/**
 * z = b + x·W over the rows of a group, and the way back: dW += xᵀ·dz, db += Σ dz, dx = dz·Wᵀ.
 *
 * Only this file knows how rows are packed for the products, how dropout makes them smaller, and how gathered rows
 * are multiplied once each, and which products are of int8. A matrix of weights is packed by panels.ts.
 */
import type { Kernels } from "../wasm/kernels.ts";
import {
  type Bound,
  type Gathered,
  type Group,
  type Mask,
  type Memory,
  padded,
  type Rows,
  type Signal,
  type Use,
  type Weight,
} from "./kind.ts";
import { packPartTransposed, packWeight } from "./panels.ts";

/** Gathered rows that are multiplied at a time. */
export const ROWS_AT_ONCE = 64;

/** What is multiplied. */
export interface AffineShape {
  /** N: floats of a row of z, padding included. */
  readonly N: number;
  /** Share of x's features dropped on the way there, one mask a sample (Keras's rule for recurrent layers). Default 0. */
  readonly dropout?: number;
  /** That z of masked rows is not read, and their dz is 0: a run may begin and end with those that count. Default false. */
  readonly stepsOver?: boolean;
}

const drops = ({ dropout = 0 }: AffineShape, use: Pick<Use, "backward">) => use.backward && dropout > 0;

/** Floats of a row that is made of a gathered row; 0 where dropout makes each place another. */
export const affineGathers = (shape: AffineShape, use: Pick<Use, "backward">): number =>
  drops(shape, use) ? 0 : shape.N;

/** The most rows of one product: a sample's, or, of single rows, the group's. */
const rowsOfRun = ({ T }: { readonly T: number }, { groupSize }: Use) => (T === 1 ? groupSize : T);

export function affineMemory(
  shape: AffineShape,
  x: Pick<Signal, "width" | "gathered"> & { readonly T: number },
  use: Use,
): Memory {
  const { T, width: I, gathered } = x;
  const { N } = shape;
  const { groupSize: R, backward } = use;
  const M = rowsOfRun(x, use);
  const atOnce = gathered ? ROWS_AT_ONCE : 0;
  const dropping = drops(shape, use);
  const panels = { w: I * N, ...(backward && { wT: N * padded(I) }) };
  return {
    prepared: { ...(!dropping && panels), ...(gathered?.of === "call" && { rows: gathered.most * N }) },
    ...(gathered?.of === "model" && { store: { rows: gathered.most * N } }),
    group: {
      ...(dropping && { xc: R * T * padded(I), keep: R * I }),
      ...(gathered?.of === "shard" && { rows: gathered.most * N, sums: gathered.most * N }),
    },
    scratch: {
      a: Math.max(M * Math.max(padded(I), N), atOnce * padded(I)),
      ...(backward && { b: Math.max(M, atOnce) * N }),
      ...(dropping && { ...panels, dxc: T * padded(I), words: 4 }),
      ...(gathered && { vectors: atOnce * padded(I) }),
    },
  };
}

/** Rows whose product with dz is the gradient of a weight: += rowsᵀ·dz, or of some of dz's columns. */
export interface Operand {
  readonly rows: Rows;
  gradient(group: Group): number;
  /** The first of dz's columns, and how many. Default all. */
  readonly columns?: readonly [from: number, count: number];
}

export class Affine {
  readonly #at: Bound;
  /** Addresses of the blocks of `affineMemory`. */
  readonly #blocks: Readonly<Record<string, number>>;
  readonly #N: number;
  readonly #dropout: number;
  readonly #kernel: Weight;
  readonly #bias: Weight | null;
  readonly #drops: boolean;
  /** Whether every sample has one row, and all are one run. */
  readonly #single: boolean;
  /** From one row of a run to the next, in floats. */
  readonly #stride: number;
  /** How many features each sample keeps. */
  readonly #kept: Int32Array;
  /** Of each sample's rows those from the first to the last that counts: all where none is stepped over. */
  readonly #spans: Spans;

  /** @param names of the weights W and b */
  constructor(
    at: Bound,
    shape: AffineShape,
    names: { readonly kernel: string; readonly bias: string | null },
  ) {
    const { prepared, store, group, scratch } = affineMemory(shape, at.x, at.use);
    const blocks = Object.keys({ ...prepared, ...store, ...group, ...scratch });
    this.#at = at;
    this.#blocks = Object.fromEntries(blocks.map((name) => [name, at.at(name)]));
    this.#N = shape.N;
    this.#dropout = shape.dropout ?? 0;
    this.#drops = drops(shape, at.use);
    const { T, width, stride, sequence, gathered } = at.x;
    this.#single = T === 1 && !this.#drops && !gathered;
    this.#stride = this.#drops ? padded(width) : this.#single ? sequence : stride;
    this.#kernel = at.weight(names.kernel);
    this.#bias = names.bias === null ? null : at.weight(names.bias);
    this.#kept = new Int32Array(at.use.groupSize);
    this.#spans = new Spans(at, shape.stepsOver === true && !this.#single);
  }

  prepare(part: number, parts: number): void {
    const { k, x, dx } = this.#at;
    if (this.#drops) return; // a sample's own, of what it keeps
    const { address } = this.#kernel;
    packWeight(k, this.#blocks.w!, this.#kernel, x.width, this.#N, part, parts);
    if (dx) packPartTransposed(k, this.#blocks.wT!, address, x.width, this.#N, part, parts);
  }

  /** For some of the call's or the model's list, where there is one. */
  project(from: number, count: number): void {
    const { gathered } = this.#at.x;
    if (gathered && gathered.of !== "shard") this.#multiplyList(0, from, count);
  }

  /** Rows of b + x·W for some of a list's; bit for bit what a sample's own product gives. */
  #multiplyList(list: number, from: number, count: number): void {
    const [N, I] = [this.#N, this.#at.x.width];
    this.#multiply(this.#blocks.rows! + from * N * 4, this.#vectors(list, from, count), padded(I), count, I);
  }

  /** z = b + x·W of M rows, ld apart, of so many features. */
  #multiply(z: number, x: number, ld: number, M: number, K: number): void {
    const { k } = this.#at;
    const [N, a, w, bias] = [this.#N, this.#blocks.a!, this.#blocks.w!, this.#bias?.address ?? 0];
    const { int8 } = this.#kernel;
    if (int8 && !this.#drops) {
      k.packRowsInt8(a, x, ld, int8.rows, M, K);
      k.productInt8(z, N, bias, 0, a, w, M, N, K);
    } else {
      k.packRows(a, x, ld, M, K);
      k.product(z, N, 0, bias, 0, a, w, M, N, K);
    }
  }

  beginShard(shard: number): void {
    for (const [from, count] of this.#pieces(shard)) this.#multiplyList(shard, from, count);
  }

  /** dW += xᵀ·Σ dz of the shard's rows, each once. */
  endShard(shard: number, partial: number): void {
    const { k, x } = this.#at;
    const [N, I] = [this.#N, x.width];
    const [a, b] = [this.#blocks.a!, this.#blocks.b!];
    const dW = this.#kernel.gradient({ partial });
    for (const [from, count] of this.#pieces(shard)) {
      const sums = this.#blocks.sums! + from * N * 4;
      k.packColumns(a, this.#vectors(shard, from, count), padded(I), I, count);
      k.packPanels(b, sums, N, 0, count, N);
      k.product(dW, N, 0, dW, N, a, b, I, N, count);
      k.clear(sums, count * N);
    }
  }

  /** @param z address of (R, T, N) */
  forward(group: Group, z: number): void {
    const { k, x } = this.#at;
    const N = this.#N;
    const spans = this.#spans;
    spans.measure(group);
    if (x.gathered) {
      const { stride } = x.gathered;
      const rows = this.#blocks.rows!;
      for (let r = 0; r < group.count; r++) {
        const from = spans.from[r]!;
        const slots = slotsOf(x.gathered, group, r) + from * stride * 4;
        k.embeddingForward(z + (r * x.T + from) * N * 4, slots, rows, spans.count[r]!, N, stride);
      }
      return;
    }
    const runs = this.#runsOf(group);
    for (let r = 0; r < runs; r++) {
      const M = this.#rowsOfRun(group, r);
      const kept = this.#drops ? this.#compact(group, r) : x.width;
      const to = z + (r * x.T + spans.from[r]!) * N * 4;
      this.#multiply(to, this.#operand(group, r), this.#stride, M, kept);
    }
  }

  /**
   * @param dz address of (R, T, N)
   * @param others what else is to be multiplied with dz
   */
  backward(group: Group, dz: number, others: readonly Operand[] = []): void {
    const { k, x, dx } = this.#at;
    const N = this.#N;
    const [a, b] = [this.#blocks.a!, this.#blocks.b!];
    const spans = this.#spans;
    const runs = this.#runsOf(group);
    for (let r = 0; r < runs; r++) {
      const M = this.#rowsOfRun(group, r);
      const from = spans.from[r]!;
      const dzr = dz + (r * x.T + from) * N * 4;
      if (dx && M < dx.T) clearOutside(k, group, r, dx, from, M);
      if (M === 0) continue;
      k.packPanels(b, dzr, N, 0, M, N);
      if (this.#bias) k.sumPanels(this.#bias.gradient(group), b, M, N);
      if (x.gathered) {
        const slots = slotsOf(x.gathered, group, r) + from * x.gathered.stride * 4;
        k.addRows(this.#blocks.sums!, dzr, slots, M, N, x.gathered.stride);
      } else {
        const dW = this.#kernel.gradient(group);
        const kept = this.#drops ? this.#kept[r]! : x.width;
        k.packColumns(a, this.#operand(group, r), this.#stride, kept, M);
        k.product(dW, N, this.#keep(r), dW, N, a, b, kept, N, M);
      }
      for (const other of others) multiply(k, a, b, group, r, from, M, N, other);
      if (dx) this.#backwardRun(group, r, from, M, dzr, dx);
    }
  }

  /** dx = dz·Wᵀ; of dropped features 0. */
  #backwardRun(group: Group, r: number, from: number, M: number, dz: number, dx: Rows): void {
    const { k, x } = this.#at;
    const [N, I] = [this.#N, x.width];
    const [a, wT] = [this.#blocks.a!, this.#blocks.wT!];
    const stride = dx.T === 1 ? dx.sequence : dx.stride;
    const to = dx.at(group) + (r * dx.sequence + from * stride) * 4;
    k.packRows(a, dz, N, M, N);
    if (!this.#drops) {
      k.product(to, stride, 0, 0, 0, a, wT, M, padded(I), N);
      return;
    }
    const [kept, keep, dxc] = [this.#kept[r]!, this.#keep(r), this.#blocks.dxc!];
    k.packPanelsTransposed(wT, this.#kernel.address, N, keep, N, kept);
    k.product(dxc, padded(I), 0, 0, 0, a, wT, M, padded(kept), N);
    k.dropoutBackward(to, stride, dxc, padded(I), keep, kept, 1 / (1 - this.#dropout), M);
  }

  /** The features that a sample keeps, moved together, and the rows of W that go with them. Returns how many. */
  #compact(group: Group, r: number): number {
    const { k, x, stream } = this.#at;
    const { seed, first, batch, epoch } = group;
    const [I, rate, keep] = [x.width, this.#dropout, this.#keep(r)];
    const words = this.#blocks.words!;
    const kept = k.dropoutKeep(keep, words, I, rate, seed, stream, first + r, batch, epoch);
    this.#kept[r] = kept;
    const from = x.at(group) + r * x.sequence * 4;
    const [begin, M] = [this.#spans.from[r]!, this.#spans.count[r]!];
    const to = this.#operand(group, r);
    k.dropoutForward(to, this.#stride, from + begin * x.stride * 4, x.stride, keep, kept, 1 / (1 - rate), M);
    k.packPanels(this.#blocks.w!, this.#kernel.address, this.#N, keep, kept, this.#N);
    return kept;
  }

  /** Address of the numbers of the features that a sample keeps; 0 for all. */
  #keep(r: number): number {
    return this.#drops ? this.#blocks.keep! + r * this.#at.x.width * 4 : 0;
  }

  /** The rows of x come in runs of one distance: each sample's, or the single rows of all in one. */
  #runsOf({ count }: Group): number {
    return this.#single ? 1 : count;
  }

  #rowsOfRun({ count }: Group, r: number): number {
    return this.#single ? count : this.#spans.count[r]!;
  }

  /** What another dz (R, T, N) of the same rows adds to weights: others += rowsᵀ·dz, and db += Σ dz unless db is 0. */
  addGradients(group: Group, dz: number, db: number, others: readonly Operand[]): void {
    const { k, x } = this.#at;
    const N = this.#N;
    const [a, b] = [this.#blocks.a!, this.#blocks.b!];
    for (let r = 0; r < group.count; r++) {
      const [from, M] = [this.#spans.from[r]!, this.#spans.count[r]!];
      if (M === 0) continue;
      k.packPanels(b, dz + (r * x.T + from) * N * 4, N, 0, M, N);
      if (db) k.sumPanels(db, b, M, N);
      for (const other of others) multiply(k, a, b, group, r, from, M, N, other);
    }
  }

  /** Where the rows of a run are, moved together where features are dropped; they are #stride apart. */
  #operand(group: Group, r: number): number {
    const { at, T, width, sequence } = this.#at.x;
    const from = this.#spans.from[r]! * this.#stride * 4;
    return from + (this.#drops ? this.#blocks.xc! + r * T * padded(width) * 4 : at(group) + r * sequence * 4);
  }

  /** A shard's list, piece by piece; nothing where shards have none. */
  *#pieces(shard: number): Generator<[from: number, count: number]> {
    const { k, x } = this.#at;
    if (x.gathered?.of !== "shard") return;
    // The host of another thread has no view of the memory; a kernel reads it.
    const length = k.sumInts(x.gathered.counts + shard * 4, 1);
    for (let from = 0; from < length; from += ROWS_AT_ONCE) {
      yield [from, Math.min(ROWS_AT_ONCE, length - from)];
    }
  }

  /** @returns the address of rows of a list (count, padded I) */
  #vectors(list: number, from: number, count: number): number {
    const { ids, most, table } = this.#at.x.gathered!; // those who ask have a list
    const vectors = this.#blocks.vectors!;
    this.#at.k.embeddingForward(
      vectors,
      ids + (list * most + from) * 4,
      table,
      count,
      padded(this.#at.x.width),
      1,
    );
    return vectors;
  }
}

const slotsOf = (gathered: Gathered, group: Group, r: number) =>
  gathered.slots(group) + r * gathered.sequence * 4;

/** dx of the rows that were stepped over is 0. */
function clearOutside(k: Kernels, group: Group, r: number, dx: Rows, from: number, count: number): void {
  const first = dx.at(group) + r * dx.sequence * 4;
  const width = Math.abs(dx.stride);
  for (const [at, rows] of [
    [0, from],
    [from + count, dx.T - from - count],
  ] as const) {
    // Rows that are taken from the end lie before the first in memory.
    const lowest = dx.stride < 0 ? at + rows - 1 : at;
    if (rows > 0) k.clear(first + lowest * dx.stride * 4, rows * width);
  }
}

/** The rows of each sample from the first to the last that is not masked. */
class Spans {
  readonly from: Int32Array;
  readonly count: Int32Array;
  readonly #at: Bound;
  readonly #mask: Mask | undefined;

  constructor(at: Bound, stepsOver: boolean) {
    const { groupSize } = at.use;
    this.from = new Int32Array(groupSize);
    this.count = new Int32Array(groupSize).fill(at.x.T);
    this.#at = at;
    this.#mask = stepsOver ? at.x.mask : undefined;
  }

  /** On the way there; what is found holds on the way back. */
  measure(group: Group): void {
    if (!this.#mask) return;
    const { stride, sequence } = this.#mask;
    const { k, x } = this.#at;
    for (let r = 0; r < group.count; r++) {
      const first = this.#mask.at(group) + r * sequence * 4;
      const from = k.leadingMasked(first, stride, x.T);
      const behind = k.leadingMasked(first + (x.T - 1) * stride * 4, -stride, x.T - from);
      this.from[r] = from;
      this.count[r] = x.T - from - behind;
    }
  }
}

/** The gradient of one more weight, from dz as it lies packed in b. */
function multiply(
  k: Kernels,
  a: number,
  b: number,
  group: Group,
  r: number,
  first: number,
  M: number,
  N: number,
  other: Operand,
): void {
  const { rows, columns } = other;
  const from = columns ? columns[0] : 0;
  const count = columns ? columns[1] : N;
  const to = other.gradient(group) + from * 4;
  const stride = rows.T === 1 ? rows.sequence : rows.stride;
  k.packColumns(a, rows.at(group) + (r * rows.sequence + first * stride) * 4, stride, rows.width, M);
  k.product(to, N, 0, to, N, a, b + from * M * 4, rows.width, count, M);
}
