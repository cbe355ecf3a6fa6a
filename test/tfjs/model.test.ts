import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import {
  dense,
  embedding,
  type Layer,
  lstm,
  type Model,
  type NamedTensor,
  type Runtime,
  simpleRNN,
} from "../../src/index.ts";
import { checkLayers } from "../../src/model/stack.ts";
import { sizeOf, weightTable } from "../../src/model/weights.ts";
import { type Bench, openBenches } from "../builds.ts";
import { benchNetwork, COUNTERS, keepMasks, trainingPass } from "../model/bench-network.ts";
import { expectClose } from "../reference/closeness.ts";
import { integers, keepMask, normals } from "../reference/sample.ts";
import type { Batch } from "../reference/sequential.ts";
import { TOLERANCES } from "../tolerances.ts";
import { openKit } from "../train/small-job.ts";
import { type TfjsNetwork, tfjsNetwork } from "./network.ts";

// Hardly more than a batch reads: the gradient of a token read once is near Adam's ε, and its noise counts.
const V = 64;
const RATE = 0.5;
const LEARNING_RATE = 0.01;
const STEPS = 20;
const [B, T, E, H] = [6, 10, 12, 8];

/** The seed's network at a small size. */
const network = (cell: "lstm" | "simpleRNN", dropout: number): Layer[] => {
  const make = cell === "lstm" ? lstm : simpleRNN;
  return checkLayers([
    embedding({ inputDim: V, outputDim: E }),
    make({ units: H, dropout, returnSequences: true }),
    make({ units: H, dropout }),
    dense({ units: 1, activation: "sigmoid" }),
  ]);
};

/**
 * No token twice in a batch: TensorFlow.js squares the sum of a token's gradients, where Keras sums their
 * squares, and so do we.
 */
const batchOf = (seed: number): Batch => {
  const keys = normals(V, seed);
  const x = [...keys.keys()].sort((a, b) => keys[a]! - keys[b]!).slice(0, B * T);
  return { x, y: keepMask(B, 0.5, seed), B, T };
};

describe.each(["lstm", "simpleRNN"] as const)("the model agrees with TensorFlow.js: two %s", (cell) => {
  const layers = network(cell, 0);
  const { specs: table } = weightTable(layers);
  const tensors: NamedTensor[] = table.map(({ name, shape }, k) => ({
    name,
    shape,
    data: Float32Array.from(normals(sizeOf(shape), 10 + k, 0.25)),
  }));
  let kit: Runtime;
  let bench: Bench;
  let model: Model;
  let peer: TfjsNetwork;

  beforeAll(async () => {
    kit = await openKit();
    bench = (await openBenches())[0]!;
    model = await kit.sequential(layers);
    peer = await tfjsNetwork(network(cell, RATE));
  });

  beforeEach(async () => {
    await model.setWeights(tensors);
    peer.setWeights(tensors.map(({ data }) => data));
  });

  afterAll(async () => {
    peer.dispose();
    await kit.close();
  });

  test("weights are in the same order, of the same shapes", async () => {
    const own = (await model.getWeights()).map(({ data }) => data);
    expect(own).toEqual(peer.weights().map((data) => Float32Array.from(data)));
  });

  test("forward", async () => {
    const { x } = batchOf(1);
    const { data } = await model.predict({ data: Int32Array.from(x), shape: [B, T] });
    expectClose(data, peer.predict(batchOf(1)), TOLERANCES.tfjsForward, "probabilities");
  });

  test.each([
    { name: "without dropout", rate: 0 },
    { name: "with dropout's own masks", rate: RATE },
  ])("loss and every gradient, $name", async ({ rate }) => {
    const { network: own } = benchNetwork(bench, network(cell, rate));
    for (const [k, spec] of own.weights.table.specs.entries()) own.weights.write(spec, tensors[k]!.data);
    // Tokens may repeat here: the gradient is the same by either rule.
    const batch = { ...batchOf(2), x: integers(B * T, 9, 2) };
    const found = await trainingPass(bench, own, batch);
    const masks = rate > 0 ? { keepMasks: keepMasks(bench, own, { B, T }) } : {};
    const expected = peer.gradients({ ...batch, ...masks });
    expectClose([found.result.loss], [expected.loss], TOLERANCES.tfjsLoss, "loss");
    for (const [k, name] of Object.keys(found.gradients).entries()) {
      expectClose(found.gradients[name]!, expected.gradients[k]!, TOLERANCES.tfjsGradient, name);
    }
    own.weights.free();
    bench.finish();
  });

  test.each([
    { name: "without dropout", rate: 0 },
    { name: "with dropout's own masks", rate: RATE },
  ])(`losses and weights of ${STEPS} steps of Adam, $name`, async ({ rate }) => {
    const learner = await kit.sequential(network(cell, rate), { seed: COUNTERS.seed });
    await learner.setWeights(tensors);
    await learner.compile({
      optimizer: { name: "adam", learningRate: LEARNING_RATE },
      loss: "binaryCrossentropy",
    });
    const batches = Array.from({ length: STEPS }, (_, s) => batchOf(100 + s));
    const x = {
      data: Int32Array.from(batches.flatMap((batch) => [...Array.from(batch.x)])),
      shape: [STEPS * B, T],
    };
    const y = Uint8Array.from(batches.flatMap((batch) => Array.from(batch.y)));
    const losses: number[] = [];
    let sum = 0;
    await learner.fit(x, y, {
      batchSize: B,
      shuffle: false,
      onBatchEnd: (batch, { loss }) => {
        losses.push(loss * (batch + 1) - sum);
        sum = loss * (batch + 1);
      },
    });
    const { network: own } = benchNetwork(bench, network(cell, rate));
    const given = batches.map((batch, step) => {
      if (rate === 0) return batch;
      return {
        ...batch,
        keepMasks: keepMasks(bench, own, { B, T }, { seed: COUNTERS.seed, epoch: 0, batch: step }),
      };
    });
    own.weights.free();
    bench.finish();
    const expected = peer.train(given, { name: "adam", learningRate: LEARNING_RATE });
    expectClose(losses, expected, TOLERANCES.tfjsTrainingLosses, "losses");
    const trained = await learner.getWeights();
    for (const [k, w] of peer.weights().entries()) {
      const { name, data } = trained[k]!;
      expectClose(data, w, TOLERANCES.tfjsFinalWeights, name, LEARNING_RATE);
    }
    await learner.dispose();
  });
});
