import fc from "fast-check";
import { expect, test } from "vitest";
import { instantiateKernels } from "../../src/runtime/kernels.ts";
import { LinearMemory, MAX_BYTES } from "../../src/runtime/memory.ts";
import { kernelBytes } from "../builds.ts";

const small = (maximum: number) => new LinearMemory(new WebAssembly.Memory({ initial: 1, maximum }));

test("a block is aligned, zeroed, and never at address 0", () => {
  const memory = new LinearMemory();
  const first = memory.allocate(100, "a test");
  memory.f32(first, 25).fill(7);
  memory.free(first);
  const again = memory.allocate(100, "a test");
  expect(again).toBe(first);
  expect(again).toBeGreaterThan(0);
  expect(again % 64).toBe(0);
  expect([...memory.f32(again, 25)]).toEqual(Array(25).fill(0));
});

test("blocks never overlap, and all is one free block again when they are freed in any order", () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.nat(200_000), fc.nat(9)), { maxLength: 30 }), (requests) => {
      const memory = new LinearMemory();
      const live: { address: number; bytes: number }[] = [];
      for (const [bytes, turn] of requests) {
        const address = memory.allocate(bytes, "a test");
        for (const other of live) {
          expect(address + bytes <= other.address || other.address + other.bytes <= address).toBe(true);
        }
        live.push({ address, bytes });
        if (turn > 5) memory.free(live.splice(turn % live.length, 1)[0]!.address);
      }
      for (const { address } of live) memory.free(address);
      expect(memory.bytesInUse).toBe(0);
      const { bytes } = memory;
      memory.free(memory.allocate(bytes - 1024, "all of it"));
      expect(memory.bytes).toBe(bytes);
    }),
    { seed: 22, numRuns: 100 },
  );
});

test("memory grows by no more than what is missing", () => {
  const memory = new LinearMemory();
  memory.allocate(60_000, "a test");
  memory.allocate(65_536, "a test");
  expect(memory.bytes).toBe(2 * 65_536);
});

test("a block that does not fit is OUT_OF_MEMORY, and nothing changes", () => {
  const memory = small(2);
  const first = memory.allocate(1000, "a test");
  const before = [memory.bytes, memory.bytesInUse];
  for (const bytes of [200_000, 2 ** 32, 2 ** 40, Infinity]) {
    expect(() => memory.allocate(bytes, "a model")).toThrow(/^OUT_OF_MEMORY: a model needs/);
  }
  expect([memory.bytes, memory.bytesInUse]).toEqual(before);
  memory.free(first);
  expect(memory.allocate(100_000, "a test")).toBe(first);
});

test("a block that was used before is zero again, and so is one that is partly new", () => {
  const memory = new LinearMemory();
  for (const bytes of [100, 70_000, 1000, 300_000]) {
    const address = memory.allocate(bytes, "a test");
    const bytesOf = memory.u8(address, bytes);
    expect(bytesOf.findIndex((byte) => byte !== 0)).toBe(-1);
    bytesOf.fill(7);
    memory.free(address);
  }
});

test("all of the address space can be had but its last page, whose end is no address", async () => {
  const memory = new LinearMemory();
  expect(() => memory.allocate(2 ** 32 - 65_536 - 1023, "a test")).toThrow(/^OUT_OF_MEMORY/);
  const all = memory.allocate(2 ** 32 - 65_536 - 1024, "a test");
  expect(all + 2 ** 32 - 65_536 - 1024).toBe(MAX_BYTES);
  const kernels = await instantiateKernels(await WebAssembly.compile(kernelBytes("release")), memory.wasm);
  memory.f32(MAX_BYTES - 64, 16).fill(Number.NaN, 15);
  expect(kernels.allFinite(MAX_BYTES - 64, 16)).toBe(0);
  expect(kernels.allFinite(MAX_BYTES - 64, 8)).toBe(1);
});

test("freeing what is no block throws", () => {
  const memory = new LinearMemory();
  const address = memory.allocate(64, "a test");
  expect(() => memory.free(address + 64)).toThrow();
  memory.free(address);
  expect(() => memory.free(address)).toThrow();
});
