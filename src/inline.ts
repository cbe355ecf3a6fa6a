/** lstmkit in one file, for places where none can be served beside it: the strict kernels are within. */
import { LstmkitError } from "./errors.ts";
import { openRuntime, type Runtime, type RuntimeOptions } from "./runtime.ts";
import type { Platform } from "./wasm/platform.ts";
import type { SpawnOptions } from "./web.ts";
import { openInWorker } from "./worker/host.ts";
import { linkWebWorker, type WebWorkerSource } from "./worker/link-web.ts";

export * from "./index.ts";

/** The bytes of kernels.wasm, put in by the build. */
declare const KERNELS_BASE64: string;

const platform: Platform = {
  dotless: true,
  kernels(file) {
    if (file === "kernels.wasm") return Uint8Array.from(atob(KERNELS_BASE64), (char) => char.charCodeAt(0));
    throw new LstmkitError(
      "UNSUPPORTED_ENGINE",
      `lstmkit/inline holds the strict kernels alone, and this needs ${file}. Pass its bytes as kernels, use threads: 1, or import "lstmkit".`,
    );
  },
  startThread: "lstmkit/inline has no script to start them with",
  cores: () => 1,
};

/**
 * Load the kernels into this thread, the only one. It has the strict kernels; others have to be given.
 *
 * @throws UNSUPPORTED_ENGINE, FILE_UNREADABLE, BAD_ARGUMENT
 */
export function createRuntime(options: RuntimeOptions = {}): Promise<Runtime> {
  return openRuntime(platform, options);
}

/**
 * Load the kernels into a worker, as the same of `lstmkit` does; its script, which imports `lstmkit/worker`,
 * has to be given. More threads need the shared kernels, which have to be given as well.
 *
 * @throws BAD_ARGUMENT without `worker`, WORKER_FAILED; what createRuntime() throws
 */
export function spawnRuntime(options: SpawnOptions = {}): Promise<Runtime> {
  return openInWorker<WebWorkerSource>(
    (worker, onEnd) => {
      if (worker !== undefined) return linkWebWorker(worker, onEnd);
      throw new LstmkitError(
        "BAD_ARGUMENT",
        'worker is not given, and lstmkit/inline holds no script; give the URL of one that imports "lstmkit/worker".',
      );
    },
    platform,
    options,
  );
}
