/**
 * The model, in the thread that calls it. More than 500 lines, because every method of Model is here once, with the few
 * things that they share: the weights, whose turn it is, the batch that they work by. What a fit does is in fit.ts.
 */
import { sha256 } from "@noble/hashes/sha2.js";
import { bytesToHex } from "@noble/hashes/utils.js";
import { version } from "../../package.json";
import { nextTurn } from "../clock.ts";
import { crc32 } from "../crc32.ts";
import { LstmkitError } from "../errors.ts";
import { decodeModel, encodeModel, type SavedModel } from "../formats/model-file.ts";
import type { TrainingState } from "../formats/training-state.ts";
import type { Layer } from "../layers/index.ts";
import { Batch, type BatchOptions, GROUP_SIZE, type GroupPlace } from "../model/batch.ts";
import { type CompileConfig, type CompileOptions, checkCompile } from "../model/compile.ts";
import {
  evenOut,
  type Int8Weight,
  kindsOf,
  levelsOf,
  mayMultiply,
  quantizes,
  quantizeWeight,
} from "../model/int8.ts";
import { isStateful, KeptStates, wholeBatches } from "../model/kept-states.ts";
import { OptimizerMemory } from "../model/optimizer-memory.ts";
import { type Branch, begins, branchesOf, checkLayers, outputShape } from "../model/stack.ts";
import { summarize } from "../model/summary.ts";
import type { Team } from "../model/team.ts";
import { STORE_BYTES, TokenStore } from "../model/token-store.ts";
import { type KeptWeights, sizeOf, Weights } from "../model/weights.ts";
import { rateAt } from "../optimizers/schedules.ts";
import { checkOptions, type Filled } from "../options.ts";
import type { NamedTensor, Tensor } from "../tensor.ts";
import type { Kernels } from "../wasm/kernels.ts";
import type { LinearMemory } from "../wasm/memory.ts";
import { Access, type Pauses } from "./access.ts";
import { behindData, Feed, isBatches, Room, refuseOptionsOfArrays } from "./batches.ts";
import { type FitCheckpoint, pacingOf } from "./checkpoint.ts";
import { checksum } from "./fingerprint.ts";
import { checkStateful, fitModel, type Loaded, logged, planFeed, planFit } from "./fit.ts";
import type { Group } from "./group.ts";
import {
  checkInputs,
  checkSamples,
  dataOf,
  type Inputs,
  type Samples,
  type Targets,
  type Unlabelled,
  weighClasses,
} from "./inputs.ts";
import type {
  EvaluateOptions,
  FitOptions,
  GradientFlow,
  History,
  Logs,
  Model,
  PredictOptions,
  QuantizeOptions,
  ReadOptions,
  SaveOptions,
  Trace,
} from "./model.ts";
import { roomFor } from "./numbers.ts";
import { Streams } from "./open-stream.ts";
import {
  EVALUATE_OPTIONS,
  FIT_OPTIONS,
  PREDICT_OPTIONS,
  QUANTIZE_OPTIONS,
  READ_OPTIONS,
  SAVE_OPTIONS,
} from "./options.ts";
import type { CheckpointHost } from "./run-checkpoints.ts";
import { addTo, checkFacts, logsOf, newRun, noSums } from "./run-state.ts";
import type { Batches, SampleBatch } from "./sample-batch.ts";
import { type Reins, Steering } from "./steering.ts";
import type { Step, StepInput, Stream, StreamOptions, StreamState } from "./stream.ts";
import { blankFlow, blankTrace, everyStep, fillFlow, fillTrace, withoutDropout } from "./trace.ts";
import { checkWeights } from "./weights.ts";

/** Sequences × steps up to which predict keeps its plan: the plan costs as much as some of the work. */
const FEW_STEPS = 1024;

/** Raised with whatever gives the same job another digest: a run goes on with the numbers that it was begun with. */
export const ARITHMETIC = 1;

/** What a model is made on and with. */
export interface SequentialContext {
  readonly kernels: Kernels;
  readonly memory: LinearMemory;
  readonly team: Team;
  /** Fixes initial weights, order of samples and dropout. */
  readonly seed: number;
  /** That of the kernels; default strict. */
  readonly math?: "strict" | "relaxed";
  /** Samples that go through the passes together; changes speed, no bit. Default GROUP_SIZE. */
  readonly groupSize?: number | undefined;
  readonly onDispose: (model: Sequential) => void;
}

