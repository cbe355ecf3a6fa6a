/**
 * The package's files beside the bundle. Each address is written out, since a bundler takes along the files
 * that it can read in the source.
 */
import type { KernelBuild } from "./wasm/kernels.ts";

export const KERNELS: Record<KernelBuild, () => URL> = {
  "kernels.wasm": () => new URL("./kernels.wasm", import.meta.url),
  "kernels.shared.wasm": () => new URL("./kernels.shared.wasm", import.meta.url),
  "kernels.dot.wasm": () => new URL("./kernels.dot.wasm", import.meta.url),
  "kernels.dot.shared.wasm": () => new URL("./kernels.dot.shared.wasm", import.meta.url),
  "kernels.relaxed.wasm": () => new URL("./kernels.relaxed.wasm", import.meta.url),
  "kernels.relaxed.shared.wasm": () => new URL("./kernels.relaxed.shared.wasm", import.meta.url),
};
