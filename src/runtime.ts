/** The runtime: kernels on a memory, and the models made on them. */
import { version } from "../package.json";
import { allBytesOf, type Bytes, type BytesFile } from "./bytes.ts";
import { LstmkitError } from "./errors.ts";
import { decodeModel } from "./formats/model-file.ts";
import type { Layer } from "./layers/index.ts";
import { elementwise } from "./model/elementwise.ts";
import { type Engine, openEngine } from "./model/engine.ts";
import { checkOptions, oneOf, wholeNumber } from "./options.ts";
import type { Model } from "./train/model.ts";
import { Sequential } from "./train/sequential.ts";
import {
  hasExactDot,
  type KernelBuild,
  type KernelSource,
  readKernels,
  requireRelaxedSimd,
} from "./wasm/kernels.ts";
import { type Platform, whyNotShared } from "./wasm/platform.ts";
import { chooseVectors } from "./wasm/vectors.ts";

/** Options of `createRuntime()`. */
export interface RuntimeOptions {
  /**
   * The WebAssembly module, its bytes, its URL or a Response; or a function from a build's file name
   * to one of these. Default: the files of the package.
   */
  kernels?: KernelSource | ((file: KernelBuild) => KernelSource);
  /**
   * Threads that train and predict, this one included; `auto` for one a processor. They change the
   * speed and no bit. Where memory cannot be shared it is one: see info(). Default 1.
   */
  threads?: number | "auto";
  /**
   * `strict`: the same bits on every engine. `relaxed`: fused multiply-add where the engine has it,
   * faster and within the same tolerances, but another CPU may give other bits. Default `strict`.
   */
  math?: "strict" | "relaxed";
  /**
   * Bits of the vectors that kernels compute with; they change the speed and no bit of a strict result. 256 turns on
   * a pass of V8's, `--experimental-wasm-revectorize`, for the whole process: in Node 24 and 26, on x64 processors.
   * Where that cannot be, it is 128 and info() says why. `auto`: 256 where the pass is on already. Default `auto`.
   */
  vectors?: 128 | 256 | "auto";
}

/** A model file: its bytes, or a Blob, a File or a Response that gives them. */
export type ModelBytes = Bytes | BytesFile;

/** Options of `sequential()`. */
export interface ModelOptions {
  /** Whole number in [0, 2³²): fixes initial weights, order of samples and dropout. Default 0. */
  seed?: number;
}

/** What a runtime runs on. */
export interface RuntimeInfo {
  readonly version: string;
  /** As the host calls itself: `node 24.1.0`, or a browser's user agent. */
  readonly engine: string;
  readonly math: "strict" | "relaxed";
  readonly threads: number;
  /** In the thread that called createRuntime(), or in the worker of spawnRuntime(). */
  readonly where: "thread" | "worker";
  /** Why there are fewer threads than were asked for; absent where there are not. */
  readonly threadsReason?: string;
  /** Bits of a vector. */
  readonly vectors: 128 | 256;
  /** Why it is 128; absent where that was asked for. */
  readonly vectorsReason?: string;
  /** Size of the linear memory now, bytes. */
  readonly memoryBytes: number;
  /** Bytes of it in use by models. */
  readonly memoryInUse: number;
}

/** What {@link Runtime.elementwise} computes. */
export type ElementwiseName = "sin" | "cos" | "log" | "exp";

/** Makes models: in this thread from createRuntime(), in a worker from spawnRuntime(). */
export interface Runtime {
  /** A model from layer descriptions. @throws BAD_LAYER, BAD_ARGUMENT, OUT_OF_MEMORY, THREAD_FAILED, DISPOSED */
  sequential(layers: readonly Layer[], options?: ModelOptions): Promise<Model>;
  /**
   * A model from the bytes of a model file, with the weights and the compile options that it was saved with.
   *
   * fit() on it does not go on where the saved model stopped: the file has no state of Adam and no count of epochs.
   * Adam begins anew, with moments of 0, and the shuffles and dropout masks of epoch 0 come again, as on a new model
   * of the same seed that was given these weights.
   *
   * A model with weights in int8 is opened like any other; in a relaxed runtime it needs an engine whose relaxed SIMD
   * multiplies bytes exactly.
   *
   * @throws BAD_MODEL_FILE, UNSUPPORTED_ENGINE, OUT_OF_MEMORY, THREAD_FAILED, DISPOSED
   */
  load(file: ModelBytes): Promise<Model>;
  /**
   * sin, cos, log or exp of each number, in f64: within 1 ulp, and the same bits on every engine and in relaxed math too,
   * which those of Math are not. sin and cos of radians from -2²⁰ to 2²⁰, and NaN beyond.
   *
   * @throws BAD_ARGUMENT, BAD_VALUE for what is no number; OUT_OF_MEMORY, DISPOSED
   */
  elementwise(name: ElementwiseName, values: ArrayLike<number>): Promise<Float64Array<ArrayBuffer>>;
  /** Which kernels, how many threads, and why; how much memory. */
  info(): Promise<RuntimeInfo>;
  /** Dispose of every model and end the threads; the memory goes with the runtime itself. */
  close(): Promise<void>;
}

