/** Losses, metrics and optimisers as fit and evaluate have them: values, shapes of targets, refusals. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import {
  type Activation,
  type CompileOptions,
  dense,
  type Layer,
  lstm,
  type Model,
  type Runtime,
  type Targets,
} from "../../src/index.ts";
import type { LossConfig } from "../../src/losses/index.ts";
import { lossKindOf, targetWidthOf } from "../../src/losses/index.ts";
import { metricOf } from "../../src/metrics/index.ts";
import type { OptimizerConfig } from "../../src/optimizers/index.ts";
import { expectClose } from "../reference/closeness.ts";
import { oneHot } from "../reference/crossentropy.ts";
import { METRIC_REFERENCES } from "../reference/index.ts";
import type { MetricReference } from "../reference/kind.ts";
import { integers, keepMask, normals } from "../reference/sample.ts";
import { evaluate, nameWeights, train } from "../reference/sequential.ts";
import { TOLERANCES } from "../tolerances.ts";
import { codeOf, openKit } from "./small-job.ts";

const { kernelFinalWeights, kernelLoss, kernelTrainingLosses } = TOLERANCES;
const [B, T, I, STEPS] = [5, 4, 3, 6];
const N = B * STEPS;
const X = { data: Float32Array.from(normals(N * T * I, 1)), shape: [N, T, I] };

interface Case {
  readonly loss: LossConfig;
  readonly activation: Activation;
  readonly units: number;
  readonly everyStep: boolean;
  readonly optimizer: OptimizerConfig & { learningRate: number };
  /** None where targets are fewer than outputs. */
  readonly metric?: keyof typeof METRIC_REFERENCES;
}

const adam = { name: "adam", learningRate: 0.01 } as const;
const nesterov = { name: "sgd", learningRate: 0.1, momentum: 0.9, nesterov: true } as const;

const CASES: Case[] = [
  {
    loss: { name: "binaryCrossentropy" },
    activation: "sigmoid",
    units: 3,
    everyStep: true,
    optimizer: nesterov,
    metric: "binaryAccuracy",
  },
  {
    loss: { name: "categoricalCrossentropy" },
    activation: "softmax",
    units: 3,
    everyStep: false,
    optimizer: adam,
    metric: "categoricalAccuracy",
  },
  {
    loss: { name: "categoricalCrossentropy", fromLogits: true },
    activation: "linear",
    units: 3,
    everyStep: true,
    optimizer: nesterov,
    metric: "meanAbsoluteError",
  },
  {
    loss: { name: "sparseCategoricalCrossentropy" },
    activation: "softmax",
    units: 4,
    everyStep: false,
    optimizer: nesterov,
    metric: "sparseCategoricalAccuracy",
  },
  {
    loss: { name: "sparseCategoricalCrossentropy" },
    activation: "softmax",
    units: 4,
    everyStep: true,
    optimizer: adam,
    metric: "sparseCategoricalAccuracy",
  },
  {
    loss: { name: "meanSquaredError" },
    activation: "linear",
    units: 1,
    everyStep: false,
    optimizer: { name: "sgd", learningRate: 0.1 },
    metric: "meanAbsoluteError",
  },
  {
    loss: { name: "meanAbsoluteError" },
    activation: "linear",
    units: 2,
    everyStep: true,
    // Not Adam: signs that sum to 0 leave a gradient of rounding alone, which it would make a step of.
    optimizer: nesterov,
    metric: "meanSquaredError",
  },
  {
    loss: { name: "categoricalCrossentropy", labelSmoothing: 0.1 },
    activation: "softmax",
    units: 3,
    everyStep: true,
    optimizer: adam,
    metric: "categoricalAccuracy",
  },
  {
    loss: { name: "huber", delta: 0.5 },
    activation: "linear",
    units: 2,
    everyStep: true,
    optimizer: nesterov,
    metric: "meanAbsoluteError",
  },
  {
    loss: { name: "logCosh" },
    activation: "linear",
    units: 1,
    everyStep: false,
    optimizer: adam,
    metric: "meanSquaredError",
  },
  {
    loss: { name: "quantile", quantiles: [0.1, 0.5, 0.9] },
    activation: "linear",
    units: 6,
    everyStep: false,
    optimizer: nesterov,
  },
  {
    loss: { name: "gaussianNegativeLogLikelihood" },
    activation: "linear",
    units: 2,
    everyStep: true,
    optimizer: adam,
  },
];

