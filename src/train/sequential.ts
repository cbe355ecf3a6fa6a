import { sha256 } from "@noble/hashes/sha2.js";
import { bytesToHex } from "@noble/hashes/utils.js";
import { nextTurn, now } from "../clock.ts";
import { LstmkitError } from "../errors.ts";
import { encodeModel, type SavedModel } from "../formats/model-file.ts";
import type { Layer } from "../layers/index.ts";
import { Batch, type BatchOptions, type BatchResult, GROUP_SIZE } from "../model/batch.ts";
import { type CompileConfig, type CompileOptions, checkCompile } from "../model/compile.ts";
import { OptimizerMemory } from "../model/optimizer-memory.ts";
import { checkLayers, outputShape } from "../model/stack.ts";
import { summarize } from "../model/summary.ts";
import type { Team } from "../model/team.ts";
import { sizeOf, Weights } from "../model/weights.ts";
import type { NamedTensor, Tensor } from "../tensor.ts";
import type { Kernels } from "../wasm/kernels.ts";
import type { LinearMemory } from "../wasm/memory.ts";
import { Access } from "./access.ts";
import { checkInputs, checkTargets, type Inputs, type Targets } from "./inputs.ts";
import type {
  EpochLogs,
  EvaluateOptions,
  FitOptions,
  GradientFlow,
  History,
  Logs,
  Model,
  ReadOptions,
  SaveOptions,
  Trace,
} from "./model.ts";
import { blankFlow, blankTrace, everyStep, fillFlow, fillTrace, withoutDropout } from "./trace.ts";

/** Sequences × steps up to which predict keeps its plan: the plan costs as much as some of the work. */
const FEW_STEPS = 1024;

/** What a model is made on and with. */
export interface SequentialContext {
  readonly kernels: Kernels;
  readonly memory: LinearMemory;
  readonly team: Team;
  /** Fixes initial weights, order of samples and dropout. */
  readonly seed: number;
  /** Samples that go through the passes together; changes speed, no bit. Default GROUP_SIZE. */
  readonly groupSize?: number | undefined;
  readonly onDispose: (model: Sequential) => void;
}

/** Sums over the batches of an epoch; the same order on every engine. */
class Tally {
  #loss = 0;
  #rows = 0;
  readonly #metrics: { sum: number; count: number }[] = [];

  add({ loss, rows, metrics }: BatchResult): void {
    this.#loss += loss * rows;
    this.#rows += rows;
    for (const [i, { sum, count }] of metrics.entries()) {
      this.#metrics[i] ??= { sum: 0, count: 0 };
      this.#metrics[i].sum += sum;
      this.#metrics[i].count += count;
    }
  }

  logs({ metrics }: CompileConfig): Logs {
    const means = this.#metrics.map(({ sum, count }, i) => [metrics[i]!, sum / count]);
    return { loss: this.#loss / this.#rows, ...Object.fromEntries(means) };
  }
}

/** The model, in the thread that calls it. */
export class Sequential implements Model {
  readonly layers: readonly Layer[];
  readonly metadata: Readonly<Record<string, string>>;
  readonly #context: SequentialContext;
  readonly #weights: Weights;
  #config: CompileConfig | null = null;
  #optimizer: OptimizerMemory | null = null;
  /** Epochs begun since the model was made: another epoch, other random numbers. */
  #epoch = 0;
  readonly #access = new Access();
  /** The last predict of a few sequences: its batch, for sequences of that shape and weights as they were. */
  #few: Few | null = null;
  /** Calls of fit and of those that read batch by batch. */
  #calls = 0;
  #fitting = false;
  #disposed = false;

