/** Models with layers that take steps together, in every way that must not change a bit. */
import { afterEach, describe, expect, test } from "vitest";
import {
  activation,
  conv1d,
  createRuntime,
  dense,
  embedding,
  flatten,
  globalAveragePooling1d,
  globalMaxPooling1d,
  gru,
  type Layer,
  lstm,
  type Model,
  maxPooling1d,
  type Runtime,
  type RuntimeOptions,
  repeatVector,
  timeDistributed,
} from "../../src/node.ts";
import { expectClose } from "../reference/closeness.ts";
import { normals } from "../reference/sample.ts";
import {
  evaluate,
  nameWeights,
  stateGradients,
  trace as traceReference,
  train,
} from "../reference/sequential.ts";
import { TOLERANCES } from "../tolerances.ts";
import { spawn } from "../worker/spawned.ts";
import { codeOf, mixedData, T, V } from "./small-job.ts";

interface Job {
  readonly name: string;
  readonly layers: Layer[];
  /** Steps that the layers with states have, bottom up. */
  readonly steps: readonly number[];
}

const JOBS: Job[] = [
  {
    name: "a convolution, max pooling, an LSTM",
    layers: [
      embedding({ inputDim: V, outputDim: 12 }),
      conv1d({ filters: 9, kernelSize: 3, activation: "tanh" }),
      maxPooling1d(),
      lstm({ units: 8 }),
      dense({ units: 3, activation: "softmax" }),
    ],
    steps: [4],
  },
  {
    name: "an LSTM that returns sequences, the mean of its steps",
    layers: [
      embedding({ inputDim: V, outputDim: 12, maskZero: true }),
      timeDistributed({ layer: dense({ units: 6, activation: "tanh" }) }),
      conv1d({ filters: 4, kernelSize: 2, padding: "causal" }),
      lstm({ units: 5, returnSequences: true }),
      globalAveragePooling1d(),
      dense({ units: 3 }),
      activation({ activation: "softmax" }),
    ],
    steps: [T],
  },
  {
    name: "a convolution for texts",
    layers: [
      embedding({ inputDim: V, outputDim: 12 }),
      conv1d({ filters: 16, kernelSize: 3, strides: 2, padding: "same", activation: "relu" }),
      globalMaxPooling1d(),
      dense({ units: 3, activation: "softmax" }),
    ],
    steps: [],
  },
  {
    name: "flatten and repeatVector",
    layers: [
      embedding({ inputDim: V, outputDim: 5, inputLength: T }),
      lstm({ units: 5, returnSequences: true }),
      flatten(),
      dense({ units: 9, activation: "tanh" }),
      repeatVector({ n: 3 }),
      gru({ units: 4 }),
      dense({ units: 3, activation: "softmax" }),
    ],
    steps: [T, 3],
  },
];

const { x, y } = mixedData(75);
const COMPILED = {
  optimizer: { name: "adam", learningRate: 0.01 },
  loss: "sparseCategoricalCrossentropy",
  metrics: ["accuracy"],
} as const;

const kits: Runtime[] = [];
const open = async (options: RuntimeOptions = {}) => {
  const kit = await createRuntime(options);
  kits.push(kit);
  return kit;
};
afterEach(() => Promise.all(kits.splice(0).map((kit) => kit.close())));

async function compiled(kit: Runtime, layers: Layer[]): Promise<Model> {
  const model = await kit.sequential(layers, { seed: 22 });
  await model.compile(COMPILED);
  return model;
}

const answers = async (model: Model) => ({
  predictions: await model.predict(x, { batchSize: 75 }),
  evaluation: await model.evaluate(x, y),
  trace: await model.trace(x),
  flow: await model.gradientFlow(x, y),
  digest: await model.digest(),
});

/** All that a run gives: batches of 53 and 22, of which the last shards are smaller. */
async function run(kit: Runtime, layers: Layer[]) {
  const model = await compiled(kit, layers);
  const { history } = await model.fit(x, y, { epochs: 2, batchSize: 53, validationData: [x, y] });
  return { history, ...(await answers(model)) };
}

