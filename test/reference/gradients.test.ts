import { describe, expect, test } from "vitest";
import { dense, embedding, gru, input, type Layer, lstm, simpleRNN } from "../../src/layers/public.ts";
import { checkLayers } from "../../src/model/stack.ts";
import { TOLERANCES } from "../tolerances.ts";
import { expectClose } from "./closeness.ts";
import {
  categoricalCrossentropyLogits,
  categoricalCrossentropyProbabilities,
  sparseCategoricalCrossentropyLogits,
  sparseCategoricalCrossentropyProbabilities,
} from "./crossentropy.ts";
import { activationBackward, activationForward, denseBackward, denseForward } from "./dense.ts";
import { centralDifferences, dot, expectGradients } from "./differences.ts";
import { dropoutBackward, dropoutForward } from "./dropout.ts";
import { embeddingBackward, embeddingForward } from "./embedding.ts";
import { gruBackward, gruForward } from "./gru.ts";
import { layerNormBackward, layerNormForward } from "./layer-normalization.ts";
import { crossentropyFromLogits, crossentropyFromProbabilities } from "./loss.ts";
import { lstmBackward, lstmForward } from "./lstm.ts";
import { meanAbsoluteError } from "./mean-absolute-error.ts";
import { meanSquaredError } from "./mean-squared-error.ts";
import type { Steps } from "./recurrent.ts";
import { rnnBackward, rnnForward } from "./rnn.ts";
import { integers, keepMask, normals, stepMask } from "./sample.ts";
import { evaluate, gradients, nameWeights, weightTable } from "./sequential.ts";
import { softmaxBackward, softmaxForward } from "./softmax.ts";

const SHAPES = [1, 3].flatMap((B) =>
  [1, 7].flatMap((T) => [3, 5].flatMap((I) => [4, 5, 12].map((H) => ({ B, T, I, H })))),
);

const TRIED = SHAPES.flatMap((sizes) => [
  { ...sizes, steps: "every step" as const },
  { ...sizes, steps: "masked steps, states dropped" as const },
  { ...sizes, steps: "zoneout, masked steps" as const },
]);

function betweenSteps(steps: (typeof TRIED)[number]["steps"], B: number, T: number, H: number): Steps {
  if (steps === "every step") return {};
  const mask = stepMask(B, T);
  if (steps !== "zoneout, masked steps") return { mask, m: keepMask(B * H, 0.25, 9).map((one) => one * 2) };
  // Some are kept wholly, some in part.
  const zone = (seed: number) => Array.from(keepMask(B * T * H, 0.5, seed), (one, i) => (i % 3 ? one : 0.3));
  return { mask, zone: zone(10), zoneCell: zone(11) };
}

describe.each([
  { kind: "lstm", gates: 4 },
  { kind: "rnn", gates: 1 },
])("every gradient of the $kind reference is that of its forward pass", ({ kind, gates }) => {
  test.each(TRIED)("at B $B, T $T, I $I, H $H, $steps", ({ B, T, I, H, steps }) => {
    const between = betweenSteps(steps, B, T, H);
    const x = normals(B * T * I, 1);
    const weights = {
      W: normals(I * gates * H, 2, 0.4),
      U: normals(H * gates * H, 3, 0.4),
      b: normals(gates * H, 4, 0.4),
    };
    const h0 = normals(B * H, 5, 0.5);
    const c0 = normals(B * H, 6, 0.5);
    const dh = normals(B * T * H, 7);
    const sizes = { B, T, I, H };
    const [hs, cs] = [new Float64Array(B * T * H), new Float64Array(B * T * H)];
    const tensors = { x, ...weights, h0, hs };
    if (kind === "lstm") {
      const forward = () => lstmForward(x, weights, sizes, { ...between, h0, c0, hs, cs });
      const backward = { ...lstmBackward(dh, forward()) };
      expectGradients(() => dot(forward().h, dh), { ...tensors, c0, cs }, backward);
    } else {
      const forward = () => rnnForward(x, weights, sizes, { ...between, h0, hs });
      expectGradients(() => dot(forward().h, dh), tensors, { ...rnnBackward(dh, forward()) });
    }
  });
});

