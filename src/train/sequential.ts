import { sha256 } from "@noble/hashes/sha2.js";
import { bytesToHex } from "@noble/hashes/utils.js";
import { LstmkitError } from "../errors.ts";
import { encodeModel, type SavedModel } from "../io/model-file.ts";
import { type CompileConfig, type CompileOptions, checkCompile, lossKernel } from "../model/compile.ts";
import type { Layer } from "../model/layers.ts";
import { Network } from "../model/network.ts";
import { summarize } from "../model/summary.ts";
import { sizeOf } from "../model/table.ts";
import type { Team } from "../model/team.ts";
import { type BatchResult, GROUP_SIZE, Workspace } from "../model/workspace.ts";
import type { Kernels } from "../runtime/kernels.ts";
import type { LinearMemory } from "../runtime/memory.ts";
import type { NamedTensor, Tensor } from "../tensor.ts";
import { Adam } from "./adam.ts";
import { checkInputs, checkTargets, type Inputs, type Targets } from "./inputs.ts";
import type { EpochLogs, EvaluateOptions, FitOptions, History, Logs, Model, SaveOptions } from "./model.ts";
import { nextTurn } from "./next-turn.ts";

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
  #running = false;
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
    return this.#run(options.signal, async (checkpoint) => {
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
      const workspace = this.#workspace(train, batchSize, config, true);
      const history: History = { epoch: [], history: { loss: [] } };
      try {
        for (let epoch = 0; epoch < epochs; epoch++) {
          const tally = new Tally();
          const start = performance.now();
          const counter = this.#epoch++;
          const order = this.#order(train.samples, shuffle ? counter : null);
          for (let batch = 0; batch < batches; batch++) {
            await checkpoint();
            const from = batch * batchSize;
            const count = Math.min(batchSize, train.samples - from);
            workspace.load(train.x.data, train.y.data, order, from, count);
            tally.add(this.#step(workspace, count, counter, batch));
            const logs = { ...tally.logs(config), size: count, batches };
            await options.onBatchEnd?.(batch, logs);
          }
          const seconds = (performance.now() - start) / 1000;
          const logs: EpochLogs = { ...tally.logs(config), seconds };
          if (validation && (epoch + 1) % validationFreq === 0) {
            const { loss, accuracy } = await this.#measure(validation, config, batchSize, checkpoint);
            logs.valLoss = loss;
            if (accuracy !== undefined) logs.valAccuracy = accuracy;
          }
          record(history, epoch, logs);
          await options.onEpochEnd?.(epoch, logs);
        }
      } finally {
        workspace.free();
      }
      return history;
    });
  }

  async evaluate(x: Inputs, y: Targets, options: EvaluateOptions = {}): Promise<Logs> {
    return this.#run(options.signal, (checkpoint) =>
      this.#measure(this.#checkData(x, y), this.#compiled(), checkBatchSize(options.batchSize), checkpoint),
    );
  }

  async predict(inputs: Inputs, options: EvaluateOptions = {}): Promise<Tensor<Float32Array>> {
    return this.#run(options.signal, async (checkpoint) => {
      const batchSize = checkBatchSize(options.batchSize);
      const x = checkInputs(inputs, this.layers);
      const [samples, T] = x.shape as [number, number];
      const outputShape = this.#outputShape(T);
      const size = sizeOf(outputShape);
      const result = new Float32Array(samples * size);
      const workspace = this.#workspace({ x, samples, T }, batchSize, null, false);
      try {
        const order = this.#order(samples, null);
        for (let from = 0; from < samples; from += batchSize) {
          await checkpoint();
          const count = Math.min(batchSize, samples - from);
          workspace.load(x.data, null, order, from, count);
          workspace.predict(count, result.subarray(from * size, (from + count) * size));
        }
      } finally {
        workspace.free();
      }
      return { data: result, shape: [samples, ...outputShape] };
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
    this.#alive();
    return this.#network.table.map((spec) => ({
      name: spec.name,
      shape: spec.shape,
      data: this.#network.read(spec),
    }));
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
    if (!this.#running) this.#release();
  }

  #release(): void {
    this.#optimizer?.free();
    this.#network.free();
    this.#context.onDispose(this);
  }

  /** One batch that was loaded: loss, gradient, new weights. */
  #step(workspace: Workspace, count: number, epoch: number, step: number): BatchResult {
    const optimizer = this.#optimizer!; // made with the workspace
    const iteration = optimizer.iterations + 1;
    const result = workspace.train(count, { seed: this.#context.seed, epoch, step, iteration });
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
    checkpoint: () => Promise<void>,
  ): Promise<Logs> {
    const workspace = this.#workspace(data, batchSize, config, false);
    const tally = new Tally();
    try {
      const order = this.#order(data.samples, null);
      for (let from = 0; from < data.samples; from += batchSize) {
        await checkpoint();
        const count = Math.min(batchSize, data.samples - from);
        workspace.load(data.x.data, data.y.data, order, from, count);
        tally.add(workspace.evaluate(count));
      }
    } finally {
      workspace.free();
    }
    return tally.logs(config);
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
    { x, samples, T }: Pick<Samples, "x" | "samples" | "T">,
    batchSize: number,
    config: CompileConfig | null,
    training: boolean,
  ): Workspace {
    const optimizer = () => {
      this.#optimizer ??= new Adam(this.#network, this.#compiled().optimizer);
      return this.#optimizer.state;
    };
    const options = {
      T,
      batchSize: Math.min(batchSize, samples),
      groupSize: this.#context.groupSize ?? GROUP_SIZE,
      loss: config && lossKernel(config, this.layers),
      optimizer: training ? optimizer : null,
    };
    return new Workspace(this.#network, this.#context.team, options, training ? null : x.data);
  }

  #outputShape(T: number): number[] {
    const recurrent = this.layers.findLast((layer) => layer.type === "lstm" || layer.type === "simpleRNN");
    const head = this.layers.at(-1)!;
    const units = head.type === "embedding" ? 0 : head.units;
    return recurrent?.returnSequences ? [T, units] : [units];
  }

  #checkData(x: Inputs, y: Targets, suffix = ""): Samples {
    const inputs = checkInputs(x, this.layers, `x${suffix}`);
    const [samples, T] = inputs.shape as [number, number];
    return { x: inputs, y: checkTargets(y, samples, this.#outputShape(T), `y${suffix}`), samples, T };
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

  /** One call at a time; between its batches the event loop runs and an abort or a dispose is seen. */
  async #run<T>(
    signal: AbortSignal | undefined,
    work: (checkpoint: () => Promise<void>) => Promise<T>,
  ): Promise<T> {
    this.#idle();
    const stop = () => {
      if (signal?.aborted) {
        throw new LstmkitError("ABORTED", "stopped by the signal; the weights keep what was learnt so far.", {
          cause: signal.reason,
        });
      }
      this.#alive();
    };
    stop();
    this.#running = true;
    try {
      return await work(async () => {
        await nextTurn();
        stop();
      });
    } finally {
      this.#running = false;
      if (this.#disposed) this.#release();
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
    if (this.#running) {
      throw new LstmkitError(
        "BUSY",
        "a fit, evaluate or predict is running on this model; await it, or abort it by its signal.",
      );
    }
  }
}

/** What a call on a disposed model rejects with. */
export const modelDisposed = () =>
  new LstmkitError("DISPOSED", "the model was disposed; make or load another.");

interface Samples {
  readonly x: Tensor;
  readonly y: Tensor;
  readonly samples: number;
  readonly T: number;
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
