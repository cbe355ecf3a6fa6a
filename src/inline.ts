/** lstmkit in one file, for places where none can be served beside it: the strict kernels are within. */
import { LstmkitError } from "./errors.ts";
import { openRuntime, type Runtime, type RuntimeOptions } from "./kit.ts";
import type { Platform } from "./runtime/platform.ts";

export * from "./index.ts";

/** The bytes of kernels.wasm, put in by the build. */
declare const KERNELS_BASE64: string;

const platform: Platform = {
  kernels(file) {
    if (file === "kernels.wasm") return Uint8Array.from(atob(KERNELS_BASE64), (char) => char.charCodeAt(0));
    throw new LstmkitError(
      "UNSUPPORTED_ENGINE",
      `lstmkit/inline holds the strict kernels alone, and this needs ${file}. Pass createRuntime({ kernels }) its bytes, or import "lstmkit".`,
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
