/** lstmkit for Node: all of index.ts, with kernels and files read from disk. */
import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { availableParallelism } from "node:os";
import { basename } from "node:path";
import { LstmkitError } from "./errors.ts";
import { KERNELS } from "./packaged.ts";
import { openRuntime, type Runtime, type RuntimeOptions } from "./runtime.ts";
import type { Platform } from "./wasm/platform.ts";
import { openInWorker, type SpawnRuntimeOptions } from "./worker/host.ts";
import { linkNodeWorker, type NodeWorkerSource } from "./worker/link-node.ts";
import { startThread } from "./worker/start-thread.ts";

export {
  type LoadCsvOptions,
  type LoadImdbOptions,
  loadCsv,
  loadImdb,
  loadSpam,
} from "./data/load-node.ts";
export * from "./index.ts";
export { loadModel, saveModel } from "./model-file-node.ts";

/** A file of the package: beside the bundle, or, in the project's own folder, in dist/. */
function packaged(beside: URL): URL {
  return existsSync(beside) ? beside : new URL(`../dist/${basename(beside.pathname)}`, beside);
}

const packagedWorker = () => packaged(new URL("./runtime-worker-node.js", import.meta.url));

const platform: Platform = {
  async kernels(file) {
    const url = packaged(KERNELS[file]());
    try {
      return await readFile(url);
    } catch (cause) {
      throw new LstmkitError(
        "FILE_NOT_FOUND",
        `${file} is not beside ${import.meta.url}. Install the package again.`,
        {
          cause,
        },
      );
    }
  },
  startThread: (init) => startThread((onEnd) => linkNodeWorker(packagedWorker(), onEnd), init),
  cores: availableParallelism,
};

/**
 * Load the kernels into this thread, and start the other threads of the team; by default from the
 * files of the package.
 *
 * @throws UNSUPPORTED_ENGINE, FILE_UNREADABLE, BAD_ARGUMENT, OUT_OF_MEMORY, THREAD_FAILED; FILE_NOT_FOUND when the
 *   installed package is incomplete
 */
export function createRuntime(options: RuntimeOptions = {}): Promise<Runtime> {
  return openRuntime(platform, options);
}

/** Options of spawnRuntime(). */
export type SpawnOptions = SpawnRuntimeOptions<NodeWorkerSource>;

/**
 * Load the kernels into a worker, and make and train models there: this thread stays free. The interface
 * is that of createRuntime(), and so are results, bit for bit. Arrays are copied to the worker (see
 * transfer()) and moved from it. Callbacks run here; the worker waits for them.
 *
 * A worker that ends before close() makes every call reject with WORKER_DIED. It keeps the process alive
 * for as long as a call is pending, and no longer.
 *
 * @throws WORKER_FAILED; what createRuntime() throws
 */
export function spawnRuntime(options: SpawnOptions = {}): Promise<Runtime> {
  return openInWorker<NodeWorkerSource>(
    (worker, onEnd) => linkNodeWorker(worker ?? packagedWorker(), onEnd),
    platform,
    options,
  );
}
