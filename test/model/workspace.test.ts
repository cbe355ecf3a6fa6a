import { afterEach, describe, expect, test } from "vitest";
import { dense, embedding, type Layer, lstm, simpleRNN } from "../../src/model/layers.ts";
import { Workspace } from "../../src/model/workspace.ts";
import { Adam } from "../../src/train/adam.ts";
import { openBenches } from "../builds.ts";
import { expectClose } from "../reference/closeness.ts";
import { activationForward } from "../reference/dense.ts";
import { integers, keepMask, normals } from "../reference/sample.ts";
import { type Batch, evaluate, gradients } from "../reference/sequential.ts";
import { TOLERANCES } from "../tolerances.ts";
import {
  ADAM,
  benchNetwork,
  COUNTERS,
  evaluationPass,
  keepMasks,
  paddingOf,
  predictionPass,
  teamOf,
  trainingPass,
} from "./bench-network.ts";

const { kernelForward, kernelGradient, kernelLoss } = TOLERANCES;

const V = 9;

interface Stack {
  readonly name: string;
  readonly layers: Layer[];
  /** Of x, where the first layer is no embedding. */
  readonly features?: number;
  /** Predictions of a sample: units, times T where the head gets sequences. */
  readonly outputs: (T: number) => number;
}

const STACKS: Stack[] = [
  {
    name: "embedding, two LSTMs with dropout, dense",
    layers: [
      embedding({ inputDim: V, outputDim: 5 }),
      lstm({ units: 4, dropout: 0.5, returnSequences: true }),
      lstm({ units: 5, dropout: 0.25 }),
      dense({ units: 1, activation: "sigmoid" }),
    ],
    outputs: () => 1,
  },
  {
    name: "embedding, two RNNs with dropout, dense",
    layers: [
      embedding({ inputDim: V, outputDim: 3 }),
      simpleRNN({ units: 12, dropout: 0.5, returnSequences: true }),
      simpleRNN({ units: 5, dropout: 0.25 }),
      dense({ units: 1, activation: "sigmoid" }),
    ],
    outputs: () => 1,
  },
  {
    name: "features, an LSTM that returns sequences, dense of three units, dense of two",
    layers: [
      lstm({ units: 5, returnSequences: true, inputShape: [null, 3] }),
      dense({ units: 3, activation: "tanh" }),
      dense({ units: 2 }),
    ],
    features: 3,
    outputs: (T) => 2 * T,
  },
  {
    name: "features with dropout on them, an RNN, an LSTM, dense with relu and with sigmoid, dense",
    layers: [
      simpleRNN({ units: 12, dropout: 0.5, returnSequences: true, inputShape: [null, 5] }),
      lstm({ units: 4, dropout: 0.5 }),
      dense({ units: 9, activation: "relu" }),
      dense({ units: 3, activation: "sigmoid" }),
      dense({ units: 1, activation: "sigmoid" }),
    ],
    features: 5,
    outputs: () => 1,
  },
  {
    name: "embedding, an LSTM with dropout that returns sequences, dense",
    layers: [
      embedding({ inputDim: V, outputDim: 12 }),
      lstm({ units: 12, dropout: 0.5, returnSequences: true }),
      dense({ units: 1, activation: "sigmoid" }),
    ],
    outputs: (T) => T,
  },
];

// 21 samples are a shard of 16 and one of 5, the last group of which has one sample.
const SIZES = [
  { B: 1, T: 1 },
  { B: 3, T: 7 },
  { B: 21, T: 2 },
];

const batchOf = ({ features, outputs }: Stack, B: number, T: number): Batch => ({
  x: features ? normals(B * T * features, 1) : integers(B * T, V, 1),
  y: keepMask(B * outputs(T), 0.5, 6),
  B,
  T,
});

