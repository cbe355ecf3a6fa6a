/**
 * The weights of a model: name, shape and place of every tensor, in one order. Files, digests, memory
 * offsets, getWeights and test labels all derive from it.
 */
import { LstmkitError } from "../errors.ts";
import { kindOf, type Layer } from "../layers/index.ts";
import { padded, type WeightSpec } from "../layers/kind.ts";
import type { Kernels } from "../wasm/kernels.ts";
import type { LinearMemory } from "../wasm/memory.ts";
import { stretches } from "../wasm/stretches.ts";
import type { Int8Kind, Int8Kinds, Int8Weight } from "./int8.ts";
import { signalsOf } from "./stack.ts";

/**
 * A weight in its place. Outside it is dense and has Keras's shape; inside each of its rows is `blocks` runs
 * of `width` numbers, each padded to `stride`.
 */
export interface PlacedWeight extends WeightSpec {
  /** Keras's path: `lstm_1/lstm_cell/recurrent_kernel`. */
  readonly name: string;
  /** The layer's number, and the weight's name in it. */
  readonly layer: number;
  readonly path: string;
  readonly rows: number;
  readonly width: number;
  readonly stride: number;
  /** Floats from the start of the weights. */
  readonly offset: number;
  /** Floats inside, padding included. */
  readonly length: number;
  /** Where it is in int8: how, and where its scales are, in floats from the start of the weights, padded as it is. */
  readonly scales?: { readonly kind: Int8Kind; readonly rows: number; readonly columns: number };
}

/** Where everything is, in floats. Weights whose gradients are summed by places come first. */
export interface WeightTable {
  readonly specs: readonly PlacedWeight[];
  readonly length: number;
  /** Floats of the weights that are summed by places, and of the others, which have a partial a shard. */
  readonly placesLength: number;
  readonly shardsLength: number;
  /** Floats of all weights and, behind them, of the scales. */
  readonly size: number;
}

/** Number of elements of a shape. */
export const sizeOf = (shape: readonly number[]): number => shape.reduce((a, b) => a * b, 1);

/** Every weight of the layers, in order, of which those are in int8. */
export function weightTable(layers: readonly Layer[], int8: Int8Kinds = {}): WeightTable {
  const signals = signalsOf(layers);
  const specs = layers.flatMap((layer, i) =>
    kindOf(layer)
      .weights(layer, signals[i]!)
      .map((spec) => {
        const width = spec.shape.at(-1)! / spec.blocks;
        const rows = sizeOf(spec.shape.slice(0, -1));
        const stride = padded(width);
        const own = { layer: i, path: spec.name, rows, width, stride, length: rows * spec.blocks * stride };
        return { ...spec, ...own, name: `${layer.name}/${spec.name}` };
      }),
  );
  const lengthOf = (some: readonly { length: number }[]) => some.reduce((sum, { length }) => sum + length, 0);
  const placesLength = lengthOf(specs.filter(({ sum }) => sum === "places"));
  const next = { places: 0, shards: placesLength };
  const placed = specs.map((spec) => {
    const run = spec.sum ?? "shards";
    const offset = next[run];
    next[run] += spec.length;
    return { ...spec, offset };
  });
  let size = next.shards;
  const scaled = placed.map((spec): PlacedWeight => {
    const kind = int8[spec.name];
    if (!kind) return spec;
    const rows = size;
    const columns = rows + padded(spec.rows);
    size = columns + spec.blocks * spec.stride;
    return { ...spec, scales: { kind, rows, columns } };
  });
  const shardsLength = next.shards - placesLength;
  return { specs: scaled, length: next.shards, placesLength, shardsLength, size };
}

/** Dense data → the padded rows inside. `to` holds spec.length floats. */
export function padWeight(spec: PlacedWeight, from: ArrayLike<number>, to: Float32Array): void {
  copyRuns(spec, (dense, inside, n) => {
    for (let j = 0; j < n; j++) to[inside + j] = from[dense + j]!;
  });
}

