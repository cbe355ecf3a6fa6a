/** A batch shape in memory: load samples, have the team work on them, read the results. */
import { LstmkitError } from "../errors.ts";
import { MAX_BYTES } from "../runtime/memory.ts";
import type { TensorData } from "../tensor.ts";
import { isRecurrent, type Layer } from "./layers.ts";
import type { Network } from "./network.ts";
import { type BatchSpec, type OptimizerState, planBatch, SHARD_SIZE } from "./plan.ts";
import type { StepName, StepRows, StepTable } from "./recurrent.ts";
import type { StepCounters } from "./runner.ts";
import { inputFeatures, padded } from "./table.ts";
import type { Station, Team } from "./team.ts";
import { TokenList } from "./token-list.ts";

/** Samples in a group: a matter of speed alone. */
export const GROUP_SIZE = 4;
/** Bytes of a table of projected tokens from which on it costs more than it saves. */
const MAX_PROJECTED = 64 * 2 ** 20;

/** Means over a batch, and how many of its predictions were right. */
export interface BatchResult {
  readonly loss: number;
  readonly hits: number;
  /** Predictions made: samples × steps × units. */
  readonly predictions: number;
  /** Loss and every gradient are finite; where they are not, no weight has changed. */
  readonly finite: boolean;
}

/** What the caller says of a plan. */
export interface WorkspaceOptions extends Pick<BatchSpec, "T" | "batchSize" | "groupSize" | "loss"> {
  /** The network's, with another dropout or `returnSequences`, which no weight's shape depends on. Default the network's. */
  readonly layers?: readonly Layer[];
  /** To ask for flow(). Default false. */
  readonly flow?: boolean;
  /** Gives the optimiser's memory, once it is sure that the rest can be had; null where nothing is trained. */
  readonly optimizer: (() => OptimizerState) | null;
}

/** What a recurrent layer had at every step: (count, T, units) each. */
export type StepValues = Partial<Record<StepName, Float32Array>>;

const drops = (layer: Layer) => isRecurrent(layer) && layer.dropout > 0;

/** Stands for the optimiser while only sizes are wanted. */
const NO_STATE = { config: null as never, gradient: 0, m: 0, v: 0, squares: 0 };

export class Workspace {
  readonly #network: Network;
  readonly #team: Team;
  readonly #base: number;
  readonly #station: Station;
  /** The tokens of the call, or of the shard that is being loaded; null where tokens are not listed. */
  readonly #tokens: TokenList | null = null;
  /** Tokens of the call whose products are still to be taken. */
  #unprojected = 0;

