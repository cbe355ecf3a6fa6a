/**
 * 256-bit vectors. WebAssembly has 128 bits; V8 has a pass, off unless a flag is set, that merges pairs of 128-bit
 * operations, lane by lane, so that bits stay the same. Here is what decides whether kernels are compiled for it.
 */
import { nextTurn, now } from "../clock.ts";

/** Bits of a vector. */
export type VectorWidth = 128 | 256;

/** V8's pass, of a host whose programs see and set V8's flags. */
export interface VectorPass {
  /** Why it is not to be had, or no longer; undefined where it is. */
  readonly whyNot: string | undefined;
  /** Whether code that is compiled from now on, anywhere in the process, goes through it. */
  readonly on: boolean;
  turnOn(): void;
  /** For the rest of the process, because code that it made was wrong. */
  giveUp(reason: string): void;
  /**
   * Do work whose modules, compiled in it, have each function optimised when it is called for the second time, before
   * the call. Else V8 runs new code through a compiler without the pass, and optimises what turns out to be used a lot.
   */
  optimising<T>(work: () => T): T;
}

/** What kernels are to be compiled for. */
export interface VectorChoice {
  readonly vectors: VectorWidth;
  /** Why it is 128, where that was not asked for. */
  readonly reason?: string;
}

export async function chooseVectors(
  wanted: VectorWidth | "auto",
  pass: VectorPass | undefined,
): Promise<VectorChoice> {
  if (wanted === 128) return { vectors: 128 };
  if (!pass) return (await isPassOn()) ? { vectors: 256 } : { vectors: 128, reason: notMeasured() };
  const { whyNot } = pass;
  if (whyNot !== undefined) return { vectors: 128, reason: whyNot };
  if (wanted === 256) pass.turnOn();
  if (pass.on) return { vectors: 256 };
  return { vectors: 128, reason: "V8's pass for 256 bits is off; vectors: 256 turns it on for the process" };
}

/** Chromium, Deno, Node and what else is made of V8: by the user agent, which all of them have. */
const isV8 = () =>
  /\b(HeadlessChrome|Chrome|Chromium|Deno|Node\.js)\//.test(globalThis.navigator?.userAgent ?? "");

const notMeasured = () =>
  isV8()
    ? "V8's pass for 256 bits is off or merges nothing here; it is a flag that the engine has to be started with, --experimental-wasm-revectorize"
    : "256 bits need V8's pass, and this engine is another";

let measured: Promise<boolean> | undefined;

/** Whether the engine merges vectors, by the time that it takes. Asked once in a realm. */
export function isPassOn(): Promise<boolean> {
  measured ??= isV8() ? measure().catch(() => false) : Promise.resolve(false);
  return measured;
}

/** Milliseconds of one measurement: some ticks of a page's clock, of 0.1 ms where it is not isolated. */
const SLICE = 0.5;
/** Pairs of measurements. V8 has optimised both functions after about ten. */
const ROUNDS = 18;
/** Merged code is so many times as fast, at least: 1.9 measured, where optimised code is 1.4 times as fast as the first. */
const MERGED = 1.6;

/**
 * Two functions of the same arithmetic, of which the pass can merge one alone, run in turn until V8 has optimised
 * both. Whatever else a machine does makes a slice shorter and none longer, so the best of each is compared. What is wrong
 * with the answer all the same costs speed and no bit.
 */
async function measure(): Promise<boolean> {
  const { instance } = await WebAssembly.instantiate(probe());
  const { merging, other } = instance.exports as Record<
    "merging" | "other",
    (turns: number, at: number) => void
  >;
  const isFaster = async () => {
    let [plain, merged] = [0, 0];
    for (let round = 0; round < ROUNDS; round++) {
      plain = Math.max(plain, runsOf(other));
      merged = Math.max(merged, runsOf(merging));
      await nextTurn();
    }
    return merged >= plain * MERGED;
  };
  // A yes is rare, and asked for again: on a machine that is busy one function may be optimised long before the other.
  return (await isFaster()) && (await isFaster());
}

/** Calls done in a slice, which begins where the clock ticks. */
function runsOf(run: (turns: number, at: number) => void): number {
  const before = now();
  let start = now();
  while (start === before) start = now();
  for (let runs = 1; ; runs++) {
    run(100, 0);
    if (now() - start >= SLICE) return runs;
  }
}

/**
 * A module of two functions (turns, at) that sum powers of eight vectors and store the sums: at neighbouring places,
 * which is where the pass begins, and at places that have none.
 */
function probe(): Uint8Array<ArrayBuffer> {
  const lanes = [0, 1, 2, 3, 4, 5, 6, 7];
  const simd = (opcode: number) => [0xfd, ...unsigned(opcode)];
  const load = (i: number) => [0x20, 1, ...simd(0), 4, ...unsigned(i * 16)];
  const square = [0x22, 10, 0x20, 10, ...simd(0xe6)]; // local.tee, local.get, f32x4.mul
  const body = (step: number) =>
    [
      [1, 9, 0x7b], // sums 2 to 9, and 10
      [0x03, 0x40], // loop
      ...lanes.map((i) =>
        [
          [0x20, i + 2],
          load(i),
          ...[1, 2, 3, 4, 5].map(() => square),
          [...simd(0xe4), 0x21, i + 2], // f32x4.add, local.set
        ].flat(),
      ),
      [0x20, 0, 0x41, 1, 0x6b, 0x22, 0, 0x0d, 0, 0x0b], // turns -= 1, again unless 0
      ...lanes.map((i) => [0x20, 1, 0x20, i + 2, ...simd(11), 4, ...unsigned(256 + i * step)]),
      [0x0b],
    ].flat();
  const text = (name: string) => [name.length, ...[...name].map((char) => char.charCodeAt(0))];
  const bodies = [16, 32].map(body).map((code) => [...unsigned(code.length), ...code]);
  const sections: [number, number[]][] = [
    [1, [1, 0x60, 2, 0x7f, 0x7f, 0]],
    [3, [2, 0, 0]],
    [5, [1, 0, 1]],
    [7, [2, ...text("merging"), 0, 0, ...text("other"), 0, 1]],
    [10, [2, ...bodies.flat()]],
  ];
  const all = sections.flatMap(([id, content]) => [id, ...unsigned(content.length), ...content]);
  return Uint8Array.from([0, 97, 115, 109, 1, 0, 0, 0, ...all]);
}

/** LEB128. */
function unsigned(n: number): number[] {
  return n < 128 ? [n] : [(n & 127) | 128, ...unsigned(n >>> 7)];
}

/**
 * A module's bytes with an empty section of this name. V8 keeps what it has compiled by a module's bytes: these are
 * compiled anew, with the pass.
 */
export function marked(bytes: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
  const name = new TextEncoder().encode("lstmkit.256");
  const all = new Uint8Array(bytes.length + name.length + 3);
  all.set(bytes);
  all.set([0, name.length + 1, name.length, ...name], bytes.length);
  return all;
}
