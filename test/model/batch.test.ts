import { afterEach, describe, expect, test } from "vitest";
import { dense, lstm } from "../../src/layers/public.ts";
import { withoutDropout } from "../../src/train/trace.ts";
import { openBenches } from "../builds.ts";
import { binaryAccuracy } from "../reference/accuracy.ts";
import { expectClose } from "../reference/closeness.ts";
import { integers, keepMask, normals } from "../reference/sample.ts";
import { type Batch, countingRows, evaluate, gradients, rowsOf } from "../reference/sequential.ts";
import { TOLERANCES } from "../tolerances.ts";
import {
  benchNetwork,
  COUNTERS,
  evaluationPass,
  inputsOfBatch,
  keepMasks,
  lossOf,
  paddingOf,
  predictionPass,
  trainingBatch,
  trainingPass,
} from "./bench-network.ts";
import { featuresOf, STACKS, type Stack, V } from "./stacks.ts";

const { kernelForward, kernelGradient, kernelLoss } = TOLERANCES;

// 21 samples are a shard of 16 and one of 5, the last group of which has one sample.
const SIZES = [
  { B: 1, T: 1 },
  { B: 3, T: 7 },
  { B: 21, T: 2 },
];

const numbers = (rows: number, features: number | undefined, seed: number) =>
  features ? normals(rows * features, seed) : integers(rows, V, seed);

function batchOf(stack: Stack, B: number, open: number): Batch {
  const T = stack.T ?? open;
  return {
    x: stack.features ? featuresOf(stack, B, T) : integers(B * T, V, 1),
    more: (stack.more ?? []).map(({ steps, features }, i) => ({
      x: numbers(B * steps(T), features, 30 + i),
      T: steps(T),
    })),
    y: keepMask(B * stack.outputs(T), 0.5, 6),
    B,
    T,
  };
}

