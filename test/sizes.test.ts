/** What an application downloads: budgets in bytes of gzip, a little above what it is today. */
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { build } from "esbuild";
import { expect, test } from "vitest";

const dist = (file: string) => fileURLToPath(new URL(`../dist/${file}`, import.meta.url));

/** Bundled and minified for browsers, as an application's own build does it. */
async function minified(contents: string): Promise<Uint8Array> {
  const { outputFiles } = await build({
    stdin: { contents, resolveDir: dist("") },
    bundle: true,
    minify: true,
    format: "esm",
    target: "es2022",
    write: false,
    logLevel: "silent",
  });
  return outputFiles[0]!.contents;
}

/** The budget is missed by what is too much; and by what is so little that it says nothing. */
function expectWithin(name: string, bytes: Uint8Array, budget: number): void {
  const size = gzipSync(bytes, { level: 9 }).length;
  const of = `${name}: ${size} bytes of gzip, of a budget of ${budget}`;
  console.log(of);
  expect(size, of).toBeLessThanOrEqual(budget);
  expect(size, `${of}: lower the budget`).toBeGreaterThan(budget * 0.85);
}

const PREDICTS = `
import { createRuntime } from "./index.js";
const kit = await createRuntime();
const model = await kit.load(new Uint8Array(await (await fetch("lstm.safetensors")).arrayBuffer()));
console.log(await model.predict([[[1, 2, 3]]]));`;

const TRAINS = `
import { createRuntime, dense, lstm } from "./index.js";
const kit = await createRuntime();
const model = await kit.sequential([lstm({ units: 8, inputShape: [null, 3] }), dense({ units: 1 })]);
await model.compile({ loss: "meanSquaredError" });
await model.fit([[[1, 2, 3]]], [[1]]);`;

const EVERYTHING = `
export * from "./index.js";
export * as data from "./data.js";
export * as inline from "./inline.js";`;

test.each([
  { name: "an application that predicts with an LSTM", contents: PREDICTS, budget: 75_000 },
  { name: "an application that trains an LSTM", contents: TRAINS, budget: 75_000 },
  {
    name: "an application that uses everything, data and inline kernels with it",
    contents: EVERYTHING,
    budget: 179_000,
  },
  { name: "series from a CSV file", contents: 'export { seriesFromCsv } from "./data.js"', budget: 22_500 },
  {
    name: "public holidays, which nothing else brings along",
    contents: 'export * from "./holidays.js"',
    budget: 215_000,
  },
  { name: "padSequences alone", contents: 'export { padSequences } from "./index.js"', budget: 2_950 },
])("$name: at most $budget bytes of gzip, kernels not counted", async ({ name, contents, budget }) => {
  expectWithin(name, await minified(contents), budget);
});

test.each([
  { file: "runtime-worker.js", budget: 78_500 },
  { file: "kernels.wasm", budget: 23_500 },
  { file: "kernels.shared.wasm", budget: 23_500 },
  { file: "kernels.dot.wasm", budget: 23_500 },
  { file: "kernels.dot.shared.wasm", budget: 23_500 },
  { file: "kernels.relaxed.wasm", budget: 23_500 },
  { file: "kernels.relaxed.shared.wasm", budget: 23_500 },
])("$file: at most $budget bytes of gzip", async ({ file, budget }) => {
  const bytes = readFileSync(dist(file));
  // A worker's script is copied as it is by most builds, and minified by the rest.
  expectWithin(file, file.endsWith(".js") ? await minified(bytes.toString()) : bytes, budget);
});
