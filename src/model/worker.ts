/**
 * One thread's part in the work on a batch: forward, backward, update.
 *
 * A batch is cut into logical shards of fixed size, whatever the number of threads; a shard into
 * groups of a few samples that go through the whole forward and backward pass while they are in
 * cache. A shard adds its gradient into a partial of its own; partials are summed in shard order.
 * The size of a group changes no bit: within a shard every sum is one chain over samples in order.
 */
import { activationForward } from "../layers/activation.ts";
import { ROWS_AT_ONCE } from "../layers/affine.ts";
import { type Group, type Pass, padded, type Rows } from "../layers/kind.ts";
import { lossKindOf, outputsPerTargetOf } from "../losses/index.ts";
import type { LossKernel } from "../losses/kind.ts";
import { weighedTargets } from "../losses/weighed-targets.ts";
import { metricOf } from "../metrics/index.ts";
import type { ValuesKernel } from "../metrics/kind.ts";
import type { Kernels } from "../wasm/kernels.ts";
import type { Crew, Part } from "../wasm/threads.ts";
import { GradientSum } from "./gradient-sum.ts";
import { keptStates } from "./kept-states.ts";
import { makePasses } from "./passes.ts";
import { type BatchShape, type Block, type Plan, planBatch, SHARD_SIZE } from "./plan.ts";
import { begins } from "./stack.ts";
import { type OptimizerState, Step } from "./step.ts";

/** A batch shape in its place: all that a thread needs to take part. */
export interface Site {
  readonly shape: BatchShape;
  /** Addresses of the batch's memory, of the weights, and of the model's store of tokens, 0 where the shape has none. */
  readonly base: number;
  readonly weights: number;
  readonly store: number;
  /** Null where nothing is trained. */
  readonly state: OptimizerState | null;
}

/** What random numbers depend on besides the data. */
export interface Counters {
  readonly seed: number;
  readonly epoch: number;
  /** Number of the batch in its epoch. */
  readonly batch: number;
}

/** Shards of a batch. */
interface Span {
  readonly from: number;
  /** The one behind the last. */
  readonly to: number;
}

/** The work that all threads are called to do on a batch. */
export type Job =
  /** What is made of the weights, once they have changed; then what is made of tokens of an input's list. */
  | { readonly kind: "prepare" }
  | { readonly kind: "project"; readonly input: number; readonly from: number; readonly count: number }
  /** Loss and metrics where the plan has them, and outputs, of some of the shards. */
  | ({ readonly kind: "forward"; readonly count: number } & Span)
  /** The gradient of the loss: the sum over the rows of `count` samples by `divisor`; the flag says it is not finite. */
  | ({ readonly kind: "gradient"; readonly count: number; readonly divisor: number } & Counters)
  /** The same in two: some of the shards; then the sum of so many partials. */
  | ({ readonly kind: "shards"; readonly count: number; readonly divisor: number } & Span & Counters)
  | { readonly kind: "sum"; readonly count: number; readonly partials: number }
  /** A step of the optimiser, the `iteration`th from 1. */
  | { readonly kind: "update"; readonly iteration: number }
  /** Instead of it, where the gradient is not finite. */
  | { readonly kind: "forget" }
  /** The loss of each sample and the gradient of every step, of a batch that is a single group. */
  | { readonly kind: "flow"; readonly count: number };

export class Worker {
  readonly plan: Plan;
  readonly passes: readonly Pass[];
  /** What each pass reads. */
  readonly reads: readonly Rows[];
  /** Of the states that layers keep: where each is left by its layer, and where it is kept. */
  readonly #kept: readonly { readonly left: Rows; readonly kept: Rows }[];
  /** Set when an update begins; whoever asked for it takes it back when it is done by all. */
  updating = false;
  readonly #k: Kernels;
  readonly #memory: WebAssembly.Memory;
  readonly #site: Site;
  /** Address of this thread's part of the batch's memory. */
  readonly #own: number;
  readonly #loss: LossKernel | null;
  /** Of each metric what it makes of a row, or null where it sums up outputs. */
  readonly #metrics: readonly (ValuesKernel | null)[];
  /** Of each input of numbers its place, and the floats of a sample. */
  readonly #numbers: readonly { readonly place: number; readonly sample: number }[];
  /** Null where nothing is trained. */
  readonly #sum: GradientSum | null;
  readonly #step: Step | null;
  /** The passes of each branch. */
  readonly branches: readonly (readonly Pass[])[];
  /** The last of the branches before the last: nobody gives a gradient of what they hand on. */
  readonly #unread: ReadonlySet<Pass>;

