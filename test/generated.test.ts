import { readFileSync } from "node:fs";
import binaryen from "binaryen";
import { expect, test } from "vitest";
import { generated } from "../scripts/generate.ts";
import { kernelBytes } from "./builds.ts";

const files = await generated();

test.each(Object.keys(files))("%s is what npm run generate writes", (path) => {
  expect(readFileSync(new URL(`../${path}`, import.meta.url), "utf8")).toBe(files[path]);
});

test.each(["release", "debug", "relaxed", "dot"] as const)(
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

/** Of each export its code, as text, but for the names of the functions that it calls. */
function codeOf(build: "release" | "dot"): Map<string, string> {
  const module = binaryen.readBinary(kernelBytes(build));
  const code = new Map<string, string>();
  for (let i = 0; i < module.getNumExports(); i++) {
    const { name, value, kind } = binaryen.getExportInfo(module.getExportByIndex(i));
    if (kind !== binaryen.ExternalFunction) continue;
    const { body } = binaryen.getFunctionInfo(module.getFunction(value));
    code.set(name, binaryen.emitText(body).replaceAll(/\$[\w/~]+/g, "$"));
  }
  module.dispose();
  return code;
}

test("the dot build has the code of the strict one, but for products of integers", () => {
  const [strict, dot] = [codeOf("release"), codeOf("dot")];
  const others = [...strict.keys()].filter((name) => strict.get(name) !== dot.get(name));
  // The GRU that resets before finds the second part of its panels, whose size is another.
  expect(others).toEqual(["gruBeforeForward", "packPanelsInt8", "packRowsInt8", "productInt8"]);
});
