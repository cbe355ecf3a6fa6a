/**
 * The memory plan of one batch shape, and the passes that run in it.
 *
 * A batch is cut into logical shards of fixed size, whatever the number of threads; a shard into
 * groups of a few samples that go through the whole forward and backward pass while they are in
 * cache. A shard adds its gradient into a partial of its own; partials are summed in shard order.
 * The size of a group changes no bit: within a shard every sum is one chain over samples in order.
 */
import { LstmkitError } from "../errors.ts";
import { MAX_BYTES } from "../runtime/memory.ts";
import { DensePass } from "./dense.ts";
import { EmbeddingPass } from "./embedding.ts";
import type { Network } from "./network.ts";
import type { Group, LayerPass, Place, Rows, Weight } from "./pass.ts";
import { LstmPass, SimpleRnnPass } from "./recurrent.ts";
import { inputFeatures, padded } from "./table.ts";

/** Samples in a shard: part of the determinism contract, since it fixes the order of sums. */
export const SHARD_SIZE = 16;

/** Samples in a group: a matter of speed alone. */
export const GROUP_SIZE = 4;

/** The loss at the head: how a row's error and its gradient come from the output. */
export type LossKernel = "bceLogits" | "bceProbabilities";

/** Where a batch's gradient goes: addresses. */
export interface Gradient {
  /** As long as the weights. */
  readonly sum: number;
  /** As long as the embedding: squares, place by place; not used where there is no embedding. */
  readonly squares: number;
}

/** What the passes of a step are told besides the data. */
export interface StepCounters {
  readonly seed: number;
  readonly epoch: number;
  readonly step: number;
}

/** Means over a batch, and how many of its predictions were right. */
export interface BatchResult {
  readonly loss: number;
  readonly hits: number;
  /** Predictions made: samples × steps × units. */
  readonly predictions: number;
  /** Every gradient is finite; true where none was taken. */
  readonly finite: boolean;
}

/** The batch shape to plan for, and what is to be done with it. */
export interface WorkspaceOptions {
  /** Timesteps of every sample. */
  readonly T: number;
  /** The most samples of a batch. */
  readonly batchSize: number;
  /** Samples that go through the passes together. */
  readonly groupSize: number;
  /** Null to predict. */
  readonly loss: LossKernel | null;
  readonly training: boolean;
}

interface Plan {
  readonly passes: readonly LayerPass[];
  /** (B, T) ids or (B, T, padded I) numbers. */
  readonly input: number;
  /** (B, steps, units). */
  readonly targets: number;
  readonly losses: number;
  readonly hits: number;
  readonly dx: number;
  readonly partials: number;
  readonly bytes: number;
}

export class Workspace {
  readonly #network: Network;
  readonly #plan: Plan;
  readonly #base: number;
  readonly #T: number;
  readonly #batchSize: number;
  readonly #groupSize: number;
  readonly #training: boolean;
  readonly #loss: LossKernel | null;
  readonly #denseLength: number;

  /** @throws OUT_OF_MEMORY before anything is allocated */
  constructor(network: Network, { T, batchSize, groupSize, loss, training }: WorkspaceOptions) {
    this.#network = network;
    this.#T = T;
    this.#batchSize = batchSize;
    this.#training = training;
    this.#loss = loss;
    this.#groupSize = Math.min(groupSize, batchSize);
    this.#denseLength = network.length - network.embeddingLength;
    const { bytes } = this.#makePlan(0); // once for the size, once for the addresses
    if (bytes > MAX_BYTES) {
      throw new LstmkitError(
        "OUT_OF_MEMORY",
        `a batch of ${batchSize} × ${T} timesteps needs ${(bytes / 2 ** 20).toFixed(0)} MiB; ` +
          "WebAssembly addresses 4096 MiB. Reduce batchSize or the sequence length.",
      );
    }
    this.#base = network.memory.allocate(bytes, `a batch of ${batchSize} × ${T} timesteps`);
    this.#plan = this.#makePlan(this.#base);
  }

