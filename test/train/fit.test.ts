import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { BatchLogs, EpochLogs, Model, Runtime } from "../../src/index.ts";
import { dense, lstm } from "../../src/index.ts";
import { normals } from "../reference/sample.ts";
import { codeOf, LOSS, openKit, SAMPLES, smallData, smallModel, T } from "./small-job.ts";

const { x, y } = smallData();
let kit: Runtime;
let model: Model;

beforeEach(async () => {
  kit = await openKit();
  model = await smallModel(kit);
});

afterEach(() => kit.close());

const cut = (from: number, to: number) => ({
  x: { data: x.data.subarray(from * T, to * T), shape: [to - from, T] },
  y: { data: y.data.subarray(from, to), shape: [to - from] },
});

describe("fit learns", () => {
  test.each(["lstm", "simpleRNN"] as const)("the small job with two %s", async (cell) => {
    const learner = await smallModel(kit, 22, cell);
    const before = await learner.evaluate(x, y);
    const { history } = await learner.fit(x, y, { epochs: 40, batchSize: 8 });
    const after = await learner.evaluate(x, y);
    expect(after.loss).toBeLessThan(before.loss / 2);
    expect(after.accuracy).toBeGreaterThan(0.9);
    expect(history.loss!.at(-1)).toBeLessThan(history.loss![0]!);
  });

  test("targets of every timestep", async () => {
    const tagger = await kit.sequential([
      lstm({ units: 5, returnSequences: true, inputShape: [7, 3] }),
      dense({ units: 2, activation: "sigmoid" }),
    ]);
    await tagger.compile({ optimizer: { name: "adam", learningRate: 0.05 }, ...LOSS });
    const data = Float32Array.from(normals(9 * 7 * 3, 1));
    const inputs = { data, shape: [9, 7, 3] };
    // Whether the first and the second feature of the timestep are positive.
    const labels = Uint8Array.from({ length: 9 * 7 * 2 }, (_, i) =>
      data[Math.floor(i / 2) * 3 + (i % 2)]! > 0 ? 1 : 0,
    );
    const targets = { data: labels, shape: [9, 7, 2] };
    await tagger.fit(inputs, targets, { epochs: 150, batchSize: 3 });
    expect((await tagger.evaluate(inputs, targets)).accuracy).toBeGreaterThan(0.95);
    expect((await tagger.predict(inputs)).shape).toEqual([9, 7, 2]);
  });
});

describe("epochs and batches", () => {
  test("every epoch goes through every sample, the last batch being smaller", async () => {
    const seen: { batch: number; size: number; batches: number }[] = [];
    await model.fit(x, y, {
      epochs: 2,
      batchSize: 15,
      onBatchEnd: (batch, { size, batches }) => {
        seen.push({ batch, size, batches });
      },
    });
    const epoch = [15, 15, 7].map((size, batch) => ({ batch, size, batches: 3 }));
    expect(seen).toEqual([...epoch, ...epoch]);
  });

  test("dropRemainder leaves the smaller batch out", async () => {
    const sizes: number[] = [];
    await model.fit(x, y, {
      batchSize: 15,
      dropRemainder: true,
      onBatchEnd: (_, { size }) => void sizes.push(size),
    });
    expect(sizes).toEqual([15, 15]);
  });

  test("without shuffle the samples come in their order: one batch of two is the first two", async () => {
    const rest = await smallModel(kit);
    await model.fit(x, y, { batchSize: 36, dropRemainder: true, shuffle: false });
    const first = cut(0, 36);
    await rest.fit(first.x, first.y, { batchSize: 36, shuffle: false });
    expect(await model.digest()).toBe(await rest.digest());
  });

  test("a batch larger than the data is one batch", async () => {
    const sizes: number[] = [];
    await model.fit(x, y, { batchSize: 1000, onBatchEnd: (_, { size }) => void sizes.push(size) });
    expect(sizes).toEqual([SAMPLES]);
  });

  test("defaults are one epoch of batches of 32", async () => {
    const sizes: number[] = [];
    const { epoch } = await model.fit(x, y, { onBatchEnd: (_, { size }) => void sizes.push(size) });
    expect(sizes).toEqual([32, 5]);
    expect(epoch).toEqual([0]);
  });

  test("compiling anew starts the optimiser anew, another fit does not", async () => {
    const other = await smallModel(kit);
    for (const trained of [model, other]) await trained.fit(x, y, { epochs: 5 });
    await model.compile({ optimizer: { name: "adam", learningRate: 0.01 }, ...LOSS });
    const one = cut(0, 1);
    const moved = async (learner: Model) => {
      const bias = async () => (await learner.getWeights()).at(-1)!.data[0]!;
      const before = await bias();
      await learner.fit(one.x, one.y);
      return Math.abs((await bias()) - before);
    };
    // Adam's first step moves every weight by the learning rate.
    expect(await moved(model)).toBeCloseTo(0.01, 5);
    expect(await moved(other)).not.toBeCloseTo(0.01, 4);
  });
});