const isThreads = wholeNumber(1, 64);

/** What createRuntime() takes; spawnRuntime() takes a worker beside. */
export const RUNTIME_OPTIONS = {
  kernels: {
    wanted: "a module, its bytes, its URL or a Response, or a function that gives one",
    accepts: (value: unknown) => ["object", "function", "string"].includes(typeof value) && value !== null,
    fallback: undefined,
  },
  threads: {
    wanted: `"auto" or ${isThreads.wanted}`,
    accepts: (value: unknown) => value === "auto" || isThreads.accepts(value),
    fallback: 1 as const,
  },
  math: { ...oneOf("strict", "relaxed"), fallback: "strict" as const },
  vectors: {
    wanted: '128, 256 or "auto"',
    accepts: (value: unknown) => value === 128 || value === 256 || value === "auto",
    fallback: "auto" as const,
  },
};

const MODEL_OPTIONS = { seed: { ...wholeNumber(0, 2 ** 32 - 1), fallback: 0 } };

/** More threads than a batch of the usual size has shards would only wait. */
const MAX_AUTO_THREADS = 8;

/**
 * Load the kernels into this thread, and start the other threads of the team.
 *
 * @throws UNSUPPORTED_ENGINE, FILE_UNREADABLE, BAD_ARGUMENT, OUT_OF_MEMORY, THREAD_FAILED
 */
export async function openRuntime(platform: Platform, options: RuntimeOptions = {}): Promise<Runtime> {
  const { threads, math, vectors } = checkOptions<RuntimeOptions, typeof RUNTIME_OPTIONS>(
    "a runtime",
    options,
    RUNTIME_OPTIONS,
  );
  if (math === "relaxed") requireRelaxedSimd();
  const wanted = threads === "auto" ? Math.min(platform.cores(), MAX_AUTO_THREADS) : threads;
  const reason = wanted > 1 ? whyNoThreads(platform) : undefined;
  const size = reason === undefined ? wanted : 1;
  const build = math === "relaxed" ? ".relaxed" : hasExactDot() ? ".dot" : "";
  const file = `kernels${build}${size > 1 ? ".shared" : ""}.wasm` as const;
  // At a time: while the kernels are on their way, there is time to measure.
  const pass = await platform.vectorPass?.();
  const [found, choice] = await Promise.all([
    findKernels(file, platform, options),
    chooseVectors(vectors, pass),
  ]);
  const engine = await openEngine({ platform, file, found, size, pass, ...choice });
  return new LocalRuntime(engine, { math, ...(reason !== undefined && { threadsReason: reason }) });
}

/**
 * A build of the kernels, the caller's own or the package's, as it comes: compiled, or bytes.
 *
 * @throws FILE_UNREADABLE, BAD_ARGUMENT
 */
export async function findKernels(
  file: KernelBuild,
  platform: Pick<Platform, "kernels" | "dotless">,
  { kernels: given }: Pick<RuntimeOptions, "kernels">,
): ReturnType<typeof readKernels> {
  const build = platform.dotless ? (file.replace(".dot", "") as KernelBuild) : file;
  if (given === undefined) return readKernels(() => platform.kernels(build), build);
  return readKernels(typeof given === "function" ? () => given(build) : given, build);
}

/** Why there can be no second thread here; undefined where there can. */
const whyNoThreads = ({ startThread }: Platform): string | undefined =>
  typeof startThread === "string" ? startThread : whyNotShared();

class LocalRuntime implements Runtime {
  /** Models are made on the last; those before it had kernels of 256 bits that were found wrong, and have models still. */
  readonly #engines: Engine[] = [];
  readonly #models = new Set<Sequential>();
  readonly #facts: Pick<RuntimeInfo, "math" | "threadsReason">;
  /** The last request for a model: one at a time has its kernels tried. */
  #trusting: Promise<unknown> = Promise.resolve();
  #closing: Promise<void> | null = null;

