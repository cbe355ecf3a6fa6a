/** A job of the kinds that the small job lacks, in every way that must not change a bit. */
import { afterEach, describe, expect, test } from "vitest";
import { Team } from "../../src/model/team.ts";
import { createRuntime, type Model, type Runtime, type RuntimeOptions } from "../../src/node.ts";
import { Sequential } from "../../src/train/sequential.ts";
import { instantiateKernels } from "../../src/wasm/kernels.ts";
import { LinearMemory } from "../../src/wasm/memory.ts";
import { BUILDS, kernelBytes } from "../builds.ts";
import { spawn } from "../worker/spawned.ts";
import { MIXED, mixedData, mixedLayers, mixedModel, openKit } from "./small-job.ts";

/** SHA-256 of the weights of 37 samples in batches of 20 and 17, 2 epochs, seed 22: part of the contract. */
const PINNED = {
  initial: "96856f1c2d6386706f1ce39263d83437a697441a67c181164915a2014b56d3cc",
  trained: "9ca55b9b83edec567b541751bcca4ee5928c0ba07918c533dacd47669a5928bd",
};

const RUN = { epochs: 2, batchSize: 20 } as const;
const SMALL = mixedData();

// 75 samples in batches of 53 and 22: shards of 16, the last of each batch a smaller one.
const { x, y } = mixedData(75);
const LONG = { epochs: 3, batchSize: 53, validationData: [x, y] } as const;

const kits: Runtime[] = [];
const open = async (options: RuntimeOptions = {}) => {
  const kit = await createRuntime(options);
  kits.push(kit);
  return kit;
};
afterEach(() => Promise.all(kits.splice(0).map((kit) => kit.close())));

/** All that a run gives. */
async function run(kit: Runtime) {
  const model = await mixedModel(kit);
  const { history } = await model.fit(x, y, LONG);
  return { history, ...(await answers(model)) };
}

const answers = async (model: Model) => ({
  predictions: await model.predict(x, { batchSize: 75 }),
  evaluation: await model.evaluate(x, y),
  trace: await model.trace(x),
  flow: await model.gradientFlow(x, y),
  digest: await model.digest(),
});

describe.each(BUILDS)("%s build", (build) => {
  test("the digest of a run is the pinned one", async () => {
    const kit = await openKit(build);
    kits.push(kit);
    const model = await mixedModel(kit);
    const initial = await model.digest();
    await model.fit(SMALL.x, SMALL.y, RUN);
    expect({ initial, trained: await model.digest() }).toEqual(PINNED);
  });

  test("the size of a group changes no bit", async () => {
    const module = await WebAssembly.compile(kernelBytes(build));
    const digests = new Set<string>();
    for (const groupSize of [1, 2, 3, 4, 7, 16]) {
      const memory = new LinearMemory();
      const kernels = await instantiateKernels(module, memory.wasm);
      const team = new Team(kernels, memory, 1);
      const model = new Sequential(
        { kernels, memory, team, seed: 22, groupSize, onDispose: () => {} },
        mixedLayers(),
      );
      await model.compile(MIXED);
      await model.fit(SMALL.x, SMALL.y, RUN);
      digests.add(await model.digest());
      await model.dispose();
    }
    expect([...digests]).toEqual([PINNED.trained]);
  });
});

test("1, 2, 3 and 7 threads give the same digest, history and answers", async () => {
  const alone = await run(await open());
  for (const threads of [2, 3, 7]) {
    expect(await run(await open({ threads })), `${threads} threads`).toEqual(alone);
  }
});

test("a worker gives what this thread gives, with any number of threads", async () => {
  const here = await run(await open());
  for (const threads of [1, 2, 3]) {
    expect(await run(await spawn({ threads })), `${threads} threads`).toEqual(here);
  }
});

test("it learns its classes", async () => {
  const model = await mixedModel(await open());
  const { history } = await model.fit(x, y, { epochs: 120, batchSize: 20 });
  const { loss, accuracy } = history;
  expect(loss![0]).toBeCloseTo(Math.log(3), 0);
  expect(loss!.at(-1)).toBeLessThan(loss![0]! / 4);
  expect(accuracy!.at(-1)).toBeGreaterThan(0.9);
});

test("a saved model answers as the one it was saved from, here and in a worker", async () => {
  const kit = await open();
  const model = await mixedModel(kit);
  await model.fit(x, y, { epochs: 1, batchSize: 53 });
  const expected = await answers(model);
  const file = await model.save();
  for (const other of [kit, await open({ threads: 2 }), await spawn()]) {
    const loaded = await other.load(file);
    expect(loaded.layers).toEqual(model.layers);
    expect(await answers(loaded)).toEqual(expected);
  }
});
