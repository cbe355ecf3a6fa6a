import { sha256 } from "@noble/hashes/sha2.js";
import { bytesToHex } from "@noble/hashes/utils.js";
import { LstmkitError } from "../errors.ts";
import { encodeModel, type SavedModel } from "../io/model-file.ts";
import { type CompileConfig, type CompileOptions, checkCompile, lossKernel } from "../model/compile.ts";
import { type DenseLayer, isRecurrent, type Layer } from "../model/layers.ts";
import { Network } from "../model/network.ts";
import type { LossKernel } from "../model/plan.ts";
import { summarize } from "../model/summary.ts";
import { sizeOf } from "../model/table.ts";
import type { Team } from "../model/team.ts";
import { type BatchResult, GROUP_SIZE, Workspace, type WorkspaceOptions } from "../model/workspace.ts";
import { nextTurn, now } from "../runtime/clock.ts";
import type { Kernels } from "../runtime/kernels.ts";
import type { LinearMemory } from "../runtime/memory.ts";
import type { NamedTensor, Tensor } from "../tensor.ts";
import { Access } from "./access.ts";
import { Adam } from "./adam.ts";
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
  #hits = 0;
  #predictions = 0;

  add(result: BatchResult): void {
    this.#loss += result.loss * result.predictions;
    this.#hits += result.hits;
    this.#predictions += result.predictions;
  }

  logs(config: CompileConfig): Logs {
    const loss = this.#loss / this.#predictions;
    const accuracy = this.#hits / this.#predictions;
    return config.metrics.includes("accuracy") ? { loss, accuracy } : { loss };
  }
}

/** The model, in the thread that calls it. */
export class Sequential implements Model {
  readonly layers: readonly Layer[];
  readonly metadata: Readonly<Record<string, string>>;
  readonly #context: SequentialContext;
  readonly #network: Network;
  #config: CompileConfig | null = null;
  #optimizer: Adam | null = null;
  /** Epochs begun since the model was made: another epoch, other random numbers. */
  #epoch = 0;
  readonly #access = new Access();
  /** The last predict of a few sequences: its workspace, for sequences of that shape and weights as they were. */
  #few: Few | null = null;
  /** Calls of fit and of those that read batch by batch. */
  #calls = 0;
  #fitting = false;
  #disposed = false;