describe.each(await openBenches())("$build build", (bench) => {
  afterEach(() => bench.finish());

  describe.each(STACKS)("computes what the reference does: $name", (stack) => {
    const { layers } = stack;
    const plain = layers.map((layer) => ("dropout" in layer ? { ...layer, dropout: 0 } : layer));

    test.each(SIZES)("outputs, loss and hits at B $B, T $T", async ({ B, T }) => {
      const { network, weights } = benchNetwork(bench, layers);
      const batch = batchOf(stack, B, T);
      const expected = evaluate(layers, weights, batch);
      const linear = network.layers.at(-1)!.type === "dense" && stack.features === 3;
      const outputs = linear ? expected.logits : expected.probabilities;
      expectClose(await predictionPass(network, batch), outputs, kernelForward, "outputs");
      const found = await evaluationPass(network, batch);
      expectClose([found.loss], [expected.loss], kernelLoss, "loss");
      expect(found.predictions).toBe(outputs.length);
      expect(found.hits / found.predictions).toBe(expected.accuracy);
      network.free();
    });

    test.each(SIZES)("every gradient without dropout at B $B, T $T", async ({ B, T }) => {
      const { network, weights } = benchNetwork(bench, plain);
      const batch = batchOf(stack, B, T);
      const found = await trainingPass(bench, network, batch);
      expectClose([found.result.loss], [evaluate(plain, weights, batch).loss], kernelLoss, "loss");
      for (const [name, expected] of Object.entries(gradients(plain, weights, batch))) {
        expectClose(found.gradients[name]!, expected, kernelGradient, name);
      }
      network.free();
    });

    test.each(SIZES)("every gradient with dropout's own masks at B $B, T $T", async ({ B, T }) => {
      const { network, weights } = benchNetwork(bench, layers);
      const batch = { ...batchOf(stack, B, T), keepMasks: keepMasks(bench, network, B) };
      const found = await trainingPass(bench, network, batch);
      expectClose([found.result.loss], [evaluate(layers, weights, batch).loss], kernelLoss, "loss");
      for (const [name, expected] of Object.entries(gradients(layers, weights, batch))) {
        expectClose(found.gradients[name]!, expected, kernelGradient, name);
      }
      network.free();
    });

    test("a batch smaller than the workspace's room gives the bits of a workspace of its size", async () => {
      const { network } = benchNetwork(bench, layers);
      const batch = batchOf(stack, 3, 7);
      const snug = await trainingPass(bench, network, batch);
      const roomy = await trainingPass(bench, network, batch, { room: 21 });
      expect(roomy.result).toEqual(snug.result);
      expect(roomy.raw).toEqual(snug.raw);
      network.free();
    });

    test("no bit of loss, outputs or gradient depends on the size of the groups", async () => {
      const { network } = benchNetwork(bench, layers);
      const batch = batchOf(stack, 21, 2);
      const first = await trainingPass(bench, network, batch, { groupSize: 1 });
      const outputs = await predictionPass(network, batch, { groupSize: 1 });
      for (const groupSize of [2, 3, 4, 7, 16, 40]) {
        const other = await trainingPass(bench, network, batch, { groupSize });
        expect(other.raw, `groups of ${groupSize}`).toEqual(first.raw);
        expect(other.result).toEqual(first.result);
        expect(await predictionPass(network, batch, { groupSize })).toEqual(outputs);
      }
      network.free();
    });

    test("padding stays exactly 0 in gradients, and in weights after steps of Adam", async () => {
      const { network } = benchNetwork(bench, layers);
      const batch = batchOf(stack, 3, 7);
      expect(paddingOf(network, (await trainingPass(bench, network, batch)).raw).every((g) => g === 0)).toBe(
        true,
      );
      const adam = new Adam(network, ADAM);
      const before = bench.read(network.weights, network.length);
      const { x, y, B, T } = batch;
      const options = {
        T,
        batchSize: B,
        groupSize: 4,
        loss: "bceLogits",
        optimizer: () => adam.state,
      } as const;
      const workspace = new Workspace(network, teamOf(network), options);
      workspace.load(x, y, [...Array(B).keys()], 0, B);
      for (let step = 0; step < 3; step++)
        await workspace.train(B, { ...COUNTERS, step, iteration: step + 1 });
      workspace.free();
      const after = bench.read(network.weights, network.length);
      expect(after).not.toEqual(before);
      expect(paddingOf(network, after).every((w) => w === 0)).toBe(true);
      adam.free();
      network.free();
    });
  });

  test("the loss of a sigmoid's probabilities gives the gradients of the loss of its logits", async () => {
    const stack = STACKS[0]!;
    const { network, weights } = benchNetwork(bench, stack.layers);
    const batch = { ...batchOf(stack, 3, 7), keepMasks: keepMasks(bench, network, 3) };
    const found = await trainingPass(bench, network, batch, { loss: "bceProbabilities" });
    const expected = evaluate(stack.layers, weights, batch);
    expectClose([found.result.loss], [expected.loss], kernelLoss, "loss");
    for (const [name, gradient] of Object.entries(gradients(stack.layers, weights, batch))) {
      expectClose(found.gradients[name]!, gradient, kernelGradient, name);
    }
    network.free();
  });

  test.each(["tanh", "relu", "linear"] as const)(
    "a head with %s gives its activation's outputs",
    async (activation) => {
      const layers = [lstm({ units: 5, inputShape: [null, 3] }), dense({ units: 2, activation })];
      const { network, weights } = benchNetwork(bench, layers);
      const batch = { x: normals(3 * 7 * 3, 1), y: keepMask(6, 0.5, 2), B: 3, T: 7 };
      const expected = activationForward(evaluate(layers, weights, batch).logits, activation);
      expectClose(await predictionPass(network, batch), expected, kernelForward, "outputs");
      network.free();
    },
  );

  test("dropout's masks differ by sample, and are those of dropoutKeep", () => {
    const { network } = benchNetwork(bench, STACKS[4]!.layers);
    const [, masks] = keepMasks(bench, network, 4);
    const rows = new Set(
      Array.from({ length: 4 }, (_, b) =>
        Array.from(masks!)
          .slice(b * 12, (b + 1) * 12)
          .join(),
      ),
    );
    expect(rows.size).toBe(4);
    expect(COUNTERS.epoch).not.toBe(0);
    network.free();
  });

  test("a second batch in the same workspace finds no trace of the first", async () => {
    const stack = STACKS[0]!;
    const { network } = benchNetwork(bench, stack.layers);
    const [first, second] = [batchOf(stack, 21, 2), { ...batchOf(stack, 3, 2), x: integers(6, V, 9) }];
    const alone = await trainingPass(bench, network, second);
    const weights = bench.read(network.weights, network.length);
    const adam = new Adam(network, ADAM);
    const { gradient, squares } = adam.state;
    const options = {
      T: 2,
      batchSize: 21,
      groupSize: 4,
      loss: "bceLogits",
      optimizer: () => adam.state,
    } as const;
    const workspace = new Workspace(network, teamOf(network), options);
    workspace.load(first.x, first.y, [...Array(first.B).keys()], 0, first.B);
    await workspace.train(first.B, COUNTERS);
    for (const address of [gradient, squares]) {
      expect(bench.read(address, network.embeddingLength).every((g) => g === 0)).toBe(true);
    }
    bench.memory.f32(network.weights, network.length).set(weights);
    workspace.load(second.x, second.y, [...Array(second.B).keys()], 0, second.B);
    await workspace.train(second.B, COUNTERS, false);
    expect(bench.read(gradient, network.length)).toEqual(alone.raw);
    workspace.free();
    adam.free();
    network.free();
  });

  test("load takes the samples that the order names", async () => {
    const stack = STACKS[2]!;
    const { network } = benchNetwork(bench, stack.layers);
    const { x } = batchOf(stack, 5, 7);
    const all = await predictionPass(network, { x, B: 5, T: 7 });
    const options = { T: 7, batchSize: 2, groupSize: 4, loss: null, optimizer: null };
    const workspace = new Workspace(network, teamOf(network), options, x);
    workspace.load(x, null, [9, 4, 1], 1, 2);
    const picked = new Float32Array(2 * 14);
    await workspace.predict(2, picked);
    expect(picked).toEqual(Float32Array.of(...all.subarray(4 * 14, 5 * 14), ...all.subarray(14, 2 * 14)));
    workspace.free();
    network.free();
  });
});