describe.each([
  { form: "after", resetAfter: true },
  { form: "before", resetAfter: false },
])("every gradient of the GRU reference is that of its forward pass, reset $form", ({ resetAfter }) => {
  test.each(TRIED)("at B $B, T $T, I $I, H $H, $steps", ({ B, T, I, H, steps }) => {
    const between = betweenSteps(steps, B, T, H);
    const x = normals(B * T * I, 1);
    const weights = {
      W: normals(I * 3 * H, 2, 0.4),
      U: normals(H * 3 * H, 3, 0.4),
      b: normals((resetAfter ? 2 : 1) * 3 * H, 4, 0.4),
    };
    const h0 = normals(B * H, 5, 0.5);
    const hs = new Float64Array(B * T * H);
    const dh = normals(B * T * H, 7);
    const forward = () => gruForward(x, weights, { B, T, I, H, resetAfter }, { ...between, h0, hs });
    const backward = { ...gruBackward(dh, forward()) };
    expectGradients(() => dot(forward().h, dh), { x, ...weights, h0, hs }, backward);
  });
});

test.each([1, 2, 5, 12])("every gradient of the layer normalization reference, rows of %i", (n) => {
  const x = normals(3 * n, 1, 2);
  const weights = { gamma: normals(n, 2), beta: normals(n, 3) };
  const dy = normals(3 * n, 4);
  const forward = () => layerNormForward(x, weights, n);
  const backward = { ...layerNormBackward(dy, forward()) };
  expectGradients(() => dot(forward().y, dy), { x, ...weights }, backward);
});

test("the gradient of the embedding reference is that of its forward pass, repeated tokens included", () => {
  const [V, E] = [6, 5];
  const tokens = integers(3 * 7, V, 1);
  const embeddings = normals(V * E, 2);
  const dx = normals(tokens.length * E, 3);
  const loss = () => dot(embeddingForward(tokens, embeddings, E), dx);
  expectGradients(loss, { embeddings }, { dembeddings: embeddingBackward(dx, tokens, V, E) });
});

test("the gradient of the dropout reference is that of its forward pass", () => {
  const [B, T, I] = [3, 7, 5];
  const x = normals(B * T * I, 1);
  const keep = keepMask(B * I, 0.5, 2);
  const dkept = normals(B * T * I, 3);
  const loss = () => dot(dropoutForward(x, keep, 0.5, B, T, I), dkept);
  expectGradients(loss, { x }, { dx: dropoutBackward(dkept, keep, 0.5, B, T, I) });
});

test("dropout drops the same inputs of a sequence at all timesteps and doubles the rest at rate 0.5", () => {
  const x = Float64Array.of(1, 2, 3, 4, 5, 6, 7, 8);
  expect([...dropoutForward(x, [1, 0, 0, 1], 0.5, 2, 2, 2)]).toEqual([2, 0, 6, 0, 0, 12, 0, 16]);
});

describe.each([
  { R: 1, I: 3, O: 1 },
  { R: 3, I: 5, O: 4 },
])("every gradient of the dense reference is that of its forward pass, R $R, I $I, O $O", ({ R, I, O }) => {
  test.each(["linear", "sigmoid", "tanh", "relu", "hardSigmoid"] as const)("%s", (activation) => {
    const x = normals(R * I, 1);
    const weights = { W: normals(I * O, 2), b: normals(O, 3) };
    const dy = normals(R * O, 4);
    const y = () => activationForward(denseForward(x, weights, R, I), activation);
    const dlogits = activationBackward(dy, y(), activation);
    expectGradients(() => dot(y(), dy), { x, ...weights }, { ...denseBackward(dlogits, x, weights, R, I) });
  });
});

test("the gradients of both cross-entropies are those of their forward passes", () => {
  const logits = normals(9, 1, 3);
  const y = keepMask(9, 0.5, 2);
  const fromLogits = crossentropyFromLogits(logits, y);
  expectGradients(() => crossentropyFromLogits(logits, y).loss, { z: logits }, { dz: fromLogits.gradient });
  const p = activationForward(normals(9, 3), "sigmoid");
  const fromProbabilities = crossentropyFromProbabilities(p, y);
  expectGradients(() => crossentropyFromProbabilities(p, y).loss, { p }, { dp: fromProbabilities.gradient });
});