describe("logs and history", () => {
  test("the loss of onBatchEnd is the mean over the epoch so far", async () => {
    const losses: BatchLogs[] = [];
    const { history } = await model.fit(x, y, {
      batchSize: 15,
      onBatchEnd: (_, logs) => {
        losses.push(logs);
      },
    });
    expect(losses.at(-1)!.loss).toBe(history.loss![0]);
    expect(losses.at(-1)!.accuracy).toBe(history.accuracy![0]);
    expect(history.accuracy![0]! * SAMPLES).toBeCloseTo(Math.round(history.accuracy![0]! * SAMPLES), 9);
  });

  test("without the metric there is no accuracy", async () => {
    await model.compile({ loss: "binaryCrossentropy" });
    const { history } = await model.fit(x, y, { validationData: [x, y] });
    expect(Object.keys(history).sort()).toEqual(["loss", "valLoss"]);
    expect(Object.keys(await model.evaluate(x, y))).toEqual(["loss"]);
  });

  test("the first loss of a model is near log 2, and the history has one entry for each epoch", async () => {
    const { epoch, history } = await model.fit(x, y, { epochs: 3 });
    expect(epoch).toEqual([0, 1, 2]);
    expect(history.loss).toHaveLength(3);
    expect(history.loss![0]).toBeCloseTo(Math.LN2, 1);
  });

  test("onEpochEnd is given what the history has, and the seconds", async () => {
    const logs: EpochLogs[] = [];
    const { history } = await model.fit(x, y, { epochs: 2, onEpochEnd: (_, l) => void logs.push(l) });
    expect(logs.map(({ loss }) => loss)).toEqual(history.loss);
    expect(logs.every(({ seconds }) => seconds > 0)).toBe(true);
  });

  test("callbacks are awaited", async () => {
    const order: string[] = [];
    const slowly = (what: string) => async () => {
      order.push(`${what} begins`);
      await new Promise((resolve) => setTimeout(resolve, 2));
      order.push(`${what} ends`);
    };
    await model.fit(x, y, { batchSize: 20, onBatchEnd: slowly("batch"), onEpochEnd: slowly("epoch") });
    const call = (what: string) => [`${what} begins`, `${what} ends`];
    expect(order).toEqual([...call("batch"), ...call("batch"), ...call("epoch")]);
  });

  test("an error of a callback comes out of fit, and the model can be used again", async () => {
    const failing = model.fit(x, y, {
      onBatchEnd: () => {
        throw new Error("from the callback");
      },
    });
    await expect(failing).rejects.toThrow("from the callback");
    await model.fit(x, y);
  });
});