describe.each(JOBS)("$name", ({ layers, steps }) => {
  test("three steps of fit are the reference's", async () => {
    const [B, STEPS] = [25, 3];
    const model = await compiled(await open(), layers);
    const table = await model.getWeights();
    const tensors = table.map(({ data, shape }, i) => ({
      data: Float32Array.from(normals(data.length, 10 + i, 0.4)),
      shape,
    }));
    await model.setWeights(tensors);
    const weights = nameWeights(
      table.map(({ name }) => name),
      tensors.map(({ data }) => data),
    );
    const batches = Array.from({ length: STEPS }, (_, s) => ({
      x: x.data.subarray(s * B * T, (s + 1) * B * T),
      y: y.data.subarray(s * B, (s + 1) * B),
      B,
      T,
    }));
    const { loss, optimizer } = COMPILED;
    const expected = train(model.layers, weights, batches, { loss: { name: loss }, optimizer });
    const losses: number[] = [];
    await model.fit(x, y, {
      batchSize: B,
      shuffle: false,
      onBatchEnd: (batch, { loss }) => {
        // The logs are means over the epoch so far.
        losses.push(loss * (batch + 1) - losses.reduce((sum, own) => sum + own, 0));
      },
    });
    expectClose(losses, expected.losses, TOLERANCES.kernelTrainingLosses, "losses");
    for (const { name, data } of await model.getWeights()) {
      expectClose(data, expected.weights[name]!, TOLERANCES.kernelFinalWeights, name, optimizer.learningRate);
    }
  });

  test("1, 2, 3 and 4 threads, and a worker, give the same digest, history and answers", async () => {
    const alone = await run(await open(), layers);
    for (const threads of [2, 3, 4]) {
      expect(await run(await open({ threads }), layers), `${threads} threads`).toEqual(alone);
    }
    for (const threads of [1, 3]) {
      expect(await run(await spawn({ threads }), layers), `a worker, ${threads} threads`).toEqual(alone);
    }
  });

  test("a saved model answers as the one it was saved from", async () => {
    const kit = await open();
    const model = await compiled(kit, layers);
    await model.fit(x, y, { batchSize: 53 });
    const loaded = await kit.load(await model.save());
    expect(loaded.layers).toEqual(model.layers);
    expect(await answers(loaded)).toEqual(await answers(model));
  });

  test("trace gives states at the steps that a layer reads, and the reference's outputs", async () => {
    const model = await compiled(await open(), layers);
    const weights = await model.getWeights();
    const found = await model.trace(x);
    expect(found.layers.map((layer) => layer.h!.shape[1])).toEqual(steps);
    // Where what stands above goes step by step there is an output at each of them.
    const last = model.layers.findLastIndex(({ type }) => type === "lstm" || type === "gru");
    const above = model.layers.slice(last + 1).map(({ type }) => type);
    const byStep = last >= 0 && above.every((type) => type === "dense");
    expect(found.outputs.shape).toEqual(byStep ? [75, steps.at(-1), 3] : [75, 3]);
    const expected = traceReference(
      model.layers.map(
        (layer, i) => (byStep && i === last ? { ...layer, returnSequences: true } : layer) as Layer,
      ),
      nameWeights(
        weights.map(({ name }) => name),
        weights.map(({ data }) => data),
      ),
      { x: x.data, B: 75, T },
    );
    expectClose(found.outputs.data, expected.outputs, TOLERANCES.kernelForward, "outputs");
    for (const [l, { h }] of found.layers.entries()) {
      expectClose(h!.data, expected.states[l]!.h!, TOLERANCES.kernelForward, "h");
    }
  });

  test("gradientFlow gives the reference's losses and norms at the steps that a layer reads", async () => {
    const model = await compiled(await open(), layers);
    const weights = nameWeights(
      ...((all) => [all.map(({ name }) => name), all.map(({ data }) => data)] as const)(
        await model.getWeights(),
      ),
    );
    const found = await model.gradientFlow(x, y);
    expect(found.layers.map(({ dh }) => dh!.shape)).toEqual(steps.map((n) => [75, n]));
    for (const b of [0, 7, 74]) {
      const batch = { x: x.data.subarray(b * T, (b + 1) * T), y: y.data.subarray(b, b + 1), B: 1, T };
      const { loss } = evaluate(model.layers, weights, batch, { name: COMPILED.loss });
      expectClose([found.losses.data[b]!], [loss], TOLERANCES.kernelLoss, "loss");
      const expected = stateGradients(model.layers, weights, batch, { name: COMPILED.loss });
      for (const [l, { dh, units }] of found.layers.entries()) {
        const norms = Array.from({ length: steps[l]! }, (_, t) =>
          Math.hypot(...expected[l]!.dh!.subarray(t * units, (t + 1) * units)),
        );
        const own = dh!.data.subarray(b * steps[l]!, (b + 1) * steps[l]!);
        expectClose(own, norms, TOLERANCES.kernelGradient, "dh");
      }
    }
  });

  test("it learns its classes", async () => {
    const model = await compiled(await open(), layers);
    const { history } = await model.fit(x, y, { epochs: 60, batchSize: 20 });
    expect(history.accuracy!.at(-1)).toBeGreaterThan(0.9);
  });
});

