/**
 * Layers, losses and optimisers of which TensorFlow.js has its own, beside those of reference.test.ts.
 *
 * It has no GRU whose reset gate comes after the product (`resetAfter: true` throws), no seeded dropout layer
 * and Keras 2's hard sigmoid; those are left to Keras's goldens and the reference.
 */

import * as tf from "@tensorflow/tfjs";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import {
  activation,
  averagePooling1d,
  bidirectional,
  conv1d,
  dense,
  embedding,
  flatten,
  globalAveragePooling1d,
  globalMaxPooling1d,
  gru,
  type Layer,
  layerNormalization,
  lstm,
  type MergeMode,
  maxPooling1d,
  repeatVector,
  simpleRNN,
  timeDistributed,
} from "../../src/layers/public.ts";
import type { LossConfig } from "../../src/losses/index.ts";
import { lossKindOf } from "../../src/losses/index.ts";
import { checkLayers } from "../../src/model/stack.ts";
import type { OptimizerConfig } from "../../src/optimizers/index.ts";
import { type Bench, openBenches } from "../builds.ts";
import { benchNetwork, predictionPass, trainingPass } from "../model/bench-network.ts";
import { expectClose } from "../reference/closeness.ts";
import { oneHot } from "../reference/crossentropy.ts";
import { integers, keepMask, normals } from "../reference/sample.ts";
import { type Batch, evaluate, gradients, train } from "../reference/sequential.ts";
import { TOLERANCES } from "../tolerances.ts";
import { type TfjsLoss, type TfjsNetwork, tfjsNetwork } from "./network.ts";

const { tfjsFinalWeights, tfjsForward, tfjsGradient, tfjsLoss, tfjsTrainingLosses } = TOLERANCES;
const V = 9;
const STEPS = 20;

interface Sizes {
  readonly E: number;
  readonly H: number;
}

interface Case {
  readonly name: string;
  readonly layers: (sizes: Sizes) => Layer[];
  readonly everyStep: boolean;
  readonly units: number;
  readonly loss: TfjsLoss;
  readonly optimizer: OptimizerConfig & { learningRate: number };
}

const adam = { name: "adam", learningRate: 0.01 } as const;
const sgd = { name: "sgd", learningRate: 0.1 } as const;
const momentum = { name: "sgd", learningRate: 0.05, momentum: 0.9 } as const;
const nesterov = { ...momentum, nesterov: true } as const;

const CASES: Case[] = [
  {
    name: "two GRUs, reset before",
    layers: ({ E, H }) => [
      embedding({ inputDim: V, outputDim: E }),
      gru({ units: H, resetAfter: false, returnSequences: true }),
      gru({ units: H, resetAfter: false }),
      dense({ units: 1, activation: "sigmoid" }),
    ],
    everyStep: false,
    units: 1,
    loss: "binaryCrossentropy",
    optimizer: adam,
  },
  ...(["concat", "sum", "mul", "ave"] as const).map(
    (mergeMode: MergeMode, n): Case => ({
      name: `bidirectional layers, ${mergeMode}`,
      layers: ({ E, H }) => [
        bidirectional({
          layer: lstm({ units: H, returnSequences: true }),
          mergeMode,
          inputShape: [null, E],
        }),
        bidirectional({ layer: gru({ units: H, resetAfter: false, returnSequences: true }), mergeMode }),
        bidirectional({ layer: simpleRNN({ units: H }), mergeMode }),
        dense({ units: 2 }),
      ],
      everyStep: false,
      units: 2,
      loss: n % 2 ? "meanAbsoluteError" : "meanSquaredError",
      optimizer: n % 2 ? sgd : momentum,
    }),
  ),
  {
    name: "an LSTM, numbers with outliers",
    layers: ({ E, H }) => [lstm({ units: H, inputShape: [null, E] }), dense({ units: 3 })],
    everyStep: false,
    units: 3,
    loss: "huber",
    optimizer: sgd,
  },
  {
    name: "layer normalizations around an LSTM",
    layers: ({ E, H }) => [
      embedding({ inputDim: V, outputDim: E }),
      layerNormalization({ epsilon: 0.01 }),
      lstm({ units: H, returnSequences: true }),
      layerNormalization({ epsilon: 0.01 }),
      dense({ units: 3, activation: "softmax" }),
    ],
    everyStep: true,
    units: 3,
    loss: "sparseCategoricalCrossentropy",
    optimizer: nesterov,
  },
  {
    name: "an LSTM, one-hot classes",
    layers: ({ E, H }) => [
      embedding({ inputDim: V, outputDim: E }),
      lstm({ units: H }),
      dense({ units: 5, activation: "softmax" }),
    ],
    everyStep: false,
    units: 5,
    loss: "categoricalCrossentropy",
    optimizer: momentum,
  },
  {
    name: "dense at every step of an RNN, the largest of them, repeated for an RNN, its mean",
    layers: ({ E, H }) => [
      simpleRNN({ units: H, returnSequences: true, inputShape: [null, E] }),
      timeDistributed({ layer: dense({ units: 4 }) }),
      activation({ activation: "tanh" }),
      globalMaxPooling1d(),
      repeatVector({ n: 3 }),
      simpleRNN({ units: H, returnSequences: true }),
      globalAveragePooling1d(),
      dense({ units: 2 }),
    ],
    everyStep: false,
    units: 2,
    loss: "meanSquaredError",
    optimizer: sgd,
  },
];

const SHAPES = 3;
// Drawn once and for all. T starts at 2: TensorFlow.js cannot differentiate a sequence of one timestep.
const draw = (above: number, most: number, seed: number) =>
  [...integers(SHAPES, most - above, seed)].map((n) => n + above + 1);
