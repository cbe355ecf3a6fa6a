/**
 * The most arithmetic one thread of this engine can do in SIMD: independent chains of multiply-adds in registers, no
 * memory but for the chains' ends. `strict` multiplies and adds, `relaxed` uses relaxed_madd, as the kernels of the
 * two builds do. Where V8's pass for 256-bit vectors is on it merges the chains in pairs, as it does the kernels' sums.
 */

/** How many chains are needed to hide the latency, and how many fit in registers, differs by chip. */
const CHAINS = [8, 12, 16, 24];
const LINKS_PER_ROUND = 16;
const ROUNDS = 20_000;
const TRIES = 15;

/** Bits of the vectors that V8 makes of the kernels' in this process. */
export const vectorBits = (): 128 | 256 =>
  process.execArgv.some((flag) => /^--experimental[-_]wasm[-_]revectorize$/.test(flag)) ? 256 : 128;

type Loop = (rounds: number) => number;
const loops = new Map<string, Loop[]>();

/** GFLOP/s, the best of some tries: about 50 ms. */
export function rooflineGflops(math: "strict" | "relaxed"): number {
  let best = 0;
  const found = loops.get(math) ?? CHAINS.map((chains) => compile(chains, math));
  loops.set(math, found);
  CHAINS.forEach((chains, i) => {
    const flop = 2 * 4 * chains * LINKS_PER_ROUND * ROUNDS;
    for (let round = 0; round < 300; round++) found[i]!(10); // tier up
    for (let round = 0; round < TRIES; round++) {
      const start = performance.now();
      found[i]!(ROUNDS);
      best = Math.max(best, flop / (performance.now() - start) / 1e6);
    }
  });
  return best;
}

/**
 * (rounds) => a lane of the first chain: s = s·0.5 + 1 on each, LINKS_PER_ROUND times a round. Chains are loaded and
 * stored side by side, as V8's pass wants them.
 */
function compile(chains: number, math: "strict" | "relaxed"): Loop {
  const i32 = 0x7f;
  const f32 = 0x7d;
  const v128 = 0x7b;
  const get = (local: number) => [0x20, local];
  const set = (local: number) => [0x21, local];
  const simd = (op: number) => [0xfd, ...unsigned(op)];
  const [mul, add, madd, splat] = [simd(0xe6), simd(0xe4), simd(0x105), simd(0x13)];
  const f32Const = (value: number) => [0x43, ...new Uint8Array(new Float32Array([value]).buffer)];
  // Locals: 0 rounds left, 1 factor, 2 addend, 3 … the chains.
  const chain = Array.from({ length: chains }, (_, c) => 3 + c);
  const link = (s: number) =>
    math === "relaxed"
      ? [...get(s), ...get(1), ...get(2), ...madd, ...set(s)]
      : [...get(s), ...get(1), ...mul, ...get(2), ...add, ...set(s)];
  const body = [
    ...[...f32Const(0.5), ...splat, ...set(1), ...f32Const(1), ...splat, ...set(2)],
    ...chain.flatMap((s, c) => [0x41, 0, ...simd(0x00), 4, ...unsigned(16 * c), ...set(s)]),
    ...[0x03, 0x40], // loop
    ...Array.from({ length: LINKS_PER_ROUND }, () => chain.flatMap(link)).flat(),
    ...[...get(0), 0x41, 1, 0x6b, 0x22, 0, 0x0d, 0, 0x0b], // until --rounds is 0
    ...chain.flatMap((s, c) => [0x41, 0, ...get(s), ...simd(0x0b), 4, ...unsigned(16 * c)]),
    ...[0x41, 0, 0x2a, 2, 0, 0x0b], // lane 0
  ];
  const locals = [1, ...unsigned(2 + chains), v128];
  const code = [...locals, ...body];
  const section = (id: number, bytes: number[]) => [id, ...unsigned(bytes.length), ...bytes];
  const bytes = [
    ...[0, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
    ...section(1, [1, 0x60, 1, i32, 1, f32]),
    ...section(3, [1, 0]),
    ...section(5, [1, 0, 1]), // a page of memory
    ...section(7, [1, 1, 0x66, 0, 0]), // export f
    ...section(10, [1, ...unsigned(code.length), ...code]),
  ];
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(Uint8Array.from(bytes)));
  return exports.f as Loop;
}

/** LEB128. */
function unsigned(n: number): number[] {
  return n < 128 ? [n] : [(n & 127) | 128, ...unsigned(n >>> 7)];
}
