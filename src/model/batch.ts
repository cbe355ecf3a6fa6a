/**
 * A batch shape in memory: load samples, have the threads work on them, read the results. Over 400 lines, because all
 * of it knows where the plan has put things, and nobody else does.
 */

import { LstmkitError } from "../errors.ts";
import type { Layer } from "../layers/index.ts";
import { padded, type Rows } from "../layers/kind.ts";
import type { AnyLoss } from "../losses/kind.ts";
import { type MetricConfig, metricOf } from "../metrics/index.ts";
import type { TensorData } from "../tensor.ts";
import { MAX_BYTES } from "../wasm/memory.ts";
import type { GroupStep } from "./group-step.ts";
import type { KeptStates } from "./kept-states.ts";
import {
  type BatchShape,
  gatheredWidth,
  type MetricPlaces,
  masksOf,
  type Plan,
  planBatch,
  SHARD_SIZE,
} from "./plan.ts";
import { type Branch, branchesOf, originOf, signalsOf } from "./stack.ts";
import type { OptimizerState } from "./step.ts";
import type { Station, Team } from "./team.ts";
import { TokenList } from "./token-list.ts";
import type { TokenStore } from "./token-store.ts";
import type { Weights } from "./weights.ts";
import type { Counters, Job } from "./worker.ts";

/** Samples in a group: a matter of speed alone. */
export const GROUP_SIZE = 4;
/** Bytes of what is made of each token from which on it costs more than it saves. */
const MAX_PROJECTED = 64 * 2 ** 20;

/** Sums over the rows of a batch that was worked on. */
export interface BatchResult {
  /** Rows of outputs: samples, times steps where the model gives sequences. */
  readonly rows: number;
  /** The mean of the rows' losses, times their weights, and the layers' penalty with it. */
  readonly loss: number;
  /** Of each metric its sums over the rows. */
  readonly metrics: readonly (readonly number[])[];
  /** A bound of the gradient's numbers; NaN where one, or the loss, is not finite; 0 where none was taken. */
  readonly peak: number;
}

/** What the caller says of a batch. */
export interface BatchOptions {
  /** The model's, with another dropout or `returnSequences`, which no weight's shape depends on. */
  readonly layers: readonly Layer[];
  /** Timesteps, of each input. */
  readonly T: readonly number[];
  readonly batchSize: number;
  readonly groupSize: number;
  /** Null to predict. */
  readonly loss: AnyLoss | null;
  /** What the targets of a row count for in the loss. Default null: all alike. */
  readonly lossWeights?: readonly number[] | null | undefined;
  /** Whether load() is given weights of rows. Default false. */
  readonly weighted?: boolean;
  readonly metrics?: readonly MetricConfig[];
  /** To ask for flow(). Default false. */
  readonly flow?: boolean;
  /** Where states stay that stateful layers keep from batch to batch. Default: nowhere, they begin as zeros. */
  readonly states?: KeptStates | null;
  /** Where rows of known tokens are, and what is missing is put; the batch has it alone while it is in use. Default none. */
  readonly store?: TokenStore | null;
  /** Whether each batch that is loaded has a list of its tokens, where nothing is trained and x is not known. Default false. */
  readonly lists?: boolean;
  /** Gives the optimiser's memory, once it is sure that the rest can be had; null where nothing is trained. */
  readonly optimizer: (() => OptimizerState) | null;
}

/** An input's samples: ids (n, T) or numbers (n, T, features). */
type Data = ArrayLike<number>;

/** What a layer had at every step: (count, T, units) each. */
export type StepValues = Readonly<Record<string, Float32Array>>;

export class Batch {
  readonly #weights: Weights;
  readonly #team: Team;
  readonly #base: number;
  readonly #station: Station;
  readonly #plan: Plan;
  /** Of each input the tokens of the call, of the model, or of the shard that is being loaded; null where they are not listed. */
  readonly #tokens: readonly (TokenList | null)[];
  readonly #store: TokenStore | null;
  /** Whether lists are those of the batch that is loaded. */
  readonly #lists: boolean;
  readonly #kept: KeptStates | null;
  /** Of each input: which rows of a sample are masked; undefined where none is. */
  readonly #masks: readonly ReturnType<typeof masksOf>[];
  /** Rows of outputs of the batch that was loaded which are not masked; null where none can be. */
  #counted: number | null = null;
  #prepared: boolean;

