import { readFileSync } from "node:fs";
import { expect } from "vitest";
import { instantiateKernels, type Kernels } from "../src/wasm/kernels.ts";
import { LinearMemory } from "../src/wasm/memory.ts";

/** The builds that must give the same bits: optimised, and with the compiler's assertions in. */
export const BUILDS = ["release", "debug"] as const;

/** All that must be close to the reference: one more, whose bits are its own. */
export const CLOSE_BUILDS = [...BUILDS, "relaxed"] as const;

export type Build = (typeof CLOSE_BUILDS)[number] | "dot";

/** The bytes of a build; `npm run build` makes them. */
export function kernelBytes(build: Build): Uint8Array<ArrayBuffer> {
  const file = build === "release" ? "kernels.wasm" : `kernels.${build}.wasm`;
  return new Uint8Array(readFileSync(new URL(`../dist/${file}`, import.meta.url)));
}

/** One bench for each build, for describe.each. */
export const openBenches = (builds: readonly Build[] = CLOSE_BUILDS): Promise<Bench[]> =>
  Promise.all(
    builds.map(async (build) => {
      const memory = new LinearMemory();
      const module = await WebAssembly.compile(kernelBytes(build));
      return new Bench(build, await instantiateKernels(module, memory.wasm), memory);
    }),
  );

/** Numbers that no kernel computes, laid behind every block. */
const GUARD = 0x5afe_c0de;
const GUARDS = 16;

/** The kernels of one build, and blocks of memory to run them on. A block is guarded at its end. */
export class Bench {
  readonly build: Build;
  readonly k: Kernels;
  readonly memory: LinearMemory;
  readonly #blocks = new Map<number, number>();

  constructor(build: Build, k: Kernels, memory: LinearMemory) {
    this.build = build;
    this.k = k;
    this.memory = memory;
  }

  /** A block of so many zeros, or of these numbers. */
  floats(content: number | ArrayLike<number>): number {
    const length = typeof content === "number" ? content : content.length;
    const address = this.#block(length);
    if (typeof content !== "number") this.memory.f32(address, length).set(content);
    return address;
  }

  /** The same with whole numbers of 32 bits. */
  ints(content: number | ArrayLike<number>): number {
    const length = typeof content === "number" ? content : content.length;
    const address = this.#block(length);
    if (typeof content !== "number") this.memory.i32(address, length).set(content);
    return address;
  }

  /** A copy of what a block holds. */
  read(address: number, length: number): Float32Array {
    return this.memory.f32(address, length).slice();
  }

  readInts(address: number, length: number): Int32Array {
    return this.memory.i32(address, length).slice();
  }

  /** Call after each test: frees every block, and fails where one was written past its end. */
  finish(): void {
    const broken = [...this.#blocks].filter(([address, length]) =>
      this.memory.i32(address + length * 4, GUARDS).some((word) => word !== GUARD),
    );
    for (const address of this.#blocks.keys()) this.memory.free(address);
    this.#blocks.clear();
    expect(broken.map(([, length]) => `a block of ${length} was written past its end`)).toEqual([]);
  }

  #block(length: number): number {
    const address = this.memory.allocate((length + GUARDS) * 4, "a test");
    this.memory.i32(address + length * 4, GUARDS).fill(GUARD);
    this.#blocks.set(address, length);
    return address;
  }
}

/** Widths inside are multiples of 8. */
export const padded = (width: number): number => Math.ceil(width / 8) * 8;

/** Runs of `width` numbers → runs padded with zeros. */
export function pad(values: ArrayLike<number>, width: number): Float32Array {
  const to = new Float32Array((values.length / width) * padded(width));
  for (let i = 0; i < values.length; i++)
    to[Math.floor(i / width) * padded(width) + (i % width)] = values[i]!;
  return to;
}

/** Padded runs → runs of `width` numbers, whatever the padding holds. */
export function withoutPadding(values: Float32Array, width: number): Float32Array {
  return values.filter((_, i) => i % padded(width) < width);
}

/** The same; fails where the padding is not exactly 0. */
export function unpad(values: Float32Array, width: number): Float32Array {
  const stray = values.filter((value, i) => i % padded(width) >= width && value !== 0);
  expect(stray.length, "numbers in the padding that are not 0").toBe(0);
  return withoutPadding(values, width);
}
