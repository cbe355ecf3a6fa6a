import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { generated } from "../scripts/generate.ts";
import { kernelBytes } from "./builds.ts";

const files = await generated();

test.each(Object.keys(files))("%s is what npm run generate writes", (path) => {
  expect(readFileSync(new URL(`../${path}`, import.meta.url), "utf8")).toBe(files[path]);
});

test.each(["release", "debug", "relaxed"] as const)(
  "the %s build exports the kernels that the host has types of, with as many arguments",
  async (build) => {
    const types = files["src/wasm/kernel-types.ts"]!;
    const declared = [...types.matchAll(/^ {2}(\w+)\(([^)]*)\)/gm)].map(([, name, parameters]) => [
      name,
      parameters!.split(",").filter((parameter) => parameter.trim() !== "").length,
    ]);
    const memory = new WebAssembly.Memory({ initial: 1, maximum: 65_536 });
    const { instance } = await WebAssembly.instantiate(kernelBytes(build), { env: { memory } });
    const exported = Object.entries(instance.exports).map(([name, kernel]) => [
      name,
      (kernel as (...args: number[]) => unknown).length,
    ]);
    expect(exported.sort()).toEqual(declared.sort());
  },
);