  /** @throws BAD_LAYER, OUT_OF_MEMORY */
  constructor(context: SequentialContext, layers: readonly Layer[], saved?: SavedModel) {
    this.#context = context;
    this.layers = checkLayers(layers);
    this.#weights = new Weights(context.kernels, context.memory, this.layers);
    this.metadata = saved?.metadata ?? {};
    if (saved) {
      this.#config = saved.compile;
      for (const [i, spec] of this.#weights.table.specs.entries()) {
        this.#weights.write(spec, saved.weights[i]!.data);
      }
      return;
    }
    try {
      this.#weights.initialize(context.seed);
    } catch (error) {
      this.#weights.free();
      throw error;
    }
  }

  async compile(options: CompileOptions): Promise<void> {
    this.#idle();
    this.#config = checkCompile(options, this.layers);
    this.#optimizer?.free();
    this.#optimizer = null;
  }

  async fit(x: Inputs, y: Targets, options: FitOptions = {}): Promise<History> {
    return this.#run(options.signal, async (pauses) => {
      if (this.#fitting) throw busy("a fit is running on this model");
      this.#fitting = true;
      try {
        return await this.#fit(x, y, options, pauses);
      } finally {
        this.#fitting = false;
      }
    });
  }

  async #fit(
    x: Inputs,
    y: Targets,
    options: FitOptions,
    { stop, checkpoint, until }: Pauses,
  ): Promise<History> {
    const config = this.#compiled();
    const { epochs, batchSize, shuffle, dropRemainder, validationFreq } = checkFit(options);
    const all = this.#checkData(x, y);
    const [train, validation] = this.#split(all, options);
    const batches = dropRemainder
      ? Math.floor(train.samples / batchSize)
      : Math.ceil(train.samples / batchSize);
    if (batches === 0) {
      throw new LstmkitError(
        "BAD_ARGUMENT",
        `${train.samples} samples make no whole batch of ${batchSize}, and dropRemainder is set. Lower batchSize.`,
      );
    }
    const batch = this.#batch(train, { ...lossOf(config), batchSize, training: true });
    const history: History = { epoch: [], history: { loss: [] } };
    try {
      for (let epoch = 0; epoch < epochs; epoch++) {
        const tally = new Tally();
        const start = now();
        const counter = this.#epoch++;
        const order = this.#order(train.samples, shuffle ? counter : null);
        for (let number = 0; number < batches; number++) {
          await checkpoint();
          const from = number * batchSize;
          const count = Math.min(batchSize, train.samples - from);
          const result = await this.#access.change(stop, () => {
            batch.load(train.x.data, train.y.data, order, from, count);
            return this.#step(batch, count, counter, number);
          });
          tally.add(result);
          const logs = { ...tally.logs(config), size: count, batches };
          await until(options.onBatchEnd?.(number, logs));
        }
        const seconds = (now() - start) / 1000;
        const logs: EpochLogs = { ...tally.logs(config), seconds };
        if (validation && (epoch + 1) % validationFreq === 0) {
          const measured = await this.#measure(validation, config, batchSize, checkpoint);
          for (const [name, value] of Object.entries(measured)) {
            logs[`val${name[0]!.toUpperCase()}${name.slice(1)}`] = value;
          }
        }
        record(history, epoch, logs);
        await until(options.onEpochEnd?.(epoch, logs));
      }
    } finally {
      batch.free();
    }
    return history;
  }

  async evaluate(x: Inputs, y: Targets, options: EvaluateOptions = {}): Promise<Logs> {
    return this.#read(options.signal, (checkpoint) =>
      this.#measure(this.#checkData(x, y), this.#compiled(), checkBatchSize(options.batchSize), checkpoint),
    );
  }

  async predict(inputs: Inputs, options: EvaluateOptions = {}): Promise<Tensor<Float32Array>> {
    return this.#read(options.signal, async (checkpoint) => {
      const batchSize = checkBatchSize(options.batchSize);
      const data = this.#checkInputs(inputs);
      const shape = [data.samples, ...outputShape(this.layers, data.T)];
      const result = new Float32Array(sizeOf(shape));
      if (data.samples <= batchSize && data.samples * data.T <= FEW_STEPS) {
        await this.#predictFew(data, result);
      } else {
        await this.#sweep(data, { batchSize, loss: null }, checkpoint, (batch, from, count) =>
          batch.predict(count, rows(result, data.samples, from, count)),
        );
      }
      return { data: result, shape };
    });
  }

  async trace(inputs: Inputs, options: ReadOptions = {}): Promise<Trace> {
    return this.#read(options.signal, async (checkpoint) => {
      const data = this.#checkInputs(inputs);
      const { samples, T } = data;
      const layers = everyStep(this.layers);
      const trace = blankTrace(layers, samples, T, outputShape(layers, T));
      const plan = { ...ONE_GROUP, layers, loss: null };
      await this.#sweep(data, plan, checkpoint, async (batch, from, count) => {
        const outputs = rows(trace.outputs.data, samples, from, count);
        fillTrace(trace, from, await batch.trace(count, outputs));
      });
      return trace;
    });
  }

  async gradientFlow(x: Inputs, y: Targets, options: ReadOptions = {}): Promise<GradientFlow> {
    return this.#read(options.signal, async (checkpoint) => {
      const { loss } = this.#compiled();
      const data = this.#checkData(x, y);
      const { samples, T } = data;
      const layers = withoutDropout(this.layers);
      const flow = blankFlow(layers, samples, T);
      const plan = { ...ONE_GROUP, layers, loss, flow: true };
      await this.#sweep(data, plan, checkpoint, async (batch, from, count) => {
        fillFlow(flow, from, await batch.flow(count, rows(flow.losses.data, samples, from, count)));
      });
      return flow;
    });
  }

  async summary(): Promise<string> {
    this.#alive();
    return summarize(this.layers, this.#weights.table);
  }

  async countParams(): Promise<number> {
    this.#alive();
    return this.#weights.table.specs.reduce((sum, { shape }) => sum + sizeOf(shape), 0);
  }

  async getWeights(): Promise<NamedTensor[]> {
    const alive = () => this.#alive();
    alive();
    return this.#access.read(alive, async () =>
      this.#weights.table.specs.map((spec) => ({
        name: spec.name,
        shape: spec.shape,
        data: this.#weights.read(spec),
      })),
    );
  }

  async setWeights(weights: readonly Tensor<Float32Array>[]): Promise<void> {
    this.#idle();
    const { specs: table } = this.#weights.table;
    if (weights.length !== table.length) {
      throw new LstmkitError(
        "BAD_SHAPE",
        `${weights.length} weights were given; the model has ${table.length}: see getWeights().`,
      );
    }
    for (const [i, spec] of table.entries()) {
      const { shape, data } = weights[i]!;
      if (shape.join() !== spec.shape.join() || data.length !== sizeOf(spec.shape)) {
        throw new LstmkitError(
          "BAD_SHAPE",
          `weight ${i}, ${spec.name}, has shape (${spec.shape.join(", ")}); (${shape.join(", ")}) with ${data.length} numbers was given.`,
        );
      }
      const bad = data.findIndex((value) => !Number.isFinite(value));
      if (bad >= 0) {
        throw new LstmkitError(
          "BAD_VALUE",
          `weight ${i}, ${spec.name}, element ${bad} is ${data[bad]}; weights are finite numbers.`,
        );
      }
    }
    for (const [i, spec] of table.entries()) this.#weights.write(spec, weights[i]!.data);
  }

  async digest(): Promise<string> {
    const hash = sha256.create();
    for (const { data } of await this.getWeights()) {
      const view = new DataView(new ArrayBuffer(data.length * 4));
      // The specification leaves NaN's bits open; one NaN stands for all.
      data.forEach((value, i) => {
        if (Number.isNaN(value)) view.setUint32(i * 4, 0x7fc00000, true);
        else view.setFloat32(i * 4, value, true);
      });
      hash.update(new Uint8Array(view.buffer));
    }
    return bytesToHex(hash.digest());
  }

  async save({ metadata = {} }: SaveOptions = {}): Promise<Uint8Array<ArrayBuffer>> {
    const weights = await this.getWeights();
    return encodeModel({
      layers: this.layers,
      weights,
      compile: this.#config,
      seed: this.#context.seed,
      metadata: { ...this.metadata, ...metadata },
    });
  }

  async dispose(): Promise<void> {
    if (this.#disposed) return;
    this.#disposed = true;
    this.#access.wake();
    if (this.#calls === 0) this.#release();
  }

  #release(): void {
    this.#keep(null);
    this.#optimizer?.free();
    this.#weights.free();
    this.#context.onDispose(this);
  }

  /** Have the calls that wait look whether they are to end. */
  wake(): void {
    this.#access.wake();
  }

  /** One batch that was loaded: loss, gradient, new weights. */
  async #step(batch: Batch, count: number, epoch: number, number: number): Promise<BatchResult> {
    const optimizer = this.#optimizer!; // made with the batch
    const result = await batch.gradient(count, { seed: this.#context.seed, epoch, batch: number });
    if (result.finite) {
      await batch.update(optimizer.iterations + 1);
      optimizer.iterations++;
    } else {
      throw new LstmkitError(
        "LOSS_NOT_FINITE",
        `batch ${number} of epoch ${epoch} gave loss ${result.loss}, or a gradient that is not finite; ` +
          "the weights of the batch before are kept. Lower learningRate, or scale the data.",
      );
    }
    return result;
  }

  async #measure(
    data: Samples,
    config: CompileConfig,
    batchSize: number,
    checkpoint: Pauses["checkpoint"],
  ): Promise<Logs> {
    const tally = new Tally();
    await this.#sweep(data, { ...lossOf(config), batchSize }, checkpoint, async (batch, _, count) => {
      tally.add(await batch.evaluate(count));
    });
    return tally.logs(config);
  }

  /** Batch by batch through all samples as they stand; `work` finds those from `from` on loaded. */
  async #sweep(
    data: Unlabelled & { readonly y?: Tensor },
    plan: WorkPlan,
    checkpoint: Pauses["checkpoint"],
    work: (batch: Batch, from: number, count: number) => Promise<void>,
  ): Promise<void> {
    const { x, y, samples } = data;
    const batch = this.#batch(data, plan);
    try {
      const order = this.#order(samples, null);
      for (let from = 0; from < samples; from += plan.batchSize) {
        if (from > 0) await checkpoint();
        const count = Math.min(plan.batchSize, samples - from);
        batch.load(x.data, y?.data ?? null, order, from, count);
        await work(batch, from, count);
      }
    } finally {
      batch.free();
    }
  }

  /** As one batch, with the plan and the packed weights of the call before where they still hold. */
  async #predictFew(data: Unlabelled, result: Float32Array): Promise<void> {
    const { x, samples, T } = data;
    const key = [samples, T, this.#weights.version].join();
    const kept = this.#few;
    this.#few = null; // one call at a time has it
    if (kept && kept.key !== key) kept.batch.free();
    const batch =
      kept?.key === key ? kept.batch : this.#batch(data, { batchSize: samples, loss: null, kept: true });
    try {
      batch.load(x.data, null, this.#order(samples, null), 0, samples);
      await batch.predict(samples, result);
    } finally {
      this.#keep({ key, batch });
    }
  }

  /** For the next predict of a few sequences, in place of what was kept before. */
  #keep(few: Few | null): void {
    this.#few?.batch.free();
    this.#few = few;
  }

  /** The order of samples in an epoch, or as they stand where `epoch` is null. */
  #order(samples: number, epoch: number | null): Int32Array {
    if (epoch === null) return Int32Array.from({ length: samples }, (_, i) => i);
    const { kernels, memory, seed } = this.#context;
    const scratch = memory.allocate(16 + samples * 4, "the order of samples");
    kernels.shuffle(scratch + 16, scratch, samples, seed, epoch);
    const order = memory.i32(scratch + 16, samples).slice();
    memory.free(scratch);
    return order;
  }

  #batch({ x, samples, T }: Unlabelled, { training = false, kept = false, ...plan }: WorkPlan): Batch {
    const optimizer = () => {
      this.#optimizer ??= new OptimizerMemory(this.#weights, this.#compiled().optimizer);
      return this.#optimizer.state;
    };
    const options = {
      layers: this.layers,
      groupSize: this.#context.groupSize ?? GROUP_SIZE,
      ...plan,
      T,
      batchSize: Math.min(plan.batchSize, samples),
      optimizer: training ? optimizer : null,
    };
    const ids = training || kept || plan.flow ? null : x.data;
    return new Batch(this.#weights, this.#context.team, options, ids);
  }

  #checkInputs(given: Inputs, name?: string): Unlabelled {
    const x = checkInputs(given, this.layers, name);
    const [samples, T] = x.shape as [number, number];
    return { x, samples, T };
  }

  #checkData(x: Inputs, y: Targets, suffix = ""): Samples {
    const inputs = this.#checkInputs(x, `x${suffix}`);
    const { samples, T } = inputs;
    return { ...inputs, y: checkTargets(y, samples, outputShape(this.layers, T), `y${suffix}`) };
  }

  #split(all: Samples, { validationData, validationSplit }: FitOptions): [Samples, Samples | null] {
    if (validationData)
      return [all, this.#checkData(validationData[0], validationData[1], " of validationData")];
    if (validationSplit === undefined) return [all, null];
    const cut = Math.floor(all.samples * (1 - validationSplit)); // as Keras: the last samples
    if (!(validationSplit > 0 && validationSplit < 1) || cut === 0 || cut === all.samples) {
      throw new LstmkitError(
        "BAD_ARGUMENT",
        `validationSplit is ${validationSplit} of ${all.samples} samples; it must lie in (0, 1) and leave samples on both sides.`,
      );
    }
    return [part(all, 0, cut), part(all, cut, all.samples)];
  }

  /** A call that sees the weights of one moment, and changes nothing. */
  #read<T>(
    signal: AbortSignal | undefined,
    work: (checkpoint: Pauses["checkpoint"]) => Promise<T>,
  ): Promise<T> {
    return this.#run(signal, ({ stop, checkpoint }) => this.#access.read(stop, () => work(checkpoint)));
  }

  /** A call that works batch by batch; between them the event loop runs and an abort or a dispose is seen. */
  async #run<T>(signal: AbortSignal | undefined, work: (pauses: Pauses) => Promise<T>): Promise<T> {
    const stop = () => {
      this.#alive();
      this.#context.team.check();
      if (signal?.aborted) {
        throw new LstmkitError("ABORTED", "stopped by the signal; the weights keep what was learnt so far.", {
          cause: signal.reason,
        });
      }
    };
    const checkpoint = async () => {
      await nextTurn();
      stop();
    };
    const until: Pauses["until"] = async (answer) => {
      if (answer) await this.#access.until(stop, answer);
      stop();
    };
    const wake = () => this.wake();
    stop();
    this.#calls++;
    try {
      signal?.addEventListener("abort", wake);
      return await work({ stop, checkpoint, until });
    } finally {
      this.#calls--;
      if (this.#disposed && this.#calls === 0) this.#release();
      signal?.removeEventListener("abort", wake);
    }
  }

  #compiled(): CompileConfig {
    if (this.#config) return this.#config;
    throw new LstmkitError(
      "NOT_COMPILED",
      'call compile({ loss: "binaryCrossentropy" }) before fit and evaluate.',
    );
  }

  #alive(): void {
    if (this.#disposed) throw modelDisposed();
  }

  #idle(): void {
    this.#alive();
    this.#context.team.check();
    if (this.#calls > 0) throw busy("a call that uses the weights is running on this model");
  }
}

