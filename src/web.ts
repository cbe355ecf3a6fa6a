/** What any host with web APIs offers: files by fetch, threads as Web Workers. */
import { openRuntime, type Runtime, type RuntimeOptions } from "./kit.ts";
import type { Platform } from "./runtime/platform.ts";
import { startWebThread } from "./worker/start-web.ts";

const platform: Platform = {
  kernels: (file) => new URL(`./${file}`, import.meta.url),
  startThread:
    typeof Worker === "undefined"
      ? null
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