export class Sequential implements Model {
  readonly layers: readonly Layer[];
  readonly metadata: Readonly<Record<string, string>>;
  readonly quantized: readonly string[];
  readonly #context: SequentialContext;
  readonly #branches: readonly Branch[];
  /** Of a sample's output, for inputs of so many steps each, as predict last asked for it. */
  #outputs: { readonly T: string; readonly shape: readonly number[] } | null = null;
  readonly #weights: Weights;
  #config: CompileConfig | null = null;
  #optimizer: OptimizerMemory | null = null;
  /** The learning rate that a callback has set, in place of compile's. */
  #rate: number | null = null;
  readonly #state = newRun();
  /** What stateful layers keep from call to call; null where there are none. */
  readonly #kept: KeptStates | null;
  readonly #access = new Access();
  /** The last predict of a few sequences: its batch, for sequences of that shape and weights as they were. */
  #few: Few | null = null;
  /** What predict keeps of known tokens, once it was asked to; and whether a call has it. */
  #store: TokenStore | null = null;
  #storeTaken = false;
  readonly #streams: Streams;
  /** Calls of fit and of those that read batch by batch. */
  #calls = 0;
  #fitting = false;
  #disposed = false;

  /** @throws BAD_LAYER, OUT_OF_MEMORY */
  constructor(context: SequentialContext, layers: readonly Layer[], saved?: SavedModel) {
    this.#context = context;
    this.layers = checkLayers(layers);
    this.#branches = branchesOf(this.layers);
    this.#kept = isStateful(this.layers) ? new KeptStates() : null;
    this.#weights = new Weights(context.kernels, context.memory, this.layers, kindsOf(saved?.int8));
    this.quantized = Object.keys(this.#weights.int8);
    this.metadata = saved?.metadata ?? {};
    this.#streams = new Streams({
      weights: this.#weights,
      layers: this.layers,
      access: this.#access,
      check: () => this.#check(),
      read: (data, work) =>
        this.#read(undefined, (checkpoint) =>
          this.#sweep(data, { ...ONE_GROUP, loss: null, states: null }, checkpoint, work),
        ),
    });
    if (saved) {
      this.#config = saved.compile;
      for (const [i, spec] of this.#weights.table.specs.entries()) {
        this.#weights.write(spec, saved.weights[i]!.data);
        this.#weights.writeScales(spec, saved.int8[spec.name] ?? {});
      }
      if (saved.training && saved.compile) {
        try {
          this.#trainOn(saved.training);
        } catch (error) {
          this.#optimizer?.free();
          this.#weights.free();
          throw error;
        }
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
    this.#rate = null;
    this.#forgetOptimizer();
  }

  async fit(x: Inputs | Batches, y?: Targets | FitOptions, last?: FitOptions): Promise<History> {
    const options = behindData("fit()", x, y, last);
    const given = checkOptions<FitOptions, typeof FIT_OPTIONS>("fit()", options, FIT_OPTIONS);
    const { group } = given;
    if (!group) return this.#fit(x, y, options, given);
    try {
      return await this.#fit(x, y, options, given);
    } catch (error) {
      await group.fail(error);
      throw error;
    }
  }

  async #fit(
    x: Inputs | Batches,
    y: Targets | FitOptions | undefined,
    options: FitOptions | undefined,
    given: Filled<FitOptions, typeof FIT_OPTIONS>,
  ): Promise<History> {
    const { group } = given;
    this.#check(given.signal);
    this.#requireF32("fit()");
    if (this.#fitting) throw busy("a fit is running on this model");
    const config = this.#compiled();
    const weigh = (of: Samples, classes: NonNullable<FitOptions["classWeight"]>) =>
      weighClasses(of, classes, this.layers, config.loss);
    const toValidate = (data: NonNullable<FitOptions["validationData"]>) =>
      isBatches(data)
        ? this.#feed(data, config, " of validationData")
        : this.#samples(data, config, " of validationData");
    let plan: ReturnType<typeof planFit>;
    if (isBatches(x)) {
      const { validationData, classWeight } = given;
      const ownSize = !validationData || isBatches(validationData) ? ["batchSize"] : [];
      refuseOptionsOfArrays("fit()", options, [...ownSize, ...OF_ARRAYS]);
      plan = planFeed(
        this.#feed(x, config, "", classWeight && ((of) => weigh(of, classWeight))),
        given,
        toValidate,
      );
    } else {
      // All that the caller gave is read before anything else can run, and not again.
      const all = checkSamples(x, y as Targets, this.layers, config.loss, given.sampleWeight);
      plan = planFit(all, given, toValidate, weigh);
      if ("samples" in plan.train) this.#kept?.check(checkStateful(plan.train, plan));
    }
    const { checkpoint } = plan;
    if (group && checkpoint) {
      const store = group.store(checkpoint.store);
      plan = {
        ...plan,
        checkpoint: { pacing: pacingOf(checkpoint.store), ...checkpoint, store } as FitCheckpoint,
      };
    }
    this.#fitting = true;
    let stopped = false;
    const stop = () => {
      stopped = true;
    };
    const room = this.#room({ ...config, training: true });
    try {
      return await this.#run(given.signal, async (pauses) => {
        const bound =
          plan.maxLoss === undefined ? null : { maxLoss: plan.maxLoss, good: this.#weights.keep() };
        try {
          return await fitModel(plan, {
            ...pauses,
            config,
            context: new Steering(
              this,
              logged(config, plan.validation !== null),
              this.#reins(config, stop, pauses),
            ),
            get stopped() {
              return stopped;
            },
            state: this.#state,
            open: (data, size) => room.for(data, size),
            free: () => room.free(),
            order: (n, epoch) => this.#order(n, epoch),
            measure: async (data) => {
              const work = () => this.#measure(data, config, plan.batchSize, pauses, group);
              if (!this.#kept) return work();
              const before = this.#kept.values;
              try {
                return await this.#access.change(pauses.stop, work);
              } catch (error) {
                this.#kept.goBack(before);
                throw error;
              }
            },
            step: async (load, epoch, number) => {
              const step = () => this.#step(load, epoch, number, bound, group);
              const result = await this.#access.change(pauses.stop, step);
              stopped ||= result === null;
              return result;
            },
            meet: () =>
              group?.meet(stopped, this.#state.iterations + this.#weights.squares()).then((stops) => {
                stopped = stops;
              }),
            compare: (facts) => group?.compare({ ...this.#facts(), ...facts }),
            checkpoints: (identity) => this.#checkpoints(identity, bound?.good ?? null),
            finish: () => this.#finish(config, pauses.stop),
          });
        } finally {
          bound?.good.free();
        }
      });
    } finally {
      this.#fitting = false;
    }
  }

  /** @param good the weights that were last seen to keep a bound of the loss */
  #checkpoints(identity: Readonly<Record<string, string>>, good: KeptWeights | null): CheckpointHost {
    return {
      identity: { ...this.#identity(), ...identity },
      save: ({ facts, tensors }) => {
        const { facts: ownFacts, tensors: ownTensors } = this.#training();
        const bound = good ? [flat("good", good.read())] : [];
        return this.#encode(
          this.#read32(),
          {},
          { ...this.metadata },
          {
            facts: { ...ownFacts, ...facts },
            tensors: [...ownTensors, ...bound, ...tensors],
          },
        );
      },
      open: (bytes) => {
        const { training, weights } = decodeModel(bytes);
        if (!training) {
          throw new LstmkitError(
            "BAD_CHECKPOINT",
            "the file is a model without the state of its training. Load it with load(), and fit without resume.",
          );
        }
        return {
          state: training,
          steps: Number(training.facts.iterations),
          apply: () => {
            this.#write(weights.map(({ data }) => data));
            this.#trainOn(training);
            good?.write(training.tensors.find(({ name }) => name === "good")!.data);
          },
        };
      },
    };
  }

  #identity(): Record<string, string> {
    return {
      "the layers": JSON.stringify(this.layers),
      "what compile was given": JSON.stringify(this.#config),
      "the seed": String(this.#context.seed),
      "the arithmetic": `${this.#context.math ?? "strict"} ${ARITHMETIC}`,
    };
  }

  /** What has to be the same on all ranks of a group, before a fit; of kernels, what exp makes of some numbers: relaxed ones differ. */
  #facts(): Record<string, string> {
    const { kernels, memory } = this.#context;
    const { epochs, iterations } = this.#state;
    const place = memory.allocate(1024, "a test of the kernels");
    const bytes = memory.u8(place, 1024);
    memory.f32(place, 256).forEach((_, i, x) => {
      x[i] = i / 57 - 2;
    });
    kernels.mapExp(place, place, 256);
    const probe = crc32(bytes);
    memory.free(place);
    return {
      "the version of lstmkit": version,
      "the kernels' rounding": probe.toString(16),
      ...this.#identity(),
      "the weights": `those after ${epochs} epochs and ${iterations} steps, with the squares' sum ${this.#weights.squares()}`,
      "the learning rate that was set": String(this.#rate),
    };
  }

  /** What training goes on from, beside the weights. */
  #training(): TrainingState {
    const { epochs, iterations } = this.#state;
    const saved = this.#optimizer?.read();
    const kept = this.#kept?.values ?? null;
    const facts = {
      epochs,
      iterations,
      rate: this.#rate,
      optimizer: saved
        ? { peak: saved.peak, fastest: saved.fastest, learningRate: saved.learningRate }
        : null,
      keptBatch: kept?.batchSize ?? null,
    };
    const tensors = (saved?.blocks ?? []).flatMap((block, i) =>
      this.#weights.table.specs.map(({ name, shape }, j) => ({
        name: `optimizer/${i}/${name}`,
        shape,
        data: block[j]!,
      })),
    );
    return { facts, tensors: kept ? [...tensors, flat("kept", kept.values)] : tensors };
  }

  /** @throws BAD_MODEL_FILE */
  #trainOn({ facts, tensors }: TrainingState): void {
    const { epochs, iterations, rate, optimizer, keptBatch } = checkFacts(facts);
    const named = new Map(tensors.map((tensor) => [tensor.name, tensor.data]));
    const take = (name: string, length: number) => {
      const data = named.get(name);
      if (data?.length === length) return data;
      throw new LstmkitError(
        "BAD_MODEL_FILE",
        `the file's state of training has no tensor ${name} of ${length} numbers. Save the model again with lstmkit.`,
      );
    };
    this.#rate = rate;
    this.#forgetOptimizer();
    if (optimizer) {
      const memory = this.#optimizerMemory();
      const blocks = Array.from({ length: memory.blocks }, (_, i) =>
        this.#weights.table.specs.map(({ name, shape }) => take(`optimizer/${i}/${name}`, sizeOf(shape))),
      );
      memory.write({ ...optimizer, blocks });
    }
    if (this.#kept && keptBatch !== null) {
      const values = named.get("kept");
      if (values) this.#kept.take(keptBatch, values);
    } else this.#kept?.reset();
    Object.assign(this.#state, { epochs, iterations });
  }

  /** What callbacks of a fit may do to it. */
  #reins({ optimizer }: CompileConfig, stop: () => void, pauses: Pauses): Reins {
    const rate = () => this.#optimizer?.learningRate ?? this.#rate ?? rateAt(optimizer.learningRate, 1);
    return {
      stop,
      get learningRate() {
        return rate();
      },
      setLearningRate: async (learningRate) => {
        this.#alive();
        this.#optimizerMemory().learningRate = learningRate;
        this.#rate = learningRate;
      },
      setWeights: async (weights) => {
        const checked = checkWeights(weights, this.#weights.table.specs);
        await this.#access.change(pauses.stop, async () => this.#write(checked));
      },
    };
  }

  /**
   * One batch: loss, gradient, new weights.
   *
   * @param load puts it in, and says how many samples it has
   * @param bound of the loss, and the weights that were last seen to keep it
   */
  async #step(
    load: () => Loaded,
    epoch: number,
    number: number,
    bound: { readonly maxLoss: number; readonly good: KeptWeights } | null,
    group: Group | undefined,
  ) {
    const { batch, count, check } = load();
    const optimizer = this.#optimizer!; // made with the batch
    const counters = { seed: this.#context.seed, epoch, batch: number };
    const result = group
      ? await batch.gradientTogether(count, counters, placeIn(group, check))
      : await batch.gradient(count, counters);
    if (!result) return null;
    const { loss, peak } = result;
    const notGood = (what: string, kept = "the weights of the batch before are kept") =>
      new LstmkitError(
        "LOSS_NOT_FINITE",
        `batch ${number} of epoch ${epoch} gave ${what}; ${kept}. Lower learningRate, or scale the data.`,
      );
    const finite = !Number.isNaN(peak);
    if (bound && !(finite && loss <= bound.maxLoss)) {
      if (finite) await batch.forget();
      if (bound.good.restore()) this.#forgetOptimizer(); // what carried them away is in the optimiser's slots
      throw notGood(
        `loss ${loss}, and maxLoss is ${bound.maxLoss}`,
        "the weights are those of before it was passed",
      );
    }
    if (!finite) throw notGood(`loss ${loss}, or a gradient that is not finite`);
    bound?.good.renew();
    const iteration = this.#state.iterations + 1;
    if (!(await batch.update(iteration, optimizer.begin(peak, iteration)))) {
      this.#forgetOptimizer(); // as above
      throw notGood("weights that are not finite in float32");
    }
    this.#state.iterations = iteration;
    return result;
  }

  /** The end of a fit: the weights become their moving average, where there is one. */
  async #finish({ optimizer }: CompileConfig, stop: Pauses["stop"]): Promise<void> {
    if (!optimizer.useEma) return;
    await this.#access.change(stop, async () => this.#optimizer?.finish(this.#state.iterations));
  }

  async evaluate(x: Inputs | Batches, y?: Targets | EvaluateOptions, last?: EvaluateOptions): Promise<Logs> {
    const options = behindData("evaluate()", x, y, last);
    const { batchSize, sampleWeight, signal } = evaluateOptions(options);
    this.#check(signal);
    const config = this.#compiled();
    if (isBatches(x)) {
      refuseOptionsOfArrays("evaluate()", options, ["batchSize", "sampleWeight"]);
      const feed = this.#feed(x, config);
      return this.#goOn(signal, (pauses) => this.#measure(feed, config, batchSize, pauses));
    }
    const data = checkSamples(x, y as Targets, this.layers, config.loss, sampleWeight);
    this.#kept?.check(wholeBatches(data.samples, batchSize));
    return this.#goOn(signal, (pauses) => this.#measure(data, config, batchSize, pauses));
  }

  /** A batch of the caller's, or all of its data. */
  #samples([x, y, weights]: SampleBatch, { loss }: CompileConfig, suffix: string): Samples {
    return checkSamples(x, y, this.layers, loss, weights, suffix);
  }

  /** @param of in messages, behind "batch 3". @param weigh what each batch's samples count for */
  #feed(batches: Batches, config: CompileConfig, of = "", weigh = (samples: Samples) => samples): Feed {
    return new Feed(batches, (batch, suffix) => weigh(this.#samples(batch, config, suffix)), of);
  }

  /** For batches of one call. */
  #room(plan: Omit<WorkPlan, "batchSize">): Room {
    return new Room((data, batchSize) => this.#batch(data, { ...plan, batchSize }), this.#kept !== null);
  }

  async predict(inputs: Inputs, options: PredictOptions = {}): Promise<Tensor<Float32Array>> {
    const { batchSize, cacheTokens, signal } = predictOptions(options);
    this.#check(signal);
    const data = checkInputs(inputs, this.#branches);
    const { samples, T } = data;
    this.#kept?.check(wholeBatches(samples, batchSize));
    const steps = T.join();
    if (this.#outputs?.T !== steps) this.#outputs = { T: steps, shape: outputShape(this.layers, T) };
    const shape = [samples, ...this.#outputs.shape];
    const result = roomFor(shape, Float32Array, "the result");
    return this.#goOn(signal, async ({ checkpoint }) => {
      const store = this.#takeStore(cacheTokens, data, batchSize);
      try {
        if (samples <= batchSize && samples * T.reduce((a, b) => a + b) <= FEW_STEPS)
          await this.#predictFew(data, result, store);
        else {
          await this.#sweep(data, { batchSize, loss: null, store }, checkpoint, (batch, from, count) =>
            batch.predict(count, rows(result, samples, from, count)),
          );
        }
      } finally {
        if (store) this.#storeTaken = false;
      }
      return { data: result, shape };
    });
  }

  async stream(options?: StreamOptions): Promise<Stream> {
    this.#check();
    return this.#streams.open(options);
  }

  async step(x: StepInput, state?: StreamState): Promise<Step> {
    this.#check();
    return this.#streams.step(x, state);
  }

  async trace(inputs: Inputs, options: ReadOptions = {}): Promise<Trace> {
    const { signal } = readOptions("trace()", options);
    this.#check(signal);
    const data = checkInputs(inputs, this.#branches);
    const { samples, T } = data;
    const layers = everyStep(this.layers);
    const trace = blankTrace(layers, samples, T, outputShape(layers, T));
    return this.#read(signal, async (checkpoint) => {
      await this.#sweep(
        data,
        { ...ONE_GROUP, layers, loss: null, states: null },
        checkpoint,
        async (batch, from, count) => {
          const outputs = rows(trace.outputs.data, samples, from, count);
          fillTrace(trace, from, await batch.trace(count, outputs));
        },
      );
      return trace;
    });
  }

  async gradientFlow(x: Inputs, y: Targets, options: ReadOptions = {}): Promise<GradientFlow> {
    const { signal } = readOptions("gradientFlow()", options);
    this.#check(signal);
    const { loss, lossWeights } = this.#compiled();
    const data = checkSamples(x, y, this.layers, loss);
    const { samples, T } = data;
    const layers = withoutDropout(this.layers);
    const flow = blankFlow(layers, samples, T);
    return this.#read(signal, async (checkpoint) => {
      await this.#sweep(
        data,
        { ...ONE_GROUP, layers, loss, lossWeights, flow: true, states: null },
        checkpoint,
        async (batch, from, count) => {
          fillFlow(flow, from, await batch.flow(count, rows(flow.losses.data, samples, from, count)));
        },
      );
      return flow;
    });
  }

  async resetStates(): Promise<void> {
    const alive = () => this.#alive();
    alive();
    if (this.#kept) await this.#access.change(alive, async () => this.#kept?.reset());
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
    return this.#access.read(alive, async () => this.#read32());
  }

  #read32(): NamedTensor[] {
    return this.#weights.table.specs.map((spec) => ({
      name: spec.name,
      shape: spec.shape,
      data: this.#weights.read(spec),
    }));
  }

  async setWeights(weights: readonly Tensor<Float32Array>[]): Promise<void> {
    this.#idle();
    this.#requireF32("setWeights()");
    this.#write(checkWeights(weights, this.#weights.table.specs));
  }

  #write(weights: readonly Float32Array[]): void {
    for (const [i, spec] of this.#weights.table.specs.entries()) this.#weights.write(spec, weights[i]!);
    this.#optimizer?.forgetReach();
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

  async save(options: SaveOptions = {}): Promise<Uint8Array<ArrayBuffer>> {
    const { metadata: own, optimizer } = checkOptions<SaveOptions, typeof SAVE_OPTIONS>(
      "save()",
      options,
      SAVE_OPTIONS,
    );
    const metadata = { ...this.metadata, ...own };
    const alive = () => this.#alive();
    alive();
    // Of one moment: a step changes both.
    const [weights, training] = await this.#access.read(alive, async () => [
      this.#read32(),
      optimizer && this.quantized.length === 0 ? this.#training() : undefined,
    ]);
    const held = this.#weights.table.specs.flatMap((spec, i): [string, Int8Weight][] => {
      if (!spec.scales) return [];
      const scales = this.#weights.scalesOf(spec);
      return [[spec.name, { q: levelsOf(weights[i]!.data, scales, spec.shape.at(-1)!), ...scales }]];
    });
    return this.#encode(weights, Object.fromEntries(held), metadata, training);
  }

  #encode(
    weights: readonly NamedTensor[],
    int8: SavedModel["int8"],
    metadata: Record<string, string>,
    training?: TrainingState,
  ): Uint8Array<ArrayBuffer> {
    const { seed } = this.#context;
    return encodeModel({
      layers: this.layers,
      weights,
      int8,
      compile: this.#config,
      seed,
      metadata,
      training,
    });
  }

  async quantize(options: QuantizeOptions = {}): Promise<Uint8Array<ArrayBuffer>> {
    const { calibration, signal } = checkOptions<QuantizeOptions, typeof QUANTIZE_OPTIONS>(
      "quantize()",
      options,
      QUANTIZE_OPTIONS,
    );
    this.#check(signal);
    this.#requireF32("quantize()");
    const branches = branchesOf(this.layers);
    const data = calibration === undefined ? null : checkInputs(calibration, branches, "calibration");
    return this.#read(signal, async (checkpoint) => {
      const sizes = data && (await this.#sizes(data, checkpoint));
      const raw = this.layers.map((_, i) => begins(this.layers, i) || this.layers[i - 1]!.type === "input");
      const int8: Record<string, Int8Weight> = {};
      for (const spec of this.#weights.table.specs) {
        const values = this.#weights.read(spec);
        if (!quantizes(spec, values)) continue;
        const size = spec.meets === undefined ? undefined : sizes?.[spec.layer]?.[spec.meets];
        // What numbers of the caller's are like is not known without some: their product stays in f32.
        const multiplies =
          mayMultiply(spec) && (size !== undefined || spec.meets !== "x" || !raw[spec.layer]);
        const even = size ? evenOut(size) : new Float32Array(spec.rows).fill(1);
        int8[spec.name] = quantizeWeight(spec, values, multiplies ? even : undefined);
      }
      const weights = this.#weights.table.specs.map(
        (spec): NamedTensor => ({ name: spec.name, shape: spec.shape, data: this.#weights.read(spec) }),
      );
      return this.#encode(weights, int8, { ...this.metadata });
    });
  }

  /** Of each layer the largest absolute numbers that it reads, and of its states, in what the model is given. */
  async #sizes(data: Unlabelled, checkpoint: Pauses["checkpoint"]) {
    let all: Readonly<Record<string, Float32Array>>[] = [];
    const plan = { ...ONE_GROUP, loss: null, states: null, everyRow: true };
    await this.#sweep(data, plan, checkpoint, async (batch, _, count) => {
      const found = await batch.sizes(count);
      if (all.length === 0) all = found;
      else {
        for (const [i, of] of found.entries()) {
          for (const [name, sizes] of Object.entries(of)) {
            const sofar = all[i]![name]!;
            for (const [j, size] of sizes.entries()) sofar[j] = Math.max(sofar[j]!, size);
          }
        }
      }
    });
    return all;
  }

  /** @throws QUANTIZED */
  #requireF32(call: string): void {
    if (this.quantized.length === 0) return;
    throw new LstmkitError(
      "QUANTIZED",
      `${call} on a model with weights in int8, which are not changed. Use the model that it was made from, and ` +
        "quantize it again.",
    );
  }

  async dispose(): Promise<void> {
    if (this.#disposed) return;
    this.#disposed = true;
    this.#access.wake();
    if (this.#calls === 0) this.#release();
  }

  /** @throws OUT_OF_MEMORY */
  #optimizerMemory(): OptimizerMemory {
    if (this.#optimizer) return this.#optimizer;
    this.#optimizer = new OptimizerMemory(this.#weights, this.#compiled().optimizer);
    if (this.#rate !== null) this.#optimizer.learningRate = this.#rate;
    return this.#optimizer;
  }

  #forgetOptimizer(): void {
    this.#optimizer?.free();
    this.#optimizer = null;
    this.#state.iterations = 0;
  }

  #release(): void {
    this.#freeStore();
    this.#streams.free();
    this.#optimizer?.free();
    this.#weights.free();
    this.#context.onDispose(this);
  }

  /** Have the calls that wait look whether they are to end. */
  wake(): void {
    this.#access.wake();
  }

  async #measure(
    data: Samples | Feed,
    config: CompileConfig,
    batchSize: number,
    { checkpoint, until }: Pauses,
    group?: Group,
  ): Promise<Logs> {
    const sums = noSums();
    const measure = async (batch: Batch, count: number, check: Loaded["check"] = null) =>
      addTo(
        sums,
        await (group ? batch.evaluateTogether(count, placeIn(group, check)) : batch.evaluate(count)),
      );
    if ("samples" in data) {
      const plan = { ...config, batchSize };
      await this.#sweep(data, plan, checkpoint, (batch, _, count) => measure(batch, count));
      return logsOf(sums, config);
    }
    const room = this.#room({ ...config, kept: true });
    try {
      do {
        await checkpoint();
        const samples = await data.take(until);
        const count = samples.samples;
        const batch = room.for(samples, count);
        batch.load(
          dataOf(samples),
          samples.y.data,
          this.#order(count, null),
          0,
          count,
          samples.weights?.data,
        );
        await measure(batch, count, () => checksum(samples));
      } while (!(await data.ended(until)));
    } finally {
      room.free();
      data.close();
    }
    return logsOf(sums, config);
  }

  /** Batch by batch through all samples as they stand; `work` finds those from `from` on loaded. */
  async #sweep(
    data: Unlabelled & Partial<Pick<Samples, "y" | "weights">>,
    plan: WorkPlan,
    checkpoint: Pauses["checkpoint"],
    work: (batch: Batch, from: number, count: number) => Promise<void>,
  ): Promise<void> {
    const { y, weights, samples } = data;
    const batch = this.#batch(data, plan);
    try {
      const order = this.#order(samples, null);
      for (let from = 0; from < samples; from += plan.batchSize) {
        if (from > 0) await checkpoint();
        const count = Math.min(plan.batchSize, samples - from);
        batch.load(dataOf(data), y?.data ?? null, order, from, count, weights?.data);
        await work(batch, from, count);
      }
    } finally {
      batch.free();
    }
  }

  /** As one batch, with the plan and the packed weights of the call before where they still hold. */
  async #predictFew(data: Unlabelled, result: Float32Array, store: TokenStore | null): Promise<void> {
    const { samples, T } = data;
    const key = [samples, ...T, this.#weights.version, store !== null].join();
    const kept = this.#few;
    this.#few = null; // one call at a time has it
    if (kept && kept.key !== key) kept.batch.free();
    const batch =
      kept?.key === key
        ? kept.batch
        : this.#batch(data, { batchSize: samples, loss: null, kept: true, store });
    try {
      batch.load(dataOf(data), null, this.#order(samples, null), 0, samples);
      await batch.predict(samples, result);
    } finally {
      this.#keep({ key, batch });
    }
  }

  /** For a call that has it alone; null where it was not asked for, is taken, or has no room for such a batch. */
  #takeStore(
    cacheTokens: boolean | number,
    { samples, T }: Unlabelled,
    batchSize: number,
  ): TokenStore | null {
    const bytes = cacheTokens === true ? STORE_BYTES : Number(cacheTokens);
    if (bytes === 0 || this.#storeTaken) return null;
    if (this.#store?.bytes !== bytes) {
      this.#freeStore();
      this.#store = new TokenStore(this.#weights, this.layers, bytes);
    }
    if (!this.#store?.holds(Math.min(samples, batchSize), T)) return null;
    this.#storeTaken = true;
    return this.#store;
  }

  #freeStore(): void {
    this.#keep(null); // it may be bound to the store
    this.#store?.free();
    this.#store = null;
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

  #batch(
    data: Unlabelled & Partial<Pick<Samples, "weights">>,
    { training = false, kept = false, everyRow = false, ...plan }: WorkPlan,
  ): Batch {
    const { samples, T, weights = null } = data;
    const options = {
      layers: this.layers,
      groupSize: this.#context.groupSize ?? GROUP_SIZE,
      states: this.#kept,
      ...plan,
      weighted: weights !== null,
      T,
      batchSize: Math.min(plan.batchSize, samples),
      optimizer: training ? () => this.#optimizerMemory().state : null,
      lists: kept,
    };
    const known = training || kept || everyRow || plan.flow || plan.store ? null : dataOf(data);
    return new Batch(this.#weights, this.#context.team, options, known);
  }

  /** A call that sees the weights of one moment, and changes nothing. */
  #read<T>(
    signal: AbortSignal | undefined,
    work: (checkpoint: Pauses["checkpoint"]) => Promise<T>,
  ): Promise<T> {
    return this.#run(signal, ({ stop, checkpoint }) => this.#access.read(stop, () => work(checkpoint)));
  }

  /** A call that goes on from the states of the call before, where there are some: then none but it is under way. */
  #goOn<T>(signal: AbortSignal | undefined, work: (pauses: Pauses) => Promise<T>): Promise<T> {
    return this.#run(signal, (pauses) =>
      this.#kept
        ? this.#access.change(pauses.stop, () => work(pauses))
        : this.#access.read(pauses.stop, () => work(pauses)),
    );
  }

  /** A call that works batch by batch; between them the event loop runs and an abort or a dispose is seen. */
  async #run<T>(signal: AbortSignal | undefined, work: (pauses: Pauses) => Promise<T>): Promise<T> {
    const stop = () => this.#check(signal);
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

  /** Whether a call may begin, or go on. @throws DISPOSED, THREAD_FAILED, ABORTED */
  #check(signal?: AbortSignal): void {
    this.#alive();
    this.#context.team.check();
    if (signal?.aborted) {
      throw new LstmkitError("ABORTED", "stopped by the signal; the weights keep what was learnt so far.", {
        cause: signal.reason,
      });
    }
  }

  #compiled(): CompileConfig {
    if (this.#config) return this.#config;
    throw new LstmkitError(
      "NOT_COMPILED",
      'call compile({ loss: "binaryCrossentropy" }), or with another loss, before fit and evaluate.',
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

/** Options of fit that say how arrays are cut into batches, but for batchSize. */
const OF_ARRAYS = ["shuffle", "dropRemainder", "validationSplit", "sampleWeight"];

const busy = (what: string) => new LstmkitError("BUSY", `${what}; await it, or abort it by its signal.`);

/** What a call on a disposed model rejects with. */
export const modelDisposed = () =>
  new LstmkitError("DISPOSED", "the model was disposed; make or load another.");

/** @param check of data that nobody has compared */
const placeIn = (group: Group, check: Loaded["check"]): GroupPlace => ({
  rank: group.rank,
  size: group.size,
  exchange: (step) => group.exchange(check ? { ...step, check: check() } : step),
});

const evaluateOptions = (options: EvaluateOptions | undefined) =>
  checkOptions<EvaluateOptions, typeof EVALUATE_OPTIONS>("evaluate()", options, EVALUATE_OPTIONS);

const predictOptions = (options: PredictOptions) =>
  checkOptions<PredictOptions, typeof PREDICT_OPTIONS>("predict()", options, PREDICT_OPTIONS);

const readOptions = (call: string, options: ReadOptions) =>
  checkOptions<ReadOptions, typeof READ_OPTIONS>(call, options, READ_OPTIONS);

/** What a call wants of its batch. */
type WorkPlan = Pick<
  BatchOptions,
  "batchSize" | "loss" | "lossWeights" | "metrics" | "flow" | "states" | "store"
> & {
  readonly layers?: readonly Layer[];
  readonly groupSize?: number;
  readonly training?: boolean;
  /** For other samples later on: nothing in it depends on these. */
  readonly kept?: boolean;
  /** No row is made once for all places of a token: what each layer reads is there. */
  readonly everyRow?: boolean;
};

interface Few {
  /** Samples, timesteps, version of the weights. */
  readonly key: string;
  readonly batch: Batch;
}

const flat = (name: string, data: Float32Array): NamedTensor => ({
  name,
  shape: [data.length],
  data: data.slice(),
});

/** Batches of a single group, which leave what every step had in memory. */
const ONE_GROUP = { batchSize: GROUP_SIZE, groupSize: GROUP_SIZE };

/** The numbers of `count` samples from `from` on. */
function rows(all: Float32Array, samples: number, from: number, count: number): Float32Array {
  const size = all.length / samples;
  return all.subarray(from * size, (from + count) * size);
}
