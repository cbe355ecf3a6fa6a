import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { type CompileOptions, dense, type Model, type Runtime, simpleRNN } from "../../src/index.ts";
import { codeOf, LOSS, openKit, smallData, smallModel } from "./small-job.ts";

const { x, y } = smallData();
let kit: Runtime;

beforeEach(async () => {
  kit = await openKit();
});

afterEach(() => kit.close());

const allFinite = async (model: Model) =>
  (await model.getWeights()).every(({ data }) => data.every(Number.isFinite));

/** Every weight so large that sums of them overflow. */
const blowUp = async (model: Model) =>
  model.setWeights((await model.getWeights()).map(({ data, shape }) => ({ data: data.fill(3e38), shape })));

describe("a loss that is not finite", () => {
  test("stops fit with LOSS_NOT_FINITE, and no weight changes", async () => {
    const model = await smallModel(kit);
    await blowUp(model);
    const before = await model.digest();
    expect(await codeOf(model.fit(x, y))).toBe("LOSS_NOT_FINITE");
    expect(await model.digest()).toBe(before);
  });

  test("after a step too long leaves the weights of the step before", async () => {
    const model = await smallModel(kit);
    await model.compile({ optimizer: { name: "adam", learningRate: 1e38 }, ...LOSS });
    const digests: string[] = [await model.digest()];
    const fitting = model.fit(x, y, {
      batchSize: 5,
      epochs: 100,
      onBatchEnd: async () => void digests.push(await model.digest()),
    });
    expect(await codeOf(fitting)).toBe("LOSS_NOT_FINITE");
    expect(await model.digest()).toBe(digests.at(-1));
    expect(await allFinite(model)).toBe(true);
  });

  test("leaves a model that trains on once the cause is gone", async () => {
    const model = await smallModel(kit);
    const weights = await model.getWeights();
    await model.fit(x, y);
    await blowUp(model);
    expect(await codeOf(model.fit(x, y))).toBe("LOSS_NOT_FINITE");
    await model.setWeights(weights);
    const { history } = await model.fit(x, y, { epochs: 30, batchSize: 8 });
    expect(history.loss!.at(-1)).toBeLessThan(history.loss![0]! / 2);
  });

  test("comes out of evaluate as it is", async () => {
    const model = await smallModel(kit);
    await blowUp(model);
    expect(Number.isFinite((await model.evaluate(x, y)).loss)).toBe(false);
  });
});

test.each([1e39, 1e300])(
  "a learning rate of %d never leaves weights that are not finite",
  async (learningRate) => {
    const model = await smallModel(kit);
    const compiled = model.compile({ optimizer: { name: "adam", learningRate }, ...LOSS });
    if ((await compiled.then(() => "", codeOfError)) === "BAD_ARGUMENT") return;
    await model.fit(x, y).catch(() => {});
    expect(await allFinite(model)).toBe(true);
  },
);

describe("weights that a step would carry past float32 stay those of the batch before", () => {
  const digests: string[] = [];
  const train = async (optimizer: CompileOptions["optimizer"], features: number) => {
    const model = await kit.sequential([
      simpleRNN({ units: 5, inputShape: [3, 2] }),
      dense({ units: 1, useBias: false }),
    ]);
    await model.compile({ loss: "meanSquaredError", ...(optimizer && { optimizer }) });
    const data = Float32Array.from({ length: 24 }, (_, i) => Math.sin(i) * features);
    digests.length = 0;
    digests.push(await model.digest());
    const code = await codeOf(
      model.fit({ data, shape: [4, 3, 2] }, [1, -1, 3, 0.5], {
        epochs: 200,
        batchSize: 2,
        onBatchEnd: async () => void digests.push(await model.digest()),
      }),
    );
    return { model, code };
  };

  test.each<[string, CompileOptions["optimizer"]]>([
    ["Adam at 3e38", { name: "adam", learningRate: 3e38 }],
    ["Adam with a tiny epsilon at 1e30", { name: "adam", learningRate: 1e30, epsilon: 1e-30 }],
    ["SGD at 3e38", { name: "sgd", learningRate: 3e38 }],
    ["SGD with momentum at 1e30", { name: "sgd", learningRate: 1e30, momentum: 0.99 }],
    [
      "SGD with momentum 1 and Nesterov at 10",
      { name: "sgd", learningRate: 10, momentum: 1, nesterov: true },
    ],
    ["AdamW at 3e38", { name: "adamw", learningRate: 3e38 }],
    ["Nadam at 3e38", { name: "nadam", learningRate: 3e38 }],
    ["RMSprop at 3e38", { name: "rmsprop", learningRate: 3e38 }],
    [
      "RMSprop, centered, with momentum",
      { name: "rmsprop", learningRate: 1e37, momentum: 1, centered: true },
    ],
    ["Adagrad at 3e38", { name: "adagrad", learningRate: 3e38, initialAccumulatorValue: 0 }],
    ["Lion at 1e38", { name: "lion", learningRate: 1e38 }],
    ["SGD, weights that decay past 0 and grow", { name: "sgd", learningRate: 1, weightDecay: 100 }],
    [
      "SGD with a schedule that grows",
      {
        name: "sgd",
        learningRate: {
          schedule: "exponentialDecay",
          initialLearningRate: 1e-3,
          decaySteps: 1,
          decayRate: 1e4,
        },
      },
    ],
    [
      "SGD with an average that takes over at every step",
      { name: "sgd", learningRate: 3e38, useEma: true, emaOverwriteFrequency: 1 },
    ],
  ])("%s", async (_, optimizer) => {
    const { model, code } = await train(optimizer, 1);
    expect(code).toBe("LOSS_NOT_FINITE");
    expect(await model.digest()).toBe(digests.at(-1));
    expect(await allFinite(model)).toBe(true);
    await (await kit.load(await model.save())).dispose();
  });
});

