/** Whole runs of Keras, in float64: every optimiser with what all of them take, and with regularizers. */
import { describe, expect, test } from "vitest";
import { createRuntime, dense, embedding, type Layer, simpleRNN } from "../../src/index.ts";
import { checkLayers } from "../../src/model/stack.ts";
import type { OptimizerConfig } from "../../src/optimizers/index.ts";
import { CLOSE_BUILDS, kernelBytes } from "../builds.ts";
import { type Golden, golden, goldens } from "../fixtures/goldens.ts";
import { expectClose } from "../reference/closeness.ts";
import { type Batch, evaluate, nameWeights, train } from "../reference/sequential.ts";
import { TOLERANCES } from "../tolerances.ts";

/** What the goldens' runs say beside the optimiser's rate, by the names of their tensors. */
const RUNS = {
  plain: {},
  clipnorm: { clipnorm: 0.05 },
  global_clipnorm: { globalClipnorm: 0.08 },
  clipvalue: { clipvalue: 0.01 },
  decay: { weightDecay: 0.1 },
  ema: { useEma: true, emaMomentum: 0.8, emaOverwriteFrequency: 4 },
  average: { useEma: true },
} as const;

const OPTIMIZERS = {
  sgd: { name: "sgd", learningRate: 0.1, momentum: 0.9 },
  rmsprop: { name: "rmsprop", learningRate: 0.01 },
  adam: { name: "adam", learningRate: 0.01 },
  adamw: { name: "adamw", learningRate: 0.01 },
  nadam: { name: "nadam", learningRate: 0.01 },
  adagrad: { name: "adagrad", learningRate: 0.1 },
  lion: { name: "lion", learningRate: 0.01 },
} as const satisfies Record<OptimizerConfig["name"], OptimizerConfig>;

const adam = OPTIMIZERS.adam;
const REGULARIZED: Record<string, OptimizerConfig> = {
  sgd: { name: "sgd", learningRate: 0.1 },
  adam,
  adam_clipnorm: { ...adam, clipnorm: 0.05 },
  adam_global_clipnorm: { ...adam, globalClipnorm: 0.08 },
  adam_clipvalue: { ...adam, clipvalue: 0.01 },
  scheduled: {
    name: "nadam",
    learningRate: {
      schedule: "cosineDecay",
      initialLearningRate: 0,
      decaySteps: 8,
      warmupTarget: 0.02,
      warmupSteps: 3,
    },
    weightDecay: 0.05,
  },
};

interface Run {
  readonly g: Golden;
  readonly run: string;
  readonly layers: readonly Layer[];
  readonly optimizer: OptimizerConfig;
}

const sizes = (g: Golden) => ["V", "E", "H", "B", "T", "steps"].map(g.setting) as [number, ...number[]];

const CASES: (Run & { readonly name: string })[] = [
  ...goldens("trainOptimizer").flatMap((g) => {
    const [V, E, H] = sizes(g) as [number, number, number];
    const name = g.name.replace("train_optimizer_", "") as keyof typeof OPTIMIZERS;
    const layers = [
      embedding({ inputDim: V, outputDim: E }),
      simpleRNN({ units: H }),
      dense({ units: 1, activation: "sigmoid" }),
    ];
    return Object.entries(RUNS).map(([run, options]) => ({
      name: `${name}, ${run}`,
      g,
      run,
      layers,
      optimizer: { ...OPTIMIZERS[name], ...options },
    }));
  }),
  ...Object.entries(REGULARIZED).map(([run, optimizer]) => {
    const g = golden("trainRegularizers");
    const [V, E, H] = sizes(g) as [number, number, number];
    const layers = [
      embedding({ inputDim: V, outputDim: E, embeddingsRegularizer: { l1: 0.002, l2: 0.003 } }),
      simpleRNN({
        units: H,
        kernelRegularizer: "l2",
        recurrentRegularizer: { l1: 0.02 },
        biasRegularizer: { l2: 0.03 },
      }),
      dense({ units: 1, activation: "sigmoid", kernelRegularizer: { l2: 0.04 }, biasRegularizer: "l1" }),
    ];
    return { name: `regularizers, ${run}`, g, run, layers, optimizer };
  }),
];

