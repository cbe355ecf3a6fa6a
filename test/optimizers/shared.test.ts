/** What every optimiser takes: how it is checked, and that what it does is the reference's, whoever does it. */
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { dense, embedding, lstm } from "../../src/layers/public.ts";
import { checkCompile } from "../../src/model/compile.ts";
import { checkLayers } from "../../src/model/stack.ts";
import { createRuntime, type Runtime } from "../../src/node.ts";
import { OPTIMIZERS, type OptimizerConfig } from "../../src/optimizers/index.ts";
import type { OptimizerNow } from "../../src/optimizers/kind.ts";
import { rateAt } from "../../src/optimizers/schedules.ts";
import { openBenches } from "../builds.ts";
import { benchNetwork, trainingBatch } from "../model/bench-network.ts";
import { expectClose } from "../reference/closeness.ts";
import { integers, keepMask } from "../reference/sample.ts";
import { type Batch, train } from "../reference/sequential.ts";
import { TOLERANCES } from "../tolerances.ts";

const NAMES = Object.keys(OPTIMIZERS) as OptimizerConfig["name"][];

/** Each clips at every step, and moves weights by what is learnt besides. */
const OPTIONS = {
  "a norm of each weight": { clipnorm: 0.05 },
  "a norm of all weights": { globalClipnorm: 0.08 },
  "a norm that no gradient has": { clipnorm: 1e3 },
  "a limit of each number": { clipvalue: 0.01 },
  "weight decay": { weightDecay: 0.5 },
  "an average that weights are set to": { useEma: true, emaMomentum: 0.8, emaOverwriteFrequency: 3 },
  "a norm, decay, an average and a schedule": {
    clipnorm: 0.1,
    weightDecay: 0.3,
    useEma: true,
    emaMomentum: 0.5,
    emaOverwriteFrequency: 4,
    learningRate: { schedule: "exponentialDecay", initialLearningRate: 0.02, decaySteps: 5, decayRate: 0.5 },
  },
} satisfies Record<string, Partial<OptimizerConfig>>;

const V = 9;
const STEPS = 10;
const SIZES = { B: 21, T: 4 };

describe.each(await openBenches())("$build build", (bench) => {
  afterEach(() => bench.finish());

  describe.each(NAMES)("%s", (name) => {
    test.each(Object.entries(OPTIONS))(`takes the reference's ${STEPS} steps with %s`, async (_, options) => {
      const { B, T } = SIZES;
      const layers = checkLayers([
        embedding({ inputDim: V, outputDim: 5 }),
        lstm({ units: 4 }),
        dense({ units: 1, activation: "sigmoid" }),
      ]);
      const { network, weights } = benchNetwork(bench, layers);
      const batches = Array.from({ length: STEPS }, (_, step): Batch => {
        return { x: integers(B * T, V, 100 + step), y: keepMask(B, 0.5, 200 + step), B, T };
      });
      const optimizer = { name, learningRate: 0.01, ...options } as OptimizerConfig;
      const expected = train(layers, weights, batches, { optimizer });
      const described = checkCompile({ optimizer, loss: "binaryCrossentropy" }, layers).optimizer;
      const {
        batch,
        optimizer: memory,
        free,
      } = trainingBatch(network, { T, batchSize: B, optimizer: described as OptimizerNow });
      const losses: number[] = [];
      const { table } = network.weights;
      const { gradient, squares } = memory.state;
      for (const [step, { x, y }] of batches.entries()) {
        batch.load([x], y, [...Array(B).keys()], 0, B);
        const { loss, peak } = await batch.gradient(B, { seed: 1, epoch: 0, batch: step });
        losses.push(loss);
        expect(await batch.update(step + 1, memory.begin(peak, step + 1))).toBe(true);
        for (const block of [gradient, ...(squares ? [squares] : [])]) {
          expect(bench.read(block, table.placesLength).every((g) => g === 0)).toBe(true);
        }
      }
      memory.finish(STEPS);
      expectClose(losses, expected.losses, TOLERANCES.kernelTrainingLosses, "losses");
      const rate = rateAt(described.learningRate, 1);
      for (const spec of table.specs) {
        const found = network.weights.read(spec);
        expectClose(found, expected.weights[spec.name]!, TOLERANCES.kernelFinalWeights, spec.name, rate);
      }
      free();
      network.weights.free();
    });
  });
});

