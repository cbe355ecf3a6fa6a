import { expect, test } from "vitest";
import { dense, embedding, lstm, simpleRNN } from "../../src/layers/public.ts";
import { checkLayers } from "../../src/model/stack.ts";
import { padWeight, unpadWeight, weightTable } from "../../src/model/weights.ts";
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
  const make = g.label("kind") === "lstm" ? lstm : simpleRNN;
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