/** The rate that errors are measured by: the largest of the run. */
const rateOf = ({ learningRate }: OptimizerConfig) =>
  typeof learningRate === "number" ? learningRate : 0.02;

const before = (g: Golden) => g.weightNames.map((_, i) => g.tensor(`before${i}`));

test("every run of the goldens is tried", () => {
  const all = [...goldens("trainOptimizer"), golden("trainRegularizers")];
  const runs = all.flatMap((g) => g.keys.filter((key) => key.endsWith("_after")));
  expect(CASES).toHaveLength(runs.length);
});

test.each(CASES)("the reference trains as Keras does: $name", ({ g, run, layers: given, optimizer }) => {
  const [, , , B, T, steps] = sizes(g) as [number, number, number, number, number, number];
  const layers = checkLayers(given);
  const weights = nameWeights(
    ["embedding/embeddings", ...CELL.map((name) => `simple_rnn/${name}`), "dense/kernel", "dense/bias"],
    before(g),
  );
  const batches = Array.from({ length: steps }, (_, s): Batch => {
    const x = Int32Array.from(g.tensor("x").subarray(s * B * T, (s + 1) * B * T));
    return { x, y: g.tensor("y").subarray(s * B, (s + 1) * B), B, T };
  });
  const found = train(layers, weights, batches, { optimizer });
  expectClose(found.losses, g.tensor(`${run}_losses`), TOLERANCES.kerasRunLosses, "losses");
  const after = Object.values(found.weights).flatMap((w) => [...w]);
  expectClose(after, g.tensor(`${run}_after`), TOLERANCES.kerasRunWeights, "weights", rateOf(optimizer));
  if (!g.has(`${run}_evaluated`)) return;
  const all = { x: Int32Array.from(g.tensor("x")), y: g.tensor("y"), B: steps * B, T };
  const { loss } = evaluate(layers, found.weights, all);
  expectClose([loss], g.tensor(`${run}_evaluated`), TOLERANCES.kerasRunLosses, "evaluated");
});

const CELL = ["kernel", "recurrent_kernel", "bias"].map((name) => `simple_rnn_cell/${name}`);

describe.each(CLOSE_BUILDS)("%s build", (build) => {
  test.each(CASES)("fit trains as Keras does: $name", async ({ g, run, layers, optimizer }) => {
    const [, , , B, T, steps] = sizes(g) as [number, number, number, number, number, number];
    const kit = await createRuntime({ kernels: kernelBytes(build) });
    const model = await kit.sequential(layers);
    await model.setWeights(
      before(g).map((data, i) => ({ data: Float32Array.from(data), shape: g.shape(`before${i}`) })),
    );
    await model.compile({ optimizer, loss: "binaryCrossentropy" });
    const [x, y] = [
      { data: Int32Array.from(g.tensor("x")), shape: [steps * B, T] },
      { data: Uint8Array.from(g.tensor("y")), shape: [steps * B, 1] },
    ];
    const losses: number[] = [];
    let sum = 0;
    await model.fit(x, y, {
      batchSize: B,
      shuffle: false,
      onBatchEnd: (batch, { loss }) => {
        losses.push(loss * (batch + 1) - sum); // the logs are means over the epoch so far
        sum = loss * (batch + 1);
      },
    });
    expectClose(losses, g.tensor(`${run}_losses`), TOLERANCES.kerasRunLosses, "losses");
    const after = (await model.getWeights()).flatMap(({ data }) => [...data]);
    expectClose(after, g.tensor(`${run}_after`), TOLERANCES.kerasRunWeights, "weights", rateOf(optimizer));
    if (g.has(`${run}_evaluated`)) {
      const { loss } = await model.evaluate(x, y, { batchSize: 7 });
      expectClose([loss], g.tensor(`${run}_evaluated`), TOLERANCES.kerasRunLosses, "evaluated");
    }
    await kit.close();
  });
});