  constructor(engine: Engine, facts: Pick<RuntimeInfo, "math" | "threadsReason">) {
    this.#facts = facts;
    this.#use(engine);
  }

  #use(engine: Engine): void {
    this.#engines.push(engine);
    for (const { ended } of engine.threads) void ended.then((reason) => this.#lose(engine, reason));
  }

  get #engine(): Engine {
    return this.#engines.at(-1)!; // there always is one
  }

  async sequential(layers: readonly Layer[], options: ModelOptions = {}): Promise<Model> {
    const { seed } = checkOptions<ModelOptions, typeof MODEL_OPTIONS>("sequential()", options, MODEL_OPTIONS);
    await this.#trust(layers);
    return this.#add(new Sequential(this.#context(seed), layers));
  }

  async load(file: ModelBytes): Promise<Model> {
    const bytes = allBytesOf(file, "load()");
    const saved = decodeModel(bytes instanceof Promise ? await bytes : bytes);
    const isInt8 = Object.keys(saved.int8).length > 0;
    if (isInt8 && this.#facts.math === "relaxed" && !hasExactDot()) {
      throw new LstmkitError(
        "UNSUPPORTED_ENGINE",
        "the model has weights in int8, and the relaxed SIMD of this engine multiplies bytes wrongly, as that of Node 20 " +
          'does. Use math: "strict", which does without it.',
      );
    }
    await this.#trust(saved.layers, isInt8);
    return this.#add(new Sequential(this.#context(saved.seed), saved.layers, saved));
  }

  async elementwise(name: ElementwiseName, values: ArrayLike<number>): Promise<Float64Array<ArrayBuffer>> {
    this.#open();
    const { kernels, memory } = this.#engine;
    return elementwise(kernels, memory, name, values);
  }

  async info(): Promise<RuntimeInfo> {
    const { size, vectors, reason } = this.#engine;
    const sum = (of: (engine: Engine) => number) => this.#engines.reduce((total, one) => total + of(one), 0);
    return {
      version,
      engine: engineName(),
      ...this.#facts,
      threads: size,
      vectors,
      ...(reason !== undefined && { vectorsReason: reason }),
      where: "thread",
      memoryBytes: sum(({ memory }) => memory.bytes),
      memoryInUse: sum(({ memory }) => memory.bytesInUse),
    };
  }

  close(): Promise<void> {
    this.#closing ??= this.#end();
    return this.#closing;
  }

  async #end(): Promise<void> {
    await Promise.all([...this.#models].map((model) => model.dispose()));
    await this.#trusting;
    await Promise.all(this.#engines.map((engine) => engine.end()));
  }

  /** A thread has ended, whoever ended it; after close() that is of no consequence. */
  #lose(engine: Engine, reason: unknown): void {
    engine.team.fail(reason);
    for (const model of this.#models) model.wake();
  }

  /** Have the kernels of these layers tried, and of int8 where there is some; where they are wrong, go on with others. */
  #trust(layers: readonly Layer[], isInt8 = false): Promise<void> {
    const trusted = this.#trusting.then(async () => {
      if (this.#closing || (await this.#engine.trusts(layers, isInt8))) return;
      const wrong = this.#engine;
      this.#use(await wrong.narrower());
      if (this.#models.size > 0) return;
      this.#engines.shift();
      await wrong.end();
    });
    this.#trusting = trusted.catch(() => {});
    return trusted;
  }

  #open(): void {
    if (this.#closing) throw new LstmkitError("DISPOSED", "the runtime was closed; create another.");
  }

  #context(seed: number) {
    this.#open();
    const { kernels, memory, team } = this.#engine;
    team.check();
    const onDispose = (model: Sequential) => this.#models.delete(model);
    return { kernels, memory, team, seed, math: this.#facts.math, onDispose };
  }

  #add(model: Sequential): Model {
    this.#models.add(model);
    return model;
  }
}

function engineName(): string {
  const host = globalThis as {
    Bun?: { version: string };
    Deno?: { version: { deno: string } };
    process?: { versions?: { node?: string } };
    navigator?: { userAgent?: string };
  };
  if (host.Bun) return `bun ${host.Bun.version}`;
  if (host.Deno) return `deno ${host.Deno.version.deno}`;
  if (host.process?.versions?.node) return `node ${host.process.versions.node}`;
  return host.navigator?.userAgent ?? "unknown";
}
