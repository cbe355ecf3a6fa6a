import { describe, expect, test } from "vitest";
import { createRuntime } from "../../src/index.ts";
import { compileKernels, instantiateKernels, type KernelSource } from "../../src/wasm/kernels.ts";
import { LinearMemory } from "../../src/wasm/memory.ts";
import { CLOSE_BUILDS, kernelBytes } from "../builds.ts";

const bytes = kernelBytes("release");

test.each(CLOSE_BUILDS)("the %s build imports nothing but the memory", async (build) => {
  const module = await WebAssembly.compile(kernelBytes(build));
  expect(WebAssembly.Module.imports(module)).toEqual([{ module: "env", name: "memory", kind: "memory" }]);
});

test("all builds have the same exports", async () => {
  const [release, ...others] = await Promise.all(
    CLOSE_BUILDS.map(async (build) =>
      WebAssembly.Module.exports(await WebAssembly.compile(kernelBytes(build))),
    ),
  );
  const names = (all: { name: string; kind: string }[]) =>
    all.map(({ name, kind }) => `${kind} ${name}`).sort();
  for (const other of others) expect(names(other)).toEqual(names(release!));
});

describe("kernels come from", () => {
  test.each<{ what: string; source: () => KernelSource | Promise<KernelSource> }>([
    { what: "bytes", source: () => bytes },
    { what: "a buffer", source: () => bytes.buffer },
    {
      what: "a view into a larger buffer",
      source: () => Buffer.concat([Buffer.alloc(3), bytes]).subarray(3),
    },
    { what: "a compiled module", source: () => WebAssembly.compile(bytes) },
    { what: "a response", source: () => new Response(bytes) },
    {
      what: "a data URL",
      source: () => `data:application/wasm;base64,${Buffer.from(bytes).toString("base64")}`,
    },
  ])("$what", async ({ source }) => {
    const module = await compileKernels(await source());
    const memory = new LinearMemory();
    const k = await instantiateKernels(module, memory.wasm);
    expect(k.sumInts(memory.allocate(16, "a test"), 4)).toBe(0);
  });

  test("a promise of bytes, as edge runtimes and bundlers give it", async () => {
    await expect(compileKernels(Promise.resolve(bytes))).resolves.toBeInstanceOf(WebAssembly.Module);
  });
});

describe("kernels that cannot be had are FILE_UNREADABLE", () => {
  test.each<{ what: string; source: () => KernelSource }>([
    { what: "bytes that are no module", source: () => Uint8Array.of(1, 2, 3, 4) },
    { what: "a module cut short", source: () => bytes.subarray(0, 100) },
    { what: "no bytes", source: () => new Uint8Array(0) },
    { what: "an answer of 404", source: () => new Response("not found", { status: 404 }) },
    { what: "an address that nobody answers at", source: () => new URL("http://127.0.0.1:1/kernels.wasm") },
    { what: "a page in the module's place", source: () => new Response("<!doctype html>") },
  ])("$what", async ({ source }) => {
    await expect(createRuntime({ kernels: source() })).rejects.toMatchObject({
      code: "FILE_UNREADABLE",
      message: expect.stringContaining("createRuntime({ kernels })") as string,
    });
  });
});

test("info says what a runtime runs on", async () => {
  const kit = await createRuntime({ kernels: bytes });
  const info = await kit.info();
  expect(info).toMatchObject({ math: "strict", threads: 1, memoryInUse: 0 });
  expect(info.engine).toMatch(/^node \d+\./);
  expect(info.version).toMatch(/^\d+\.\d+\.\d+/);
});