describe.each(await openBenches())("$build build", (bench) => {
  afterEach(() => bench.finish());

  describe.each(STACKS)("computes what the reference does: $name", (stack) => {
    const { layers } = stack;
    const plain = withoutDropout(layers);
    const sizes = SIZES.map(({ B, T }) => ({ B, T: stack.T ?? T }));

    test.each(sizes)("outputs, loss and hits at B $B, T $T", async ({ B, T }) => {
      const { network, weights } = benchNetwork(bench, layers);
      const batch = batchOf(stack, B, T);
      const expected = evaluate(layers, weights, batch);
      const { outputs, units } = expected;
      expectClose(await predictionPass(network, batch), outputs, kernelForward, "outputs");
      const found = await evaluationPass(network, batch);
      expectClose([found.loss], [expected.loss], kernelLoss, "loss");
      expect(found.rows).toBe(outputs.length / (stack.features === 3 ? 2 : 1));
      const [[sum, count]] = found.metrics as [[number, number]];
      const counting = countingRows(expected.mask, outputs.length / units);
      expect(count).toBe(counting.length * units);
      const [own, targets] = [outputs, Float64Array.from(batch.y)].map((all) => rowsOf(all, counting, units));
      const accuracy = binaryAccuracy(own!, targets!, lossOf(network).fromLogits ? 0 : 0.5);
      if (count > 0) expect(sum / count).toBe(accuracy);
      network.weights.free();
    });

    test.each(sizes)("every gradient without dropout at B $B, T $T", async ({ B, T }) => {
      const { network, weights } = benchNetwork(bench, plain);
      // Zoneout is there all the same.
      const batch = { ...batchOf(stack, B, T), keepMasks: keepMasks(bench, network, batchOf(stack, B, T)) };
      const found = await trainingPass(bench, network, batch);
      expectClose([found.result.loss], [evaluate(plain, weights, batch).loss], kernelLoss, "loss");
      for (const [name, expected] of Object.entries(gradients(plain, weights, batch))) {
        expectClose(found.gradients[name]!, expected, kernelGradient, name);
      }
      network.weights.free();
    });

    test.each(sizes)("every gradient with dropout's own masks at B $B, T $T", async ({ B, T }) => {
      const { network, weights } = benchNetwork(bench, layers);
      const batch = { ...batchOf(stack, B, T), keepMasks: keepMasks(bench, network, batchOf(stack, B, T)) };
      const found = await trainingPass(bench, network, batch);
      expectClose([found.result.loss], [evaluate(layers, weights, batch).loss], kernelLoss, "loss");
      for (const [name, expected] of Object.entries(gradients(layers, weights, batch))) {
        expectClose(found.gradients[name]!, expected, kernelGradient, name);
      }
      network.weights.free();
    });

    test("a batch smaller than the workspace's room gives the bits of a workspace of its size", async () => {
      const { network } = benchNetwork(bench, layers);
      const batch = batchOf(stack, 3, 7);
      const snug = await trainingPass(bench, network, batch);
      const roomy = await trainingPass(bench, network, batch, { room: 21 });
      expect(roomy.result).toEqual(snug.result);
      expect(roomy.raw).toEqual(snug.raw);
      network.weights.free();
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
      network.weights.free();
    });

    test("padding stays exactly 0 in gradients, and in weights after steps of Adam", async () => {
      const { network } = benchNetwork(bench, layers);
      const batch = batchOf(stack, 3, 7);
      expect(paddingOf(network, (await trainingPass(bench, network, batch)).raw).every((g) => g === 0)).toBe(
        true,
      );
      const { address, table } = network.weights;
      const before = bench.read(address, table.length);
      const { y, B } = batch;
      const training = trainingBatch(network, { ...batch, batchSize: B });
      training.batch.load(inputsOfBatch(batch), y, [...Array(B).keys()], 0, B);
      for (let step = 0; step < 3; step++) {
        await training.batch.gradient(B, { ...COUNTERS, batch: step });
        await training.batch.update(step + 1);
      }
      training.free();
      const after = bench.read(address, table.length);
      expect(after).not.toEqual(before);
      expect(paddingOf(network, after).every((w) => w === 0)).toBe(true);
      network.weights.free();
    });
  });

  test.each(["tanh", "relu", "linear"] as const)(
    "a head with %s gives its activation's outputs",
    async (activation) => {
      const layers = [lstm({ units: 5, inputShape: [null, 3] }), dense({ units: 2, activation })];
      const { network, weights } = benchNetwork(bench, layers);
      const batch = { x: normals(3 * 7 * 3, 1), y: keepMask(6, 0.5, 2), B: 3, T: 7 };
      const { outputs } = evaluate(layers, weights, batch);
      expectClose(await predictionPass(network, batch), outputs, kernelForward, "outputs");
      network.weights.free();
    },
  );

  test("dropout's masks differ by sample, and are those of dropoutKeep", () => {
    const { network } = benchNetwork(bench, STACKS[4]!.layers);
    const [, masks] = keepMasks(bench, network, { B: 4, T: 7 });
    const rows = new Set(
      Array.from({ length: 4 }, (_, b) =>
        Array.from(masks!)
          .slice(b * 12, (b + 1) * 12)
          .join(),
      ),
    );
    expect(rows.size).toBe(4);
    expect(COUNTERS.epoch).not.toBe(0);
    network.weights.free();
  });

  test("a second batch in the same workspace finds no trace of the first", async () => {
    const stack = STACKS[0]!;
    const { network } = benchNetwork(bench, stack.layers);
    const [first, second] = [batchOf(stack, 21, 2), { ...batchOf(stack, 3, 2), x: integers(6, V, 9) }];
    const alone = await trainingPass(bench, network, second);
    const { address, table } = network.weights;
    const weights = bench.read(address, table.length);
    const { batch, optimizer, free } = trainingBatch(network, { T: 2, batchSize: 21 });
    const { gradient, squares } = optimizer.state;
    batch.load([first.x], first.y, [...Array(first.B).keys()], 0, first.B);
    await batch.gradient(first.B, COUNTERS);
    await batch.update(1);
    for (const block of [gradient, squares]) {
      expect(bench.read(block, table.placesLength).every((g) => g === 0)).toBe(true);
    }
    bench.memory.f32(address, table.length).set(weights);
    batch.load([second.x], second.y, [...Array(second.B).keys()], 0, second.B);
    await batch.gradient(second.B, COUNTERS);
    expect(bench.read(gradient, table.length)).toEqual(alone.raw);
    free();
    network.weights.free();
  });

  test("load takes the samples that the order names", async () => {
    const stack = STACKS[2]!;
    const { network } = benchNetwork(bench, stack.layers);
    const { x } = batchOf(stack, 5, 7);
    const all = await predictionPass(network, { x, B: 5, T: 7 });
    const picked = await predictionPass(network, { x, B: 5, T: 7 }, { order: [4, 1] });
    expect(picked).toEqual(Float32Array.of(...all.subarray(4 * 14, 5 * 14), ...all.subarray(14, 2 * 14)));
    network.weights.free();
  });
});
