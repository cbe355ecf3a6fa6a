import { expect, test } from "vitest";
import { createRuntime, type Model, type Runtime } from "../../src/node.ts";
import { kernelBytes } from "../builds.ts";
import { smallData, smallLayers, smallModel } from "../train/small-job.ts";
import { kernelFile, spawn } from "./spawned.ts";

const { x, y } = smallData(75);
const RUN = { epochs: 3, batchSize: 53, validationData: [x, y], validationFreq: 2 } as const;

/** All that a run gives. */
async function run(kit: Runtime, cell: "lstm" | "simpleRNN") {
  const model = await smallModel(kit, 22, cell);
  const epochs: unknown[] = [];
  const history = await model.fit(x, y, {
    ...RUN,
    onEpochEnd(epoch, { seconds: _, ...logs }) {
      epochs.push([epoch, logs]);
    },
  });
  return { history, epochs, ...(await answers(model)) };
}

const answers = async (model: Model) => ({
  layers: model.layers,
  metadata: model.metadata,
  predictions: await model.predict(x, { batchSize: 20 }),
  evaluation: await model.evaluate(x, y),
  trace: await model.trace(x),
  flow: await model.gradientFlow(x, y),
  summary: await model.summary(),
  count: await model.countParams(),
  weights: await model.getWeights(),
  digest: await model.digest(),
  file: await model.save({ metadata: { about: "a test" } }),
});

test.each(["lstm", "simpleRNN"] as const)("a worker gives what this thread gives: %s", async (cell) => {
  const kit = await createRuntime();
  const here = await run(kit, cell);
  await kit.close();
  for (const threads of [1, 2, 3]) {
    expect(await run(await spawn({ threads }), cell), `${threads} threads`).toEqual(here);
  }
});

test("info() tells where the runtime is, and otherwise what it tells in this thread", async () => {
  const kit = await createRuntime({ threads: 2 });
  const { where, ...here } = await kit.info();
  await kit.close();
  expect(where).toBe("thread");
  expect(await (await spawn({ threads: 2 })).info()).toEqual({ ...here, where: "worker" });
});

test("a model goes to a worker and back as a file and as weights", async () => {
  const [kit, spawned] = [await createRuntime(), await spawn()];
  const trained = await smallModel(kit);
  await trained.fit(x, y, RUN);
  const loaded = await spawned.load(await trained.save({ metadata: { about: "a test" } }));
  expect(loaded.metadata).toEqual({ about: "a test" });
  expect(await loaded.digest()).toBe(await trained.digest());
  const other = await spawned.sequential(smallLayers(), { seed: 1 });
  await other.setWeights(await trained.getWeights());
  expect(await other.digest()).toBe(await trained.digest());
  await kit.close();
});

test("several models train side by side in one worker", async () => {
  const kit = await spawn({ threads: 2 });
  const models = [await smallModel(kit, 22), await smallModel(kit, 22)];
  await Promise.all(models.map((model) => model.fit(x, y, RUN)));
  const [first, second] = await Promise.all(models.map((model) => model.digest()));
  expect(first).toBe(second);
});

test.each([
  { what: "bytes", kernels: kernelBytes("release") },
  { what: "a module", kernels: new WebAssembly.Module(kernelBytes("release")) },
  { what: "a promise", kernels: Promise.resolve(kernelBytes("release")) },
  { what: "a Response", kernels: new Response(kernelBytes("release")) },
  {
    what: "a URL",
    kernels: `data:application/wasm;base64,${Buffer.from(kernelBytes("release")).toString("base64")}`,
  },
])("kernels may be $what", async ({ kernels }) => {
  const kit = await spawn({ kernels });
  expect(await (await smallModel(kit)).digest()).toMatch(/^4b5f16644c0fdd5e/);
});

test("a function that gives kernels is called in this thread, with the file's name", async () => {
  const asked: string[] = [];
  const kernels = (file: string) => {
    asked.push(file);
    return kernelFile(file);
  };
  await spawn({ kernels, threads: 2 });
  await spawn({ kernels });
  expect(asked).toEqual(["kernels.shared.wasm", "kernels.wasm"]);
});
