/**
 * The most arithmetic one thread of this engine can do in 128-bit SIMD: independent chains of
 * multiply-adds in registers, no memory. `strict` multiplies and adds, `relaxed` uses relaxed_madd, as
 * the kernels of the two builds do.
 */

/** How many chains are needed to hide the latency, and how many fit in registers, differs by chip. */
const CHAINS = [8, 12, 16];
const LINKS_PER_ROUND = 16;
const ROUNDS = 20_000;
const TRIES = 15;

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

/** (rounds) => a lane of the sum: s = s·0.5 + 1 on each chain, LINKS_PER_ROUND times a round. */
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
    ...chain.flatMap((s) => [...f32Const(s), ...splat, ...set(s)]),
    ...[0x03, 0x40], // loop
    ...Array.from({ length: LINKS_PER_ROUND }, () => chain.flatMap(link)).flat(),
    ...[...get(0), 0x41, 1, 0x6b, 0x22, 0, 0x0d, 0, 0x0b], // until --rounds is 0
    ...chain.flatMap((s, c) => (c === 0 ? get(s) : [...get(s), ...add])),
    ...[...simd(0x1f), 0, 0x0b], // lane 0
  ];
  const locals = [1, ...unsigned(2 + chains), v128];
  const code = [...locals, ...body];
  const section = (id: number, bytes: number[]) => [id, ...unsigned(bytes.length), ...bytes];
  const bytes = [
    ...[0, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
    ...section(1, [1, 0x60, 1, i32, 1, f32]),
    ...section(3, [1, 0]),
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
