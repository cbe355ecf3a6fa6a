/**
 * The one file that touches the WebAssembly module: feature detection, instantiation and the types
 * of the exports. What each kernel computes, with shapes, is said in `assembly/`.
 */
import { LstmkitError } from "../errors.ts";

/** Where the kernels may come from. Edge runtimes hand in a compiled module; browsers, a URL. */
export type KernelSource =
  | WebAssembly.Module
  | BufferSource
  | Response
  | URL
  | string
  | Promise<WebAssembly.Module | BufferSource | Response | URL | string>;

type Address = number;

/** The exports of `assembly/index.ts`. An Address is a byte offset; sizes count elements. */
export interface Kernels {
  dropoutKeep(
    keep: Address,
    scratch: Address,
    n: number,
    rate: number,
    seed: number,
    layer: number,
    sample: number,
    step: number,
    epoch: number,
  ): number;
  uniform(out: Address, n: number, low: number, high: number, seed: number, tensor: number): void;
  normal(out: Address, n: number, seed: number, tensor: number): void;
  orthogonal(out: Address, scratch: Address, rows: number, cols: number, seed: number, tensor: number): void;
  philox(out: Address, k0: number, k1: number, c0: number, c1: number, c2: number, c3: number): void;
  shuffle(order: Address, scratch: Address, n: number, seed: number, epoch: number): void;

  embeddingForward(x: Address, ids: Address, table: Address, T: number, E: number): void;
  addRows(sums: Address, x: Address, places: Address, T: number, N: number): void;
  embeddingBackward(
    dTable: Address,
    squares: Address,
    dx: Address,
    ids: Address,
    count: number,
    E: number,
    part: number,
    parts: number,
  ): number;

  dropoutForward(
    xc: Address,
    ldc: number,
    x: Address,
    ldx: number,
    keep: Address,
    K: number,
    scale: number,
    T: number,
  ): void;
  dropoutBackward(
    dx: Address,
    ldx: number,
    dxc: Address,
    ldc: number,
    keep: Address,
    K: number,
    scale: number,
    T: number,
  ): void;

  dropElements(
    y: Address,
    ldy: number,
    x: Address,
    ldx: number,
    rows: number,
    width: number,
    rate: number,
    scale: number,
    seed: number,
    layer: number,
    sample: number,
    step: number,
    epoch: number,
  ): void;

  packRows(a: Address, src: Address, ld: number, M: number, K: number): void;
  packColumns(a: Address, src: Address, ld: number, M: number, K: number): void;
  packPanels(b: Address, src: Address, ld: number, keep: Address, K: number, N: number): void;
  packPanelsTransposed(b: Address, src: Address, ld: number, keep: Address, K: number, N: number): void;
  product(
    c: Address,
    ldc: number,
    rows: Address,
    init: Address,
    ldi: number,
    a: Address,
    b: Address,
    M: number,
    N: number,
    K: number,
  ): void;
  sumPanels(db: Address, b: Address, K: number, N: number): void;
  clear(x: Address, n: number): void;

  lstmForward(
    z: Address,
    c: Address,
    h: Address,
    tc: Address,
    u: Address,
    a: Address,
    R: number,
    T: number,
    H: number,
    units: number,
  ): void;
  lstmBackward(
    z: Address,
    c: Address,
    tc: Address,
    dh: Address,
    dhState: Address,
    dcState: Address,
    flow: Address,
    uT: Address,
    a: Address,
    R: number,
    T: number,
    H: number,
  ): void;
  rnnForward(
    z: Address,
    h: Address,
    u: Address,
    a: Address,
    R: number,
    T: number,
    H: number,
    units: number,
  ): void;
  rnnBackward(
    dz: Address,
    h: Address,
    dh: Address,
    dhState: Address,
    flow: Address,
    uT: Address,
    a: Address,
    R: number,
    T: number,
    H: number,
  ): void;

  activationForward(y: Address, n: number, activation: number): void;
  activationBackward(dy: Address, y: Address, n: number, activation: number): void;
  softmaxForward(y: Address, rows: number, n: number, ld: number): void;
  softmaxBackward(dy: Address, y: Address, rows: number, n: number, ld: number): void;

  bceLogits(
    losses: Address,
    hits: Address,
    dz: Address,
    z: Address,
    targets: Address,
    rows: number,
    units: number,
    ld: number,
    scale: number,
  ): void;
  bceProbabilities(
    losses: Address,
    hits: Address,
    dp: Address,
    p: Address,
    targets: Address,
    rows: number,
    units: number,
    ld: number,
    scale: number,
  ): void;
  categoricalCrossentropyLogits(
    losses: Address,
    dz: Address,
    z: Address,
    targets: Address,
    rows: number,
    units: number,
    ld: number,
    scale: number,
  ): void;
  sparseCategoricalCrossentropyLogits(
    losses: Address,
    dz: Address,
    z: Address,
    targets: Address,
    rows: number,
    units: number,
    ld: number,
    scale: number,
  ): void;
  categoricalCrossentropyProbabilities(
    losses: Address,
    dp: Address,
    p: Address,
    targets: Address,
    rows: number,
    units: number,
    ld: number,
    scale: number,
  ): void;
  sparseCategoricalCrossentropyProbabilities(
    losses: Address,
    dp: Address,
    p: Address,
    targets: Address,
    rows: number,
    units: number,
    ld: number,
    scale: number,
  ): void;
  meanSquaredError(
    losses: Address,
    dy: Address,
    y: Address,
    targets: Address,
    rows: number,
    units: number,
    ld: number,
    scale: number,
  ): void;
  meanAbsoluteError(
    losses: Address,
    dy: Address,
    y: Address,
    targets: Address,
    rows: number,
    units: number,
    ld: number,
    scale: number,
  ): void;
  binaryAccuracy(
    values: Address,
    y: Address,
    targets: Address,
    rows: number,
    units: number,
    ld: number,
    threshold: number,
  ): void;
  categoricalAccuracy(
    values: Address,
    y: Address,
    targets: Address,
    rows: number,
    units: number,
    ld: number,
  ): void;
  sparseCategoricalAccuracy(
    values: Address,
    y: Address,
    targets: Address,
    rows: number,
    units: number,
    ld: number,
  ): void;
  sumFloats(x: Address, n: number): number;
  sumInts(x: Address, n: number): number;

  sumShards(g: Address, partials: Address, shards: number, stride: number, n: number): void;
  allFinite(x: Address, n: number): number;
  adam(
    w: Address,
    m: Address,
    v: Address,
    g: Address,
    squares: Address,
    n: number,
    learningRate: number,
    beta1: number,
    beta2: number,
    epsilon: number,
    t: number,
  ): void;
  sgd(
    w: Address,
    m: Address,
    g: Address,
    n: number,
    learningRate: number,
    momentum: number,
    nesterov: number,
    clears: number,
  ): void;

  mapExp(y: Address, x: Address, n: number): void;
  mapLog(y: Address, x: Address, n: number): void;
  mapSigmoid(y: Address, x: Address, n: number): void;
  mapTanh(y: Address, x: Address, n: number): void;
  mapCosTurns(y: Address, x: Address, n: number): void;
}

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