  /** @throws BAD_LAYER, OUT_OF_MEMORY */
  constructor(context: SequentialContext, layers: readonly Layer[], saved?: SavedModel) {
    this.#context = context;
    this.#network = new Network(context.kernels, context.memory, layers);
    this.layers = this.#network.layers;
    this.metadata = saved?.metadata ?? {};
    if (saved) {
      this.#config = saved.compile;
      for (const [i, spec] of this.#network.table.entries())
        this.#network.write(spec, saved.weights[i]!.data);
      return;
    }
    try {
      this.#network.initialize(context.seed);
    } catch (error) {
      this.#network.free();
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
    const workspace = this.#workspace(train, { batchSize, loss: this.#loss(config), training: true });
    const history: History = { epoch: [], history: { loss: [] } };
    try {
      for (let epoch = 0; epoch < epochs; epoch++) {
        const tally = new Tally();
        const start = now();
        const counter = this.#epoch++;
        const order = this.#order(train.samples, shuffle ? counter : null);
        for (let batch = 0; batch < batches; batch++) {
          await checkpoint();
          const from = batch * batchSize;
          const count = Math.min(batchSize, train.samples - from);
          const result = await this.#access.change(stop, () => {
            workspace.load(train.x.data, train.y.data, order, from, count);
            return this.#step(workspace, count, counter, batch);
          });
          tally.add(result);
          const logs = { ...tally.logs(config), size: count, batches };
          await until(options.onBatchEnd?.(batch, logs));
        }
        const seconds = (now() - start) / 1000;
        const logs: EpochLogs = { ...tally.logs(config), seconds };
        if (validation && (epoch + 1) % validationFreq === 0) {
          const { loss, accuracy } = await this.#measure(validation, config, batchSize, checkpoint);
          logs.valLoss = loss;
          if (accuracy !== undefined) logs.valAccuracy = accuracy;
        }
        record(history, epoch, logs);
        await until(options.onEpochEnd?.(epoch, logs));
      }
    } finally {
      workspace.free();
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
      const shape = [data.samples, ...this.#outputShape(data.T)];
      const result = new Float32Array(sizeOf(shape));
      if (data.samples <= batchSize && data.samples * data.T <= FEW_STEPS) {
        await this.#predictFew(data, result);
      } else {
        await this.#sweep(data, { batchSize, loss: null }, checkpoint, (workspace, from, count) =>
          workspace.predict(count, rows(result, data.samples, from, count)),
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
      const trace = blankTrace(layers, [samples, T, headUnits(layers)]);
      const plan = { ...ONE_GROUP, layers, loss: null };
      await this.#sweep(data, plan, checkpoint, async (workspace, from, count) => {
        const outputs = rows(trace.outputs.data, samples, from, count);
        fillTrace(trace, from, await workspace.trace(count, outputs));
      });
      return trace;
    });
  }

  async gradientFlow(x: Inputs, y: Targets, options: ReadOptions = {}): Promise<GradientFlow> {
    return this.#read(options.signal, async (checkpoint) => {
      const loss = this.#loss(this.#compiled());
      const data = this.#checkData(x, y);
      const { samples, T } = data;
      const layers = withoutDropout(this.layers);
      const flow = blankFlow(layers, samples, T);
      const plan = { ...ONE_GROUP, layers, loss, flow: true };
      await this.#sweep(data, plan, checkpoint, async (workspace, from, count) => {
        fillFlow(flow, from, await workspace.flow(count, rows(flow.losses.data, samples, from, count)));
      });
      return flow;
    });
  }

  async summary(): Promise<string> {
    this.#alive();
    return summarize(this.layers, this.#network.table);
  }

  async countParams(): Promise<number> {
    this.#alive();
    return this.#network.table.reduce((sum, { shape }) => sum + sizeOf(shape), 0);
  }

  async getWeights(): Promise<NamedTensor[]> {
    const alive = () => this.#alive();
    alive();
    return this.#access.read(alive, async () =>
      this.#network.table.map((spec) => ({
        name: spec.name,
        shape: spec.shape,
        data: this.#network.read(spec),
      })),
    );
  }

  async setWeights(weights: readonly Tensor<Float32Array>[]): Promise<void> {
    this.#idle();
    const { table } = this.#network;
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
    for (const [i, spec] of table.entries()) this.#network.write(spec, weights[i]!.data);
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
    this.#network.free();
    this.#context.onDispose(this);
  }

  /** Have the calls that wait look whether they are to end. */
  wake(): void {
    this.#access.wake();
  }

  /** One batch that was loaded: loss, gradient, new weights. */
  async #step(workspace: Workspace, count: number, epoch: number, step: number): Promise<BatchResult> {
    const optimizer = this.#optimizer!; // made with the workspace
    const iteration = optimizer.iterations + 1;
    const result = await workspace.train(count, { seed: this.#context.seed, epoch, step, iteration });
    if (result.finite) optimizer.iterations = iteration;
    else {
      throw new LstmkitError(
        "LOSS_NOT_FINITE",
        `batch ${step} of epoch ${epoch} gave loss ${result.loss}, or a gradient that is not finite; ` +
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
    await this.#sweep(
      data,
      { batchSize, loss: this.#loss(config) },
      checkpoint,
      async (workspace, _, count) => {
        tally.add(await workspace.evaluate(count));
      },
    );
    return tally.logs(config);
  }

  /** Batch by batch through all samples as they stand; `work` finds those from `from` on loaded. */
  async #sweep(
    data: Unlabelled & { readonly y?: Tensor },
    plan: WorkPlan,
    checkpoint: Pauses["checkpoint"],
    work: (workspace: Workspace, from: number, count: number) => Promise<void>,
  ): Promise<void> {
    const { x, y, samples } = data;
    const workspace = this.#workspace(data, plan);
    try {
      const order = this.#order(samples, null);
      for (let from = 0; from < samples; from += plan.batchSize) {
        if (from > 0) await checkpoint();
        const count = Math.min(plan.batchSize, samples - from);
        workspace.load(x.data, y?.data ?? null, order, from, count);
        await work(workspace, from, count);
      }
    } finally {
      workspace.free();
    }
  }

  /** As one batch, with the plan and the packed weights of the call before where they still hold. */
  async #predictFew(data: Unlabelled, result: Float32Array): Promise<void> {
    const { x, samples, T } = data;
    const key = [samples, T, this.#network.version].join();
    const kept = this.#few;
    this.#few = null; // one call at a time has it
    if (kept && kept.key !== key) kept.workspace.free();
    const workspace =
      kept?.key === key
        ? kept.workspace
        : this.#workspace(data, { batchSize: samples, loss: null, kept: true });
    try {
      workspace.load(x.data, null, this.#order(samples, null), 0, samples);
      await workspace.predict(samples, result);
    } finally {
      this.#keep({ key, workspace });
    }
  }

  /** For the next predict of a few sequences, in place of what was kept before. */
  #keep(few: Few | null): void {
    this.#few?.workspace.free();
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

  #workspace(
    { x, samples, T }: Unlabelled,
    { training = false, kept = false, ...plan }: WorkPlan,
  ): Workspace {
    const optimizer = () => {
      this.#optimizer ??= new Adam(this.#network, this.#compiled().optimizer);
      return this.#optimizer.state;
    };
    const options = {
      groupSize: this.#context.groupSize ?? GROUP_SIZE,
      ...plan,
      T,
      batchSize: Math.min(plan.batchSize, samples),
      optimizer: training ? optimizer : null,
    };
    const ids = training || kept || plan.flow ? null : x.data;
    return new Workspace(this.#network, this.#context.team, options, ids);
  }

  #loss(config: CompileConfig): LossKernel {
    return lossKernel(config, this.layers);
  }

  #outputShape(T: number): number[] {
    const units = headUnits(this.layers);
    return this.layers.findLast(isRecurrent)?.returnSequences ? [T, units] : [units];
  }

  #checkInputs(given: Inputs, name?: string): Unlabelled {
    const x = checkInputs(given, this.layers, name);
    const [samples, T] = x.shape as [number, number];
    return { x, samples, T };
  }

  #checkData(x: Inputs, y: Targets, suffix = ""): Samples {
    const inputs = this.#checkInputs(x, `x${suffix}`);
    const { samples, T } = inputs;
    return { ...inputs, y: checkTargets(y, samples, this.#outputShape(T), `y${suffix}`) };
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

/** What a call wants of its workspace. */
type WorkPlan = Pick<WorkspaceOptions, "batchSize" | "loss" | "layers" | "flow"> & {
  readonly groupSize?: number;
  readonly training?: boolean;
  /** For other samples later on: nothing in it depends on these. */
  readonly kept?: boolean;
};

interface Few {
  /** Samples, timesteps, version of the weights. */
  readonly key: string;
  readonly workspace: Workspace;
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

const headUnits = (layers: readonly Layer[]): number => (layers.at(-1) as DenseLayer).units;

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
    history[key].push(value);
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
