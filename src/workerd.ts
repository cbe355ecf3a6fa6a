/** lstmkit for workerd (Cloudflare Workers), where a module may be imported and not compiled. */
import relaxed from "./kernels.relaxed.wasm";
import strict from "./kernels.wasm";
import { openRuntime, type Runtime, type RuntimeOptions } from "./runtime.ts";
import type { Platform } from "./wasm/platform.ts";

export * from "./index.ts";

const platform: Platform = {
  dotless: true,
  kernels: (file) => (file === "kernels.relaxed.wasm" ? relaxed : strict),
  startThread: "workerd has no workers of that kind",
  cores: () => 1,
};

/**
 * Load the kernels into this isolate. It is the only thread.
 *
 * @throws UNSUPPORTED_ENGINE, BAD_ARGUMENT
 */
export function createRuntime(options: RuntimeOptions = {}): Promise<Runtime> {
  return openRuntime(platform, options);
}