describe("no bit depends on the number of threads", () => {
  let kits: Runtime[];
  beforeAll(async () => {
    kits = await Promise.all([1, 2, 3, 4].map((threads) => createRuntime({ threads })));
  });
  afterAll(() => Promise.all(kits.map((kit) => kit.close())));

  test.each([
    { clipnorm: 0.01, weightDecay: 0.1 },
    { globalClipnorm: 0.02, useEma: true, emaOverwriteFrequency: 2 },
    { clipvalue: 1e-4 },
  ])("%o", async (options) => {
    // A table of 5 chunks; two regularizers, so that a table is penalized while threads have parts of it.
    const layers = [
      embedding({ inputDim: 500, outputDim: 40, embeddingsRegularizer: { l1: 1e-5, l2: 1e-4 } }),
      lstm({ units: 16, kernelRegularizer: "l2" }),
      dense({ units: 1, activation: "sigmoid" }),
    ];
    for (const stack of [layers, [embedding({ inputDim: 500, outputDim: 40 }), ...layers.slice(1)]]) {
      const results = [];
      for (const kit of kits) {
        const model = await kit.sequential(stack, { seed: 5 });
        await model.compile({ optimizer: { name: "nadam", ...options }, loss: "binaryCrossentropy" });
        const x = { data: integers(75 * 6, 500, 1), shape: [75, 6] };
        const { history } = await model.fit(x, keepMask(75, 0.5, 2), { batchSize: 53, epochs: 2 });
        results.push({ history, digest: await model.digest() });
        await model.dispose();
      }
      for (const result of results.slice(1)) expect(result).toEqual(results[0]);
    }
  });
});

describe.each(NAMES)("%s", (name) => {
  const compiled = (options: object) =>
    checkCompile(
      { optimizer: { name, ...options } as OptimizerConfig, loss: "meanSquaredError" },
      checkLayers([dense({ units: 1, inputShape: [3] })]),
    ).optimizer;

  test.each(Object.values(OPTIONS))("%o checks to itself, so that a file can hold it", (options) => {
    const optimizer = compiled(options);
    expect(optimizer).toMatchObject(options);
    expect(compiled(JSON.parse(JSON.stringify(optimizer)))).toEqual(optimizer);
  });

  test.each(
    Object.entries({
      weightDecay: [-1, Infinity, Number.NaN, "0.1", null],
      clipnorm: [0, -1, Infinity, Number.NaN, "1"],
      globalClipnorm: [0, -1, Infinity, Number.NaN],
      clipvalue: [0, -1, Infinity, Number.NaN],
      useEma: [1, "true", null],
      emaMomentum: [-0.1, 1.1, Number.NaN],
      emaOverwriteFrequency: [0, 1.5, -1, "3"],
      clipNorm: [1],
    }).flatMap(([option, values]) => values.map((value) => ({ option, value }))),
  )("$option of $value is refused", ({ option, value }) => {
    expect(() => compiled({ [option]: value })).toThrow(/^BAD_ARGUMENT/);
    expect(() => compiled({ [option]: value })).toThrow(option);
  });

  test.each([
    { clipnorm: 1, clipvalue: 1 },
    { clipnorm: 1, globalClipnorm: 1 },
    { globalClipnorm: 1, clipvalue: 1 },
  ])("%o is refused: a gradient is clipped in one way", (options) => {
    expect(() => compiled(options)).toThrow(/^BAD_ARGUMENT: \w+ has \w+ and \w+/);
  });
});
