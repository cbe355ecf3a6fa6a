import { expect, test } from "vitest";
import {
  type Conv1dConfig,
  conv1d,
  dense,
  embedding,
  flatten,
  gru,
  lstm,
  simpleRNN,
  timeDistributed,
} from "../../src/layers/public.ts";
import { checkLayers } from "../../src/model/stack.ts";
import { padWeight, unpadWeight, Weights, weightTable } from "../../src/model/weights.ts";
import { openBenches } from "../builds.ts";
import { goldens } from "../fixtures/goldens.ts";

const named = (layers: Parameters<typeof checkLayers>[0]) => weightTable(checkLayers(layers)).specs;

test("weights have Keras's paths, shapes and order", () => {
  const table = named([
    embedding({ inputDim: 9, outputDim: 5 }),
    lstm({ units: 4, returnSequences: true }),
    simpleRNN({ units: 3, returnSequences: true }),
    lstm({ units: 4, returnSequences: true }),
    simpleRNN({ units: 2 }),
    dense({ units: 6 }),
    dense({ units: 1 }),
  ]);
  expect(table.map(({ name, shape }) => [name, ...shape])).toEqual([
    ["embedding/embeddings", 9, 5],
    ["lstm/lstm_cell/kernel", 5, 16],
    ["lstm/lstm_cell/recurrent_kernel", 4, 16],
    ["lstm/lstm_cell/bias", 16],
    ["simple_rnn/simple_rnn_cell/kernel", 4, 3],
    ["simple_rnn/simple_rnn_cell/recurrent_kernel", 3, 3],
    ["simple_rnn/simple_rnn_cell/bias", 3],
    ["lstm_1/lstm_cell/kernel", 3, 16],
    ["lstm_1/lstm_cell/recurrent_kernel", 4, 16],
    ["lstm_1/lstm_cell/bias", 16],
    ["simple_rnn_1/simple_rnn_cell/kernel", 4, 2],
    ["simple_rnn_1/simple_rnn_cell/recurrent_kernel", 2, 2],
    ["simple_rnn_1/simple_rnn_cell/bias", 2],
    ["dense/kernel", 2, 6],
    ["dense/bias", 6],
    ["dense_1/kernel", 6, 1],
    ["dense_1/bias", 1],
  ]);
});

test.each(goldens("train"))("the paths are those that Keras gave in $name", (g) => {
  const make = { lstm, gru, rnn: simpleRNN }[g.label("kind")]!;
  const [V, E, H] = ["V", "E", "H"].map(g.setting) as [number, number, number];
  const table = named([
    embedding({ inputDim: V, outputDim: E }),
    make({ units: H, returnSequences: true }),
    make({ units: H }),
    dense({ units: 1, activation: "sigmoid" }),
  ]);
  // Keras counts a session's layers through, and puts the model's name before.
  const uncounted = (path: string) => path.replace(/_\d+(?=\/)/, "");
  const keras = g.weightNames.map((path) => uncounted(path.replace(/^sequential(_\d+)?\//, "")));
  expect(table.map(({ name }) => uncounted(name))).toEqual(keras);
  expect(table.map(({ shape }) => shape)).toEqual(table.map((_, i) => g.shape(`before${i}`)));
});

test("a name of the user's own takes the place of the layer's", () => {
  const table = named([
    lstm({ units: 4, inputShape: [null, 3], name: "memory" }),
    dense({ units: 1, name: "head" }),
  ]);
  expect(table.map(({ name }) => name)).toEqual([
    "memory/lstm_cell/kernel",
    "memory/lstm_cell/recurrent_kernel",
    "memory/lstm_cell/bias",
    "head/kernel",
    "head/bias",
  ]);
});

test("weights lie one behind the other, every gate padded to a multiple of 8", () => {
  const table = weightTable(checkLayers([lstm({ units: 5, inputShape: [null, 3] }), dense({ units: 9 })]));
  let end = 0;
  for (const { offset, length, stride, blocks, rows } of table.specs) {
    expect(offset).toBe(end);
    expect(stride % 8).toBe(0);
    expect(length).toBe(rows * blocks * stride);
    end += length;
  }
  expect(table.length).toBe(end);
  expect(table.placesLength).toBe(0);
});

test("padding a weight and taking the padding off gives it back, with zeros between the gates", () => {
  const [kernel] = named([lstm({ units: 3, inputShape: [null, 2] }), dense({ units: 1 })]);
  const values = Float32Array.from({ length: 2 * 12 }, (_, i) => i + 1);
  const inside = new Float32Array(kernel!.length);
  padWeight(kernel!, values, inside);
  expect([...inside.subarray(0, 16)]).toEqual([1, 2, 3, 0, 0, 0, 0, 0, 4, 5, 6, 0, 0, 0, 0, 0]);
  expect(unpadWeight(kernel!, inside)).toEqual(values);
});

test("a convolution's weights have Keras's paths and shapes, and those within a timeDistributed too", () => {
  const table = named([
    conv1d({ filters: 4, kernelSize: 3, inputShape: [7, 5] }),
    timeDistributed({ layer: dense({ units: 2 }) }),
    timeDistributed({ layer: dense({ units: 3, useBias: false, name: "own" }) }),
    flatten(),
    dense({ units: 1 }),
  ]);
  expect(table.map(({ name, shape }) => [name, ...shape])).toEqual([
    ["conv1d/kernel", 3, 5, 4],
    ["conv1d/bias", 4],
    ["time_distributed/dense/kernel", 4, 2],
    ["time_distributed/dense/bias", 2],
    ["time_distributed_1/own/kernel", 2, 3],
    ["dense/kernel", 15, 1],
    ["dense/bias", 1],
  ]);
});

const [release] = await openBenches();

/** The first values of a convolution's kernel of 5 rows, 64 features and 32 filters. */
function initialKernel(kernelInitializer: NonNullable<Conv1dConfig["kernelInitializer"]>): Float32Array {
  const layers = checkLayers([
    conv1d({ filters: 32, kernelSize: 5, kernelInitializer, inputShape: [null, 64] }),
  ]);
  const weights = new Weights(release!.k, release!.memory, layers);
  weights.initialize(22);
  const kernel = weights.read(weights.table.specs[0]!);
  weights.free();
  return kernel;
}

test("a convolution's kernel starts as Keras's does: fans are those of all rows of a window", () => {
  const limit = Math.sqrt(6 / (5 * 64 + 5 * 32)); // Keras 3.15's largest of 10,240 is 0.11179, of 0.11180
  const largest = initialKernel("glorotUniform").reduce((most, w) => Math.max(most, Math.abs(w)), 0);
  expect(largest).toBeLessThanOrEqual(limit);
  expect(largest).toBeGreaterThan(0.999 * limit);
});

test("an orthogonal one has filters of length 1 that are orthogonal, over rows and features", () => {
  const kernel = initialKernel("orthogonal");
  const dot = (f: number, g: number) =>
    Array.from({ length: 320 }, (_, row) => kernel[row * 32 + f]! * kernel[row * 32 + g]!).reduce(
      (a, b) => a + b,
    );
  for (const [f, g] of [
    [0, 0],
    [31, 31],
    [0, 1],
    [7, 30],
  ] as const)
    expect(dot(f, g)).toBeCloseTo(f === g ? 1 : 0, 5);
});
