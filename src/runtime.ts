/** The runtime: kernels on a memory, and the models made on them. */
import { version } from "../package.json";
import { allBytesOf, type Bytes, type BytesFile } from "./bytes.ts";
import { LstmkitError } from "./errors.ts";
import { decodeModel } from "./formats/model-file.ts";
import type { WasmModule } from "./host-types.ts";
import type { Layer } from "./layers/index.ts";
import { Team } from "./model/team.ts";
import { checkOptions, oneOf, wholeNumber } from "./options.ts";
import type { Model } from "./train/model.ts";
import { Sequential } from "./train/sequential.ts";
import {
  compileKernels,
  hasExactDot,
  instantiateKernels,
  type KernelBuild,
  type KernelSource,
  type Kernels,
  requireRelaxedSimd,
} from "./wasm/kernels.ts";
import { growableMemory, LinearMemory } from "./wasm/memory.ts";
import {
  type Platform,
  type StartThread,
  type Thread,
  type ThreadInit,
  whyNotShared,
} from "./wasm/platform.ts";

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
  /** Size of the linear memory now, bytes. */
  readonly memoryBytes: number;
  /** Bytes of it in use by models. */
  readonly memoryInUse: number;
}

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
  const { threads, math } = checkOptions<RuntimeOptions, typeof RUNTIME_OPTIONS>(
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
  const module = await findKernels(file, platform, options);
  const memory = new LinearMemory(growableMemory({ shared: size > 1 }));
  const kernels = await instantiateKernels(module, memory.wasm);
  const team = new Team(kernels, memory, size);
  const startThread = platform.startThread as StartThread; // else size is 1
  const running = await startThreads(startThread, team, { module, memory: memory.wasm, size });
  const info = { math, threads: size, ...(reason !== undefined && { threadsReason: reason }) };
  return new LocalRuntime(kernels, memory, team, running, info);
}

/**
 * The other threads of a team.
 *
 * @throws THREAD_FAILED when one does not start; the others are ended
 */
async function startThreads(
  start: StartThread,
  team: Team,
  init: Omit<ThreadInit, "index">,
): Promise<readonly Thread[]> {
  const starting = Array.from({ length: init.size - 1 }, (_, i) => start({ ...init, index: i + 1 }));
  const started = await Promise.allSettled(starting);
  const running = started.flatMap((result) => (result.status === "fulfilled" ? [result.value] : []));
  const failed = started.find((result) => result.status === "rejected");
  if (!failed) return running;
  await endTeam(team, running);
  const reason: unknown = failed.reason;
  throw new LstmkitError("THREAD_FAILED", `a thread did not start: ${String(reason)}. Use threads: 1.`, {
    cause: reason,
  });
}

async function endTeam(team: Team, threads: readonly Thread[]): Promise<void> {
  await team.dismiss();
  await Promise.all(threads.map((thread) => thread.end()));
}

/**
 * Compile a build of the kernels, the caller's own or the package's.
 *
 * @throws UNSUPPORTED_ENGINE, FILE_UNREADABLE, BAD_ARGUMENT
 */
export async function findKernels(
  file: KernelBuild,
  platform: Pick<Platform, "kernels" | "dotless">,
  { kernels: given }: Pick<RuntimeOptions, "kernels">,
): Promise<WasmModule> {
  const build = platform.dotless ? (file.replace(".dot", "") as KernelBuild) : file;
  if (given === undefined) return compileKernels(() => platform.kernels(build), build);
  return compileKernels(typeof given === "function" ? () => given(build) : given, build);
}

/** Why there can be no second thread here; undefined where there can. */
const whyNoThreads = ({ startThread }: Platform): string | undefined =>
  typeof startThread === "string" ? startThread : whyNotShared();

class LocalRuntime implements Runtime {
  readonly #kernels: Kernels;
  readonly #memory: LinearMemory;
  readonly #models = new Set<Sequential>();
  readonly #threads: readonly Thread[];
  readonly #info: Pick<RuntimeInfo, "math" | "threads" | "threadsReason">;
  readonly #team: Team;
  #closing: Promise<void> | null = null;

  constructor(
    kernels: Kernels,
    memory: LinearMemory,
    team: Team,
    threads: readonly Thread[],
    info: Pick<RuntimeInfo, "math" | "threads" | "threadsReason">,
  ) {
    this.#kernels = kernels;
    this.#memory = memory;
    this.#threads = threads;
    this.#info = info;
    this.#team = team;
    for (const { ended } of threads) void ended.then((reason) => this.#lose(reason));
  }

  async sequential(layers: readonly Layer[], options: ModelOptions = {}): Promise<Model> {
    const { seed } = checkOptions<ModelOptions, typeof MODEL_OPTIONS>("sequential()", options, MODEL_OPTIONS);
    return this.#add(new Sequential(this.#context(seed), layers));
  }

  async load(file: ModelBytes): Promise<Model> {
    const bytes = allBytesOf(file, "load()");
    const saved = decodeModel(bytes instanceof Promise ? await bytes : bytes);
    if (Object.keys(saved.int8).length > 0 && this.#info.math === "relaxed" && !hasExactDot()) {
      throw new LstmkitError(
        "UNSUPPORTED_ENGINE",
        "the model has weights in int8, and the relaxed SIMD of this engine multiplies bytes wrongly (V8 before 11.8 or " +
          'so, in its first compiler). Use math: "strict", which does without it.',
      );
    }
    return this.#add(new Sequential(this.#context(saved.seed), saved.layers, saved));
  }

  async info(): Promise<RuntimeInfo> {
    return {
      version,
      engine: engineName(),
      ...this.#info,
      where: "thread",
      memoryBytes: this.#memory.bytes,
      memoryInUse: this.#memory.bytesInUse,
    };
  }

  close(): Promise<void> {
    this.#closing ??= this.#end();
    return this.#closing;
  }

  async #end(): Promise<void> {
    await Promise.all([...this.#models].map((model) => model.dispose()));
    await endTeam(this.#team, this.#threads);
  }

  /** A thread has ended, whoever ended it; after close() that is of no consequence. */
  #lose(reason: unknown): void {
    this.#team.fail(reason);
    for (const model of this.#models) model.wake();
  }

  #context(seed: number) {
    if (this.#closing) throw new LstmkitError("DISPOSED", "the runtime was closed; create another.");
    this.#team.check();
    const onDispose = (model: Sequential) => this.#models.delete(model);
    return { kernels: this.#kernels, memory: this.#memory, team: this.#team, seed, onDispose };
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
