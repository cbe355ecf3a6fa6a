/** Metrics as fit, evaluate, files and workers have them. */
import { afterAll, beforeAll, expect, test } from "vitest";
import { type CompileOptions, createRuntime, type Model, type Runtime } from "../../src/node.ts";
import { spawn } from "../worker/spawned.ts";
import { smallData, smallLayers } from "./small-job.ts";

const COMPILE: CompileOptions = {
  optimizer: { name: "adam", learningRate: 0.01 },
  loss: "binaryCrossentropy",
  metrics: [
    "accuracy",
    "precision",
    { name: "precision", threshold: 0.6 },
    "recall",
    { name: "f1Score", threshold: 0.5 },
    "auc",
    { name: "auc", curve: "PR" },
    "rootMeanSquaredError",
    "r2Score",
  ],
};
const KEYS = [
  "loss",
  "accuracy",
  "precision",
  "precision1",
  "recall",
  "f1Score",
  "auc",
  "auc1",
  "rootMeanSquaredError",
  "r2Score",
];
const COUNTED = KEYS.slice(1, 8);
const { x, y } = smallData(75);
const FIT = { epochs: 3, batchSize: 53, validationSplit: 0.4 };

let kit: Runtime;
beforeAll(async () => {
  kit = await createRuntime();
});
afterAll(() => kit.close());

async function modelOn(runtime: Runtime): Promise<Model> {
  const model = await runtime.sequential(smallLayers(), { seed: 22 });
  await model.compile(COMPILE);
  return model;
}

test("fit logs them under their names, for training and validation, batch by batch and in the history", async () => {
  const model = await modelOn(kit);
  const logs: string[][] = [];
  const { history } = await model.fit(x, y, {
    ...FIT,
    onBatchEnd: (_, { size: _s, batches: _b, ...own }) => void logs.push(Object.keys(own)),
  });
  const val = KEYS.map((key) => `val${key[0]!.toUpperCase()}${key.slice(1)}`);
  expect(Object.keys(history)).toEqual([...KEYS, ...val]);
  expect(Object.values(history).every((values) => values.length === 3 && values.every(Number.isFinite))).toBe(
    true,
  );
  for (const keys of logs) expect(keys).toEqual(KEYS);
  expect(history.auc!.at(-1)).toBeGreaterThan(0.6);
});

test("nothing that is counted depends on the size of batches", async () => {
  const model = await modelOn(kit);
  await model.fit(x, y, FIT);
  const counted = async (batchSize: number) => {
    const logs = await model.evaluate(x, y, { batchSize });
    return COUNTED.map((key) => logs[key]);
  };
  const whole = await counted(75);
  for (const batchSize of [1, 7, 16, 32]) expect(await counted(batchSize)).toEqual(whole);
});

test("threads and a worker give the same numbers, and so does what is loaded from a file", async () => {
  const run = async (runtime: Runtime) => {
    const model = await modelOn(runtime);
    const { history } = await model.fit(x, y, FIT);
    return { history, logs: await model.evaluate(x, y), file: await model.save() };
  };
  const here = await run(kit);
  for (const threads of [2, 3, 4]) {
    const team = await createRuntime({ threads });
    expect(await run(team)).toEqual(here);
    await team.close();
  }
  expect(await run(await spawn({ threads: 2 }))).toEqual(here);
  const loaded = await kit.load(here.file);
  expect(await loaded.evaluate(x, y)).toEqual(here.logs);
});

test("where no target is positive they are Keras's: recall, precision and areas of 0", async () => {
  const model = await modelOn(kit);
  const none = { data: new Float32Array(75), shape: [75] };
  const { recall, precision, auc, auc1, f1Score } = await model.evaluate(x, none);
  expect({ recall, precision, auc, auc1, f1Score }).toEqual({
    recall: 0,
    precision: 0,
    auc: 0,
    auc1: 0,
    f1Score: 0,
  });
});
