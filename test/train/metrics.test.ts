/** Metrics as fit, evaluate, files and workers have them. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import {
  type CompileOptions,
  createRuntime,
  dense,
  embedding,
  lstm,
  type MetricConfig,
  type Model,
  type Runtime,
} from "../../src/node.ts";
import { integers, keepMask, stepMask } from "../reference/sample.ts";
import { spawn } from "../worker/spawned.ts";
import { smallData, smallLayers, V } from "./small-job.ts";

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

const OF_OUTPUTS: readonly MetricConfig[] = [
  "binaryAccuracy",
  "precision",
  { name: "recall", threshold: 0.49 },
  { name: "f1Score", threshold: 0.5 },
  "auc",
  { name: "auc", curve: "PR" },
  "meanSquaredError",
  "rootMeanSquaredError",
  "meanAbsoluteError",
  "meanAbsolutePercentageError",
  "r2Score",
];
const OF_CLASSES: readonly MetricConfig[] = [
  "sparseCategoricalAccuracy",
  { name: "sparseTopKCategoricalAccuracy", k: 2 },
];

describe.each([
  {
    units: 1,
    activation: "sigmoid",
    loss: "binaryCrossentropy",
    alone: "meanSquaredError",
    metrics: OF_OUTPUTS,
  },
  {
    units: 3,
    activation: "softmax",
    loss: "sparseCategoricalCrossentropy",
    alone: "sparseCategoricalCrossentropy",
    metrics: OF_CLASSES,
  },
] as const)("of sequences with masked steps, $loss", ({ units, activation, loss, alone, metrics }) => {
  const [N, T] = [37, 10];
  const counting = stepMask(N, T);
  const words = integers(N * T, V - 1, 8).map((id, i) => (counting[i] === 0 ? 0 : id + 1));
  const ids = { data: words, shape: [N, T] };
  const targets = units === 1 ? keepMask(N * T, 0.5, 6) : Uint8Array.from(integers(N * T, units, 6));

  test.each([false, true])(
    "they are those of the other steps alone, read from the end: %s",
    async (goBackwards) => {
      const model = await kit.sequential(
        [
          embedding({ inputDim: V, outputDim: 6, maskZero: true }),
          lstm({ units: 5, returnSequences: true, goBackwards }),
          dense({ units, activation }),
        ],
        { seed: 22 },
      );
      await model.compile({ loss, metrics });
      const y = { data: targets, shape: [N, T] };
      const { loss: _, ...masked } = await model.evaluate(ids, y, { batchSize: N });

      const all = (await model.predict(ids)).data;
      const place = (n: number, t: number) => n * T + (goBackwards ? T - 1 - t : t);
      const rows = [...Array(N * T).keys()].filter(
        (row) => counting[place(Math.floor(row / T), row % T)] === 1,
      );
      expect(rows.length).toBeLessThan(0.9 * N * T);
      const outputs = {
        data: Float32Array.from(rows.flatMap((row) => [...all.subarray(row * units, (row + 1) * units)])),
        shape: [rows.length, units],
      };
      const same = await kit.sequential([dense({ units, useBias: false, inputShape: [units] })]);
      const identity = Float32Array.from({ length: units * units }, (_, i) =>
        i % (units + 1) === 0 ? 1 : 0,
      );
      await same.setWeights([{ data: identity, shape: [units, units] }]);
      await same.compile({
        loss: alone === "meanSquaredError" ? alone : { name: alone, fromLogits: true },
        metrics,
      });
      const own = { data: Uint8Array.from(rows, (row) => targets[row]!), shape: [rows.length] };
      const { loss: __, ...unmasked } = await same.evaluate(outputs, own, { batchSize: rows.length });
      expect(masked).toEqual(unmasked);
      expect(Object.keys(masked).length).toBe(metrics.length);
      const reached = Object.values(masked).every((value) => Number.isFinite(value));
      expect(reached).toBe(true);
    },
  );
});

test("where all steps are masked, or all of a batch, they are what Keras has of nothing", async () => {
  const model = await kit.sequential(
    [
      embedding({ inputDim: V, outputDim: 6, maskZero: true }),
      lstm({ units: 5, returnSequences: true }),
      dense({ units: 1, activation: "sigmoid" }),
    ],
    { seed: 22 },
  );
  const metrics = OF_OUTPUTS.slice(0, -1); // R² of nothing is no number
  await model.compile({ loss: "binaryCrossentropy", metrics });
  const padding = { data: new Int32Array(40), shape: [4, 10] };
  const found = await model.evaluate(padding, { data: keepMask(40, 0.5, 6), shape: [4, 10] });
  expect(Object.values(found)).toEqual(Array(metrics.length + 1).fill(0));
});
