/** lstmkit for Node: all of index.ts, with kernels and files read from disk. */
import { readFile } from "node:fs/promises";
import { LstmkitError } from "./errors.ts";
import { createRuntime as createRuntimeOn, type Runtime, type RuntimeOptions } from "./kit.ts";

export {
  type LoadCsvOptions,
  type LoadImdbOptions,
  loadCsv,
  loadImdb,
  loadSpam,
} from "./data/load-node.ts";
export * from "./index.ts";
export { loadModel, saveModel } from "./io/file-node.ts";

/** Where the kernels lie: beside the bundle, or, in the project's own folder, in dist/. */
const KERNELS = ["./kernels.wasm", "../dist/kernels.wasm"];

/**
 * Load the kernels into this thread; by default those of the package.
 *
 * @throws UNSUPPORTED_ENGINE, FILE_UNREADABLE; FILE_NOT_FOUND when the installed package is incomplete
 */
export async function createRuntime(options: RuntimeOptions = {}): Promise<Runtime> {
  return createRuntimeOn({ ...options, kernels: options.kernels ?? (await packagedKernels()) });
}

async function packagedKernels(): Promise<Uint8Array<ArrayBuffer>> {
  for (const place of KERNELS) {
    const bytes = await readFile(new URL(place, import.meta.url)).catch(() => undefined);
    if (bytes) return bytes;
  }
  throw new LstmkitError(
    "FILE_NOT_FOUND",
    `kernels.wasm is not beside ${import.meta.url}. Install the package again.`,
  );
}
