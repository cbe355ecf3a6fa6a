/** The runtime: kernels on a memory, and the models made on them. */
import { version } from "../package.json";
import { LstmkitError } from "./errors.ts";
import { decodeModel } from "./io/model-file.ts";
import type { Layer } from "./model/layers.ts";
import { compileKernels, instantiateKernels, type KernelSource, type Kernels } from "./runtime/kernels.ts";
import { LinearMemory } from "./runtime/memory.ts";
import type { Model } from "./train/model.ts";
import { Sequential } from "./train/sequential.ts";

export interface RuntimeOptions {
  /** The WebAssembly module, its bytes, its URL or a Response. Default: kernels.wasm beside this file. */
  kernels?: KernelSource;
}

export interface ModelOptions {
  /** Whole number in [0, 2³²): fixes initial weights, order of samples and dropout. Default 0. */
  seed?: number;
}

/** What a runtime runs on. */
export interface RuntimeInfo {
  readonly version: string;
  /** As the host calls itself: `node 24.1.0`, or a browser's user agent. */
  readonly engine: string;
  /** strict: the same bits everywhere. */
  readonly math: "strict";
  readonly threads: number;
  /** Size of the linear memory now, bytes. */
  readonly memoryBytes: number;
  /** Bytes of it in use by models. */
  readonly memoryInUse: number;
}

/** Makes models, in this thread. */
export interface Runtime {
  /** A model from layer descriptions. @throws BAD_LAYER, BAD_ARGUMENT, OUT_OF_MEMORY, DISPOSED */
  sequential(layers: readonly Layer[], options?: ModelOptions): Promise<Model>;
  /** A model from the bytes of a model file. @throws BAD_MODEL_FILE, OUT_OF_MEMORY, DISPOSED */
  load(bytes: Uint8Array): Promise<Model>;
  info(): Promise<RuntimeInfo>;
  /** Dispose of every model and drop the memory. */
  dispose(): Promise<void>;
}

/**
 * Load the kernels into this thread.
 *
 * @throws UNSUPPORTED_ENGINE, FILE_UNREADABLE
 */
export async function createRuntime(options: RuntimeOptions = {}): Promise<Runtime> {
  const source = options.kernels ?? new URL("./kernels.wasm", import.meta.url);
  const module = await compileKernels(source);
  const memory = new LinearMemory();
  return new LocalRuntime(await instantiateKernels(module, memory.wasm), memory);
}

class LocalRuntime implements Runtime {
  readonly #kernels: Kernels;
  readonly #memory: LinearMemory;
  readonly #models = new Set<Sequential>();
  #disposed = false;

  constructor(kernels: Kernels, memory: LinearMemory) {
    this.#kernels = kernels;
    this.#memory = memory;
  }

  async sequential(layers: readonly Layer[], { seed = 0 }: ModelOptions = {}): Promise<Model> {
    if (!Number.isInteger(seed) || seed < 0 || seed >= 2 ** 32) {
      throw new LstmkitError(
        "BAD_ARGUMENT",
        `seed is ${String(seed)}; it must be a whole number from 0 to 2^32 - 1.`,
      );
    }
    return this.#add(new Sequential(this.#context(seed), layers));
  }

  async load(bytes: Uint8Array): Promise<Model> {
    const saved = decodeModel(bytes);
    return this.#add(new Sequential(this.#context(saved.seed), saved.layers, saved));
  }

  async info(): Promise<RuntimeInfo> {
    return {
      version,
      engine: engineName(),
      math: "strict",
      threads: 1,
      memoryBytes: this.#memory.bytes,
      memoryInUse: this.#memory.bytesInUse,
    };
  }

  async dispose(): Promise<void> {
    this.#disposed = true;
    await Promise.all([...this.#models].map((model) => model.dispose()));
  }

  #context(seed: number) {
    if (this.#disposed) throw new LstmkitError("DISPOSED", "the runtime was disposed; create another.");
    const onDispose = (model: Sequential) => this.#models.delete(model);
    return { kernels: this.#kernels, memory: this.#memory, seed, onDispose };
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