describe("validation", () => {
  test("validationSplit takes the last samples", async () => {
    const { history } = await model.fit(x, y, { validationSplit: 0.25, shuffle: false });
    const other = await smallModel(kit);
    const [head, tail] = [cut(0, 27), cut(27, SAMPLES)];
    const split = await other.fit(head.x, head.y, { validationData: [tail.x, tail.y], shuffle: false });
    expect(history).toEqual(split.history);
    expect(await model.digest()).toBe(await other.digest());
  });

  test("validationFreq validates at the end of every so many epochs", async () => {
    const validated: number[] = [];
    const { history } = await model.fit(x, y, {
      epochs: 5,
      validationData: [x, y],
      validationFreq: 2,
      onEpochEnd: (epoch, { valLoss }) => {
        if (valLoss !== undefined) validated.push(epoch);
      },
    });
    expect(validated).toEqual([1, 3]);
    expect(history.valLoss).toHaveLength(2);
    expect(history.valAccuracy).toHaveLength(2);
  });

  test("validation measures what evaluate does", async () => {
    const { history } = await model.fit(x, y, { validationData: [x, y] });
    const { loss, accuracy } = await model.evaluate(x, y);
    expect(history.valLoss![0]).toBe(loss);
    expect(history.valAccuracy![0]).toBe(accuracy);
  });
});

describe("stopping", () => {
  test("a signal stops fit within one batch, and the weights keep what was learnt", async () => {
    const controller = new AbortController();
    let batches = 0;
    const fitting = model.fit(x, y, {
      batchSize: 5,
      epochs: 1000,
      signal: controller.signal,
      onBatchEnd: () => {
        if (++batches === 3) controller.abort();
      },
    });
    expect(await codeOf(fitting)).toBe("ABORTED");
    expect(batches).toBe(3);
    const other = await smallModel(kit);
    let others = 0;
    const stopped = other.fit(x, y, {
      batchSize: 5,
      onBatchEnd: () => {
        if (++others === 3) throw new Error("enough");
      },
    });
    await expect(stopped).rejects.toThrow("enough");
    expect(await model.digest()).toBe(await other.digest());
  });

  test("a signal from a timer is seen: the event loop runs between batches", async () => {
    const controller = new AbortController();
    setTimeout(() => controller.abort(), 5);
    const fitting = model.fit(x, y, { batchSize: 5, epochs: 500, signal: controller.signal });
    expect(await codeOf(fitting)).toBe("ABORTED");
  });

  test("timers run while fit does", async () => {
    let ticks = 0;
    const timer = setInterval(() => ticks++, 1);
    await model.fit(x, y, { batchSize: 1, epochs: 20 });
    clearInterval(timer);
    expect(ticks).toBeGreaterThan(2);
  });

  test("a signal that has fired already stops fit, evaluate and predict before they begin", async () => {
    const signal = AbortSignal.abort();
    const before = await model.digest();
    expect(await codeOf(model.fit(x, y, { signal }))).toBe("ABORTED");
    expect(await codeOf(model.evaluate(x, y, { signal }))).toBe("ABORTED");
    expect(await codeOf(model.predict(x, { signal }))).toBe("ABORTED");
    expect(await model.digest()).toBe(before);
  });

  test("evaluate and predict stop between batches", async () => {
    for (const call of ["evaluate", "predict"] as const) {
      const controller = new AbortController();
      const options = { batchSize: 1, signal: controller.signal };
      const running = call === "evaluate" ? model.evaluate(x, y, options) : model.predict(x, options);
      setImmediate(() => controller.abort());
      expect(await codeOf(running), call).toBe("ABORTED");
    }
  });

  test("a model whose fit was aborted can go on", async () => {
    const controller = new AbortController();
    const fitting = model.fit(x, y, { signal: controller.signal, onBatchEnd: () => controller.abort() });
    expect(await codeOf(fitting)).toBe("ABORTED");
    await model.fit(x, y);
  });
});

