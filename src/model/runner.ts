/**
 * One thread's part in the work on a batch: the passes, run over shards that it claims.
 *
 * A batch is cut into logical shards of fixed size, whatever the number of threads; a shard into
 * groups of a few samples that go through the whole forward and backward pass while they are in
 * cache. A shard adds its gradient into a partial of its own; partials are summed in shard order.
 * The size of a group changes no bit: within a shard every sum is one chain over samples in order.
 */
import type { Crew, Part } from "../runtime/crew.ts";
import type { Kernels } from "../runtime/kernels.ts";
import type { Group, LayerPass } from "./pass.ts";
import { type BatchPlan, type BatchSpec, makePasses, planBatch, SHARD_SIZE } from "./plan.ts";
import { RecurrentPass, TOKENS_AT_ONCE } from "./recurrent.ts";

/** What dropout and Adam depend on besides the data. */
export interface StepCounters {
  readonly seed: number;
  readonly epoch: number;
  readonly step: number;
  /** Adam's t, from 1. */
  readonly iteration: number;
}

/** The work that a crew is called to do on a batch. */
export type Job =
  | ({ readonly kind: "train"; readonly count: number; readonly update: boolean } & StepCounters)
  /** Rows of x·W + b for every token of the call. */
  | { readonly kind: "project" }
  /** Loss where the plan has one, and output. */
  | { readonly kind: "forward"; readonly count: number }
  /** The loss of each sample and the gradient of every step, of a batch that is a single group. */
  | { readonly kind: "flow"; readonly count: number };

export class Runner {
  readonly plan: BatchPlan;
  readonly #k: Kernels;
  readonly #passes: readonly LayerPass[];
  readonly spec: BatchSpec;
  /** The recurrent layers' passes, bottom to top. */
  readonly recurrent: readonly RecurrentPass[];
  /** The weights are packed; they do not change while a plan without an optimiser is in use. */
  #prepared = false;
  /** In a job that updates weights, from the first of them on: until it is done, some are new and some are old. */
  updating = false;

  constructor(k: Kernels, spec: BatchSpec, base: number, index: number) {
    this.#k = k;
    this.spec = spec;
    this.plan = planBatch(k, spec, base);
    this.#passes = makePasses(k, this.plan, this.plan.scratch + index * this.plan.scratchBytes).passes;
    this.recurrent = this.#passes.filter((pass) => pass instanceof RecurrentPass);
  }

  /** This thread's part of a job. */
  *perform(job: Job, crew: Crew): Part {
    switch (job.kind) {
      case "train":
        yield* this.#train(job, crew);
        break;
      case "project":
        this.#project(crew);
        break;
      case "forward":
        this.#forward(job.count, crew);
        break;
      case "flow":
        this.#flow(job.count);
    }
  }

