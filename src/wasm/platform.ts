/** What an entry file knows of the host it is for. */
import type { WasmMemory, WasmModule } from "../host-types.ts";
import type { KernelBuild, KernelSource } from "./kernels.ts";
import type { VectorPass, VectorWidth } from "./vectors.ts";

/** What a thread of the team is started with. */
export interface ThreadInit {
  readonly module: WasmModule;
  readonly memory: WasmMemory;
  /** Its number, from 1; the coordinator is 0. */
  readonly index: number;
  /** Threads of the team, the coordinator included. */
  readonly size: number;
  /** The width that the module is compiled for. Default 128. */
  readonly vectors?: VectorWidth;
}

/** A thread that has its kernels and waits for jobs. */
export interface Thread {
  /** Resolves, with the reason, when it has ended or failed, whoever ended it. */
  readonly ended: Promise<unknown>;
  /** Give it a moment to end by itself, then end it; resolves when it is gone. */
  end(): Promise<void>;
}

/** Rejects when the thread fails before it is ready. */
export type StartThread = (init: ThreadInit) => Promise<Thread>;

export interface Platform {
  /** Where a build of the kernels is. @throws UNSUPPORTED_ENGINE where the host has no such build */
  kernels(file: KernelBuild): KernelSource;
  /** Whether it has no builds with integer products of relaxed SIMD, and takes the ones without. Default false. */
  readonly dotless?: true;
  /** Or why there can be no other threads. */
  readonly startThread: StartThread | string;
  /** Processors that threads may run on. */
  cores(): number;
  /** V8's flags, where a program sees and sets them. Absent elsewhere: what the engine does is measured. */
  vectorPass?(): Promise<VectorPass | undefined>;
}

/** Why threads cannot share memory here; undefined where they can. */
export function whyNotShared(): string | undefined {
  if (typeof SharedArrayBuffer === "undefined") {
    return "this host has no shared memory; a page needs the headers Cross-Origin-Opener-Policy: same-origin and Cross-Origin-Embedder-Policy: require-corp";
  }
  try {
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 0);
  } catch {
    return "a page's own thread must not wait for others; spawnRuntime() has threads";
  }
  return undefined;
}