const busy = (what: string) => new LstmkitError("BUSY", `${what}; await it, or abort it by its signal.`);

/** What a call on a disposed model rejects with. */
export const modelDisposed = () =>
  new LstmkitError("DISPOSED", "the model was disposed; make or load another.");

/** What a call does between its batches. */
interface Pauses {
  /** Throws where it is to end. */
  readonly stop: () => void;
  /** Lets the event loop run, then the same. */
  readonly checkpoint: () => Promise<void>;
  /** Waits for what a callback gave, a promise perhaps that never settles; throws where the call is to end first. */
  readonly until: (answer: void | PromiseLike<void>) => Promise<void>;
}

/** What a call wants of its batch. */
type WorkPlan = Pick<BatchOptions, "batchSize" | "loss" | "metrics" | "flow"> & {
  readonly layers?: readonly Layer[];
  readonly groupSize?: number;
  readonly training?: boolean;
  /** For other samples later on: nothing in it depends on these. */
  readonly kept?: boolean;
};

interface Few {
  /** Samples, timesteps, version of the weights. */
  readonly key: string;
  readonly batch: Batch;
}

/** Batches of a single group, which leave what every step had in memory. */
const ONE_GROUP = { batchSize: GROUP_SIZE, groupSize: GROUP_SIZE };