/** The padded rows inside → dense data. */
export function unpadWeight(spec: PlacedWeight, from: Float32Array): Float32Array<ArrayBuffer> {
  const to = new Float32Array(sizeOf(spec.shape));
  copyRuns(spec, (dense, inside, n) => to.set(from.subarray(inside, inside + n), dense));
  return to;
}

function copyRuns(spec: PlacedWeight, copy: (dense: number, inside: number, n: number) => void): void {
  for (let run = 0; run < spec.rows * spec.blocks; run++)
    copy(run * spec.width, run * spec.stride, spec.width);
}

/** A row of the weight by itself: the scales of its columns lie as it does. */
const columnScales = (spec: PlacedWeight): PlacedWeight => ({
  ...spec,
  shape: [spec.blocks * spec.width],
  rows: 1,
  length: spec.blocks * spec.stride,
});

/** The weights as they were. */
export interface KeptWeights {
  /** Keep them as they are now instead. */
  renew(): void;
  /** @returns whether they had changed */
  restore(): boolean;
  /** @returns false where they had to be restored */
  restoreUnlessFinite(): boolean;
  /** A copy of them, as they lie in memory. */
  read(): Float32Array<ArrayBuffer>;
  /** Keep these instead, as read gave them. */
  write(values: Float32Array): void;
  free(): void;
}

/** Numbers of a tensor in [-limit, limit), a stretch at a time: see STRETCH. */
function uniform(k: Kernels, out: number, count: number, limit: number, seed: number, tensor: number): void {
  for (const [from, n] of stretches(0, count))
    k.uniform(out + from * 4, n, -limit, limit, seed, tensor, from);
}

/** The weights in linear memory: initialised, read, written. */
export class Weights {
  readonly table: WeightTable;
  readonly address: number;
  readonly kernels: Kernels;
  readonly memory: LinearMemory;
  /** Those in int8; of a model that learns none. */
  readonly int8: Int8Kinds;
  /** Another number whenever the weights have changed: what was prepared of them before is stale. */
  version = 0;
  /** Part of the weights is a batch ahead of the rest: a thread was lost while they were updated. */
  torn = false;
  /** As it was when it was last asked for. */
  #penalty = { version: -1, value: 0 };

  /** @throws OUT_OF_MEMORY */
  constructor(kernels: Kernels, memory: LinearMemory, layers: readonly Layer[], int8: Int8Kinds = {}) {
    this.kernels = kernels;
    this.memory = memory;
    this.int8 = int8;
    this.table = weightTable(layers, int8);
    this.address = memory.allocate(this.table.size * 4, "the model's weights");
  }

  /** Give every weight its initial value, which depends on the seed and its number in the table alone. */
  initialize(seed: number): void {
    const { kernels: k, memory } = this;
    for (const [index, spec] of this.table.specs.entries()) {
      const count = sizeOf(spec.shape);
      const [rows, cols] =
        spec.shape.length > 1 ? [count / spec.shape.at(-1)!, spec.shape.at(-1)!] : [1, count];
      // Keras's fans: an output is of all rows of a window, and so has an input its part in as many outputs.
      const window = sizeOf(spec.shape.slice(0, -2));
      const orthogonal = spec.initializer === "orthogonal";
      const bytes = Math.ceil(count / 4) * 16;
      const out = memory.allocate(bytes + (orthogonal ? count * 8 : 0), "initialisation");
      const scratch = out + bytes;
      switch (spec.initializer) {
        case "glorotUniform": {
          const limit = Math.fround(Math.sqrt(6 / (rows + window * cols)));
          uniform(k, out, count, limit, seed, index);
          break;
        }
        case "randomUniform":
          uniform(k, out, count, 0.05, seed, index);
          break;
        case "orthogonal":
          k.orthogonal(out, scratch, rows, cols, seed, index);
          break;
        case "ones":
          memory.f32(out, count).fill(1);
          break;
        case "zeros":
          break; // as allocated
      }
      if (spec.oneBlock !== undefined) {
        memory.f32(out, count).fill(1, spec.oneBlock * spec.width, (spec.oneBlock + 1) * spec.width);
      }
      const to = this.address + spec.offset * 4;
      k.copyRows(to, spec.stride, out, spec.width, spec.width, spec.rows * spec.blocks);
      memory.free(out);
    }
  }

