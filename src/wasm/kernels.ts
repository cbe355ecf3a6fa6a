/**
 * The one file that touches the WebAssembly module: feature detection and instantiation.
 */
import { LstmkitError } from "../errors.ts";
import type { Kernels } from "./kernel-types.ts";

export type { Kernels } from "./kernel-types.ts";

/** Where the kernels may come from. Edge runtimes hand in a compiled module; browsers, a URL. */
export type KernelSource =
  | WebAssembly.Module
  | BufferSource
  | Response
  | URL
  | string
  | Promise<WebAssembly.Module | BufferSource | Response | URL | string>;

/** (func (result v128) i32.const 0 i8x16.splat): validates only where SIMD is there. */
const SIMD_PROBE = new Uint8Array([
  0, 97, 115, 109, 1, 0, 0, 0, 1, 5, 1, 96, 0, 1, 123, 3, 2, 1, 0, 10, 8, 1, 6, 0, 65, 0, 253, 15, 11,
]);

/** As above, with f32x4.relaxed_madd of three such vectors. */
const RELAXED_PROBE = new Uint8Array([
  0, 97, 115, 109, 1, 0, 0, 0, 1, 5, 1, 96, 0, 1, 123, 3, 2, 1, 0, 10, 19, 1, 17, 0, 65, 0, 253, 15, 65, 0,
  253, 15, 65, 0, 253, 15, 253, 133, 2, 11,
]);

/** @throws UNSUPPORTED_ENGINE where there is no relaxed SIMD */
export function requireRelaxedSimd(): void {
  if (typeof WebAssembly !== "undefined" && WebAssembly.validate(RELAXED_PROBE)) return;
  throw new LstmkitError(
    "UNSUPPORTED_ENGINE",
    'math is "relaxed", and this engine has no relaxed SIMD (Chrome 114, Node 21 and later have it; ' +
      'Node 20 behind --experimental-wasm-relaxed-simd). Use math: "strict".',
  );
}

/**
 * Compile the kernels, from whatever the runtime at hand can give.
 *
 * @throws UNSUPPORTED_ENGINE where there is no WebAssembly with SIMD
 * @throws FILE_UNREADABLE when the source answers with something else than a module
 */
export async function compileKernels(source: KernelSource): Promise<WebAssembly.Module> {
  if (typeof WebAssembly === "undefined" || !WebAssembly.validate(SIMD_PROBE)) {
    throw new LstmkitError(
      "UNSUPPORTED_ENGINE",
      "this engine has no WebAssembly SIMD; lstmkit needs it. Chrome 91, Firefox 89, Safari 16.4, Node 16.4 and later have it.",
    );
  }
  let given = await source;
  if (given instanceof WebAssembly.Module) return given;
  try {
    if (typeof given === "string" || given instanceof URL) given = await fetch(given);
    if (typeof Response !== "undefined" && given instanceof Response) {
      if (!given.ok) throw new Error(`${given.url} answered ${given.status}`);
      given = await given.arrayBuffer();
    }
    return await WebAssembly.compile(given as BufferSource);
  } catch (cause) {
    throw new LstmkitError(
      "FILE_UNREADABLE",
      `the kernels could not be loaded: ${cause instanceof Error ? cause.message : String(cause)}. ` +
        "Serve kernels.wasm, or pass createRuntime({ kernels }) its bytes, URL or compiled module.",
      { cause },
    );
  }
}

/** One instance of the kernels on the given memory. */
export async function instantiateKernels(
  module: WebAssembly.Module,
  memory: WebAssembly.Memory,
): Promise<Kernels> {
  const instance = await WebAssembly.instantiate(module, { env: { memory } });
  return instance.exports as unknown as Kernels;
}
