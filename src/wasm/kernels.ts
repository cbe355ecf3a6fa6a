/**
 * The one file that touches the WebAssembly module: feature detection, compilation, instantiation.
 */
import { allBytesOf, type Bytes, isBytes, isBytesFile } from "../bytes.ts";
import { LstmkitError } from "../errors.ts";
import type { HostResponse, HostUrl, WasmMemory, WasmModule } from "../host-types.ts";
import { show } from "../options.ts";
import { KERNEL_PARAMETERS, type Kernels } from "./kernel-types.ts";
import type { VectorWidth } from "./vectors.ts";

export type { Kernels } from "./kernel-types.ts";

/** The builds of the kernels, by the names of their files. */
export type KernelBuild =
  | "kernels.wasm"
  | "kernels.shared.wasm"
  | "kernels.dot.wasm"
  | "kernels.dot.shared.wasm"
  | "kernels.relaxed.wasm"
  | "kernels.relaxed.shared.wasm";

/** Where the kernels may come from. Edge runtimes hand in a compiled module; browsers, a URL. */
export type KernelSource = GivenKernels | Promise<GivenKernels>;

type GivenKernels = WasmModule | Bytes | HostResponse | HostUrl | string;

/** (func (result v128) i32.const 0 i8x16.splat): validates only where SIMD is there. */
const SIMD_PROBE = new Uint8Array([
  0, 97, 115, 109, 1, 0, 0, 0, 1, 5, 1, 96, 0, 1, 123, 3, 2, 1, 0, 10, 8, 1, 6, 0, 65, 0, 253, 15, 11,
]);

/** As above, with f32x4.relaxed_madd of three such vectors. */
const RELAXED_PROBE = new Uint8Array([
  0, 97, 115, 109, 1, 0, 0, 0, 1, 5, 1, 96, 0, 1, 123, 3, 2, 1, 0, 10, 19, 1, 17, 0, 65, 0, 253, 15, 65, 0,
  253, 15, 65, 0, 253, 15, 253, 133, 2, 11,
]);

/** (func (export "f") (param a b c)): lane 3 of i32x4.relaxed_dot_i8x16_i7x16_add_s of vectors of a, of b and of c. */
const DOT_PROBE = new Uint8Array([
  0, 97, 115, 109, 1, 0, 0, 0, 1, 8, 1, 96, 3, 127, 127, 127, 1, 127, 3, 2, 1, 0, 7, 5, 1, 1, 102, 0, 0, 10,
  22, 1, 20, 0, 32, 0, 253, 15, 32, 1, 253, 15, 32, 2, 253, 17, 253, 147, 2, 253, 27, 3, 11,
]);

const hasRelaxedSimd = (): boolean =>
  typeof WebAssembly !== "undefined" && WebAssembly.validate(RELAXED_PROBE);

let exactDot: boolean | undefined;

/**
 * Whether the engine has relaxed SIMD whose integer products are right: V8's first compiler once dropped what they are
 * added to (Node 20, behind its flag).
 */
export function hasExactDot(): boolean {
  exactDot ??= hasRelaxedSimd() && multipliesExactly();
  return exactDot;
}

function multipliesExactly(): boolean {
  try {
    const { exports } = new WebAssembly.Instance(new WebAssembly.Module(DOT_PROBE));
    const f = exports.f as (a: number, b: number, c: number) => number;
    return f(-127, 127, 1_000_000) === 935_484 && f(127, 127, 7) === 64_523 && f(-128, 127, -7) === -65_031;
  } catch {
    return false; // where nothing may be compiled, kernels are given
  }
}

/** @throws UNSUPPORTED_ENGINE where there is no relaxed SIMD */
export function requireRelaxedSimd(): void {
  if (hasRelaxedSimd()) return;
  throw new LstmkitError(
    "UNSUPPORTED_ENGINE",
    'math is "relaxed", and this engine has no relaxed SIMD (Chrome 114, Node 21 and later have it; ' +
      'Node 20 behind --experimental-wasm-relaxed-simd). Use math: "strict".',
  );
}

/**
 * Compile a build of the kernels, from whatever the runtime at hand can give.
 *
 * @param source where they are, or what answers that
 * @throws UNSUPPORTED_ENGINE where there is no WebAssembly with SIMD
 * @throws BAD_ARGUMENT for a source that is none
 * @throws FILE_UNREADABLE when the source cannot be had, or is something else than the kernels of this version
 */
export async function compileKernels(
  source: KernelSource | (() => KernelSource),
  file: KernelBuild = "kernels.wasm",
): Promise<WasmModule> {
  if (typeof WebAssembly === "undefined" || !WebAssembly.validate(SIMD_PROBE)) {
    throw new LstmkitError(
      "UNSUPPORTED_ENGINE",
      "this engine has no WebAssembly SIMD; lstmkit needs it. Chrome 91, Firefox 89, Safari 16.4, Node 16.4 and later have it.",
    );
  }
  const found = await readKernels(source, file);
  const module = isModule(found) ? found : await trying(file, () => WebAssembly.compile(found));
  checkModule(module, file);
  return module;
}

