/** The job of many kinds whose digest and loss the matrix of test/runtimes wants of every engine. */
import { afterEach, describe, expect, test } from "vitest";
import * as lstmkit from "../../src/index.ts";
import {
  createRuntime,
  type EmbeddingConfig,
  type PeepholeLstmConfig,
  type Runtime,
  type SteppedConfig,
} from "../../src/node.ts";
import { BUILDS } from "../builds.ts";
import { kindsJob, kindsModel } from "../runtimes/hosts/kinds-job.js";
import { PINNED } from "../runtimes/pinned.ts";
import { spawn } from "../worker/spawned.ts";
import { openKit } from "./small-job.ts";

const kits: Runtime[] = [];
const kept = async (kit: Promise<Runtime>) => {
  kits.push(await kit);
  return kit;
};
afterEach(() => Promise.all(kits.splice(0).map((kit) => kit.close())));

test.each(BUILDS)("the %s build gives the pinned digest and loss", async (build) => {
  expect(await kindsJob(lstmkit, await kept(openKit(build)))).toEqual(PINNED.kinds);
});

describe.each([1, 2, 3, 4])("%i threads give them too", (threads) => {
  test("in this thread", async () => {
    expect(await kindsJob(lstmkit, await kept(createRuntime({ threads })))).toEqual(PINNED.kinds);
  });

  test("in a worker", async () => {
    expect(await kindsJob(lstmkit, await kept(spawn({ threads })))).toEqual(PINNED.kinds);
  });
});

/** The digest of the job with one thing changed: something of a layer, of the optimiser, or of fit. */
async function without(lib: object, optimizer: object = {}, fit: object = {}): Promise<string> {
  const changed = { ...lstmkit, ...lib } as typeof lstmkit;
  const { model, config, x, y, options } = await kindsModel(changed, await kept(createRuntime()));
  await model.compile({ ...config, optimizer: { ...config.optimizer, ...optimizer } });
  await model.fit(x, y, { ...options, ...fit });
  return model.digest();
}

const { embedding, peepholeLSTM, minGRU } = lstmkit;
const NO_PENALTY = { kernelRegularizer: { l1: 0, l2: 0 } };
const weighted = { data: new Float32Array(75 * 6).fill(1), shape: [75, 6] };

test("each part of it takes part: without it the weights are others", async () => {
  const all = [
    await without({}),
    await without({ embedding: (config: EmbeddingConfig) => embedding({ ...config, maskZero: false }) }),
    await without({ peepholeLSTM: (c: PeepholeLstmConfig) => peepholeLSTM({ ...c, recurrentDropout: 0 }) }),
    await without({
      minGRU: (c: SteppedConfig) => minGRU({ ...c, ...(c.kernelRegularizer && NO_PENALTY) }),
    }),
    await without({}, { weightDecay: 0 }),
    await without({}, { globalClipnorm: 1e6 }),
    await without({}, { learningRate: 0.001 }),
    await without({}, {}, { sampleWeight: weighted }),
  ];
  expect(all[0]).toBe(PINNED.kinds.trained);
  expect(new Set(all).size).toBe(all.length);
});

test("it learns", async () => {
  const { model, x, y, options } = await kindsModel(lstmkit, await kept(createRuntime()));
  const before = await model.evaluate(x, y);
  await model.fit(x, y, options);
  expect((await model.evaluate(x, y)).loss).toBeLessThan(before.loss - 0.1);
});
