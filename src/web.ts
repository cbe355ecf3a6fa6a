/** What any host with web APIs offers: files by fetch, threads as Web Workers. */

import { KERNELS } from "./packaged.ts";
import { openRuntime, type Runtime, type RuntimeOptions } from "./runtime.ts";
import type { Platform } from "./wasm/platform.ts";
import { openInWorker, type SpawnRuntimeOptions } from "./worker/host.ts";
import { linkWebWorker, type WebWorkerSource } from "./worker/link-web.ts";
import { startThread } from "./worker/start-thread.ts";

/** In this very form bundlers find the script and give it a place. */
const packagedWorker = () => new Worker(new URL("./runtime-worker.js", import.meta.url), { type: "module" });

const platform: Platform = {
  kernels: (file) => KERNELS[file](),
  startThread:
    typeof Worker === "undefined"
      ? "this host has no workers"
      : (init) => startThread((onEnd) => linkWebWorker(packagedWorker, onEnd), init),
  cores: () => globalThis.navigator?.hardwareConcurrency ?? 1,
};

/**
 * Load the kernels into this thread, and start the other threads of the team.
 *
 * @throws UNSUPPORTED_ENGINE, FILE_UNREADABLE, BAD_ARGUMENT, OUT_OF_MEMORY, THREAD_FAILED
 */
export function createRuntime(options: RuntimeOptions = {}): Promise<Runtime> {
  return openRuntime(platform, options);
}

/** Options of spawnRuntime(). */
export type SpawnOptions = SpawnRuntimeOptions<WebWorkerSource>;

/**
 * Load the kernels into a worker, and make and train models there: this thread stays free. The interface
 * is that of createRuntime(), and so are results, bit for bit. Arrays are copied to the worker (see
 * transfer()) and moved from it. Callbacks run here; the worker waits for them.
 *
 * A worker that ends before close() makes every call reject with WORKER_DIED.
 *
 * @throws WORKER_FAILED; what createRuntime() throws
 */
export function spawnRuntime(options: SpawnOptions = {}): Promise<Runtime> {
  return openInWorker<WebWorkerSource>(
    (worker, onEnd) => linkWebWorker(worker ?? packagedWorker, onEnd),
    platform,
    options,
  );
}