test("a gradient that is finite, and whose square is not, never leaves weights that are not finite", async () => {
  const model = await kit.sequential([
    simpleRNN({ units: 1, inputShape: [1, 1], kernelInitializer: "zeros", recurrentInitializer: "zeros" }),
    dense({ units: 1, kernelInitializer: "ones" }),
  ]);
  await model.compile({ loss: { name: "binaryCrossentropy", fromLogits: true } });
  // The kernel's gradient is some half of the feature: 1e30, whose square is beyond float32.
  expect(await codeOf(model.fit([[[1e30]]], [1], { epochs: 5 }))).toBe("LOSS_NOT_FINITE");
  expect(await allFinite(model)).toBe(true);
});

test("a rate that is beyond float32 once its bias is corrected meets no gradient of 0", async () => {
  const model = await kit.sequential([
    simpleRNN({ units: 1, inputShape: [1, 1] }),
    dense({ units: 1, activation: "relu", kernelInitializer: "zeros" }), // relu of 0 passes no gradient on
  ]);
  await model.compile({ optimizer: { name: "adam", learningRate: 3e38, beta2: 0 }, ...LOSS });
  await model.fit([[[0]]], [1]).catch(() => {});
  expect(await allFinite(model)).toBe(true);
});

const codeOfError = (error: unknown) => (error as { code: string }).code;

test("features near float32's end never leave weights that are not finite", async () => {
  const model = await kit.sequential([
    simpleRNN({ units: 5, inputShape: [3, 2] }),
    dense({ units: 1, activation: "sigmoid" }),
  ]);
  await model.compile(LOSS);
  const data = new Float32Array(4 * 6).map((_, i) => (i % 3 === 0 ? 1e-3 : 3e38));
  const targets = [0, 1, 1, 0];
  await model.fit({ data, shape: [4, 3, 2] }, targets, { epochs: 5 }).catch(() => {});
  expect(await allFinite(model)).toBe(true);
});

describe("maxLoss", () => {
  /** Targets of batches of 4, the third of them far off. */
  const series = { data: Float32Array.from({ length: 24 }, (_, i) => Math.sin(i)), shape: [24, 1, 1] };
  const targets = Array.from({ length: 24 }, (_, i) => (i >= 8 && i < 12 ? 1000 : Math.cos(i)));
  const made = async () => {
    const model = await kit.sequential([simpleRNN({ units: 3, inputShape: [1, 1] }), dense({ units: 1 })]);
    await model.compile({ optimizer: { name: "adam", learningRate: 0.01 }, loss: "meanSquaredError" });
    return model;
  };
  const run = { batchSize: 4, shuffle: false };

  test("a batch above it ends fit with the weights that the batch before was measured with", async () => {
    const model = await made();
    const digests = [await model.digest()];
    const onBatchEnd = async () => void digests.push(await model.digest());
    expect(await codeOf(model.fit(series, targets, { ...run, maxLoss: 100, onBatchEnd }))).toBe(
      "LOSS_NOT_FINITE",
    );
    expect(digests).toHaveLength(3);
    expect(await model.digest()).toBe(digests[1]);
  });

  test("the first batch above it changes nothing, and fit goes on from there as if it had not been", async () => {
    const [model, other] = [await made(), await made()];
    for (const of of [model, other]) await of.fit(series, targets, run);
    const before = await model.digest();
    expect(await codeOf(model.fit(series, targets, { ...run, maxLoss: 0 }))).toBe("LOSS_NOT_FINITE");
    expect(await model.digest()).toBe(before);
  });

  test("a bound that holds changes no bit, with an embedding's gradient as with others", async () => {
    const [bounded, free] = [await smallModel(kit), await smallModel(kit)];
    const run = { epochs: 2, batchSize: 8 };
    expect(await bounded.fit(x, y, { ...run, maxLoss: 100 })).toEqual(await free.fit(x, y, run));
    expect(await bounded.digest()).toBe(await free.digest());
  });

  test("what a refused batch had summed is in no later step", async () => {
    const weights = await (await smallModel(kit)).getWeights();
    const [model, other] = [await smallModel(kit), await smallModel(kit)];
    expect(await codeOf(model.fit(x, y, { maxLoss: 0 }))).toBe("LOSS_NOT_FINITE");
    await other.fit(x, y, { epochs: 1 }); // an epoch has begun in both
    await other.setWeights(weights);
    await other.compile({ optimizer: { name: "adam", learningRate: 0.01 }, ...LOSS });
    for (const of of [model, other]) await of.fit(x, y, { batchSize: 8 });
    expect(await model.digest()).toBe(await other.digest());
  });

  test("of a loss that is no number the last good weights are back as well", async () => {
    const model = await smallModel(kit);
    await model.compile({ optimizer: { name: "adam", learningRate: 1e38 }, ...LOSS });
    const digests = [await model.digest()];
    const onBatchEnd = async () => void digests.push(await model.digest());
    const fitting = model.fit(x, y, { batchSize: 5, epochs: 100, maxLoss: 10, onBatchEnd });
    expect(await codeOf(fitting)).toBe("LOSS_NOT_FINITE");
    expect(digests).toContain(await model.digest());
    expect((await model.evaluate(x, y)).loss).toBeLessThan(10);
    const loaded = await kit.load(await model.save());
    expect(await loaded.digest()).toBe(await model.digest());
  });

  test.each([Number.NaN, "5", null])("%s is no bound", async (maxLoss) => {
    const model = await smallModel(kit);
    expect(await codeOf(model.fit(x, y, { maxLoss } as never))).toBe("BAD_ARGUMENT");
  });
});