/**
 * A build of the kernels as it comes: a module, or bytes that look like one.
 *
 * @throws BAD_ARGUMENT for a source that is none
 * @throws FILE_UNREADABLE when the source cannot be had
 */
export function readKernels(
  source: KernelSource | (() => KernelSource),
  file: KernelBuild,
): Promise<WasmModule | Uint8Array<ArrayBuffer>> {
  return trying(file, async () => {
    const given: unknown = await (typeof source === "function" ? source() : source);
    return isModule(given) ? given : bytesOfKernels(given, file);
  });
}

/**
 * One instance of the kernels on the given memory.
 *
 * @param vectors width that the module was compiled for: tiles are as wide as suits it
 * @throws FILE_UNREADABLE for a build that does not go with the memory
 */
export async function instantiateKernels(
  module: WasmModule,
  memory: WasmMemory,
  vectors: VectorWidth = 128,
): Promise<Kernels> {
  const instance = await WebAssembly.instantiate(module, { env: { memory } }).catch((cause: unknown) => {
    if (!(cause instanceof WebAssembly.LinkError)) throw cause;
    const isShared = !(memory.buffer instanceof ArrayBuffer);
    throw unusable(
      isShared ? "kernels.shared.wasm" : "kernels.wasm",
      `the build given is not the one for ${isShared ? "several threads" : "one thread"} (${cause.message})`,
      cause,
    );
  });
  const { exports } = instance;
  for (const [name, count] of Object.entries(KERNEL_PARAMETERS)) {
    if ((exports[name] as { length?: unknown }).length !== count) {
      throw unusable("kernels.wasm", `${name} of the module takes other parameters, as in another version`);
    }
  }
  const kernels = exports as unknown as Kernels;
  kernels.setTile(vectors / 16);
  return kernels;
}

/** Codes what the source throws: a function or a promise of the caller's, a server, the compiler. */
async function trying<T>(file: KernelBuild, get: () => Promise<T>): Promise<T> {
  try {
    return await get();
  } catch (cause) {
    if (cause instanceof LstmkitError) throw cause;
    throw unusable(file, cause instanceof Error ? cause.message : show(cause), cause);
  }
}

function unusable(file: KernelBuild, found: string, cause?: unknown): LstmkitError {
  return new LstmkitError(
    "FILE_UNREADABLE",
    `the kernels could not be loaded: ${found}. Serve ${file} of this version of lstmkit, or pass createRuntime({ kernels }) ` +
      "its bytes, URL or compiled module, or a function from a build's file name to one of these.",
    { cause },
  );
}

/** Of any realm. */
export const isModule = (given: unknown): given is WasmModule =>
  Object.prototype.toString.call(given) === "[object WebAssembly.Module]";

/** @throws BAD_ARGUMENT, FILE_UNREADABLE */
async function bytesOfKernels(given: unknown, file: KernelBuild): Promise<Uint8Array<ArrayBuffer>> {
  const isAddress = typeof given === "string" || given instanceof URL;
  const found: unknown = isAddress ? await fetch(given) : given;
  if (!isBytes(found) && !isBytesFile(found)) {
    throw new LstmkitError(
      "BAD_ARGUMENT",
      `kernels is ${show(found)}; it must be the module, its bytes, its URL or a Response, or a function that gives one of these.`,
    );
  }
  const bytes = await allBytesOf(found, "createRuntime({ kernels })");
  if (MAGIC.every((byte, i) => bytes[i] === byte)) return bytes;
  const start = String.fromCharCode(...bytes.subarray(0, 32));
  throw unusable(
    file,
    `${bytes.length} bytes${typeOf(found)} that are no WebAssembly: they begin with ${show(start)}`,
  );
}

/** What every module begins with. */
const MAGIC = [0, 97, 115, 109];

/** Servers answer a path that they do not have with a page, as text/html. */
function typeOf(given: object): string {
  const { headers } = given as { headers?: { get(name: string): string | null } };
  const type = headers?.get("content-type");
  return type ? `, sent as ${show(type)},` : "";
}

/** @throws FILE_UNREADABLE for a module that is not ours, before anything is made with it */
function checkModule(module: WebAssembly.Module, file: KernelBuild): void {
  const other = WebAssembly.Module.imports(module).find(
    ({ module, name, kind }) => `${kind} ${module}.${name}` !== "memory env.memory",
  );
  if (other) {
    const imported = show(`${other.module}.${other.name}`);
    throw unusable(
      file,
      `the module imports the ${other.kind} ${imported}, which the kernels of lstmkit do not`,
    );
  }
  const there = new Set(WebAssembly.Module.exports(module).map(({ kind, name }) => `${kind} ${name}`));
  const missing = Object.keys(KERNEL_PARAMETERS).filter((name) => !there.has(`function ${name}`));
  if (missing.length === 0) return;
  const isOurs = missing.length < Object.keys(KERNEL_PARAMETERS).length;
  throw unusable(
    file,
    isOurs
      ? `the module lacks ${missing.length} kernels, such as ${missing[0]}, as in another version`
      : "the module has no kernels of lstmkit",
  );
}
