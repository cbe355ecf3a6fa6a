import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { createRuntime, type RuntimeOptions } from "../../src/node.ts";
import { KERNEL_PARAMETERS } from "../../src/wasm/kernel-types.ts";
import { compileKernels, instantiateKernels, type KernelSource } from "../../src/wasm/kernels.ts";
import { LinearMemory } from "../../src/wasm/memory.ts";
import { CLOSE_BUILDS, kernelBytes } from "../builds.ts";
import { codedError } from "../data/coded-error.ts";

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

/** A module of our own with one name changed for another of its length. */
function renamed(from: string, to: string): Uint8Array<ArrayBuffer> {
  const changed = bytes.slice();
  for (const [name, other] of [
    [from, to],
    [to, from],
  ] as const) {
    const at = Buffer.from(bytes).indexOf(`${String.fromCharCode(name.length)}${name}\0`);
    if (at >= 0) changed.set(new TextEncoder().encode(other), at + 1);
  }
  return changed;
}

/** Two kernels with names of one length, of which one takes more. */
function unlike(): [string, string] {
  const kernels = Object.entries(KERNEL_PARAMETERS);
  for (const [name, count] of kernels) {
    const other = kernels.find((kernel) => kernel[0].length === name.length && kernel[1] !== count);
    if (other) return [name, other[0]];
  }
  throw new Error("all alike");
}

const HEADER = [0, 97, 115, 109, 1, 0, 0, 0];
const importing = (kind: number[]) => [
  ...HEADER,
  1,
  4,
  1,
  96,
  0,
  0,
  2,
  5 + kind.length,
  1,
  1,
  97,
  1,
  98,
  ...kind,
];
const asPage = { headers: { "content-type": "text/html" } };
const shared = () => readFileSync(new URL("../../dist/kernels.shared.wasm", import.meta.url));

describe("what are no kernels of this version is FILE_UNREADABLE, with what was found", () => {
  test.each<{ what: string; options: () => RuntimeOptions; found: RegExp }>([
    {
      what: "a page that a server sends for a path that it does not have",
      options: () => ({ kernels: new Response("<!doctype html><title>App</title>", asPage) }),
      found: /33 bytes, sent as "text\/html", that are no WebAssembly: they begin with "<!doctype html>/,
    },
    {
      what: "an empty module",
      options: () => ({ kernels: Uint8Array.from(HEADER) }),
      found: /the module has no kernels of lstmkit/,
    },
    {
      what: "a module that imports a function",
      options: () => ({ kernels: Uint8Array.from(importing([0, 0])) }),
      found: /the module imports the function "a.b"/,
    },
    {
      what: "a compiled module of another's",
      options: () => ({ kernels: WebAssembly.compile(Uint8Array.from(importing([0, 0]))) }),
      found: /the module imports the function "a.b"/,
    },
    {
      what: "an older build, without a kernel",
      options: () => ({ kernels: renamed("lstmForward", "lstmFormer_") }),
      found: /the module lacks 1 kernels, such as lstmForward, as in another version/,
    },
    {
      what: "an older build, whose kernels take other parameters",
      options: () => ({ kernels: renamed(...unlike()) }),
      found: /takes other parameters, as in another version/,
    },
    {
      what: "the build for several threads, for one",
      options: () => ({ kernels: shared() }),
      found: /not the one for one thread.*kernels\.wasm/,
    },
    {
      what: "the build for one thread, for two",
      options: () => ({ threads: 2, kernels: bytes }),
      found: /not the one for several threads.*kernels\.shared\.wasm/,
    },
    {
      what: "a function that throws",
      options: () => ({
        kernels: () => {
          throw new Error("no such asset");
        },
      }),
      found: /no such asset/,
    },
    {
      what: "a promise that rejects",
      options: () => ({ kernels: Promise.reject(new Error("no such asset")) }),
      found: /no such asset/,
    },
    {
      what: "a function's promise that rejects with no error",
      options: () => ({ kernels: () => Promise.reject(undefined) }),
      found: /undefined/,
    },
  ])("$what", async ({ options, found }) => {
    await expect(createRuntime(options())).rejects.toEqual(codedError("FILE_UNREADABLE", found));
    await expect(createRuntime(options())).rejects.toEqual(
      codedError("FILE_UNREADABLE", /createRuntime\(\{ kernels \}\)|Serve kernels/),
    );
  });
});

test.each<[string, unknown]>([
  ["a number", 5],
  ["nothing", undefined],
  ["null", null],
  ["an object", {}],
  ["an array", [0, 97, 115, 109]],
  ["a function", () => bytes],
])("a function for kernels that gives %s is BAD_ARGUMENT", async (_, given) => {
  const refused = codedError("BAD_ARGUMENT", /kernels is .*; it must be the module, its bytes/);
  await expect(createRuntime({ kernels: () => given as KernelSource })).rejects.toEqual(refused);
  await expect(createRuntime({ kernels: () => Promise.resolve(given as "") })).rejects.toEqual(refused);
});

test("info says what a runtime runs on", async () => {
  const kit = await createRuntime({ kernels: bytes });
  const info = await kit.info();
  expect(info).toMatchObject({ math: "strict", threads: 1, memoryInUse: 0 });
  expect(info.engine).toMatch(/^node \d+\./);
  expect(info.version).toMatch(/^\d+\.\d+\.\d+/);
});
