/** Optimisers through a model: schedules and averages over calls, files, workers; what a callback may change. */
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { OptimizerMemory } from "../../src/model/optimizer-memory.ts";
import { type CompileOptions, dense, type Model, type Runtime, spawnRuntime } from "../../src/node.ts";
import { openBenches } from "../builds.ts";
import { benchNetwork, trainingBatch } from "../model/bench-network.ts";
import { codeOf, openKit, smallData, smallLayers } from "./small-job.ts";

const { x, y } = smallData();
let kit: Runtime;

beforeEach(async () => {
  kit = await openKit();
});

afterEach(() => kit.close());

const modelWith = async (optimizer: CompileOptions["optimizer"] & object, runtime = kit): Promise<Model> => {
  const model = await runtime.sequential(smallLayers(), { seed: 22 });
  await model.compile({ optimizer, loss: "binaryCrossentropy" });
  return model;
};

const SCHEDULED = {
  name: "nadam",
  learningRate: {
    schedule: "cosineDecay",
    initialLearningRate: 0,
    decaySteps: 30,
    warmupTarget: 0.02,
    warmupSteps: 5,
  },
  weightDecay: 0.01,
  globalClipnorm: 0.5,
  useEma: true,
  emaMomentum: 0.9,
  emaOverwriteFrequency: 7,
} as const;

describe("a schedule", () => {
  test("goes by steps of all calls of fit, and begins anew after compile", async () => {
    const options = { epochs: 2, batchSize: 8 };
    const learningRate = {
      schedule: "piecewiseConstantDecay",
      boundaries: [4],
      values: [0.1, 1e-30],
    } as const;
    const optimizer = { name: "sgd", learningRate } as const;
    const model = await modelWith(optimizer);
    await model.fit(x, y, { epochs: 1, batchSize: 8 }); // five steps
    const digest = await model.digest();
    await model.fit(x, y, options);
    expect(await model.digest()).toBe(digest); // steps of 1e-30 are none in float32
    await model.compile({ optimizer, loss: "binaryCrossentropy" });
    await model.fit(x, y, options);
    expect(await model.digest()).not.toBe(digest);
  });

  test("is saved with the model, decays, clips and averages with it", async () => {
    const model = await modelWith(SCHEDULED);
    const loaded = await kit.load(await model.save());
    await model.fit(x, y, { epochs: 3, batchSize: 8 });
    await loaded.fit(x, y, { epochs: 3, batchSize: 8 });
    // Both have the seed of the first, and begin their epochs with 0.
    expect(await loaded.digest()).toBe(await model.digest());
  });

  test("gives the same bits in a worker, at two threads", async () => {
    const model = await modelWith(SCHEDULED);
    const { history } = await model.fit(x, y, { epochs: 3, batchSize: 20 });
    const other = await spawnRuntime({ threads: 2 });
    try {
      const remote = await modelWith(SCHEDULED, other);
      expect((await remote.fit(x, y, { epochs: 3, batchSize: 20 })).history).toEqual(history);
      expect(await remote.digest()).toBe(await model.digest());
      const refused = remote.compile({
        optimizer: { ...SCHEDULED, learningRate: { ...SCHEDULED.learningRate, decaySteps: -1 } },
        loss: "binaryCrossentropy",
      });
      await expect(refused).rejects.toThrow(/decaySteps is -1/);
    } finally {
      await other.close();
    }
  });
});

describe("an average of the weights", () => {
  const average = (momentum: number) =>
    ({ name: "sgd", learningRate: 0.1, useEma: true, emaMomentum: momentum }) as const;

  test("is what a model has after fit, and not before its end", async () => {
    const plain = await modelWith({ name: "sgd", learningRate: 0.1 });
    const averaged = await modelWith(average(0.5));
    const within: string[][] = [[], []];
    for (const [i, model] of [plain, averaged].entries()) {
      await model.fit(x, y, {
        batchSize: 8,
        onBatchEnd: async () => void within[i]!.push(await model.digest()),
      });
    }
    expect(within[1]).toEqual(within[0]);
    expect(await plain.digest()).toBe(within[0]!.at(-1));
    expect(await averaged.digest()).not.toBe(within[0]!.at(-1));
  });

  test("of momentum 0 is the weights themselves", async () => {
    const digests = [];
    for (const optimizer of [average(0), { name: "sgd", learningRate: 0.1 } as const]) {
      const model = await modelWith(optimizer);
      await model.fit(x, y, { epochs: 2, batchSize: 8 });
      digests.push(await model.digest());
    }
    expect(digests[0]).toBe(digests[1]);
  });

  test("does not come about where fit is aborted or has no epoch", async () => {
    const model = await modelWith(average(0.9));
    const digest = await model.digest();
    await model.fit(x, y, { epochs: 0 });
    expect(await model.digest()).toBe(digest);
    const controller = new AbortController();
    let last = "";
    const fitting = model.fit(x, y, {
      batchSize: 8,
      signal: controller.signal,
      onBatchEnd: async (batch) => {
        last = await model.digest();
        if (batch === 2) controller.abort();
      },
    });
    expect(await codeOf(fitting)).toBe("ABORTED");
    expect(await model.digest()).toBe(last);
  });
});