  #makePlan(base: number): Plan {
    const { kernels: k, layers, table, weights, embeddingLength, embeddingWidth } = this.#network;
    const B = this.#batchSize;
    const T = this.#T;
    const groupSize = this.#groupSize;
    let floats = 0;
    const place: Place = (count) => {
      const address = base + floats * 4;
      floats += Math.ceil(count / 16) * 16; // on a cache line
      return address;
    };
    const weight = (index: number): Weight => {
      const { offset } = table[index]!;
      return { address: weights + offset * 4, gradient: offset - embeddingLength };
    };
    const features = inputFeatures(layers);
    const width = features === null ? 0 : padded(features);
    const input = place(B * T * (width || 1));
    const dx = this.#training && embeddingWidth > 0 ? place(B * T * embeddingWidth) : 0;
    const passes: LayerPass[] = [];
    let rows: Rows = {
      at: ({ first }) => input + first * T * width * 4,
      step: width,
      sequence: T * width,
      steps: T,
      width: features ?? 0,
    };
    let next = 0; // in the table
    for (const [index, layer] of layers.entries()) {
      const below = passes.at(-1) ?? null;
      let pass: LayerPass;
      if (layer.type === "embedding") {
        const sizes = { groupSize, T, outputDim: layer.outputDim };
        pass = new EmbeddingPass(k, place, sizes, weight(next).address, input, dx);
        next += 1;
      } else if (layer.type === "dense") {
        const [kernel, bias] = [weight(next), weight(next + 1)];
        // A loss that is taken from logits wants them as they are before the head's sigmoid.
        const logits = this.#loss === "bceLogits" && index === layers.length - 1;
        const activation = logits ? "linear" : layer.activation;
        pass = new DensePass({
          k,
          place,
          layer,
          activation,
          kernel,
          bias,
          input: rows,
          below: below!,
          groupSize,
        });
        next += 2;
      } else {
        const [kernel, recurrent, bias] = [weight(next), weight(next + 1), weight(next + 2)];
        const Pass = layer.type === "lstm" ? LstmPass : SimpleRnnPass;
        const context = { k, place, layer, index, kernel, recurrent, bias, input: rows, below, groupSize };
        pass = new Pass(context);
        next += 3;
      }
      rows = pass.output;
      passes.push(pass);
    }
    const outputs = B * rows.steps;
    const targets = place(outputs * rows.width);
    const losses = place(outputs);
    const hits = place(outputs);
    const shards = Math.ceil(B / SHARD_SIZE);
    const partials = this.#training ? place(shards * this.#denseLength) : 0;
    return { passes, input, targets, losses, hits, dx, partials, bytes: floats * 4 };
  }
  /** Steps of the output: T where the last recurrent layer gives sequences, else 1. */
  get steps(): number {
    return this.#plan.passes.at(-1)!.output.steps;
  }

  /**
   * Copy a batch in: rows `order[from … from + count)` of x, and of y where there are targets.
   *
   * @param x ids (n, T) or numbers (n, T, features)
   * @param y (n, steps · units), or null to predict
   */
  load(
    x: ArrayLike<number>,
    y: ArrayLike<number> | null,
    order: ArrayLike<number>,
    from: number,
    count: number,
  ): void {
    const { memory, layers } = this.#network;
    const { input, targets, passes } = this.#plan;
    const features = inputFeatures(layers); // null: ids
    const width = features ?? 1;
    const stride = features === null ? 1 : padded(features);
    const length = count * this.#T * stride;
    const to = features === null ? memory.i32(input, length) : memory.f32(input, length);
    for (let s = 0; s < count; s++) {
      const source = order[from + s]! * this.#T * width;
      for (let t = 0; t < this.#T; t++) {
        const at = (s * this.#T + t) * stride;
        for (let j = 0; j < width; j++) to[at + j] = x[source + t * width + j]!;
      }
    }
    if (!y) return;
    const size = passes.at(-1)!.output.steps * passes.at(-1)!.output.width;
    const target = memory.f32(targets, count * size);
    for (let s = 0; s < count; s++) {
      for (let j = 0; j < size; j++) target[s * size + j] = y[order[from + s]! * size + j]!;
    }
  }

  /**
   * Loss and gradient of the batch that was loaded.
   *
   * @param gradient assigned; the embedding's rows must be zero, and are made so again by clearGradient
   */
  train(count: number, gradient: Gradient, counters: StepCounters): BatchResult {
    const { kernels: k, embeddingLength, embeddingWidth } = this.#network;
    const { passes, partials, dx, input } = this.#plan;
    const length = this.#denseLength;
    for (const pass of passes) pass.prepare(true);
    let shards = 0;
    for (let from = 0; from < count; from += SHARD_SIZE, shards++) {
      const partial = partials + shards * length * 4;
      k.clear(partial, length);
      for (const group of this.#groups(from, Math.min(count, from + SHARD_SIZE), true, counters, partial)) {
        for (const pass of passes) pass.forward(group);
        this.#lossOf(group, count, true);
        for (let i = passes.length - 1; i >= 0; i--) passes[i]!.backward(group);
      }
    }
    const dense = gradient.sum + embeddingLength * 4;
    k.sumShards(dense, partials, shards, length);
    if (embeddingWidth > 0) {
      k.embeddingBackward(gradient.sum, gradient.squares, dx, input, count * this.#T, embeddingWidth);
    }
    return { ...this.#result(count), finite: k.allFinite(gradient.sum, this.#network.length) === 1 };
  }

  /** Zero the gradient's rows that the batch's ids name. */
  clearGradient(count: number, gradient: Gradient): void {
    const { kernels: k, embeddingWidth } = this.#network;
    if (embeddingWidth === 0) return;
    k.embeddingClear(gradient.sum, this.#plan.input, count * this.#T, embeddingWidth);
    k.embeddingClear(gradient.squares, this.#plan.input, count * this.#T, embeddingWidth);
  }

  /** Weights changed since the last forward pass. */
  prepare(): void {
    for (const pass of this.#plan.passes) pass.prepare(false);
  }

  /** Loss of the batch that was loaded, without dropout; after prepare(). */
  evaluate(count: number): BatchResult {
    for (const group of this.#groups(0, count, false)) {
      for (const pass of this.#plan.passes) pass.forward(group);
      this.#lossOf(group, count, false);
    }
    return { ...this.#result(count), finite: true };
  }

  /** Output of the batch that was loaded → `to` (count, steps, units); after prepare(). */
  predict(count: number, to: Float32Array): void {
    const { passes } = this.#plan;
    const { output } = passes.at(-1)!;
    for (const group of this.#groups(0, count, false)) {
      for (const pass of passes) pass.forward(group);
      const rows = group.count * output.steps;
      const y = this.#network.memory.f32(output.at(group), rows * output.step);
      for (let m = 0; m < rows; m++) {
        const row = y.subarray(m * output.step, m * output.step + output.width);
        to.set(row, (group.first * output.steps + m) * output.width);
      }
    }
  }

  free(): void {
    this.#network.memory.free(this.#base);
  }

  *#groups(
    from: number,
    to: number,
    training: boolean,
    counters: StepCounters = { seed: 0, epoch: 0, step: 0 },
    partial = 0,
  ): Generator<Group> {
    for (let first = from; first < to; first += this.#groupSize) {
      yield { first, count: Math.min(this.#groupSize, to - first), training, partial, ...counters };
    }
  }

  #lossOf(group: Group, batch: number, training: boolean): void {
    if (!this.#loss) throw new Error("this workspace was made to predict");
    const { targets, losses, hits, passes } = this.#plan;
    const head = passes.at(-1)!;
    const { steps, width, step } = head.output;
    const row = group.first * steps;
    this.#network.kernels[this.#loss](
      losses + row * 4,
      hits + row * 4,
      training ? head.dy(group) : 0,
      head.output.at(group),
      targets + row * width * 4,
      group.count * steps,
      width,
      step,
      1 / (batch * steps * width),
    );
  }

  #result(count: number): { loss: number; hits: number; predictions: number } {
    const { kernels: k } = this.#network;
    const { losses, hits, passes } = this.#plan;
    const { steps, width } = passes.at(-1)!.output;
    const rows = count * steps;
    return { loss: k.sumFloats(losses, rows) / rows, hits: k.sumInts(hits, rows), predictions: rows * width };
  }
}