  /** @param index this thread's number */
  constructor(k: Kernels, memory: WebAssembly.Memory, site: Site, index: number) {
    this.#k = k;
    this.#memory = memory;
    this.#site = site;
    this.plan = planBatch(site.shape);
    this.#own = site.base + this.plan.threads + index * this.plan.threadBytes;
    const kept = keptStates(this.plan, site.base);
    const { passes, reads } = makePasses(k, this.plan, { ...site, own: this.#own }, kept);
    this.passes = passes;
    this.reads = reads;
    this.#kept = kept.flatMap((states, i) =>
      Object.entries(states).map(([name, rows]) => ({ kept: rows, left: this.passes[i]!.final![name]! })),
    );
    const { table } = this.plan;
    this.#step = site.state && new Step(k, memory, table, site.weights, site.state);
    this.#sum = site.state && new GradientSum(k, this.plan, this.passes, site, site.state);
    const { loss, metrics } = site.shape;
    this.#loss = this.#lossKernel();
    const logits = loss?.fromLogits === true;
    this.#metrics = (loss ? metrics : []).map((given) => {
      const { kind, metric } = metricOf(given, loss!.name)!;
      return kind.values?.(k, metric, logits) ?? null;
    });
    this.#numbers = this.plan.inputs
      .filter(({ signal }) => signal.holds !== "ids")
      .map(({ data, signal }) => ({ place: data, sample: signal.T * padded(signal.width) }));
    const { layers } = this.plan.head;
    const starts = layers.flatMap((_, i) => (begins(layers, i) ? [i] : []));
    this.branches = starts.map((start, b) => this.passes.slice(start, starts[b + 1]));
    this.#unread = new Set(this.branches.slice(0, -1).map((branch) => branch.at(-1)!));
  }

  #lossKernel(): LossKernel | null {
    const { shape, head, target } = this.plan;
    const { loss, lossWeights } = shape;
    if (!loss) return null;
    const kernel = lossKindOf(loss).kernel(this.#k, loss, head.bare);
    if (!lossWeights || !target) return kernel;
    const own = ({ place }: Block) => this.#own + place;
    return weighedTargets(this.#k, kernel, lossWeights, outputsPerTargetOf(loss), {
      y: own(target.y),
      dy: own(target.dy),
      targets: own(target.targets),
      losses: own(target.losses),
    });
  }

  /** Address of a place of the plan. */
  at(place: number): number {
    return this.#site.base + place;
  }

  /** This thread's part of a job. */
  *perform(job: Job, crew: Crew): Part {
    switch (job.kind) {
      case "prepare":
        this.#prepare(crew);
        break;
      case "project":
        this.#project(job, crew);
        break;
      case "forward":
        this.#forward(job, crew);
        break;
      case "gradient":
        yield* this.#gradient(job, crew);
        break;
      case "shards":
        yield* this.#shards(job, job, crew);
        break;
      case "sum":
        yield* this.#sumUp(job.partials, job.count, crew);
        break;
      case "update":
        yield* this.#update(job.iteration, crew);
        break;
      case "forget":
        this.#sum!.forget(crew);
        break;
      case "flow":
        this.#flow(job.count);
    }
  }

  #prepare({ index, size }: Crew): void {
    for (const pass of this.passes) pass.prepare?.(index, size);
  }

  /** Rows of an input's list, by the layers of its branch. */
  #project({ input, from, count }: Job & { kind: "project" }, crew: Crew): void {
    const end = from + count;
    const next = () => from + crew.claim() * ROWS_AT_ONCE;
    for (let first = next(); first < end; first = next()) {
      for (const pass of this.branches[input]!) pass.project?.(first, Math.min(ROWS_AT_ONCE, end - first));
    }
  }

  #forward({ count, from, to }: { readonly count: number } & Span, crew: Crew): void {
    for (let shard = from + crew.claim(); shard < to; shard = from + crew.claim()) {
      for (const group of this.#groups(shard, count)) {
        this.forwardGroup(group);
        this.#measure(group, 1); // no gradient, so nothing is divided
      }
    }
  }

  /** A group's way there, or that of some passes; what layers keep of its samples is replaced. */
  forwardGroup(group: Group, passes = this.passes): void {
    for (const { place, sample } of this.#numbers) {
      this.#k.flushFaint(this.at(place) + group.first * sample * 4, group.count * sample);
    }
    for (const pass of passes) pass.forward(group);
    for (const { left, kept } of this.#kept) {
      this.#k.copyRows(kept.at(group), kept.sequence, left.at(group), left.sequence, left.width, group.count);
    }
  }

  *#gradient(job: Job & { kind: "gradient" }, crew: Crew): Part {
    const shards = Math.ceil(job.count / SHARD_SIZE);
    yield* this.#shards(job, { from: 0, to: shards }, crew);
    yield;
    yield* this.#sumUp(shards, job.count, crew);
  }

  *#shards(
    job: { readonly count: number; readonly divisor: number } & Counters,
    { from, to }: Span,
    crew: Crew,
  ): Part {
    const { count, divisor } = job;
    const { partials, table } = this.plan;
    const k = this.#k;
    this.#prepare(crew);
    yield;
    for (let shard = from + crew.claim(); shard < to; shard = from + crew.claim()) {
      const partial = this.at(partials) + shard * table.shardsLength * 4;
      k.clear(partial, table.shardsLength);
      for (const pass of this.passes) pass.beginShard?.(shard);
      for (const group of this.#groups(shard, count, job, partial)) this.#backpropagate(group, divisor);
      for (const pass of this.passes) pass.endShard?.(shard, partial);
    }
  }

  *#sumUp(partials: number, count: number, crew: Crew): Part {
    const peak = yield* this.#sum!.take(partials, count, crew); // there is one, or nobody asks
    if (peak < Infinity)
      new Float32Array(this.#memory.buffer, this.at(this.plan.peaks + crew.index * 64), 1)[0] = peak;
    else crew.raise();
  }

  /** @param divisor of the sum of the rows' losses: their number, or that of those that count */
  #backpropagate(group: Group, divisor: number): void {
    this.forwardGroup(group);
    this.#measure(group, divisor);
    for (let i = this.passes.length - 1; i >= 0; i--) {
      const pass = this.passes[i]!;
      if (this.#unread.has(pass)) this.#clear(pass.dy, group);
      pass.backward(group);
    }
  }

  /** Each thread on a part of the weights. */
  *#update(iteration: number, crew: Crew): Part {
    const step = this.#step!; // there is one, or nobody asks
    const optimizer = step.now();
    yield* step.clip(optimizer, crew);
    this.updating = true;
    step.take(optimizer, iteration, crew);
  }

  /** The weights' gradients, which come along, are nobody's. */
  #flow(count: number): void {
    const partial = this.at(this.plan.partials);
    this.#k.clear(partial, this.plan.table.shardsLength);
    const { T } = this.passes.at(-1)!.y; // each sample as if it were alone
    for (const group of this.#groups(0, count, NO_COUNTERS, partial)) this.#backpropagate(group, T);
  }

  *#groups(shard: number, count: number, counters: Counters = NO_COUNTERS, partial = 0): Generator<Group> {
    const { groupSize } = this.plan.shape;
    const { seed, epoch, batch } = counters;
    const end = Math.min(count, (shard + 1) * SHARD_SIZE);
    for (let first = shard * SHARD_SIZE; first < end; first += groupSize) {
      yield { first, count: Math.min(groupSize, end - first), seed, epoch, batch, partial };
    }
  }

  /** Loss, the gradient of the outputs, metrics, and the outputs for the caller. */
  #measure(group: Group, divisor: number): void {
    const { plan } = this;
    const { shape, head, targetWidth } = plan;
    const k = this.#k;
    const { width, T } = this.passes.at(-1)!.y;
    const [row, rows] = [group.first * T, group.count * T];
    const [{ y, dy }, ld] = [this.#outputs(group), padded(width)];
    const targets = this.at(plan.targets) + row * targetWidth * 4;
    if (this.#loss && shape.loss) {
      const scale = 1 / (divisor * lossKindOf(shape.loss).divisor(width));
      const gradient = shape.backward ? dy : 0;
      const losses = this.at(plan.losses) + row * 4;
      this.#loss(losses, gradient, y, targets, rows, width, ld, scale);
      if (shape.weighted) k.weighRows(losses, gradient, this.at(plan.weights) + row * 4, rows, ld);
      const mask = this.#showMask(group);
      if (mask) {
        k.clearMasked(losses, 1, mask, 1, rows);
        if (gradient) k.clearMasked(gradient, ld, mask, 1, rows);
      }
      if (shape.backward) this.#giveBack(group, dy);
    }
    if (!shape.outputs && this.#metrics.length === 0) return;
    activationForward(k, head.activation, y, rows, width);
    for (const [i, metric] of this.#metrics.entries()) {
      metric?.(this.at(plan.metrics[i]!.values) + row * 4, y, targets, rows, width, ld);
    }
    if (this.#metrics.includes(null)) this.#show(y, row, rows, width);
    if (shape.outputs) k.copyRows(this.at(plan.outputs) + row * width * 4, width, y, ld, width, rows);
  }

  /** Which of the group's rows of outputs count, to where metrics see it. @returns its address, or 0 where all do */
  #showMask(group: Group): number {
    const { mask, T } = this.passes.at(-1)!.y;
    if (!mask) return 0;
    const to = this.at(this.plan.outputMask) + group.first * T * 4;
    for (let r = 0; r < group.count; r++) {
      // Word by word: those of rows that are read from the end lie the other way round.
      this.#k.copyRows(to + r * T * 4, 1, mask.at(group) + r * mask.sequence * 4, mask.stride, 1, T);
    }
    return to;
  }

  /** Outputs to where metrics see them that sum up outputs: logits as the probabilities that they stand for. */
  #show(y: number, row: number, rows: number, width: number): void {
    const { loss } = this.plan.shape;
    const ld = padded(width);
    const to = this.at(this.plan.seen) + row * ld * 4;
    this.#k.copyRows(to, ld, y, ld, width, rows);
    const { from = "linear" } = loss?.fromLogits ? lossKindOf(loss) : {};
    activationForward(this.#k, from, to, rows, width);
  }

  /** Addresses of (R, rows, padded width): the last layer's outputs, and where their gradient goes. */
  #outputs(group: Group): { y: number; dy: number } {
    const { y, dy } = this.passes.at(-1)!;
    if (!this.plan.last) return { y: y.at(group), dy: dy.at(group) };
    const own = { y: this.#own + this.plan.last.y.place, dy: this.#own + this.plan.last.dy.place };
    this.#copy(group.count, { ...y, ...packed(y) }, own.y, y, y.at(group));
    return own;
  }

  /** The gradient to where the last layer reads it. */
  #giveBack(group: Group, from: number): void {
    const { dy } = this.passes.at(-1)!;
    if (this.plan.last) this.#copy(group.count, dy, dy.at(group), { ...dy, ...packed(dy) }, from);
  }

  #clear({ at, stride, sequence, T, width }: Rows, group: Group): void {
    for (let row = 0; row < group.count * T; row++) {
      const floats = Math.floor(row / T) * sequence + (row % T) * stride;
      this.#k.clear(at(group) + floats * 4, padded(width));
    }
  }

  #copy(count: number, to: Distances, toAddress: number, from: Distances, fromAddress: number): void {
    for (let r = 0; r < count; r++) {
      const [t, f] = [toAddress + r * to.sequence * 4, fromAddress + r * from.sequence * 4];
      this.#k.copyRows(t, to.stride, f, from.stride, from.width, from.T);
    }
  }
}

type Distances = Omit<Rows, "at">;

/** Distances of rows that lie one after the other. */
const packed = ({ T, width }: Distances) => ({ stride: padded(width), sequence: T * padded(width) });

const NO_COUNTERS: Counters = { seed: 0, epoch: 0, batch: 0 };