describe.each(await openBenches())("$build build", (bench) => {
  afterEach(() => bench.finish());
  const layers = [dense({ units: 1, useBias: false, inputShape: [1] })];

  test("a learning rate that is set holds from the next step on", async () => {
    const { network } = benchNetwork(bench, layers);
    const { batch, optimizer, free } = trainingBatch(network, {
      T: 1,
      batchSize: 1,
      optimizer: { name: "sgd", learningRate: 0.5 },
    });
    const { specs } = network.weights.table;
    network.weights.write(specs[0]!, [1]);
    for (const [i, [rate, w]] of [
      [0.5, 0.5],
      [0.25, 0.25],
      [0.25, 0],
    ].entries()) {
      if (i > 0) optimizer.learningRate = rate!;
      bench.memory.f32(optimizer.state.gradient, 1)[0] = 1;
      optimizer.begin(1, i + 1);
      await batch.update(i + 1);
      expect(optimizer.learningRate).toBe(rate);
      expect([...network.weights.read(specs[0]!)]).toEqual([w]);
    }
    free();
    network.weights.free();
  });

  test("a learning rate that follows a schedule cannot be set", () => {
    const { network } = benchNetwork(bench, layers);
    const optimizer = new OptimizerMemory(network.weights, {
      name: "sgd",
      learningRate: {
        schedule: "inverseTimeDecay",
        initialLearningRate: 1,
        decaySteps: 1,
        decayRate: 1,
        staircase: false,
      },
    });
    expect(() => {
      optimizer.learningRate = 1;
    }).toThrow(/^BAD_ARGUMENT.*inverseTimeDecay/);
    optimizer.begin(0, 4);
    expect(optimizer.learningRate).toBe(0.25);
    optimizer.free();
    network.weights.free();
  });

  test("a bound of the weights remembers a rate that has fallen, as a velocity does", () => {
    const { network } = benchNetwork(bench, layers);
    network.weights.write(network.weights.table.specs[0]!, [1]);
    const mayOverflow = (momentum: number, rates: readonly number[]) => {
      const optimizer = new OptimizerMemory(network.weights, {
        name: "sgd",
        learningRate: 1,
        momentum,
      } as never);
      const found = rates.map((rate, i) => {
        optimizer.learningRate = rate;
        return optimizer.begin(1, 60 * i + 1);
      });
      optimizer.free();
      return found;
    };
    // 2 · 1e36 · 61 steps of a velocity are beyond 1e38; a rate of 1e-3 alone never is.
    expect(mayOverflow(0.999, [1e36, 1e-3])).toEqual([false, true]);
    expect(mayOverflow(0.999, [1e-3, 1e36])).toEqual([false, true]);
    expect(mayOverflow(0.999, [1e-3, 1e-3])).toEqual([false, false]);
    expect(mayOverflow(0, [1e36, 1e-3])).toEqual([false, false]);
    network.weights.free();
  });

  test("memory is asked for what is used, and no more", () => {
    const { network } = benchNetwork(bench, [dense({ units: 8, inputShape: [64] })]);
    const bytesOf = (options: object) => {
      const optimizer = new OptimizerMemory(network.weights, { name: "sgd", learningRate: 1, ...options });
      const { average, norms, squares, slots } = optimizer.state;
      optimizer.free();
      return { average: average > 0, norms: norms > 0, squares: squares > 0, slots: slots.length };
    };
    expect(bytesOf({ momentum: 0 })).toEqual({ average: false, norms: false, squares: false, slots: 0 });
    expect(bytesOf({ momentum: 0.5, clipvalue: 1, weightDecay: 1 })).toEqual({
      average: false,
      norms: false,
      squares: false,
      slots: 1,
    });
    expect(bytesOf({ momentum: 0, clipnorm: 1 })).toMatchObject({ norms: true, squares: false });
    expect(bytesOf({ momentum: 0, useEma: true })).toMatchObject({ average: true, norms: false });
    network.weights.free();
  });
});