  *#train(job: Job & { kind: "train" }, crew: Crew): Part {
    const { count, update } = job;
    const { partials, denseLength } = this.plan;
    const k = this.#k;
    const shards = Math.ceil(count / SHARD_SIZE);
    for (const pass of this.#passes) pass.prepare();
    for (let shard = crew.claim(); shard < shards; shard = crew.claim()) {
      const partial = partials + shard * denseLength * 4;
      k.clear(partial, denseLength);
      this.recurrent[0]!.beginShard(shard);
      for (const group of this.#groups(shard, count, job, partial)) this.#backpropagate(group, count);
      this.recurrent[0]!.endShard(shard, partial);
    }
    yield;
    this.#sum(shards, count, crew);
    yield;
    this.updating = update && !crew.raised;
    if (this.updating) this.#update(job.iteration, crew);
    else if (crew.raised) this.#forget(crew);
  }

  /** @param batch samples over which the loss is a mean */
  #backpropagate(group: Group, batch: number): void {
    for (const pass of this.#passes) pass.forward(group);
    this.#loss(group, batch);
    for (let i = this.#passes.length - 1; i >= 0; i--) this.#passes[i]!.backward(group);
  }

  /** The gradient of the whole batch, each thread a part of it; raises the flag where it is not finite. */
  #sum(shards: number, count: number, crew: Crew): void {
    const { partials, denseLength, embeddingLength, embeddingWidth, dx, input, losses, outputRows, spec } =
      this.plan;
    const { gradient, squares } = spec.optimizer!;
    const k = this.#k;
    const dense = gradient + embeddingLength * 4;
    const [from, to] = part(denseLength, crew);
    k.sumShards(dense + from * 4, partials + from * 4, shards, denseLength, to - from);
    let finite = k.allFinite(dense + from * 4, to - from) === 1;
    if (embeddingWidth > 0) {
      const places = count * spec.T;
      finite &&=
        k.embeddingBackward(gradient, squares, dx, input, places, embeddingWidth, crew.index, crew.size) ===
        1;
    }
    if (crew.index === 0) finite &&= Number.isFinite(k.sumFloats(losses, count * outputRows.steps));
    if (!finite) crew.raise();
  }

  /** Adam, each thread on a part of the weights; the embedding's with the squares it was given. */
  #update(iteration: number, crew: Crew): void {
    const { embeddingLength, denseLength, spec } = this.plan;
    const { gradient, m, v, squares, config } = spec.optimizer!;
    const { learningRate, beta1, beta2, epsilon } = config;
    const update = (offset: number, length: number, squared: number) => {
      const [from, to] = part(length, crew);
      const at = (offset + from) * 4;
      const square = squared && squared + from * 4;
      const n = to - from;
      const w = spec.weights + at;
      this.#k.adam(
        w,
        m + at,
        v + at,
        gradient + at,
        square,
        n,
        learningRate,
        beta1,
        beta2,
        epsilon,
        iteration,
      );
    };
    update(0, embeddingLength, squares);
    update(embeddingLength, denseLength, 0);
  }

  /** Leave the embedding's gradient zero, as the next batch wants it. */
  #forget(crew: Crew): void {
    const { embeddingLength, spec } = this.plan;
    if (crew.index > 0) return;
    this.#k.clear(spec.optimizer!.gradient, embeddingLength);
    this.#k.clear(spec.optimizer!.squares, embeddingLength);
  }

  #project(crew: Crew): void {
    this.#prepareOnce();
    const { tokens } = this.spec;
    const units = Math.ceil(tokens / TOKENS_AT_ONCE);
    for (let unit = crew.claim(); unit < units; unit = crew.claim()) {
      const from = unit * TOKENS_AT_ONCE;
      this.recurrent[0]!.projectTokens(0, from, Math.min(TOKENS_AT_ONCE, tokens - from));
    }
  }

  #forward(count: number, crew: Crew): void {
    this.#prepareOnce();
    const shards = Math.ceil(count / SHARD_SIZE);
    for (let shard = crew.claim(); shard < shards; shard = crew.claim()) {
      for (const group of this.#groups(shard, count)) {
        for (const pass of this.#passes) pass.forward(group);
        this.#loss(group, count);
      }
    }
  }

  /** The weights' gradients, which come along, are nobody's. */
  #flow(count: number): void {
    this.#prepareOnce();
    const { partials, denseLength } = this.plan;
    this.#k.clear(partials, denseLength);
    for (const group of this.#groups(0, count, NO_COUNTERS, partials)) this.#backpropagate(group, 1);
  }

  #prepareOnce(): void {
    if (!this.#prepared) for (const pass of this.#passes) pass.prepare();
    this.#prepared = true;
  }

  *#groups(shard: number, count: number, counters = NO_COUNTERS, partial = 0): Generator<Group> {
    const { groupSize } = this.spec;
    const { seed, epoch, step } = counters;
    const end = Math.min(count, (shard + 1) * SHARD_SIZE);
    for (let first = shard * SHARD_SIZE; first < end; first += groupSize) {
      yield { first, count: Math.min(groupSize, end - first), seed, epoch, step, partial };
    }
  }

  #loss(group: Group, batch: number): void {
    const { spec, targets, losses, hits, outputRows, backward } = this.plan;
    if (!spec.loss) return;
    const { steps, width, stride } = outputRows;
    const head = this.#passes.at(-1)!;
    const row = group.first * steps;
    this.#k[spec.loss](
      losses + row * 4,
      hits + row * 4,
      backward ? head.dy(group) : 0,
      head.output.at(group),
      targets + row * width * 4,
      group.count * steps,
      width,
      stride,
      1 / (batch * steps * width),
    );
  }
}

const NO_COUNTERS = { seed: 0, epoch: 0, step: 0 };

/** This thread's part of so many floats, on cache lines. */
function part(floats: number, { index, size }: Crew): [from: number, to: number] {
  const lines = Math.ceil(floats / 16);
  const cut = (i: number) => Math.min(floats, Math.floor((lines * i) / size) * 16);
  return [cut(index), cut(index + 1)];
}
