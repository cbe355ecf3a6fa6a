/** What any host with web APIs offers: files by fetch, threads as Web Workers. */
import { openRuntime, type Runtime, type RuntimeOptions } from "./kit.ts";
import type { KernelBuild, Platform } from "./runtime/platform.ts";
import { startWebThread } from "./worker/start-web.ts";

/** Each address is written out, since a bundler takes along the files that it can read in the source. */
const KERNELS: Record<KernelBuild, () => URL> = {
  "kernels.wasm": () => new URL("./kernels.wasm", import.meta.url),
  "kernels.shared.wasm": () => new URL("./kernels.shared.wasm", import.meta.url),
  "kernels.relaxed.wasm": () => new URL("./kernels.relaxed.wasm", import.meta.url),
  "kernels.relaxed.shared.wasm": () => new URL("./kernels.relaxed.shared.wasm", import.meta.url),
};

const platform: Platform = {
  kernels: (file) => KERNELS[file](),
  startThread:
    typeof Worker === "undefined"
      ? "this host has no workers"
      : (init) => startWebThread(new URL("./team-web.js", import.meta.url), init),
  cores: () => globalThis.navigator?.hardwareConcurrency ?? 1,
};

/**
 * Load the kernels into this thread, and start the other threads of the team.
 *
 * @throws UNSUPPORTED_ENGINE, FILE_UNREADABLE, BAD_ARGUMENT, THREAD_FAILED
 */
export function createRuntime(options: RuntimeOptions = {}): Promise<Runtime> {
  return openRuntime(platform, options);
}