describe("several calls", () => {
  test("what would change the weights while fit runs is BUSY, and disturbs nothing", async () => {
    const other = await smallModel(kit);
    await other.fit(x, y);
    const fitting = model.fit(x, y);
    for (const call of [() => model.fit(x, y), () => model.compile(LOSS), () => model.setWeights([])]) {
      expect(await codeOf(call)).toBe("BUSY");
    }
    await fitting;
    expect(await model.digest()).toBe(await other.digest());
  });

  test("two models of one runtime may train at once", async () => {
    const [a, b] = [await smallModel(kit), await smallModel(kit)];
    await Promise.all([a.fit(x, y), b.fit(x, y)]);
    expect(await a.digest()).toBe(await b.digest());
  });

  test("dispose during fit ends it with DISPOSED and gives all memory back", async () => {
    const { memoryInUse: before } = await kit.info();
    const other = await smallModel(kit);
    const fitting = other.fit(x, y, { batchSize: 5, onBatchEnd: () => other.dispose() });
    expect(await codeOf(fitting)).toBe("DISPOSED");
    expect((await kit.info()).memoryInUse).toBe(before);
  });

  test("every call on a disposed model is DISPOSED, but for dispose", async () => {
    await model.dispose();
    for (const call of [
      () => model.fit(x, y),
      () => model.evaluate(x, y),
      () => model.predict(x),
      () => model.compile(LOSS),
      () => model.summary(),
      () => model.countParams(),
      () => model.getWeights(),
      () => model.setWeights([]),
      () => model.digest(),
      () => model.save(),
    ]) {
      expect(await codeOf(call)).toBe("DISPOSED");
    }
    await model.dispose();
  });

  test("a disposed runtime makes no models, and its models are disposed", async () => {
    await kit.close();
    expect(await codeOf(model.digest())).toBe("DISPOSED");
    expect(await codeOf(kit.sequential([...model.layers]))).toBe("DISPOSED");
    expect((await kit.info()).memoryInUse).toBe(0);
  });
});

describe("evaluate and predict", () => {
  test("predictions do not depend on batchSize, to the bit", async () => {
    const all = await model.predict(x);
    expect(all.shape).toEqual([SAMPLES, 1]);
    for (const batchSize of [1, 3, 36, 1000]) expect(await model.predict(x, { batchSize })).toEqual(all);
  });

  test("loss and accuracy do not depend on batchSize", async () => {
    const all = await model.evaluate(x, y);
    for (const batchSize of [1, 3, 36, 1000]) {
      const { loss, accuracy } = await model.evaluate(x, y, { batchSize });
      expect(loss).toBeCloseTo(all.loss, 12);
      expect(accuracy).toBe(all.accuracy);
    }
  });

  test("the accuracy is that of the predictions", async () => {
    const { data } = await model.predict(x);
    const right = data.filter((p, n) => p > 0.5 === (y.data[n] === 1)).length;
    expect((await model.evaluate(x, y)).accuracy).toBe(right / SAMPLES);
  });

  test("a few sequences are predicted anew after every change of weights, as by a model just made of them", async () => {
    const few = { data: x.data.subarray(0, 3 * T), shape: [3, T] };
    const live = await smallModel(kit, 4);
    const seen = new Set<number>();
    const check = async () => {
      const { data } = await live.predict(few);
      const copy = await kit.load(await live.save());
      expect(data).toEqual((await copy.predict(x)).data.subarray(0, 3));
      expect((await live.predict({ data: few.data.subarray(T), shape: [2, T] })).data).toEqual(
        data.subarray(1),
      );
      seen.add(data[0]!);
    };
    await check();
    await live.fit(x, y, { epochs: 2, onEpochEnd: check });
    await live.setWeights(await model.getWeights());
    await check();
    expect(seen.size).toBe(4);
  });

  test("predict needs no compile", async () => {
    const bare = await kit.sequential([...model.layers], { seed: 22 });
    expect((await bare.predict(x)).data).toEqual((await model.predict(x)).data);
    expect(await codeOf(bare.evaluate(x, y))).toBe("NOT_COMPILED");
    expect(await codeOf(bare.fit(x, y))).toBe("NOT_COMPILED");
  });

  test("sequences of any one length are taken", async () => {
    for (const length of [1, 3, 25]) {
      const data = new Int32Array(2 * length).fill(3);
      expect((await model.predict({ data, shape: [2, length] })).shape).toEqual([2, 1]);
    }
  });

  test("nested arrays are the same as tensors", async () => {
    const rows = Array.from({ length: 3 }, (_, n) => [...x.data.subarray(n * T, (n + 1) * T)]);
    const { data } = await model.predict(rows);
    expect(data).toEqual((await model.predict(x)).data.subarray(0, 3));
  });
});