  /**
   * @param ids every id that will be loaded, where they are known and nothing is trained
   * @throws OUT_OF_MEMORY before anything is allocated
   */
  constructor(network: Network, team: Team, options: WorkspaceOptions, ids: ArrayLike<number> | null = null) {
    const { kernels, memory, weights, table } = network;
    const { layers = network.layers, flow = false } = options;
    this.#network = network;
    this.#team = team;
    const first = layers[0]!;
    const { T, batchSize } = options;
    const trains = options.optimizer !== null;
    let tokens = 0;
    if (first.type === "embedding" && (trains ? !drops(layers[1]!) : ids)) {
      const list = new TokenList(first.inputDim);
      if (ids) for (let i = 0; i < ids.length; i++) list.add(ids[i]!);
      const most = trains ? Math.min(first.inputDim, Math.min(batchSize, SHARD_SIZE) * T) : list.ids.length;
      if (most * table[1]!.blocks * table[1]!.stride * 4 <= MAX_PROJECTED) {
        this.#tokens = list;
        tokens = most;
      }
    }
    const shape: BatchSpec = {
      ...options,
      optimizer: options.optimizer && NO_STATE,
      groupSize: Math.min(options.groupSize, batchSize),
      layers,
      flow,
      weights,
      crew: batchSize > SHARD_SIZE ? team.size : 1, // a single shard is nobody else's business
      tokens,
    };
    const { bytes } = planBatch(kernels, shape, 0);
    if (bytes > MAX_BYTES) {
      throw new LstmkitError(
        "OUT_OF_MEMORY",
        `a batch of ${batchSize} × ${T} timesteps needs ${(bytes / 2 ** 20).toFixed(0)} MiB; ` +
          "WebAssembly addresses 4096 MiB. Reduce batchSize, the sequence length or threads.",
      );
    }
    this.#base = memory.allocate(bytes, `a batch of ${batchSize} × ${T} timesteps`);
    try {
      this.#station = team.station({ ...shape, optimizer: options.optimizer?.() ?? null }, this.#base);
    } catch (error) {
      memory.free(this.#base);
      throw error;
    }
    if (!this.#tokens || trains) return;
    memory.i32(this.#station.runner.plan.lists!.ids, tokens).set(this.#tokens.ids);
    this.#unprojected = tokens;
  }

  /** Numbers that the head gives for a sample: steps × units. */
  get outputSize(): number {
    const { steps, width } = this.#station.runner.plan.outputRows;
    return steps * width;
  }

  /**
   * Copy a batch in: samples `order[from … from + count)` of x, and of y where there are targets.
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
    const { input, targets, spec } = this.#station.runner.plan;
    const features = inputFeatures(layers); // null: ids
    const width = features ?? 1;
    const stride = features === null ? 1 : padded(features);
    const size = spec.T * width;
    const length = count * spec.T * stride;
    const to = features === null ? memory.i32(input, length) : memory.f32(input, length);
    const rows = ArrayBuffer.isView(x) ? (x as unknown as TensorData) : Float64Array.from(x);
    for (let s = 0; s < count; s++) {
      const sample = rows.subarray(order[from + s]! * size, (order[from + s]! + 1) * size);
      const first = s * spec.T * stride;
      if (this.#tokens) this.#list(this.#tokens, sample, s, count);
      if (stride === width) to.set(sample, first);
      else {
        for (let t = 0; t < spec.T; t++)
          to.set(sample.subarray(t * width, (t + 1) * width), first + t * stride);
      }
    }
    if (!y) return;
    const outputs = this.outputSize;
    const target = memory.f32(targets, count * outputs);
    for (let s = 0; s < count; s++) {
      for (let j = 0; j < outputs; j++) target[s * outputs + j] = y[order[from + s]! * outputs + j]!;
    }
  }

  /**
   * Loss and gradient of the batch that was loaded, and a step of the optimiser.
   *
   * @param update false to leave weights and gradient as they are after the backward pass
   */
  async train(count: number, counters: StepCounters, update = true): Promise<BatchResult> {
    this.#network.version++;
    const job = { kind: "train", count, update, ...counters } as const;
    const { runner } = this.#station;
    runner.updating = false;
    try {
      const raised = await this.#team.perform(this.#station, job, Math.ceil(count / SHARD_SIZE));
      return this.#result(count, !raised);
    } catch (error) {
      this.#network.torn ||= runner.updating;
      throw error;
    }
  }

  /** Loss of the batch that was loaded, without dropout. */
  async evaluate(count: number): Promise<BatchResult> {
    await this.#forward(count);
    return this.#result(count, true);
  }

  /** Output of the batch that was loaded → `to` (count, steps, units). */
  async predict(count: number, to: Float32Array): Promise<void> {
    await this.#forward(count);
    const { output, outputRows } = this.#station.runner.plan;
    const { steps, width, stride } = outputRows;
    const rows = count * steps;
    const y = this.#network.memory.f32(output, rows * stride);
    for (let m = 0; m < rows; m++) to.set(y.subarray(m * stride, m * stride + width), m * width);
  }

  /**
   * As predict, and what the recurrent layers, bottom to top, had at every step: (count, T, units) each.
   *
   * @param count of a batch that is a single group
   */
  async trace(count: number, to: Float32Array): Promise<StepValues[]> {
    await this.predict(count, to);
    return this.#station.runner.recurrent.map(({ states }) => this.#readSteps(states, count));
  }

  /**
   * Each sample's own loss → `losses` (count), and the gradients of the recurrent layers' states.
   *
   * @param count of a batch that is a single group
   */
  async flow(count: number, losses: Float32Array): Promise<StepValues[]> {
    await this.#team.perform(this.#station, { kind: "flow", count }, 1);
    const { runner } = this.#station;
    const { steps } = runner.plan.outputRows;
    for (let s = 0; s < count; s++) {
      losses[s] = this.#network.kernels.sumFloats(runner.plan.losses + s * steps * 4, steps) / steps;
    }
    return runner.recurrent.map(({ gradients }) => this.#readSteps(gradients, count));
  }

  free(): void {
    this.#team.leave(this.#station);
    this.#network.memory.free(this.#base);
  }

  /** Where the ids of sample s stand in the list of the call, or in their shard's, which is written at its end. */
  #list(tokens: TokenList, sample: ArrayLike<number>, s: number, count: number): void {
    const { memory } = this.#network;
    const { lists, spec } = this.#station.runner.plan;
    const { places, ids, counts } = lists!;
    if (spec.optimizer && s % SHARD_SIZE === 0) tokens.clear();
    const at = memory.i32(places + s * spec.T * 4, spec.T);
    for (let t = 0; t < spec.T; t++) at[t] = tokens.add(sample[t]!);
    if (!spec.optimizer || ((s + 1) % SHARD_SIZE > 0 && s + 1 < count)) return;
    const shard = Math.floor(s / SHARD_SIZE);
    memory.i32(ids + shard * spec.tokens * 4, spec.tokens).set(tokens.ids);
    memory.i32(counts + shard * 4, 1)[0] = tokens.ids.length;
  }

  /** Without padding. */
  #readSteps(table: StepTable, count: number): StepValues {
    const read = ({ address, step, sequence, steps, width }: StepRows) => {
      const from = this.#network.memory.f32(address, (count - 1) * sequence + (steps - 1) * step + width);
      const to = new Float32Array(count * steps * width);
      for (let row = 0; row < count * steps; row++) {
        const start = Math.floor(row / steps) * sequence + (row % steps) * step;
        to.set(from.subarray(start, start + width), row * width);
      }
      return to;
    };
    return Object.fromEntries(Object.entries(table).map(([name, rows]) => [name, read(rows)]));
  }

  async #forward(count: number): Promise<void> {
    if (this.#unprojected > 0) {
      await this.#team.perform(this.#station, { kind: "project" }, Math.floor(this.#unprojected / 256));
      this.#unprojected = 0;
    }
    await this.#team.perform(this.#station, { kind: "forward", count }, Math.ceil(count / SHARD_SIZE));
  }

  #result(count: number, finite: boolean): BatchResult {
    const { kernels: k } = this.#network;
    const { losses, hits, outputRows } = this.#station.runner.plan;
    const rows = count * outputRows.steps;
    return {
      loss: k.sumFloats(losses, rows) / rows,
      hits: k.sumInts(hits, rows),
      predictions: rows * outputRows.width,
      finite,
    };
  }
}