const layersOf = ({ units, activation, everyStep }: Omit<Case, "loss" | "optimizer" | "metric">): Layer[] => [
  lstm({ units: 5, returnSequences: everyStep, inputShape: [null, I] }),
  dense({ units, activation }),
];

/** Targets of so many rows, as they lie one after the other. */
function targetsOf(loss: LossConfig, rows: number, units: number): Float32Array {
  if (lossKindOf(loss).targets === "class") return Float32Array.from(integers(rows, units, 6));
  if (loss.name === "binaryCrossentropy") return Float32Array.from(keepMask(rows * units, 0.5, 6));
  if (loss.name === "categoricalCrossentropy") {
    return Float32Array.from(oneHot(integers(rows, units, 6), units));
  }
  return Float32Array.from(normals(rows * targetWidthOf(loss, units), 6));
}

let kit: Runtime;
beforeAll(async () => {
  kit = await openKit();
});
afterAll(() => kit.close());

const modelOf = async (layers: Layer[], compile: CompileOptions): Promise<Model> => {
  const model = await kit.sequential(layers, { seed: 22 });
  await model.compile(compile);
  return model;
};

describe.each(CASES)("$loss, $activation, $units units, every step: $everyStep, $optimizer", (job) => {
  const { loss, units, everyStep, optimizer, metric } = job;
  const rows = N * (everyStep ? T : 1);
  const own = targetWidthOf(loss, units);
  const metrics = metric ? [metric] : [];
  const data = targetsOf(loss, rows, units);
  const y = { data, shape: [N, ...(everyStep ? [T] : []), own] };

  test("fit takes the reference's steps, and its history and evaluate give the metric", async () => {
    const model = await modelOf(layersOf(job), { loss, optimizer, metrics });
    const { layers } = model;
    const before = await model.getWeights();
    const weights = nameWeights(
      before.map(({ name }) => name),
      before.map((weight) => weight.data),
    );
    const size = data.length / STEPS;
    const batches = Array.from({ length: STEPS }, (_, s) => ({
      x: X.data.subarray(s * B * T * I, (s + 1) * B * T * I),
      y: data.subarray(s * size, (s + 1) * size),
      B,
      T,
    }));
    const expected = train(layers, weights, batches, { loss, optimizer });
    const losses: number[] = [];
    let sum = 0;
    const { history } = await model.fit(X, y, {
      batchSize: B,
      shuffle: false,
      validationData: [X, y],
      onBatchEnd(batch, logs) {
        losses.push(logs.loss * (batch + 1) - sum);
        sum = logs.loss * (batch + 1);
      },
    });
    expectClose(losses, expected.losses, kernelTrainingLosses, "losses");
    for (const { name, data: found } of await model.getWeights()) {
      expectClose(found, expected.weights[name]!, kernelFinalWeights, name, optimizer.learningRate);
    }
    const all = { x: X.data, y: data, B: N, T };
    const reference = evaluate(layers, expected.weights, all, loss);
    const found = await model.evaluate(X, y);
    expect(Object.keys(found)).toEqual(["loss", ...metrics]);
    expectClose([found.loss], [reference.loss], kernelTrainingLosses, "loss");
    const vals = metrics.map((name) => `val${name[0]!.toUpperCase()}${name.slice(1)}`);
    expect(Object.keys(history)).toEqual(["loss", ...metrics, "valLoss", ...vals]);
    expect(history.valLoss).toEqual([found.loss]);
    await model.dispose();
    if (!metric) return;
    const logits = "fromLogits" in loss && loss.fromLogits === true;
    const chosen = metricOf(metric, loss.name)!;
    const of = METRIC_REFERENCES[metric] as MetricReference;
    const value = of(reference.outputs, Float64Array.from(data), units, logits, chosen.metric);
    expectClose([found[metric]!], [value], kernelTrainingLosses, metric);
    expect(history[vals[0]!]).toEqual([found[metric]]);
  });

  test("a model that was saved measures as before, and goes on with its optimiser's options", async () => {
    const model = await modelOf(layersOf(job), { loss, optimizer, metrics });
    const loaded = await kit.load(await model.save());
    expect(await loaded.evaluate(X, y)).toEqual(await model.evaluate(X, y));
    const run = { shuffle: false, batchSize: B };
    await model.fit(X, y, run);
    await loaded.fit(X, y, run);
    expect(await loaded.digest()).toBe(await model.digest());
    for (const each of [model, loaded]) await each.dispose();
  });

  test("targets of every shape that says the same train alike", async () => {
    const nested = Array.from({ length: N }, (_, n) =>
      Array.from(data.slice((n * data.length) / N, ((n + 1) * data.length) / N)),
    );
    const steps = nested.map((row) => Array.from({ length: T }, (_, t) => row.slice(t * own, (t + 1) * own)));
    const given: Targets[] = [
      y,
      { data: Float64Array.from(data) as never, shape: y.shape },
      everyStep ? steps : nested,
      ...(own === 1 ? [{ data, shape: y.shape.slice(0, -1) }, everyStep ? nested : nested.flat()] : []),
    ];
    const digests = new Set<string>();
    for (const targets of given) {
      const model = await modelOf(layersOf(job), { loss, optimizer });
      await model.fit(X, targets, { batchSize: 7 });
      digests.add(await model.digest());
      await model.dispose();
    }
    expect(digests.size).toBe(1);
  });

  test("targets of another shape, and values that mean nothing to the loss, are refused and change nothing", async () => {
    const model = await modelOf(layersOf(job), { loss, optimizer });
    const before = await model.digest();
    const shapes = [
      [N - 1, ...y.shape.slice(1)],
      [N, own + 1],
      [...y.shape, 1],
      [N, T + 1, own],
      ...(own > 1 ? [y.shape.slice(0, -1)] : [[N, ...(everyStep ? [T] : []), units + 1]]),
    ];
    for (const shape of shapes) {
      const zeros = { data: new Float32Array(shape.reduce((a, b) => a * b)), shape };
      expect(await codeOf(model.fit(X, zeros)), `(${shape.join(", ")})`).toBe("BAD_SHAPE");
      expect(await codeOf(model.evaluate(X, zeros)), `(${shape.join(", ")})`).toBe("BAD_SHAPE");
    }
    const wrong = {
      binaryCrossentropy: [0.5, -1, 2, Number.NaN],
      categoricalCrossentropy: [-0.5, 1.5, Number.NaN],
      sparseCategoricalCrossentropy: [-1, units, 0.5, Number.NaN],
      meanSquaredError: [Number.NaN, Infinity, 1e39],
      meanAbsoluteError: [Number.NaN, -Infinity, 1e39],
      huber: [Number.NaN, 1e39],
      logCosh: [Number.NaN, 1e39],
      quantile: [Number.NaN, 1e39],
      gaussianNegativeLogLikelihood: [Number.NaN, 1e39],
    }[loss.name];
    for (const value of wrong) {
      const other = Float64Array.from(data);
      other[other.length - 1] = value;
      const targets = { data: other as never, shape: y.shape };
      expect(await codeOf(model.fit(X, targets)), `${value}`).toBe("BAD_LABEL");
      expect(await codeOf(model.evaluate(X, targets)), `${value}`).toBe("BAD_LABEL");
    }
    expect(await model.digest()).toBe(before);
    await model.dispose();
  });
});