interface Unlabelled {
  readonly x: Tensor;
  readonly samples: number;
  readonly T: number;
}

interface Samples extends Unlabelled {
  readonly y: Tensor;
}

const lossOf = ({ loss, metrics }: CompileConfig) => ({ loss, metrics });

/** The numbers of `count` samples from `from` on. */
function rows(all: Float32Array, samples: number, from: number, count: number): Float32Array {
  const size = all.length / samples;
  return all.subarray(from * size, (from + count) * size);
}

/** Samples from … to, without copying. */
function part({ x, y, samples, T }: Samples, from: number, to: number): Samples {
  const cut = ({ data, shape }: Tensor): Tensor => {
    const size = data.length / samples;
    return { data: data.subarray(from * size, to * size), shape: [to - from, ...shape.slice(1)] };
  };
  return { x: cut(x), y: cut(y), samples: to - from, T };
}

function record(
  { epoch: epochs, history }: History,
  epoch: number,
  { seconds: _, ...logs }: EpochLogs,
): void {
  epochs.push(epoch);
  for (const [key, value] of Object.entries(logs)) {
    history[key] ??= [];
    history[key].push(value!);
  }
}

const FIT_OPTIONS = [
  "epochs",
  "batchSize",
  "shuffle",
  "dropRemainder",
  "validationData",
  "validationSplit",
  "validationFreq",
  "onBatchEnd",
  "onEpochEnd",
  "signal",
];

function checkFit(options: FitOptions) {
  for (const key of Object.keys(options)) {
    if (!FIT_OPTIONS.includes(key)) {
      throw new LstmkitError(
        "BAD_ARGUMENT",
        `fit() has no option "${key}"; it has ${FIT_OPTIONS.join(", ")}.`,
      );
    }
  }
  return {
    epochs: wholeNumber("epochs", options.epochs ?? 1),
    batchSize: checkBatchSize(options.batchSize),
    validationFreq: wholeNumber("validationFreq", options.validationFreq ?? 1),
    shuffle: options.shuffle ?? true,
    dropRemainder: options.dropRemainder ?? false,
  };
}

const checkBatchSize = (batchSize = 32) => wholeNumber("batchSize", batchSize);

function wholeNumber(name: string, value: number): number {
  if (Number.isSafeInteger(value) && value > 0) return value;
  throw new LstmkitError("BAD_ARGUMENT", `${name} is ${String(value)}; it must be a whole number from 1 on.`);
}