  /** A copy of one weight, dense. @throws THREAD_FAILED where the weights are torn */
  read(spec: PlacedWeight): Float32Array<ArrayBuffer> {
    if (this.torn) {
      throw new LstmkitError(
        "THREAD_FAILED",
        "a thread of the team was lost in the midst of an update, so part of these weights is a batch ahead of the " +
          "rest. Close this runtime, create another, and load what was saved before.",
      );
    }
    return unpadWeight(spec, this.memory.f32(this.address + spec.offset * 4, spec.length));
  }

  /** Set one weight from dense data. */
  write(spec: PlacedWeight, values: ArrayLike<number>): void {
    this.version++;
    padWeight(spec, values, this.memory.f32(this.address + spec.offset * 4, spec.length));
  }

  /** The scales of one in int8, dense. */
  scalesOf(spec: PlacedWeight): Omit<Int8Weight, "q"> {
    if (!spec.scales) return {};
    const { kind, rows, columns } = spec.scales;
    const run = columnScales(spec);
    const at = (offset: number, length: number) => this.memory.f32(this.address + offset * 4, length);
    return {
      ...(kind !== "stored" && { rows: at(rows, spec.rows).slice() }),
      ...(kind !== "rows" && { columns: unpadWeight(run, at(columns, run.length)) }),
    };
  }

  /** Set them. */
  writeScales(spec: PlacedWeight, { rows, columns }: Omit<Int8Weight, "q">): void {
    if (!spec.scales) return;
    const run = columnScales(spec);
    const at = (offset: number, length: number) => this.memory.f32(this.address + offset * 4, length);
    if (rows) at(spec.scales.rows, spec.rows).set(rows);
    if (columns) padWeight(run, columns, at(spec.scales.columns, run.length));
  }

  /** The largest |weight|. */
  peak(): number {
    return this.kernels.peak(this.address, this.table.length);
  }

  /** The sum of their squares. */
  squares(): number {
    return this.kernels.sumSquares(this.address, this.table.length);
  }

  /** What the weights cost by their size, Σ l1·|w| + l2·w² over those with a penalty, in their order. */
  penalty(): number {
    if (this.#penalty.version !== this.version) {
      let value = 0;
      for (const { penalty, offset, length } of this.table.specs) {
        if (!penalty) continue;
        value += this.kernels.penalty(this.address + offset * 4, length, penalty.l1, penalty.l2);
      }
      this.#penalty = { version: this.version, value };
    }
    return this.#penalty.value;
  }

  /** A copy inside, for as long as the weights may turn out to be none. @throws OUT_OF_MEMORY */
  keep(): KeptWeights {
    const { memory, kernels, address, table } = this;
    const copy = memory.allocate(table.length * 4, "the weights of the batch before");
    const floats = (at: number) => memory.f32(at, table.length);
    let version = this.version;
    const renew = () => {
      floats(copy).set(floats(address));
      version = this.version;
    };
    const restore = () => {
      if (version === this.version) return false;
      floats(address).set(floats(copy));
      this.version++;
      return true;
    };
    const restoreUnlessFinite = () => {
      if (kernels.allFinite(address, table.length) === 1) return true;
      restore();
      return false;
    };
    const read = () => floats(copy).slice();
    const write = (values: Float32Array) => {
      floats(copy).set(values);
      version = -1; // others than the weights
    };
    renew();
    return { renew, restore, restoreUnlessFinite, read, write, free: () => memory.free(copy) };
  }

  free(): void {
    this.memory.free(this.address);
  }
}