const [Bs, Ts, Es, Hs] = [draw(0, 5, 5), draw(1, 9, 6), draw(2, 9, 7), draw(2, 13, 8)];
const DRAWN = CASES.flatMap((of) => Bs!.map((B, n) => ({ ...of, B, T: Ts![n]!, E: Es![n]!, H: Hs![n]! })));

describe.each(DRAWN)("$name: $loss, $optimizer, B $B, T $T, E $E, H $H", (job) => {
  const { B, T, E, H, units, loss, optimizer } = job;
  const layers = checkLayers(job.layers({ E, H }));
  const rows = B * (job.everyStep ? T : 1);
  const targets = (seed: number): ArrayLike<number> => {
    if (loss === "binaryCrossentropy") return keepMask(rows * units, 0.5, seed);
    const classes = integers(rows, units, seed);
    if (loss === "categoricalCrossentropy") return oneHot(classes, units);
    return lossKindOf({ name: loss }).targets === "class" ? classes : normals(rows * units, seed);
  };
  const batchOf = (seed: number): Batch => {
    const x = layers[0]!.type === "embedding" ? integers(B * T, V, seed) : normals(B * T * E, seed);
    return { x, y: targets(seed + 1000), B, T };
  };
  const described = { name: loss } as LossConfig;
  let bench: Bench;
  let peer: TfjsNetwork;

  beforeAll(async () => {
    bench = (await openBenches())[0]!;
    peer = await tfjsNetwork(layers, loss);
  });

  afterAll(() => peer.dispose());

  /** The model on the bench, its weights, and the same weights in TensorFlow.js. */
  const start = () => {
    const made = benchNetwork(bench, layers);
    peer.setWeights(Object.values(made.weights));
    return made;
  };

  test("outputs, loss and every gradient are those of the model and of the reference", async () => {
    const { network, weights } = start();
    const batch = batchOf(2);
    const outputs = peer.predict(batch);
    const reference = evaluate(layers, weights, batch, described);
    expectClose(outputs, reference.outputs, tfjsForward, "outputs");
    expectClose(await predictionPass(network, batch), outputs, tfjsForward, "outputs of the model");
    const found = peer.gradients(batch);
    expectClose([found.loss], [reference.loss], tfjsLoss, "loss");
    const own = await trainingPass(bench, network, batch, { loss: described, metrics: [] });
    expectClose([own.result.loss], [found.loss], tfjsLoss, "loss of the model");
    for (const [k, [name, expected]] of Object.entries(
      gradients(layers, weights, batch, described),
    ).entries()) {
      expectClose(found.gradients[k]!, expected, tfjsGradient, `d${name}`);
      expectClose(own.gradients[name]!, found.gradients[k]!, tfjsGradient, `d${name} of the model`);
    }
    network.weights.free();
    bench.finish();
  });

  test(`losses and weights of ${STEPS} steps are the reference's`, () => {
    const { network, weights } = start();
    const batches = Array.from({ length: STEPS }, (_, s) => batchOf(100 + s));
    // TensorFlow.js sums a token's gradient before the optimiser squares it.
    const options = { loss: described, optimizer, embeddingSquares: "ofSum" } as const;
    const expected = train(layers, weights, batches, options);
    expectClose(peer.train(batches, optimizer), expected.losses, tfjsTrainingLosses, "losses");
    for (const [k, [name, w]] of Object.entries(expected.weights).entries()) {
      expectClose(peer.weights()[k]!, w, tfjsFinalWeights, name, optimizer.learningRate);
    }
    network.weights.free();
    bench.finish();
  });
});

// Its wasm backend has no way back through a convolution or a pooling by windows, and it refuses to be causal.
test.each([
  {
    name: "a convolution, max pooling",
    layers: [
      conv1d({ filters: 9, kernelSize: 3, padding: "same", activation: "tanh", inputShape: [null, 5] }),
      maxPooling1d({ poolSize: 3, strides: 2, padding: "same" }),
    ],
  },
  {
    name: "a convolution of every second step, the mean of windows",
    layers: [
      conv1d({ filters: 4, kernelSize: 2, strides: 2, inputShape: [null, 5] }),
      averagePooling1d({ poolSize: 2, strides: 1 }),
    ],
  },
  {
    name: "a convolution with holes, flattened",
    layers: [
      conv1d({ filters: 4, kernelSize: 2, dilationRate: 2, useBias: false, inputShape: [7, 5] }),
      averagePooling1d({ poolSize: 3, padding: "same" }),
      flatten(),
    ],
  },
] satisfies { name: string; layers: Layer[] }[])(
  "outputs are TensorFlow.js's: $name",
  async ({ layers: below }) => {
    const [B, T] = [3, 7];
    const bench = (await openBenches())[0]!;
    const layers = checkLayers([...below, dense({ units: 2 })]);
    const { network, weights } = benchNetwork(bench, layers);
    const peer = await tfjsNetwork(layers, "meanSquaredError");
    peer.setWeights(Object.values(weights));
    const batch = { x: normals(B * T * 5, 2), B, T };
    const outputs = peer.predict(batch);
    expectClose(await predictionPass(network, batch), outputs, tfjsForward, "outputs");
    peer.dispose();
    network.weights.free();
    bench.finish();
  },
);

test("TensorFlow.js still refuses a GRU whose reset gate comes after the product", () => {
  expect(() => tf.layers.gru({ units: 3, resetAfter: true } as never)).toThrow(/reset_after/);
});