describe("the gradient of a loss over rows is that of its forward pass:", () => {
  const [rows, units] = [3, 5];
  const values = normals(rows * units, 1, 2);
  // Rows that do not sum to 1, with the last class beyond either end of what is clipped.
  const probabilities = values.map((z, i) =>
    i % units === 4 ? [-0.01, 40, -0.5][(i / units) | 0]! : Math.exp(z),
  );
  const targets = normals(rows * units, 2).map(Math.abs);
  const classes = [1, 0, 3];
  test.each([
    { name: "categorical, of logits", of: values, t: targets, loss: categoricalCrossentropyLogits },
    { name: "sparse, of logits", of: values, t: classes, loss: sparseCategoricalCrossentropyLogits },
    { name: "categorical", of: probabilities, t: targets, loss: categoricalCrossentropyProbabilities },
    { name: "sparse", of: probabilities, t: classes, loss: sparseCategoricalCrossentropyProbabilities },
    { name: "mean squared error", of: values, t: targets, loss: meanSquaredError },
    { name: "mean absolute error", of: values, t: targets, loss: meanAbsoluteError },
  ])("$name", ({ of, t, loss }) => {
    const run = () => loss(of, Float64Array.from(t), units);
    expectGradients(() => run().loss, { of }, { dof: run().gradient });
  });
});

test("the gradient of the softmax reference is that of its forward pass", () => {
  const [z, dy] = [normals(15, 1, 2), normals(15, 2)];
  const y = () => softmaxForward(z, 5);
  expectGradients(() => dot(y(), dy), { z }, { dz: softmaxBackward(dy, y(), 5) });
});

const STACKS: { name: string; layers: Layer[]; features?: number }[] = [
  {
    name: "an embedding and an LSTM that begins an LSTM behind another embedding",
    layers: [
      embedding({ inputDim: 9, outputDim: 5 }),
      lstm({ units: 4, dropout: 0.5, name: "encoder" }),
      input(),
      embedding({ inputDim: 9, outputDim: 3 }),
      lstm({ units: 4, initialState: "encoder" }),
      dense({ units: 1, activation: "sigmoid" }),
    ],
  },
  {
    name: "features, a GRU that begins two, an RNN that begins one",
    layers: [
      gru({ units: 4, returnSequences: true, inputShape: [null, 3], name: "a" }),
      simpleRNN({ units: 5, name: "b" }),
      input({ inputShape: [null, 3] }),
      gru({ units: 4, returnSequences: true, resetAfter: false, initialState: "a" }),
      gru({ units: 4, returnSequences: true, initialState: "a" }),
      simpleRNN({ units: 5, returnSequences: true, initialState: "b" }),
      dense({ units: 2 }),
    ],
    features: 3,
  },
  {
    name: "embedding, two LSTMs with dropout, dense",
    layers: [
      embedding({ inputDim: 9, outputDim: 5 }),
      lstm({ units: 4, dropout: 0.5, returnSequences: true }),
      lstm({ units: 5, dropout: 0.25 }),
      dense({ units: 1, activation: "sigmoid" }),
    ],
  },
  {
    name: "embedding, two RNNs with dropout, dense",
    layers: [
      embedding({ inputDim: 9, outputDim: 3 }),
      simpleRNN({ units: 12, dropout: 0.5, returnSequences: true }),
      simpleRNN({ units: 5, dropout: 0.25 }),
      dense({ units: 1, activation: "sigmoid" }),
    ],
  },
  {
    name: "features, an LSTM that returns sequences, dense of three units, dense of two",
    layers: [
      lstm({ units: 5, returnSequences: true, inputShape: [null, 3] }),
      dense({ units: 3, activation: "tanh" }),
      dense({ units: 2 }),
    ],
    features: 3,
  },
];

describe.each(STACKS)("every gradient of the sequential reference: $name", ({ layers: given, features }) => {
  const layers = checkLayers(given);
  test.each([
    { B: 1, T: 1 },
    { B: 3, T: 7 },
  ])("at B $B, T $T", ({ B, T }) => {
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
    const x = features ? normals(B * T * features, 1) : integers(B * T, 9, 1);
    const y = keepMask(features ? B * T * 2 : B, 0.5, 2);
    const more = layers
      .filter(({ type }) => type === "input")
      .map(() => ({ x: features ? normals(B * T * features, 4) : integers(B * T, 9, 4), T }));
    const keepMasks = [
      undefined,
      keepMask(B * table[0]!.shape[1]!, 0.5, 3),
      keepMask(B * table[2]!.shape[0]!, 0.25, 4),
    ];
    const batch = { x, y, B, T, more, ...(features ? {} : { keepMasks }) };
    const dweights = gradients(layers, weights, batch);
    expect(Object.keys(dweights)).toEqual(Object.keys(weights));
    for (const [name, w] of Object.entries(weights)) {
      const loss = () => evaluate(layers, weights, batch).loss;
      expectClose(dweights[name]!, centralDifferences(loss, w), TOLERANCES.centralDifference, `d${name}`);
    }
  });
});