  /**
   * @param x all that will be loaded, where it is known and nothing is trained
   * @throws OUT_OF_MEMORY before anything is allocated
   */
  constructor(weights: Weights, team: Team, options: BatchOptions, x: readonly Data[] | null = null) {
    const { memory } = weights;
    const {
      layers,
      T,
      batchSize,
      optimizer,
      loss,
      lossWeights = null,
      weighted = false,
      metrics = [],
      flow = false,
      store = null,
    } = options;
    this.#weights = weights;
    this.#team = team;
    const trains = optimizer !== null;
    const lists = branchesOf(layers).map((branch, i) =>
      store ? ([store.lists[i]!, store.most[i]!] as const) : listTokens(branch, options, T[i]!, x?.[i]),
    );
    this.#tokens = lists.map(([list]) => list);
    const shape: BatchShape = {
      layers,
      T,
      batchSize,
      groupSize: Math.min(options.groupSize, batchSize),
      threads: batchSize > SHARD_SIZE ? team.size : 1, // a single shard is nobody else's business
      loss,
      lossWeights,
      weighted: weighted || (flow && signalsOf(layers).at(-1)!.masked === true),
      metrics,
      backward: trains || flow,
      flow,
      outputs: loss === null,
      tokens: lists.map(([, most]) => most),
      int8: weights.int8,
      stored: store !== null,
    };
    const { bytes, storeBytes } = planBatch(shape);
    const called = `a batch of ${batchSize} × ${T.join(" and ")} timesteps`;
    if (bytes > MAX_BYTES) {
      throw new LstmkitError(
        "OUT_OF_MEMORY",
        `${called} needs ${(bytes / 2 ** 20).toFixed(0)} MiB; ` +
          "WebAssembly addresses 4096 MiB. Reduce batchSize, the sequence length or threads.",
      );
    }
    this.#base = memory.allocate(bytes, called);
    try {
      const state = optimizer?.() ?? null;
      const stored = store?.address(storeBytes) ?? 0;
      this.#station = team.station({
        shape,
        base: this.#base,
        weights: weights.address,
        store: stored,
        state,
      });
    } catch (error) {
      memory.free(this.#base);
      throw error;
    }
    this.#plan = this.#station.worker.plan;
    this.#store = store;
    this.#lists = options.lists === true && !trains && !store && !x;
    this.#kept = options.states ?? null;
    this.#masks = branchesOf(layers).map((branch) => masksOf(branch.layers));
    this.#prepared = trains; // who trains prepares anew at each step
  }

  /** What is made of the weights alone, which do not change while a batch that trains nothing is in use. */
  *#preparation(): Generator<Task> {
    if (this.#prepared) return;
    yield [{ kind: "prepare" }, this.#plan.shape.threads];
    if (!this.#store && !this.#lists) yield* this.#projection();
    this.#prepared = true;
  }

  /** Rows of the lists: of all that is in them, or of what the store does not have. */
  *#projection(): Generator<Task> {
    for (const [input, { ids, tokens }] of this.#plan.inputs.entries()) {
      if (tokens === 0) continue;
      const store = this.#store;
      const list = store ? store.address(0) + ids : this.#at(ids);
      const from = store?.made(input) ?? 0;
      const count = this.#tokens[input]!.writeTo(this.#weights.memory, list, from);
      if (count > 0) yield [{ kind: "project", input, from, count }, Math.floor(count / 256)];
      store?.make(input);
    }
  }

  /** The way there of a batch that was loaded, or of some of its shards. */
  *#way(count: number, units: number, [from, to] = [0, shardsOf(count)]): Generator<Task> {
    yield* this.#preparation();
    if (this.#store || this.#lists) yield* this.#projection();
    if (to > from) yield [{ kind: "forward", count, from, to }, units];
  }

  /** Jobs one after the other: those that this thread does alone are done when the call returns its promise. */
  async #do(tasks: Generator<Task>): Promise<void> {
    for (const [job, units] of tasks) {
      const done = this.#perform(job, units);
      if (typeof done !== "boolean") await done;
    }
  }

  /** Numbers that the model gives for a sample: rows × width. */
  get outputSize(): number {
    const { T, width } = this.#plan.signals.at(-1)!;
    return T * width;
  }

  /**
   * Copy a batch in: samples `order[from … from + count)` of x, and of y where there are targets.
   *
   * @param x of each input
   * @param y (n, rows · target width), or null to predict
   * @param weights (n, rows), where the batch is weighted
   */
  load(
    x: readonly Data[],
    y: ArrayLike<number> | null,
    order: ArrayLike<number>,
    from: number,
    count: number,
    weights: ArrayLike<number> | null = null,
  ): void {
    for (const [i, data] of x.entries()) this.#loadInput(i, data, order, from, count);
    if (y) this.#gather(this.#plan.targets, y, this.#plan.targetWidth, order, from, count);
    if (weights) this.#gather(this.#plan.weights, weights, 1, order, from, count);
    if (this.#masks.at(-1) && this.#plan.signals.at(-1)!.masked) this.#count(count);
  }

  #loadInput(input: number, x: Data, order: ArrayLike<number>, from: number, count: number): void {
    const { memory } = this.#weights;
    const { data, signal } = this.#plan.inputs[input]!;
    const { T, width, holds } = signal;
    const stride = holds === "ids" ? 1 : padded(width);
    const size = T * width;
    const length = count * T * stride;
    const to = holds === "ids" ? memory.i32(this.#at(data), length) : memory.f32(this.#at(data), length);
    const rows = ArrayBuffer.isView(x) ? (x as unknown as TensorData) : Float64Array.from(x);
    const samples = Array.from({ length: count }, (_, s) =>
      rows.subarray(order[from + s]! * size, (order[from + s]! + 1) * size),
    );
    if (this.#tokens[input]) this.#store?.admit(input, samples);
    if (this.#lists) this.#tokens[input]?.clear();
    for (const [s, sample] of samples.entries()) {
      const first = s * T * stride;
      this.#list(input, sample, s, count);
      if (stride === width) to.set(sample, first);
      else {
        for (let t = 0; t < T; t++) to.set(sample.subarray(t * width, (t + 1) * width), first + t * stride);
      }
      this.#mask(input, sample, s, to);
    }
  }

  /** What is given for each row of outputs, `width` numbers of samples `order[from … from + count)`. */
  #gather(
    place: number,
    all: ArrayLike<number>,
    width: number,
    order: ArrayLike<number>,
    from: number,
    count: number,
  ): void {
    const own = this.#rows(1) * width;
    const to = this.#weights.memory.f32(this.#at(place), count * own);
    for (let s = 0; s < count; s++) {
      for (let j = 0; j < own; j++) to[s * own + j] = all[order[from + s]! * own + j]!;
    }
  }

  /** The rows of outputs that count, which are those of the input; and what they count for where each sample is alone. */
  #count(count: number): void {
    const { memory, kernels: k } = this.#weights;
    const { inputs, weights, shape } = this.#plan;
    const { mask, signal } = inputs.at(-1)!; // the branch that gives the outputs
    const { T } = signal;
    this.#counted = k.sumInts(this.#at(mask), count * T);
    if (!shape.flow) return;
    const to = memory.f32(this.#at(weights), count * T);
    for (let s = 0; s < count; s++) {
      const own = k.sumInts(this.#at(mask) + s * T * 4, T);
      to.fill(T / Math.max(1, own), s * T, (s + 1) * T);
    }
  }

  /** Rows of outputs that the loss and metrics are means over. */
  #counting(count: number): number {
    return this.#counted ?? this.#rows(count);
  }

  /** Rows of outputs of so many samples. */
  #rows(count: number): number {
    return count * this.#plan.signals.at(-1)!.T;
  }

  /** Loss and gradient of the batch that was loaded. */
  async gradient(count: number, counters: Counters): Promise<BatchResult> {
    const divisor = Math.max(1, this.#counting(count)); // where none counts, the sum is 0
    const job = { kind: "gradient", count, divisor, ...counters } as const;
    this.#states("put");
    const raised = await this.#perform(job, shardsOf(count));
    if (raised) await this.forget();
    return this.#result(count, divisor, raised ? Number.NaN : this.#peak());
  }

  /**
   * The same of a batch that several processes have loaded: of its shards this one does its own.
   *
   * @param exchange gives each what the others have done, or says that one of them has stopped: then there is no gradient
   */
  async gradientTogether(count: number, counters: Counters, place: GroupPlace): Promise<BatchResult | null> {
    const divisor = Math.max(1, this.#counting(count));
    const cut = cutOf(count, place);
    const [from, to] = [cut[place.rank]!, cut[place.rank + 1]!];
    this.#states("put");
    if (to > from) await this.#perform({ kind: "shards", count, divisor, from, to, ...counters }, to - from);
    if (await place.exchange(this.#step(count, cut))) return null;
    const raised = await this.#perform({ kind: "sum", count, partials: 1 }, shardsOf(count));
    if (raised) await this.forget();
    return this.#result(count, divisor, raised ? Number.NaN : this.#peak());
  }

  #step(count: number, cut: readonly number[]): GroupStep {
    const { memory, kernels } = this.#weights;
    const { left, partials, table, shape } = this.#plan;
    const floats = shape.backward ? table.shardsLength : 0;
    const at = (shard: number, from: number) => this.#at(partials) + (shard * floats + from) * 4;
    return {
      cut,
      rows: left.map(({ place, floats }) => ({
        view: () => memory.u8(this.#at(place), count * floats * 4),
        shard: SHARD_SIZE * floats * 4,
      })),
      floats,
      partial: (shard, from, n) => memory.u8(at(shard, from), n * 4),
      sum: (first, end, from, n) => kernels.sumShards(at(0, from), at(first, from), end - first, floats, n),
    };
  }

  /** Leave out the update with that gradient, where it was finite. */
  async forget(): Promise<void> {
    await this.#perform({ kind: "forget" }, 1);
  }

  #peak(): number {
    const { peaks, shape } = this.#plan;
    const all = this.#weights.memory.f32(this.#at(peaks), shape.threads * 16);
    let peak = 0;
    for (let thread = 0; thread < shape.threads; thread++) peak = Math.max(peak, all[thread * 16]!);
    return peak;
  }

  /**
   * A step of the optimiser with that gradient.
   *
   * @param iteration from 1
   * @param mayOverflow keep the weights of before until those of after are known to be finite
   * @returns false where they were not: then those of before are there again
   */
  async update(iteration: number, mayOverflow = false): Promise<boolean> {
    const { worker } = this.#station;
    const before = mayOverflow ? this.#weights.keep() : null;
    try {
      this.#weights.version++;
      await this.#perform({ kind: "update", iteration }, this.#plan.shape.threads);
      worker.updating = false;
      const finite = before === null || before.restoreUnlessFinite();
      if (finite) this.#states("take");
      return finite;
    } catch (error) {
      this.#weights.torn ||= worker.updating;
      throw error;
    } finally {
      before?.free();
    }
  }

  /** Loss and metrics of the batch that was loaded, without dropout. */
  async evaluate(count: number): Promise<BatchResult> {
    await this.#forward(count);
    return this.#result(count, Math.max(1, this.#counting(count)), 0);
  }

  /** The same of a batch that several processes have loaded, each some of its shards. */
  async evaluateTogether(count: number, place: GroupPlace): Promise<BatchResult> {
    const cut = cutOf(count, place);
    const [from, to] = [cut[place.rank]!, cut[place.rank + 1]!];
    this.#states("put");
    await this.#do(this.#way(count, to - from, [from, to]));
    await place.exchange(this.#step(count, cut));
    this.#states("take");
    return this.#result(count, Math.max(1, this.#counting(count)), 0);
  }

  /** Outputs of the batch that was loaded → `to` (count, rows, width). */
  async predict(count: number, to: Float32Array): Promise<void> {
    await this.#forward(count);
    to.set(this.#weights.memory.f32(this.#at(this.#plan.outputs), count * this.outputSize));
  }

  /**
   * What the last branch begins with: of each of its layers the states of another that it is given, by name, (count,
   * width) each.
   *
   * @param count of a batch that is a single group
   */
  async handedOn(count: number): Promise<StepValues[]> {
    await this.#do(this.#way(count, 1));
    const { layers } = this.#plan.shape;
    const start = layers.length - branchesOf(layers).at(-1)!.layers.length;
    return layers.map((_, i) => {
      const origin = i < start ? undefined : originOf(layers, i);
      if (origin === undefined) return {};
      const final = Object.entries(this.#station.worker.passes[origin]!.final!);
      return Object.fromEntries(final.map(([name, rows]) => [name, this.#read(rows, count)]));
    });
  }

  /**
   * As predict, and the states of every layer that has some, bottom to top: (count, T, units) each.
   *
   * @param count of a batch that is a single group
   */
  async trace(count: number, to: Float32Array): Promise<StepValues[]> {
    await this.predict(count, to);
    return this.#readStates(({ states }) => states, count);
  }

  /**
   * Of every layer the largest absolute number of each feature that it reads, x, and of each unit of its states, by
   * their names; nothing of a layer that reads ids.
   *
   * @param count of a batch that is a single group
   */
  async sizes(count: number): Promise<Readonly<Record<string, Float32Array>>[]> {
    await this.#do(this.#way(count, 1));
    const { passes, reads } = this.#station.worker;
    return passes.map(({ states = {} }, i) => {
      const x = this.#plan.signals[i]!.holds === "ids" ? {} : { x: reads[i]! };
      return Object.fromEntries(
        Object.entries({ ...states, ...x }).map(([name, rows]) => [name, this.#largest(rows, count)]),
      );
    });
  }

  /** Of each feature of rows. */
  #largest(rows: Rows, count: number): Float32Array {
    const largest = new Float32Array(rows.width);
    const values = this.#read(rows, count);
    for (let i = 0; i < values.length; i++) {
      largest[i % rows.width] = Math.max(largest[i % rows.width]!, Math.abs(values[i]!));
    }
    return largest;
  }

  /**
   * Each sample's own loss → `losses` (count), and the gradients of the layers' states.
   *
   * @param count of a batch that is a single group
   */
  async flow(count: number, losses: Float32Array): Promise<StepValues[]> {
    await this.#do(this.#preparation());
    this.#states("put");
    await this.#perform({ kind: "flow", count }, 1);
    const { T } = this.#plan.signals.at(-1)!;
    const own = this.#at(this.#plan.losses);
    for (let s = 0; s < count; s++) losses[s] = this.#weights.kernels.sumFloats(own + s * T * 4, T) / T;
    const found = this.#readStates(({ gradients }) => gradients, count);
    return found.map((of) =>
      Object.fromEntries(Object.entries(of).map(([name, values]) => [`d${name}`, values])),
    );
  }

  async #forward(count: number): Promise<void> {
    this.#states("put");
    await this.#do(this.#way(count, shardsOf(count)));
    this.#states("take");
  }

  /**
   * Before a batch `put` the states that the one before has left, or zeros where nobody keeps any; `take` those of a
   * batch that was done wholly.
   */
  #states(move: "put" | "take"): void {
    const { state, stateLength, shape } = this.#plan;
    if (stateLength === 0) return;
    const run = this.#weights.memory.f32(this.#at(state), stateLength);
    if (this.#kept) this.#kept[move](shape.batchSize, run);
    else run.fill(0);
  }

  free(): void {
    this.#team.leave(this.#station);
    this.#weights.memory.free(this.#base);
  }

  /** @param units pieces that threads can share; a single one is not worth waking anyone for */
  #perform(job: Job, units: number): boolean | Promise<boolean> {
    return this.#team.perform(this.#station, job, units);
  }

  #at(place: number): number {
    return this.#base + place;
  }

  /** Where the ids of sample s stand in the list of the call, or in their shard's, which is written at its end. */
  #list(input: number, sample: ArrayLike<number>, s: number, count: number): void {
    const list = this.#tokens[input];
    if (!list) return;
    const { memory } = this.#weights;
    const { slots, ids, counts, signal, tokens } = this.#plan.inputs[input]!;
    const { backward } = this.#plan.use;
    const { T } = signal;
    if (backward && s % SHARD_SIZE === 0) list.clear();
    const at = memory.i32(this.#at(slots) + s * T * 4, T);
    for (let t = 0; t < T; t++) at[t] = list.add(sample[t]!);
    if (!backward || ((s + 1) % SHARD_SIZE > 0 && s + 1 < count)) return;
    const shard = Math.floor(s / SHARD_SIZE);
    memory.i32(this.#at(ids) + shard * tokens * 4, tokens).set(list.ids);
    memory.i32(this.#at(counts) + shard * 4, 1)[0] = list.ids.length;
  }

  /** Which rows of sample s count; numbers of those that do not are 0 from here on. */
  #mask(
    input: number,
    sample: { subarray(from: number, to: number): ArrayLike<number> },
    s: number,
    rows: Int32Array | Float32Array,
  ): void {
    const masked = this.#masks[input];
    if (!masked) return;
    const { mask, signal } = this.#plan.inputs[input]!;
    const { T, width, holds } = signal;
    const stride = holds === "ids" ? 1 : padded(width);
    const words = this.#weights.memory.i32(this.#at(mask) + s * T * 4, T);
    for (let t = 0; t < T; t++) {
      const hidden = masked(sample.subarray(t * width, (t + 1) * width));
      words[t] = hidden ? 0 : 1;
      const at = (s * T + t) * stride;
      if (hidden) rows.fill(0, at, at + width);
    }
  }

  /** Of the layers that have states, without padding. */
  #readStates(
    of: (pass: { states?: StateRows; gradients?: StateRows }) => StateRows | undefined,
    count: number,
  ): StepValues[] {
    return this.#station.worker.passes
      .filter(({ states }) => states !== undefined)
      .map((pass) =>
        Object.fromEntries(
          Object.entries(of(pass) ?? {}).map(([name, rows]) => [name, this.#read(rows, count)]),
        ),
      );
  }

  #read({ at, stride, sequence, T, width }: Rows, count: number): Float32Array {
    const to = new Float32Array(count * T * width);
    for (let row = 0; row < count * T; row++) {
      const start = at(FIRST) + (Math.floor(row / T) * sequence + (row % T) * stride) * 4;
      to.set(this.#weights.memory.f32(start, width), row * width);
    }
    return to;
  }

  /** @param divisor of the sum of the rows' losses */
  #result(count: number, divisor: number, peak: number): BatchResult {
    const { kernels: k } = this.#weights;
    const { losses, metrics, shape } = this.#plan;
    const rows = this.#rows(count);
    return {
      rows,
      loss: k.sumFloats(this.#at(losses), rows) / divisor + this.#weights.penalty(),
      metrics: shape.metrics.map((given, i) => this.#sums(given, metrics[i]!, rows)),
      peak,
    };
  }

  /** A metric's sums over the rows of the batch that count, in their order, whichever thread had them. */
  #sums(given: MetricConfig, { values, sums, length }: MetricPlaces, rows: number): number[] {
    const { kernels: k, memory } = this.#weights;
    const { shape, signals, seen, targets, outputMask } = this.#plan;
    const { width, masked } = signals.at(-1)!;
    const { kind, metric } = metricOf(given, shape.loss!.name)!;
    const [to, from] = [this.#at(sums), this.#at(kind.values ? values : seen)];
    k.clear(to, 2 * length);
    const keep = masked ? this.#at(outputMask) : ALL_ROWS;
    kind.add(k, metric)(to, from, this.#at(targets), keep, rows, width, padded(width));
    return Array.from(memory.f64(to, length));
  }
}

/** A job, and how many pieces of it threads can share. */
type Task = readonly [job: Job, units: number];

/** No address of a word for each row: all rows count. */
const ALL_ROWS = 0;

type StateRows = Readonly<Record<string, Rows>>;

/** The first group, at the start of a batch. */
const FIRST = { first: 0, count: 0, seed: 0, epoch: 0, batch: 0, partial: 0 };

/** Of R ranks and S shards rank r has those from ⌊S·r/R⌋ on. */
function cutOf(count: number, { size }: GroupPlace): number[] {
  return Array.from({ length: size + 1 }, (_, r) => Math.floor((shardsOf(count) * r) / size));
}

/** One of several processes. */
export interface GroupPlace {
  readonly rank: number;
  readonly size: number;
  readonly exchange: (step: GroupStep) => Promise<boolean>;
}

const shardsOf = (count: number) => Math.ceil(count / SHARD_SIZE);

/** A branch's list of tokens, and how many it holds at most; null and 0 where none pays, or tokens are not known. */
function listTokens(
  branch: Branch,
  { optimizer, batchSize, lists = false }: BatchOptions,
  T: number,
  ids: Data | undefined,
): [TokenList | null, number] {
  const trains = optimizer !== null;
  const grows = trains || (lists && !ids);
  const first = branch.layers[0]!;
  const width = gatheredWidth(branch.layers, trains);
  if (first.type !== "embedding" || width === 0 || !(grows || ids)) return [null, 0];
  const list = new TokenList(first.inputDim);
  if (ids) for (let i = 0; i < ids.length; i++) list.add(ids[i]!);
  const samples = trains ? Math.min(batchSize, SHARD_SIZE) : batchSize;
  const most = grows ? Math.min(first.inputDim, samples * T) : list.ids.length;
  return most * width * 4 <= MAX_PROJECTED ? [list, most] : [null, 0];
}
