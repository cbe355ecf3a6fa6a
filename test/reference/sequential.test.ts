import { expect, test } from "vitest";
import { dense, embedding, lstm, simpleRNN } from "../../src/layers/public.ts";
import { checkLayers } from "../../src/model/stack.ts";
import { integers, keepMask, normals } from "./sample.ts";
import { nameWeights, train, weightTable } from "./sequential.ts";

const LAYERS = checkLayers([
  embedding({ inputDim: 9, outputDim: 5 }),
  lstm({ units: 4, returnSequences: true }),
  simpleRNN({ units: 3, returnSequences: true }),
  lstm({ units: 4 }),
  dense({ units: 1, activation: "sigmoid" }),
]);

test("the weight table has Keras's names, shapes and order", () => {
  expect(weightTable(LAYERS)).toEqual([
    { name: "embedding/embeddings", shape: [9, 5] },
    { name: "lstm/lstm_cell/kernel", shape: [5, 16] },
    { name: "lstm/lstm_cell/recurrent_kernel", shape: [4, 16] },
    { name: "lstm/lstm_cell/bias", shape: [16] },
    { name: "simple_rnn/simple_rnn_cell/kernel", shape: [4, 3] },
    { name: "simple_rnn/simple_rnn_cell/recurrent_kernel", shape: [3, 3] },
    { name: "simple_rnn/simple_rnn_cell/bias", shape: [3] },
    { name: "lstm_1/lstm_cell/kernel", shape: [3, 16] },
    { name: "lstm_1/lstm_cell/recurrent_kernel", shape: [4, 16] },
    { name: "lstm_1/lstm_cell/bias", shape: [16] },
    { name: "dense/kernel", shape: [4, 1] },
    { name: "dense/bias", shape: [1] },
  ]);
});

test("training lowers the loss on one batch and leaves the weights it was given alone", () => {
  const layers = LAYERS.filter(({ type }) => type !== "simpleRNN");
  const table = weightTable(layers);
  const tensors = table.map(({ shape }, k) =>
    normals(
      shape.reduce((a, b) => a * b),
      10 + k,
      0.4,
    ),
  );
  const weights = nameWeights(
    table.map(({ name }) => name),
    tensors,
  );
  const batch = { x: integers(3 * 7, 9, 1), y: keepMask(3, 0.5, 2), B: 3, T: 7 };
  const { losses } = train(layers, weights, Array(30).fill(batch), {
    optimizer: { name: "adam", learningRate: 0.05 },
  });
  expect(losses.at(-1)).toBeLessThan(losses[0]! / 2);
  expect(Object.values(weights)).toEqual(tensors);
});
