/** What an entry file knows of the host it is for. */
import type { KernelSource } from "./kernels.ts";

/** What a thread of the team is started with. */
export interface ThreadInit {
  readonly module: WebAssembly.Module;
  readonly memory: WebAssembly.Memory;
  /** Its number, from 1; the coordinator is 0. */
  readonly index: number;
  /** Threads of the team, the coordinator included. */
  readonly size: number;
}

/** A thread that has its kernels and waits for jobs. */
export interface Thread {
  /** Wait for it to end by itself, keeping the process alive so long. */
  ended(): Promise<void>;
  terminate(): void;
}

export interface Platform {
  /** Where a build of the kernels is: `kernels.wasm`, `kernels.relaxed.shared.wasm`, … */
  kernels(file: string): KernelSource;
  /** Null where there are no workers. Rejects when the thread fails before it is ready. */
  readonly startThread: ((init: ThreadInit) => Promise<Thread>) | null;
  /** Processors that threads may run on. */
  cores(): number;
}
