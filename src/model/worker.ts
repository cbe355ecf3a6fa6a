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
import { metricKindOf } from "../metrics/index.ts";
import type { MetricKernel } from "../metrics/kind.ts";
import type { Kernels } from "../wasm/kernels.ts";
import type { Crew, Part } from "../wasm/threads.ts";
import { keptStates } from "./kept-states.ts";
import { makePasses } from "./passes.ts";
import { type BatchShape, type Block, type Plan, planBatch, SHARD_SIZE } from "./plan.ts";
import { begins } from "./stack.ts";
import { eachIn, isListed, type OptimizerState, part, Step } from "./step.ts";
import type { PlacedWeight } from "./weights.ts";

/** A batch shape in its place: all that a thread needs to take part. */
export interface Site {
  readonly shape: BatchShape;
  /** Addresses of the batch's memory and of the weights. */
  readonly base: number;
  readonly weights: number;
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

/** The work that all threads are called to do on a batch. */
export type Job =
  /** What is made of the weights, once they have changed; then what is made of every token of the call. */
  | { readonly kind: "prepare" }
  | { readonly kind: "project" }
  /** Loss and metrics where the plan has them, and outputs. */
  | { readonly kind: "forward"; readonly count: number }
  /** The gradient of the loss: the sum over the rows of `count` samples by `divisor`; the flag says it is not finite. */
  | ({ readonly kind: "gradient"; readonly count: number; readonly divisor: number } & Counters)
  /** A step of the optimiser, the `iteration`th from 1. */
  | { readonly kind: "update"; readonly iteration: number }
  /** Instead of it, where the gradient is not finite. */
  | { readonly kind: "forget" }
  /** The loss of each sample and the gradient of every step, of a batch that is a single group. */
  | { readonly kind: "flow"; readonly count: number };

export class Worker {
  readonly plan: Plan;
  readonly passes: readonly Pass[];
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
  readonly #metrics: readonly MetricKernel[];
  /** Null where nothing is trained. */
  readonly #step: Step | null;
  /** Weights with a penalty: of those whose gradients are summed by places, and of the others. */
  readonly #penalized: Readonly<Record<"places" | "shards", readonly PlacedWeight[]>>;
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
    this.passes = makePasses(k, this.plan, { ...site, own: this.#own }, kept);
    this.#kept = kept.flatMap((states, i) =>
      Object.entries(states).map(([name, rows]) => ({ kept: rows, left: this.passes[i]!.final![name]! })),
    );
    const { table } = this.plan;
    this.#step = site.state && new Step(k, memory, table, site.weights, site.state);
    const penalized = table.specs.filter(({ penalty }) => penalty);
    this.#penalized = {
      places: penalized.filter(({ sum }) => sum === "places"),
      shards: penalized.filter(({ sum }) => sum !== "places"),
    };
    const { loss, metrics } = site.shape;
    this.#loss = this.#lossKernel();
    const logits = loss?.fromLogits === true;
    this.#metrics = loss ? metrics.map((name) => metricKindOf(name, loss.name)!.kernel(k, logits)) : [];
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
        this.#project(crew);
        break;
      case "forward":
        this.#forward(job.count, crew);
        break;
      case "gradient":
        yield* this.#gradient(job, crew);
        break;
      case "update":
        yield* this.#update(job.iteration, crew);
        break;
      case "forget":
        this.#forget(crew);
        break;
      case "flow":
        this.#flow(job.count);
    }
  }

  #prepare({ index, size }: Crew): void {
    for (const pass of this.passes) pass.prepare?.(index, size);
  }

  /** Of every input's list, by the layers of its branch. */
  #project(crew: Crew): void {
    const units = this.branches.flatMap((passes, i) => {
      const { tokens } = this.plan.inputs[i]!;
      return Array.from({ length: Math.ceil(tokens / ROWS_AT_ONCE) }, (_, unit) => {
        const from = unit * ROWS_AT_ONCE;
        return { passes, from, count: Math.min(ROWS_AT_ONCE, tokens - from) };
      });
    });
    for (let unit = crew.claim(); unit < units.length; unit = crew.claim()) {
      const { passes, from, count } = units[unit]!;
      for (const pass of passes) pass.project?.(from, count);
    }
  }

  #forward(count: number, crew: Crew): void {
    const shards = Math.ceil(count / SHARD_SIZE);
    for (let shard = crew.claim(); shard < shards; shard = crew.claim()) {
      for (const group of this.#groups(shard, count)) {
        this.forwardGroup(group);
        this.#measure(group, 1); // no gradient, so nothing is divided
      }
    }
  }

  /** A group's way there, or that of some passes; what layers keep of its samples is replaced. */
  forwardGroup(group: Group, passes = this.passes): void {
    for (const pass of passes) pass.forward(group);
    for (const { left, kept } of this.#kept) {
      this.#k.copyRows(kept.at(group), kept.sequence, left.at(group), left.sequence, left.width, group.count);
    }
  }

  *#gradient(job: Job & { kind: "gradient" }, crew: Crew): Part {
    const { count, divisor } = job;
    const { partials, table } = this.plan;
    const k = this.#k;
    this.#prepare(crew);
    yield;
    const shards = Math.ceil(count / SHARD_SIZE);
    for (let shard = crew.claim(); shard < shards; shard = crew.claim()) {
      const partial = this.at(partials) + shard * table.shardsLength * 4;
      k.clear(partial, table.shardsLength);
      for (const pass of this.passes) pass.beginShard?.(shard);
      for (const group of this.#groups(shard, count, job, partial)) this.#backpropagate(group, divisor);
      for (const pass of this.passes) pass.endShard?.(shard, partial);
    }
    yield;
    const peak = yield* this.#sum(shards, count, crew);
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

  /** The gradient of the whole batch, each thread a part of it. @returns a bound, or NaN where it is not finite */
  *#sum(shards: number, count: number, crew: Crew): Generator<void, number, void> {
    const { partials, losses, signals, table } = this.plan;
    const { placesLength, shardsLength } = table;
    const { gradient } = this.#site.state!; // there is one, or nobody asks
    const k = this.#k;
    const [from, n] = part(shardsLength, crew);
    const sums = gradient + (placesLength + from) * 4;
    k.sumShards(sums, this.at(partials) + from * 4, shards, shardsLength, n);
    this.#penalize(this.#penalized.shards, placesLength + from, n);
    let peak = k.peak(sums, n);
    for (const spec of table.specs) {
      if (spec.sum === "places") peak = Math.max(peak, this.#sumPlaces(spec, count, crew));
    }
    if (this.#penalized.places.length > 0) {
      yield; // rows were summed by others
      const [from, n] = part(placesLength, crew);
      this.#penalize(this.#penalized.places, from, n);
      peak = Math.max(peak, k.peak(gradient + from * 4, n));
    }
    const loss = crew.index === 0 ? k.sumFloats(this.at(losses), count * signals.at(-1)!.T) : 0;
    return Number.isFinite(loss) ? peak : Number.NaN;
  }

  #sumPlaces(spec: PlacedWeight, count: number, { index, size }: Crew): number {
    const { gradient, squares, optimizer } = this.#site.state!;
    const listed = isListed(spec);
    const limit = listed ? (optimizer.clipvalue ?? Infinity) : Infinity;
    const [sums, squared] = [gradient, listed ? squares : 0].map((at) => at && at + spec.offset * 4);
    return this.passes[spec.layer]!.sumPlaces!(sums!, squared!, count, index, size, limit);
  }

  /** Add the penalties' gradient to that of `n` weights from `from` on. */
  #penalize(specs: readonly PlacedWeight[], from: number, n: number): void {
    const { gradient } = this.#site.state!;
    eachIn(specs, [from, n], ({ penalty }, at, floats) => {
      const { l1, l2 } = penalty!; // they have one
      this.#k.penaltyBackward(gradient + at * 4, this.#site.weights + at * 4, floats, l1, l2);
    });
  }

  /** Each thread on a part of the weights. */
  *#update(iteration: number, crew: Crew): Part {
    const step = this.#step!; // there is one, or nobody asks
    const optimizer = step.now();
    yield* step.clip(optimizer, crew);
    this.updating = true;
    step.take(optimizer, iteration, crew);
  }

  /** Leave gradients that are summed by places zero, as the next batch wants them. */
  #forget(crew: Crew): void {
    const { placesLength } = this.plan.table;
    const { gradient, squares } = this.#site.state!;
    const [from, n] = part(placesLength, crew);
    this.#k.clear(gradient + from * 4, n);
    if (squares) this.#k.clear(squares + from * 4, n);
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
    const { width, T, mask } = this.passes.at(-1)!.y;
    const [row, rows] = [group.first * T, group.count * T];
    const [{ y, dy }, ld] = [this.#outputs(group), padded(width)];
    const targets = this.at(plan.targets) + row * targetWidth * 4;
    if (this.#loss && shape.loss) {
      const scale = 1 / (divisor * lossKindOf(shape.loss).divisor(width));
      const gradient = shape.backward ? dy : 0;
      const losses = this.at(plan.losses) + row * 4;
      this.#loss(losses, gradient, y, targets, rows, width, ld, scale);
      if (shape.weighted) k.weighRows(losses, gradient, this.at(plan.weights) + row * 4, rows, ld);
      if (mask) {
        k.clearMasked(losses, 1, mask.at(group), 1, rows);
        if (gradient) k.clearMasked(gradient, ld, mask.at(group), 1, rows);
      }
      if (shape.backward) this.#giveBack(group, dy);
    }
    if (!shape.outputs && this.#metrics.length === 0) return;
    activationForward(k, head.activation, y, rows, width);
    for (const [i, metric] of this.#metrics.entries()) {
      const values = this.at(plan.metrics[i]!) + row * 4;
      metric(values, y, targets, rows, width, ld);
      if (mask) k.clearMasked(values, 1, mask.at(group), 1, rows);
    }
    if (shape.outputs) k.copyRows(this.at(plan.outputs) + row * width * 4, width, y, ld, width, rows);
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
