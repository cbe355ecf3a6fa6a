import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { dense, embedding, lstm, simpleRNN } from "../../src/layers/public.ts";
import { checkLayers } from "../../src/model/stack.ts";
import { expectClose } from "../reference/closeness.ts";
import { integers, keepMask, normals } from "../reference/sample.ts";
import {
  type Batch,
  evaluate,
  gradients,
  nameWeights,
  train,
  type Weights,
  weightTable,
} from "../reference/sequential.ts";
import { TOLERANCES } from "../tolerances.ts";
import { type TfjsNetwork, tfjsNetwork } from "./network.ts";

const V = 9;
const RATE = 0.5;
const LEARNING_RATE = 0.01;
const STEPS = 20;

const SHAPES = 5;
// Drawn once and for all. T starts at 2: TensorFlow.js cannot differentiate a sequence of one timestep.
const draw = (above: number, most: number, seed: number) =>
  [...integers(SHAPES, most - above, seed)].map((n) => n + above + 1);
const [Bs, Ts, Es, Hs] = [draw(0, 5, 1), draw(1, 9, 2), draw(2, 9, 3), draw(2, 13, 4)];
const CASES = (["lstm", "simpleRNN"] as const).flatMap((type) =>
  Bs!.map((B, n) => ({ type, B, T: Ts![n]!, E: Es![n]!, H: Hs![n]! })),
);

describe.each(CASES)(
  "TensorFlow.js agrees with the reference: two $type, B $B, T $T, E $E, H $H",
  (shape) => {
    const { type, B, T, E, H } = shape;
    const make = type === "lstm" ? lstm : simpleRNN;
    const layers = checkLayers([
      embedding({ inputDim: V, outputDim: E }),
      make({ units: H, dropout: RATE, returnSequences: true }),
      make({ units: H, dropout: RATE }),
      dense({ units: 1, activation: "sigmoid" }),
    ]);
    const table = weightTable(layers);
    const tensors = table.map(({ shape }, k) =>
      normals(
        shape.reduce((a, b) => a * b),
        10 + k,
        0.25,
      ),
    );
    const weights: Weights = nameWeights(
      table.map(({ name }) => name),
      tensors,
    );
    const batchOf = (seed: number): Batch => ({
      x: integers(B * T, V, seed),
      y: keepMask(B, 0.5, seed),
      B,
      T,
    });
    const dropoutOf = (seed: number): Batch => ({
      ...batchOf(seed),
      keepMasks: [undefined, keepMask(B * E, RATE, seed + 1000), keepMask(B * H, RATE, seed + 2000)],
    });
    let network: TfjsNetwork;

    beforeAll(async () => {
      network = await tfjsNetwork(layers);
    });

    afterAll(() => {
      network.dispose();
    });

    test("weights come back as they were set", () => {
      network.setWeights(tensors);
      expect(network.weights().map((w) => Float64Array.from(w))).toEqual(tensors);
    });

    test("forward", () => {
      network.setWeights(tensors);
      const expected = evaluate(layers, weights, batchOf(1)).outputs;
      expectClose(network.predict(batchOf(1)), expected, TOLERANCES.tfjsForward, "probabilities");
    });

    test.each([
      { name: "without dropout", batch: batchOf(2) },
      { name: "with given dropout masks", batch: dropoutOf(2) },
    ])("loss and every gradient, $name", ({ batch }) => {
      network.setWeights(tensors);
      const found = network.gradients(batch);
      expectClose([found.loss], [evaluate(layers, weights, batch).loss], TOLERANCES.tfjsLoss, "loss");
      Object.entries(gradients(layers, weights, batch)).forEach(([name, expected], k) => {
        expectClose(found.gradients[k]!, expected, TOLERANCES.tfjsGradient, `d${name}`);
      });
    });

    test.each([
      { name: "without dropout", batchFor: batchOf },
      { name: "with given dropout masks", batchFor: dropoutOf },
    ])("losses and weights of 20 steps of Adam, $name", ({ batchFor }) => {
      network.setWeights(tensors);
      const batches = Array.from({ length: STEPS }, (_, s) => batchFor(100 + s));
      // TensorFlow.js sums a token's gradient before the optimiser squares it.
      const optimizer = { name: "adam", learningRate: LEARNING_RATE } as const;
      const expected = train(layers, weights, batches, { optimizer, embeddingSquares: "ofSum" });
      const losses = network.train(batches, optimizer);
      expectClose(losses, expected.losses, TOLERANCES.tfjsTrainingLosses, "losses");
      const trained = network.weights();
      Object.entries(expected.weights).forEach(([name, w], k) => {
        expectClose(trained[k]!, w, TOLERANCES.tfjsFinalWeights, name, LEARNING_RATE);
      });
    });
  },
);
