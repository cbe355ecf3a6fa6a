/** lstmkit for Node: all of index.ts, with kernels and files read from disk. */
import { availableParallelism } from "node:os";
import { readBytes } from "./disk/disk-node.ts";
import { packagedFile } from "./disk/packaged-node.ts";
import { KERNELS } from "./packaged.ts";
import { openRuntime, type Runtime, type RuntimeOptions } from "./runtime.ts";
import type { Platform } from "./wasm/platform.ts";
import { nodeVectorPass } from "./wasm/vectors-node.ts";
import { openInWorker, type SpawnRuntimeOptions } from "./worker/host.ts";
import { linkNodeWorker, type NodeWorkerSource } from "./worker/link-node.ts";
import { startThread } from "./worker/start-thread.ts";

export {
  csvLogger,
  type FileCheckpointOptions,
  type FileCsvLoggerOptions,
  type LogDirOptions,
  modelCheckpoint,
  tensorBoard,
} from "./callbacks/files-node.ts";
export {
  type LoadCsvOptions,
  type LoadImdbOptions,
  loadBirths,
  loadCsv,
  loadImdb,
  loadSpam,
} from "./data/load-node.ts";
export {
  type LoadedSequences,
  type LoadSequencesOptions,
  loadDigits,
  loadSequences,
} from "./data/load-sequences-node.ts";
export { type LoadTextsOptions, loadMobyDick, loadTexts } from "./data/load-texts-node.ts";
export { type FileBytes, type FileBytesOptions, fileBytes } from "./data/stream/file-bytes-node.ts";
export { folderCheckpoints } from "./folder-checkpoints-node.ts";
export * from "./index.ts";
export { loadModel, saveModel } from "./model-file-node.ts";

const packagedWorker = () =>
  packagedFile(
    "runtime-worker-node.js",
    () => new URL("./runtime-worker-node.js", import.meta.url),
    "../dist/",
    'pass spawnRuntime({ worker }) a script that imports "lstmkit/worker"; createRuntime() with threads: 1 needs none',
  );

const platform: Platform = {
  async kernels(file) {
    const url = packagedFile(
      file,
      KERNELS[file],
      "../dist/",
      `import "lstmkit/inline", which holds its kernels, or pass createRuntime({ kernels }) the bytes of lstmkit/${file}`,
    );
    return readBytes(url);
  },
  startThread: (init) => startThread((onEnd) => linkNodeWorker(packagedWorker(), onEnd), init),
  cores: availableParallelism,
  vectorPass: nodeVectorPass,
};

/**
 * Load the kernels into this thread, and start the other threads of the team; by default from the
 * files of the package.
 *
 * @throws UNSUPPORTED_ENGINE, FILE_UNREADABLE, BAD_ARGUMENT, OUT_OF_MEMORY, THREAD_FAILED; FILE_NOT_FOUND where the
 *   package's files are not, as in a bundle for Node
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
 * @throws WORKER_FAILED; FILE_NOT_FOUND where the package's script is not; what createRuntime() throws
 */
export function spawnRuntime(options: SpawnOptions = {}): Promise<Runtime> {
  return openInWorker<NodeWorkerSource>(
    (worker, onEnd) => linkNodeWorker(worker ?? packagedWorker(), onEnd),
    platform,
    options,
  );
}