test("samples with too few steps are refused before anything changes", async () => {
  const kit = await open();
  const model = await compiled(kit, JOBS[0]!.layers);
  await model.fit(x, y, { batchSize: 53 });
  const before = await model.digest();
  const { memoryInUse } = await kit.info();
  // Two steps are too few for a window of three; of three, pooling is given one.
  for (const steps of [1, 2, 3]) {
    const short = { data: x.data.subarray(0, 4 * steps), shape: [4, steps] };
    const labels = { data: y.data.subarray(0, 4), shape: [4] };
    for (const call of [
      () => model.fit(short, labels),
      () => model.fit(x, y, { validationData: [short, labels] }),
      () => model.evaluate(short, labels),
      () => model.predict(short),
      () => model.trace(short),
      () => model.gradientFlow(short, labels),
    ]) {
      expect(await codeOf(call)).toBe("BAD_SHAPE");
    }
  }
  expect(await model.digest()).toBe(before);
  expect((await kit.info()).memoryInUse).toBe(memoryInUse);
  await model.predict({ data: x.data.subarray(0, 4), shape: [1, 4] });
});

test("an embedding that says its inputLength takes no other", async () => {
  const model = await compiled(await open(), JOBS[3]!.layers);
  expect(await codeOf(model.predict({ data: x.data.subarray(0, 9), shape: [1, 9] }))).toBe("BAD_SHAPE");
});

test("the summary says shapes and numbers of weights as Keras does", async () => {
  const model = await (await open()).sequential(JOBS[0]!.layers);
  const lines = (await model.summary()).split("\n").map((line) => line.trim().split(/ {2,}/));
  expect(lines.slice(2, 7)).toEqual([
    ["embedding (Embedding)", "(B, T, 12)", "600"],
    ["conv1d (Conv1D)", "(B, T, 9)", "333"],
    ["max_pooling1d (MaxPooling1D)", "(B, T, 9)", "0"],
    ["lstm (LSTM)", "(B, 8)", "576"],
    ["dense (Dense)", "(B, 3)", "27"],
  ]);
});

test("a model without weights can be saved and loaded", async () => {
  const kit = await open();
  const model = await kit.sequential([
    activation({ activation: "linear", inputShape: [3, 2] }),
    maxPooling1d({ padding: "same" }),
    flatten(),
    activation({ activation: "tanh" }),
  ]);
  const input = { data: Float32Array.of(1, 2, 4, 3, -1, -2), shape: [1, 3, 2] };
  const expected = await model.predict(input);
  expect([...expected.data]).toEqual([4, 3, -1, -2].map((n) => expect.closeTo(Math.tanh(n), 6)));
  const loaded = await kit.load(await model.save());
  expect(await loaded.predict(input)).toEqual(expected);
});
