/** Callbacks as fit tells them, in this thread and with the model in a worker. */
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import {
  type Callback,
  createRuntime,
  dense,
  earlyStopping,
  embedding,
  type FitContext,
  type FitOptions,
  lstm,
  type Model,
  modelCheckpoint,
  type Runtime,
  reduceLROnPlateau,
  terminateOnNaN,
} from "../../src/node.ts";
import { spawn } from "../worker/spawned.ts";
import { codeOf, LOSS, smallData, smallModel, V } from "./small-job.ts";

const { x, y } = smallData();
const FIT = { epochs: 3, batchSize: 16, validationSplit: 0.4 };

/** All that is told, by name and number. */
function noting(told: string[], name = ""): Callback {
  return {
    onTrainBegin: () => void told.push(`${name}begin`),
    onEpochBegin: (epoch) => void told.push(`${name}epoch ${epoch}`),
    onBatchEnd: (batch, { batches }) => void told.push(`${name}batch ${batch}/${batches}`),
    onEpochEnd: (epoch, logs) => void told.push(`${name}end ${epoch}: ${Object.keys(logs)}`),
    onTrainEnd: () => void told.push(`${name}over`),
  };
}

describe.each([
  { where: "in this thread", open: () => createRuntime() },
  { where: "in a worker", open: () => spawn() },
  { where: "in a worker's team", open: () => spawn({ threads: 2 }) },
])("$where", ({ open }) => {
  let kit: Runtime;
  beforeEach(async () => {
    kit = await open();
  });
  afterEach(() => kit.close());

  test("a callback is told of all, in order, each time awaited, before the two functions", async () => {
    const model = await smallModel(kit);
    const told: string[] = [];
    const slow: Callback = {
      async onEpochEnd() {
        await new Promise((resolve) => setTimeout(resolve, 5));
        told.push("slow");
      },
    };
    await model.fit(x, y, {
      epochs: 2,
      batchSize: 37,
      callbacks: [noting(told), slow, noting(told, "second ")],
      onBatchEnd: () => void told.push("onBatchEnd"),
      onEpochEnd: () => void told.push("onEpochEnd"),
    });
    const epoch = (n: number) => [
      `epoch ${n}`,
      `second epoch ${n}`,
      "batch 0/1",
      "second batch 0/1",
      "onBatchEnd",
      `end ${n}: loss,accuracy,seconds`,
      "slow",
      `second end ${n}: loss,accuracy,seconds`,
      "onEpochEnd",
    ];
    expect(told).toEqual(["begin", "second begin", ...epoch(0), ...epoch(1), "over", "second over"]);
  });

  test("the context knows the model, its rate, and what epochs will log", async () => {
    const model = await smallModel(kit);
    const contexts: FitContext[] = [];
    await model.fit(x, y, {
      ...FIT,
      callbacks: [{ onTrainBegin: (context) => void contexts.push(context) }],
    });
    const [context] = contexts;
    expect(context!.model).toBe(model);
    expect(context!.learningRate).toBe(0.01);
    expect(context!.metrics).toEqual(["loss", "accuracy", "valLoss", "valAccuracy"]);
  });

  test("stop() ends the fit after its epoch, with the history so far", async () => {
    const model = await smallModel(kit);
    const told: string[] = [];
    const { epoch, history } = await model.fit(x, y, {
      ...FIT,
      epochs: 100,
      callbacks: [{ onEpochEnd: (epoch, _, { stop }) => epoch === 1 && stop() } as Callback, noting(told)],
    });
    expect(epoch).toEqual([0, 1]);
    expect(Object.values(history).every(({ length }) => length === 2)).toBe(true);
    expect(told.at(-1)).toBe("over");
    const other = await smallModel(kit);
    await other.fit(x, y, { ...FIT, epochs: 2 });
    expect(await model.digest()).toBe(await other.digest());
  });

  test("stop() after a batch ends its epoch, which is validated and logged; before the first there is none", async () => {
    const model = await smallModel(kit);
    const atOnce: Callback = { onBatchEnd: (_batch, _logs, { stop }) => stop() };
    const told: string[] = [];
    const { epoch, history } = await model.fit(x, y, {
      epochs: 9,
      batchSize: 2,
      validationSplit: 0.4,
      callbacks: [atOnce, noting(told)],
    });
    expect(epoch).toEqual([0]);
    expect(Object.keys(history)).toEqual(["loss", "accuracy", "valLoss", "valAccuracy"]);
    expect(told).toEqual(["begin", "epoch 0", "batch 0/11", expect.stringMatching(/^end 0/), "over"]);
    for (const event of ["onTrainBegin", "onEpochBegin"] as const) {
      const before = await model.digest();
      const stopping: Callback = { [event]: (...told: unknown[]) => (told.at(-1) as FitContext).stop() };
      expect(await model.fit(x, y, { epochs: 9, callbacks: [stopping] })).toEqual({ epoch: [], history: {} });
      expect(await model.digest()).toBe(before);
    }
  });

  test("setLearningRate() counts from the next batch on and stays; compile forgets it, and save() keeps compile's", async () => {
    const trained = async (rate: number | null) => {
      const model = await smallModel(kit);
      const rates: number[] = [];
      const setting: Callback = {
        async onEpochEnd(epoch, _, context) {
          if (epoch === 0 && rate !== null) await context.setLearningRate(rate);
          rates.push(context.learningRate);
        },
      };
      await model.fit(x, y, { ...FIT, callbacks: [setting] });
      return { model, rates, digest: await model.digest() };
    };
    const { rates: same, digest } = await trained(null);
    expect(same).toEqual([0.01, 0.01, 0.01]);
    expect((await trained(0.01)).digest).toBe(digest);
    const { model, rates, digest: other } = await trained(0.002);
    expect(rates).toEqual([0.002, 0.002, 0.002]);
    expect(other).not.toBe(digest);
    const rateIn = async (model: Model) => {
      const seen: number[] = [];
      const looking = { onTrainBegin: ({ learningRate }: FitContext) => void seen.push(learningRate) };
      await model.fit(x, y, { epochs: 0, callbacks: [looking] });
      return seen[0];
    };
    expect(await rateIn(model)).toBe(0.002);
    expect(await rateIn(await kit.load(await model.save()))).toBe(0.01);
    await model.compile({ optimizer: "adam", ...LOSS });
    expect(await rateIn(model)).toBe(0.001);
  });

  test("a rate that is lowered is that of a model which has it from the start: no momentum, one batch an epoch", async () => {
    const compile = (learningRate: number) => ({
      optimizer: { name: "sgd", learningRate } as const,
      ...LOSS,
    });
    const model = await smallModel(kit);
    await model.compile(compile(0.5));
    const lower: Callback = { onEpochEnd: (_epoch, _logs, { setLearningRate }) => setLearningRate(0.125) };
    await model.fit(x, y, { epochs: 2, batchSize: 37, callbacks: [lower] });
    const other = await smallModel(kit);
    await other.compile(compile(0.5));
    await other.fit(x, y, { epochs: 1, batchSize: 37 });
    await other.compile(compile(0.125));
    await other.fit(x, y, { epochs: 1, batchSize: 37 });
    expect(await model.digest()).toBe(await other.digest());
  });

  test("setWeights() gives the weights that the next batch starts from", async () => {
    const model = await smallModel(kit);
    const first = await model.getWeights();
    const digests: string[] = [await model.digest()];
    const back: Callback = {
      async onEpochEnd(_epoch, _logs, { setWeights }) {
        await setWeights(first);
        digests.push(await model.digest());
      },
    };
    await model.fit(x, y, { ...FIT, callbacks: [back] });
    expect(new Set(digests).size).toBe(1);
  });

  test.each([
    ["BAD_ARGUMENT", ({ setLearningRate }: FitContext) => setLearningRate(0)],
    ["BAD_ARGUMENT", ({ setLearningRate }: FitContext) => setLearningRate("0.1" as never)],
    ["BAD_SHAPE", ({ setWeights }: FitContext) => setWeights([])],
    ["BAD_SHAPE", ({ setWeights }: FitContext) => setWeights(undefined as never)],
  ])("%s where they are given what they do not take", async (code, onTrainBegin) => {
    const model = await smallModel(kit);
    const before = await model.digest();
    expect(await codeOf(model.fit(x, y, { callbacks: [{ onTrainBegin }] }))).toBe(code);
    expect(await model.digest()).toBe(before);
    await model.fit(x, y);
  });

  test.each(["onTrainBegin", "onEpochBegin", "onBatchEnd", "onEpochEnd", "onTrainEnd"])(
    "what %s throws is what fit rejects with",
    async (name) => {
      const model = await smallModel(kit);
      const error = Object.assign(new RangeError("mine"), { self: () => {} });
      const throwing = () => {
        throw error;
      };
      await expect(model.fit(x, y, { callbacks: [{ [name]: throwing }] })).rejects.toBe(error);
      await expect(model.fit(x, y, { callbacks: [{ [name]: async () => throwing() }] })).rejects.toBe(error);
      await model.fit(x, y);
    },
  );

  test("a rate that was set outlives a batch that is not finite", async () => {
    const model = await smallModel(kit);
    const rates: number[] = [];
    const setting: Callback = {
      onTrainBegin: ({ setLearningRate }) => setLearningRate(1e37),
      onNotFinite: (_batch, _message, { stop }) => stop(),
      onTrainEnd: ({ learningRate }) => void rates.push(learningRate),
    };
    const { epoch } = await model.fit(x, y, { epochs: 50, batchSize: 37, callbacks: [setting] });
    expect(epoch.length).toBeLessThan(50);
    const looking = { onTrainBegin: ({ learningRate }: FitContext) => void rates.push(learningRate) };
    await model.fit(x, y, { epochs: 0, callbacks: [looking] });
    expect(rates).toEqual([1e37, 1e37]);
  });

  test("a rate that follows a schedule is told, and cannot be set", async () => {
    const model = await smallModel(kit);
    const learningRate = {
      schedule: "piecewiseConstantDecay",
      boundaries: [0, 1],
      values: [0.5, 0.25, 0.125],
    } as const;
    await model.compile({ optimizer: { name: "sgd", learningRate }, ...LOSS });
    const rates: number[] = [];
    const looking: Callback = {
      onTrainBegin: ({ learningRate }) => void rates.push(learningRate),
      onEpochEnd: (_epoch, _logs, { learningRate }) => void rates.push(learningRate),
    };
    await model.fit(x, y, { epochs: 3, batchSize: 37, callbacks: [looking] });
    expect(rates).toEqual([0.5, 0.5, 0.25, 0.125]);
    const before = await model.digest();
    const setting: Callback = { onTrainBegin: ({ setLearningRate }) => setLearningRate(0.1) };
    await expect(model.fit(x, y, { callbacks: [setting] })).rejects.toThrow(
      /^BAD_ARGUMENT.*piecewiseConstantDecay/,
    );
    expect(await model.digest()).toBe(before);
  });

  test("the average of the weights is there when the end is told, and restored weights come after it", async () => {
    const model = await smallModel(kit);
    await model.compile({ optimizer: { name: "adam", learningRate: 0.1, useEma: true }, ...LOSS });
    const digests: string[] = [];
    const noting: Callback = {
      onEpochEnd: async () => void digests.push(await model.digest()),
      onTrainEnd: async () => void digests.push(await model.digest()),
    };
    await model.fit(x, y, { ...FIT, callbacks: [noting] });
    expect(digests.length).toBe(4);
    expect(digests[3]).not.toBe(digests[2]);
    expect(await model.digest()).toBe(digests[3]);

    digests.length = 0;
    const stopping = earlyStopping({ patience: 1, restoreBestWeights: true });
    await model.fit(x, y, { ...FIT, epochs: 200, callbacks: [noting, stopping] });
    expect(await model.digest()).toBe(digests[stopping.bestEpoch!]);
  });

  test("a loss above maxLoss is told as one that is not finite", async () => {
    const model = await smallModel(kit);
    const before = await model.digest();
    const said: string[] = [];
    const callbacks: Callback[] = [
      { onNotFinite: (_batch, message) => void said.push(message) },
      terminateOnNaN(),
    ];
    expect(await model.fit(x, y, { maxLoss: 0, callbacks })).toEqual({ epoch: [], history: {} });
    expect(said).toEqual([expect.stringMatching(/^LOSS_NOT_FINITE.*maxLoss is 0/)]);
    expect(await model.digest()).toBe(before);
  });

  test("callbacks of a fit with weights of samples, maxLoss and stateful layers", async () => {
    const layers = [
      embedding({ inputDim: V, outputDim: 6 }),
      lstm({ units: 5, stateful: true }),
      dense({ units: 1, activation: "sigmoid" }),
    ];
    const sampleWeight = { data: Float32Array.from({ length: 37 }, (_, i) => i % 3), shape: [37] };
    const run = async (given: FitOptions) => {
      const model = await kit.sequential(layers, { seed: 22 });
      await model.compile(LOSS);
      const { history } = await model.fit(x, y, {
        epochs: 3,
        batchSize: 37,
        shuffle: false,
        sampleWeight,
        maxLoss: 100,
        ...given,
      });
      return { history, digest: await model.digest() };
    };
    const losses: number[] = [];
    const callbacks: Callback[] = [
      { onEpochEnd: (_epoch, { loss }) => void losses.push(loss) },
      // Weights as they are, put back: it waits for its turn, and changes nothing.
      { onEpochEnd: async (_epoch, _logs, { model, setWeights }) => setWeights(await model.getWeights()) },
    ];
    const told = await run({ callbacks });
    expect(told).toEqual(await run({}));
    expect(losses).toEqual(told.history.loss);
  });

  test("early stopping restores the weights of the best epoch", async () => {
    const model = await smallModel(kit);
    await model.compile({ optimizer: { name: "adam", learningRate: 0.1 }, ...LOSS });
    const digests: string[] = [];
    const stopping = earlyStopping({ patience: 3, restoreBestWeights: true });
    const { epoch, history } = await model.fit(x, y, {
      ...FIT,
      epochs: 200,
      callbacks: [stopping, { onEpochEnd: async () => void digests.push(await model.digest()) }],
    });
    const values = history.valLoss!;
    const best = values.indexOf(Math.min(...values));
    expect(stopping).toMatchObject({ bestEpoch: best, best: values[best], stoppedEpoch: best + 3 });
    expect(epoch.length).toBe(best + 4);
    expect(await model.digest()).toBe(digests[best]);
    expect(digests.at(-1)).not.toBe(digests[best]);
  });

  test("the rate falls on a plateau, and the best checkpoint is the model of its epoch", async () => {
    const model = await smallModel(kit);
    await model.compile({ optimizer: { name: "adam", learningRate: 0.1 }, ...LOSS });
    const rates: number[] = [];
    const saved = new Map<number, Uint8Array>();
    const { history } = await model.fit(x, y, {
      ...FIT,
      epochs: 40,
      callbacks: [
        reduceLROnPlateau({ patience: 2, factor: 0.5, minLr: 0.03 }),
        modelCheckpoint({ saveBestOnly: true, save: (bytes, epoch) => void saved.set(epoch, bytes) }),
        { onEpochEnd: (_epoch, _logs, { learningRate }) => void rates.push(learningRate) },
      ],
    });
    expect([rates[0], rates.at(-1)]).toEqual([0.1, 0.03]);
    expect(new Set(rates)).toEqual(new Set([0.1, 0.05, 0.03]));
    const best = history.valLoss!.indexOf(Math.min(...history.valLoss!));
    expect([...saved.keys()].at(-1)).toBe(best);
    const loaded = await kit.load(saved.get(best)!);
    const cut = Math.floor(37 * 0.6);
    const part = (data: ArrayLike<number>, width: number) => Array.from(data).slice(cut * width);
    const logs = await loaded.evaluate(
      { data: Int32Array.from(part(x.data, 10)), shape: [37 - cut, 10] },
      { data: Float32Array.from(part(y.data, 1)), shape: [37 - cut] },
    );
    expect(logs.loss).toBe(history.valLoss![best]);
  });

  test.each([
    { callbacks: {} },
    { callbacks: [null] },
    { callbacks: [{ onEpochEnd: true }] },
    { callbacks: [{ onEpochend() {} }] },
    { callbacks: [() => {}] },
  ])("%o is refused before anything changes", async (options) => {
    const model = await smallModel(kit);
    const before = await model.digest();
    expect(await codeOf(model.fit(x, y, options as never))).toBe("BAD_ARGUMENT");
    expect(await model.digest()).toBe(before);
  });

  test("what no epoch logs is refused before anything is trained", async () => {
    const model = await smallModel(kit);
    const before = await model.digest();
    const fit = model.fit(x, y, { callbacks: [earlyStopping()] });
    await expect(fit).rejects.toThrow(/BAD_ARGUMENT: earlyStopping monitors "valLoss".*log loss, accuracy\./);
    expect(await model.digest()).toBe(before);
  });

  test("a history is plain data: JSON holds all of it", async () => {
    const model = await smallModel(kit);
    const history = await model.fit(x, y, { ...FIT, validationFreq: 2 });
    expect(JSON.parse(JSON.stringify(history))).toEqual(history);
    expect(history.epoch).toEqual([0, 1, 2]);
    expect(history.history.valLoss!.length).toBe(1);
  });
});

test("callbacks in a worker's fit decide as in this thread", async () => {
  const run = async (kit: Runtime) => {
    const model = await smallModel(kit);
    await model.compile({ optimizer: { name: "adam", learningRate: 0.1 }, ...LOSS });
    const stopping = earlyStopping({ patience: 6, restoreBestWeights: true });
    const callbacks = [reduceLROnPlateau({ patience: 1, factor: 0.7 }), stopping];
    const history = await model.fit(x, y, { ...FIT, epochs: 60, callbacks });
    return { history, digest: await model.digest(), stopped: stopping.stoppedEpoch };
  };
  const kit = await createRuntime();
  const here = await run(kit);
  await kit.close();
  expect(here.stopped).not.toBeNull();
  for (const threads of [1, 3]) expect(await run(await spawn({ threads }))).toEqual(here);
});