test("the loss of a batch is the mean over its rows, whatever the batches of evaluate", async () => {
  const job = CASES[4]!;
  const model = await modelOf(layersOf(job), { loss: job.loss, metrics: ["accuracy"] });
  const y = { data: targetsOf(job.loss, N * T, job.units), shape: [N, T] };
  const whole = await model.evaluate(X, y, { batchSize: N });
  for (const batchSize of [1, 7, 16]) {
    const found = await model.evaluate(X, y, { batchSize });
    expectClose([found.loss], [whole.loss], kernelLoss, "loss");
    expect(found.accuracy).toBeCloseTo(whole.accuracy!, 12);
  }
  await model.dispose();
});

test.each<{ what: string; compile: object; activation?: Activation; units?: number }>([
  { what: "accuracy beside a squared error", compile: { loss: "meanSquaredError", metrics: ["accuracy"] } },
  {
    what: "an accuracy of classes beside one-hot targets",
    compile: { loss: "categoricalCrossentropy", metrics: ["sparseCategoricalAccuracy"] },
  },
  {
    what: "an error beside class numbers",
    compile: { loss: "sparseCategoricalCrossentropy", metrics: ["meanSquaredError"] },
  },
  { what: "a softmax of one unit", compile: { loss: "sparseCategoricalCrossentropy" }, units: 1 },
  {
    what: "fromLogits behind a softmax",
    compile: { loss: { name: "categoricalCrossentropy", fromLogits: true } },
  },
  { what: "fromLogits of an error", compile: { loss: { name: "meanSquaredError", fromLogits: true } } },
  { what: "Keras's short name", compile: { loss: "mse" } },
  ...(["accuracy", "meanAbsoluteError", "meanSquaredError", "binaryAccuracy"] as const).flatMap((metric) => [
    {
      what: `${metric} beside quantiles`,
      compile: { loss: { name: "quantile", quantiles: [0.1, 0.5, 0.9] }, metrics: [metric] },
    },
    {
      what: `${metric} beside a mean and its variance`,
      compile: { loss: "gaussianNegativeLogLikelihood", metrics: [metric] },
      units: 2,
    },
  ]),
  { what: "smoothed labels of an error", compile: { loss: { name: "huber", labelSmoothing: 0.1 } } },
  {
    what: "more smoothing than there is",
    compile: { loss: { name: "binaryCrossentropy", labelSmoothing: 1.1 } },
  },
  { what: "weights of too few targets", compile: { loss: "huber", lossWeights: [1, 2] } },
  { what: "a weight below 0", compile: { loss: "huber", lossWeights: [1, 2, -1] } },
  { what: "a weight that is none", compile: { loss: "huber", lossWeights: [1, 2, Number.NaN] } },
  { what: "weights of no targets", compile: { loss: "huber", lossWeights: [] } },
  {
    what: "weights of outputs, not targets",
    compile: { loss: { name: "quantile", quantiles: [0.2, 0.5, 0.8] }, lossWeights: [1, 1, 1] },
  },
  {
    what: "weights of classes that exclude each other",
    compile: { loss: "categoricalCrossentropy", lossWeights: [1, 1, 1] },
  },
  {
    what: "an option of another optimiser",
    compile: { loss: "meanSquaredError", optimizer: { name: "sgd", beta1: 0.9 } },
  },
])(
  "compile refuses $what, and what was compiled before is kept",
  async ({ compile, activation = "softmax", units = 3 }) => {
    const model = await modelOf(layersOf({ units, activation, everyStep: false }), {
      loss: "meanAbsoluteError",
    });
    const y = { data: new Float32Array(N * units), shape: [N, units] };
    const before = await model.evaluate(X, y);
    expect(await codeOf(model.compile(compile as CompileOptions))).toBe("BAD_ARGUMENT");
    expect(await model.evaluate(X, y)).toEqual(before);
    await model.dispose();
  },
);

test("errors too large for float32 end the fit with LOSS_NOT_FINITE, and the weights are those of before", async () => {
  const model = await modelOf(layersOf({ units: 1, activation: "linear", everyStep: false }), {
    loss: "meanSquaredError",
    optimizer: "sgd",
  });
  const before = await model.digest();
  const y = { data: new Float32Array(N).fill(1e30), shape: [N] };
  expect(await codeOf(model.fit(X, y))).toBe("LOSS_NOT_FINITE");
  expect(await model.digest()).toBe(before);
  await model.dispose();
});
