import { afterEach, describe, expect, test } from "vitest";
import { dense, embedding, lstm, simpleRNN } from "../../src/layers/public.ts";
import { Sequential } from "../../src/train/sequential.ts";
import { openBenches } from "../builds.ts";
import { expectClose } from "../reference/closeness.ts";
import { integers, keepMask } from "../reference/sample.ts";
import { train } from "../reference/sequential.ts";
import { TOLERANCES } from "../tolerances.ts";
import { benchNetwork, keepMasks, teamOf } from "./bench-network.ts";

const [B, T, V, STEPS, SEED] = [5, 7, 9, 20, 22];
const LEARNING_RATE = 0.01;

describe.each(await openBenches())("$build build", (bench) => {
  afterEach(() => bench.finish());

  test.each([
    { name: "lstm", make: lstm },
    { name: "simpleRNN", make: simpleRNN },
  ])(
    "20 steps of fit, dropout and repeated tokens with them, are the reference's: two $name",
    async ({ make }) => {
      const layers = [
        embedding({ inputDim: V, outputDim: 5 }),
        make({ units: 12, dropout: 0.5, returnSequences: true }),
        make({ units: 4, dropout: 0.25 }),
        dense({ units: 1, activation: "sigmoid" }),
      ];
      const { network, weights } = benchNetwork(bench, layers);
      const [x, y] = [integers(STEPS * B * T, V, 1), keepMask(STEPS * B, 0.5, 2)];
      const batches = Array.from({ length: STEPS }, (_, step) => ({
        x: x.subarray(step * B * T, (step + 1) * B * T),
        y: y.subarray(step * B, (step + 1) * B),
        keepMasks: keepMasks(bench, network, { B, T }, { seed: SEED, epoch: 0, batch: step }),
        B,
        T,
      }));
      const expected = train(layers, weights, batches, {
        optimizer: { name: "adam", learningRate: LEARNING_RATE },
      });

      const model = new Sequential(
        { kernels: bench.k, memory: bench.memory, team: teamOf(network), seed: SEED, onDispose: () => {} },
        layers,
      );
      const { table } = network.weights;
      await model.setWeights(
        table.specs.map((spec) => ({ data: network.weights.read(spec), shape: spec.shape })),
      );
      await model.compile({
        optimizer: { name: "adam", learningRate: LEARNING_RATE },
        loss: "binaryCrossentropy",
      });
      const losses: number[] = [];
      let sum = 0;
      await model.fit({ data: x, shape: [STEPS * B, T] }, y, {
        batchSize: B,
        shuffle: false,
        onBatchEnd: (batch, { loss }) => {
          // The logs are means over the epoch so far.
          losses.push(loss * (batch + 1) - sum);
          sum = loss * (batch + 1);
        },
      });
      expect(losses).toHaveLength(STEPS);
      expectClose(losses, expected.losses, TOLERANCES.kernelTrainingLosses, "losses");
      for (const { name, data } of await model.getWeights()) {
        expectClose(data, expected.weights[name]!, TOLERANCES.kernelFinalWeights, name, LEARNING_RATE);
      }
      await model.dispose();
      network.weights.free();
    },
  );
});
