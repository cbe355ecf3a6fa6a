/** A model that is given one timestep of each of its sequences at a time, in this thread. */
import type { Layer } from "../layers/index.ts";
import { type Group, padded } from "../layers/kind.ts";
import { Solo } from "../wasm/threads.ts";
import { GROUP_SIZE } from "./batch.ts";
import { type BatchShape, masksOf, planBatch } from "./plan.ts";
import { branchesOf } from "./stack.ts";
import type { Weights } from "./weights.ts";
import { Worker } from "./worker.ts";

/** What a layer carries, (batchSize, width) each, by name. */
export type LayerState = Readonly<Record<string, Float32Array>>;

/** What the model is fed with at a step, and what it gives. */
interface Views {
  /** The memory that they are of: it is another once it has grown. */
  readonly buffer: ArrayBufferLike;
  /** The input's row of each sequence. */
  readonly rows: readonly (Int32Array | Float32Array)[];
  readonly mask: Int32Array;
  readonly outputs: Float32Array<ArrayBuffer>;
}

/**
 * A plan of one timestep, whose layers keep their states in it. Of a model of several inputs the last branch alone
 * goes on; the others are there for their place among the weights. A step allocates nothing: views and groups are made
 * once, and again only where the memory has grown.
 */
export class Stepper {
  readonly batchSize: number;
  /** Numbers of a sequence that go into a step and come out of it. */
  readonly inputWidth: number;
  readonly outputWidth: number;
  readonly #weights: Weights;
  readonly #base: number;
  readonly #worker: Worker;
  readonly #groups: readonly Group[];
  readonly #masks: ReturnType<typeof masksOf>;
  #views: Views;
  /** The weights that the prepared ones were made of. */
  #version = -1;

  /**
   * @param layers as `oneStep` of their kinds has them
   * @throws OUT_OF_MEMORY
   */
  constructor(weights: Weights, layers: readonly Layer[], batchSize: number) {
    const shape: BatchShape = {
      layers,
      T: branchesOf(layers).map(() => 1),
      batchSize,
      groupSize: Math.min(GROUP_SIZE, batchSize),
      threads: 1,
      loss: null,
      weighted: false,
      lossWeights: null,
      metrics: [],
      backward: false,
      flow: false,
      outputs: true,
      tokens: branchesOf(layers).map(() => 0),
      int8: weights.int8,
      stored: false,
    };
    const { kernels, memory } = weights;
    this.batchSize = batchSize;
    this.#weights = weights;
    this.#base = memory.allocate(planBatch(shape).bytes, `a stream of ${batchSize} sequences`);
    const site = { shape, base: this.#base, weights: weights.address, store: 0, state: null };
    this.#worker = new Worker(kernels, memory.wasm, site, 0);
    const { inputs, signals } = this.#worker.plan;
    this.inputWidth = inputs.at(-1)!.signal.width;
    this.outputWidth = signals.at(-1)!.width;
    this.#groups = groupsOf(shape);
    this.#masks = masksOf(branchesOf(layers).at(-1)!.layers);
    this.#views = this.#makeViews();
  }

  /**
   * The next step of each sequence.
   *
   * @param x (batchSize, inputWidth) ids or numbers that the model takes
   * @returns (batchSize, outputWidth): the same array at every call, until the memory grows
   */
  step(x: ArrayLike<number>): Float32Array<ArrayBuffer> {
    if (this.#version !== this.#weights.version) this.#prepare();
    if (this.#views.buffer !== this.#weights.memory.wasm.buffer) this.#views = this.#makeViews();
    this.#load(x);
    const { kernels: k } = this.#weights;
    const { branches, plan } = this.#worker;
    const passes = branches.at(-1)!;
    const { y } = passes.at(-1)!;
    const width = this.outputWidth;
    const outputs = this.#base + plan.outputs;
    for (const group of this.#groups) {
      this.#worker.forwardGroup(group, passes);
      k.copyRows(outputs + group.first * width * 4, width, y.at(group), y.sequence, width, group.count);
    }
    return this.#views.outputs;
  }

  #load(x: ArrayLike<number>): void {
    const { rows, mask } = this.#views;
    const width = this.inputWidth;
    for (let b = 0; b < rows.length; b++) {
      const row = rows[b]!;
      for (let j = 0; j < width; j++) row[j] = x[b * width + j]!;
      if (!this.#masks) continue;
      const hidden = this.#masks(row);
      mask[b] = hidden ? 0 : 1;
      if (hidden) row.fill(0);
    }
  }

  /** Copies, of each layer that carries something; null of the others. */
  readStates(): (LayerState | null)[] {
    return this.#eachState((inside, width) => {
      const values = new Float32Array(this.batchSize * width);
      for (let b = 0; b < this.batchSize; b++) {
        const from = b * padded(width);
        values.set(inside.subarray(from, from + width), b * width);
      }
      return values;
    });
  }

  /** @param states of each layer that carries something; null for zeros everywhere */
  writeStates(states: readonly (LayerState | null)[] | null): void {
    this.#eachState((inside, width, layer, name) => {
      inside.fill(0);
      const values = states?.[layer]?.[name];
      for (let b = 0; values && b < this.batchSize; b++) {
        inside.set(values.subarray(b * width, (b + 1) * width), b * padded(width));
      }
      return inside;
    });
  }

  #eachState(
    work: (inside: Float32Array, width: number, layer: number, name: string) => Float32Array,
  ): (LayerState | null)[] {
    const { plan, passes } = this.#worker;
    return plan.states.map((places, layer) => {
      const entries = Object.entries(places).map(([name, place]) => {
        const { width } = passes[layer]!.final![name]!; // what is kept is what the pass leaves
        const inside = this.#weights.memory.f32(this.#base + place, this.batchSize * padded(width));
        return [name, work(inside, width, layer, name)] as const;
      });
      return entries.length > 0 ? Object.fromEntries(entries) : null;
    });
  }

  #prepare(): void {
    const solo = new Solo();
    solo.run(this.#worker.perform({ kind: "prepare" }, solo));
    this.#version = this.#weights.version;
  }

  #makeViews(): Views {
    const { memory } = this.#weights;
    const { plan } = this.#worker;
    const B = this.batchSize;
    const { data, mask, signal } = plan.inputs.at(-1)!;
    const { holds, width } = signal;
    const stride = holds === "ids" ? 1 : padded(width);
    const at = this.#base + data;
    const input = holds === "ids" ? memory.i32(at, B) : memory.f32(at, B * stride);
    return {
      buffer: memory.wasm.buffer,
      rows: Array.from({ length: B }, (_, b) => input.subarray(b * stride, b * stride + width)),
      mask: memory.i32(this.#base + mask, this.#masks ? B : 0),
      outputs: memory.f32(this.#base + plan.outputs, B * this.outputWidth),
    };
  }

  free(): void {
    this.#weights.memory.free(this.#base);
  }
}

/** The groups of a batch; none of their counters is asked for where nothing is trained. */
function groupsOf({ batchSize, groupSize }: BatchShape): Group[] {
  return Array.from({ length: Math.ceil(batchSize / groupSize) }, (_, i) => {
    const first = i * groupSize;
    const count = Math.min(groupSize, batchSize - first);
    return { first, count, seed: 0, epoch: 0, batch: 0, partial: 0 };
  });
}
