/** Batches that come one by one: the same bits as arrays, in this thread and in a worker, and faults of the caller's. */
import { afterEach, describe, expect, test } from "vitest";
import {
  type Batches,
  createRuntime,
  dense,
  earlyStopping,
  type FitOptions,
  lstm,
  type Model,
  type Runtime,
  type SampleBatch,
} from "../../src/node.ts";
import { spawn } from "../worker/spawned.ts";
import { codeOf, mixedData, mixedLayers, smallData, smallModel } from "./small-job.ts";

const kits: Runtime[] = [];
const open = async (threads = 1) => {
  const kit = await createRuntime({ threads });
  kits.push(kit);
  return kit;
};
afterEach(() => Promise.all(kits.splice(0).map((kit) => kit.close())));

const { x, y } = smallData(75);
const size = 20;

type Data = { readonly data: ArrayLike<number>; readonly shape: readonly number[] };

/** Rows of a tensor. */
function rowsOf({ data, shape }: Data, from: number, to: number) {
  const width = data.length / shape[0]!;
  return {
    data: Float32Array.from(Array.from(data).slice(from * width, to * width)),
    shape: [to - from, ...shape.slice(1)],
  };
}

/** The data in batches of `size`. */
function* inBatches(of: Data = x, targets: Data = y): Generator<SampleBatch> {
  for (let from = 0; from < of.shape[0]!; from += size) {
    const to = Math.min(of.shape[0]!, from + size);
    yield [rowsOf(of, from, to), rowsOf(targets, from, to)];
  }
}
async function* slowly(): AsyncGenerator<SampleBatch> {
  for (const batch of inBatches()) {
    await new Promise((resolve) => setTimeout(resolve, 1));
    yield batch;
  }
}

async function outcome(model: Model, train: (options: FitOptions) => Promise<{ history: object }>) {
  const seen: unknown[] = [];
  const { history } = await train({
    epochs: 3,
    onEpochEnd: (epoch, { seconds: _, ...logs }) => void seen.push([epoch, logs]),
  });
  return { history, seen, digest: await model.digest() };
}

const arrays = (model: Model) =>
  outcome(model, (options) =>
    model.fit(x, y, { ...options, batchSize: size, shuffle: false, validationData: [x, y] }),
  );

describe("what arrays give, batches give, to the bit", () => {
  const kinds: Record<string, Batches> = {
    "a generator function": () => inBatches(),
    "an async generator function": () => slowly(),
    "an iterable that can be begun anew": { [Symbol.iterator]: () => inBatches() },
    "an array that a function gives": () => [...inBatches()],
  };
  test.each(Object.entries(kinds))("%s", async (_, batches) => {
    const wanted = await arrays(await smallModel(await open()));
    const model = await smallModel(await open());
    const found = await outcome(model, (options) =>
      model.fit(batches, { ...options, validationData: batches }),
    );
    expect(found).toEqual(wanted);
  });

  test.each([1, 2, 3])("%d threads, and in a worker", async (threads) => {
    const wanted = await arrays(await smallModel(await open()));
    for (const kit of [await open(threads), await spawn({ threads })]) {
      const model = await smallModel(kit);
      const found = await outcome(model, (options) =>
        model.fit(() => inBatches(), { ...options, validationData: () => slowly() }),
      );
      expect(found).toEqual(wanted);
    }
  });

  test("dropout layers, both directions, classes with weights", async () => {
    const data = mixedData(75);
    const run = async (train: (model: Model, options: FitOptions) => Promise<unknown>) => {
      const model = await (await open()).sequential(mixedLayers(), { seed: 3 });
      await model.compile({ loss: "sparseCategoricalCrossentropy", metrics: ["accuracy"] });
      await train(model, { epochs: 2, classWeight: { 1: 3 } });
      return model.digest();
    };
    const wanted = await run((model, options) =>
      model.fit(data.x, data.y, { ...options, batchSize: size, shuffle: false }),
    );
    expect(await run((model, options) => model.fit(() => inBatches(data.x, data.y), options))).toBe(wanted);
  });

  test("evaluate, with weights of samples too", async () => {
    const weights = Float32Array.from({ length: 75 }, (_, i) => (i % 3) / 2);
    function* weighted(): Generator<SampleBatch> {
      let from = 0;
      for (const [bx, by] of inBatches()) {
        const to = Math.min(75, from + size);
        yield [bx, by, weights.slice(from, to)];
        from = to;
      }
    }
    for (const kit of [await open(), await spawn()]) {
      const model = await smallModel(kit);
      expect(await model.evaluate(() => inBatches())).toEqual(
        await model.evaluate(x, y, { batchSize: size }),
      );
      expect(await model.evaluate(weighted)).toEqual(
        await model.evaluate(x, y, { batchSize: size, sampleWeight: weights }),
      );
      await model.fit(weighted, { epochs: 2 });
      const other = await smallModel(kit);
      await other.fit(x, y, { epochs: 2, batchSize: size, shuffle: false, sampleWeight: weights });
      expect(await model.digest()).toBe(await other.digest());
    }
  });
});

describe("batches as they come", () => {
  const series = (samples: number, T: number) => ({
    data: Float32Array.from({ length: samples * T }, (_, i) => Math.sin(i)),
    shape: [samples, T, 1],
  });
  const model = async (kit: Runtime, stateful = false) => {
    const made = await kit.sequential([
      lstm({ units: 4, inputShape: [null, 1], stateful }),
      dense({ units: 1 }),
    ]);
    await made.compile({ loss: "meanSquaredError" });
    return made;
  };

  test("each of another length and size; memory is given back", async () => {
    const kit = await open();
    const made = await model(kit);
    await made.fit(series(4, 3), [1, 2, 3, 4]); // the optimiser has its memory
    const before = (await kit.info()).memoryInUse;
    const shapes = [
      [4, 3],
      [40, 7],
      [2, 7],
      [1, 12],
      [33, 3],
    ] as const;
    await made.fit(
      function* () {
        for (const [n, T] of shapes) yield [series(n, T), new Float32Array(n)] as const;
      },
      { epochs: 3 },
    );
    expect((await kit.info()).memoryInUse).toBe(before);
    const { loss } = await made.evaluate(() =>
      shapes.map(([n, T]) => [series(n, T), new Float32Array(n)] as const),
    );
    let sum = 0;
    for (const [n, T] of shapes) sum += (await made.evaluate(series(n, T), new Float32Array(n))).loss * n;
    expect(loss).toBeCloseTo(sum / 80, 6);
  });

  test("arrays are read as they come, and may be filled again", async () => {
    const all = [...inBatches()];
    function* refilled(): Generator<SampleBatch> {
      const own = { data: new Float32Array(size * 10), shape: [size, 10] };
      for (const [bx, by] of all) {
        const { data, shape } = bx as { data: Float32Array; shape: number[] };
        own.data.set(data);
        yield [{ data: own.data.subarray(0, data.length), shape }, by];
        own.data.fill(0);
      }
    }
    for (const kit of [await open(), await spawn()]) {
      const made = await smallModel(kit);
      const other = await smallModel(kit);
      await made.fit(refilled, { epochs: 2 });
      await other.fit(() => all, { epochs: 2 });
      expect(await made.digest()).toBe(await other.digest());
    }
  });

  test("the function is told the epoch, and one batch is made ahead", async () => {
    const passes: number[] = [];
    let [made, done] = [0, 0];
    const aheads: number[] = [];
    await (await smallModel(await open())).fit(
      function* (pass) {
        passes.push(pass);
        for (const batch of inBatches()) {
          aheads.push(made++ - done);
          yield batch;
        }
      },
      {
        epochs: 3,
        onBatchEnd: () => {
          done++;
        },
      },
    );
    expect(passes).toEqual([0, 1, 2]);
    expect(Math.max(...aheads)).toBe(1);
  });

  test("the number of batches is known from the second epoch on, and at each last batch", async () => {
    const seen: number[] = [];
    await (await smallModel(await open())).fit(() => inBatches(), {
      epochs: 2,
      onBatchEnd: (_, { batches }) => void seen.push(batches),
    });
    expect(seen).toEqual([Infinity, Infinity, Infinity, 4, 4, 4, 4, 4]);
  });

  test("epochs may differ in length", async () => {
    const seen: number[][] = [];
    await (await smallModel(await open())).fit((pass) => [...inBatches()].slice(0, [2, 4, 1][pass]), {
      epochs: 3,
      onBatchEnd: (batch, { batches }) => void seen.push([batch, batches]),
    });
    expect(seen).toEqual([
      [0, Infinity],
      [1, 2],
      [0, 2],
      [1, Infinity],
      [2, Infinity],
      [3, 4],
      [0, 1],
    ]);
  });

  test("stepsPerEpoch goes on from epoch to epoch, and begins anew at the end", async () => {
    const passes: number[] = [];
    const seen: number[][] = [];
    const steps: Batches = function* (pass) {
      passes.push(pass);
      yield* inBatches();
    };
    const made = await smallModel(await open());
    await made.fit(steps, {
      epochs: 4,
      stepsPerEpoch: 3,
      onBatchEnd: (batch, { batches, size }) => void seen.push([batch, batches, size]),
    });
    expect(passes).toEqual([0, 1, 2]);
    expect(seen.map(([, , n]) => n)).toEqual([20, 20, 20, 15, 20, 20, 20, 15, 20, 20, 20, 15]);
    expect(seen.every(([, batches]) => batches === 3)).toBe(true);
    function* endless(): Generator<SampleBatch> {
      while (true) yield* inBatches();
    }
    const other = await smallModel(await spawn());
    await other.fit(endless(), { epochs: 4, stepsPerEpoch: 3 });
    expect(await other.digest()).toBe(await made.digest());
  });

  test("stateful layers go on from batch to batch", async () => {
    const kit = await open();
    const [one, two] = [await model(kit, true), await model(kit, true)];
    const strands = series(8, 5);
    const targets = Float32Array.from({ length: 8 }, (_, i) => i / 8);
    await one.fit(strands, targets, { batchSize: 4, shuffle: false, epochs: 2 });
    const halves: SampleBatch[] = [0, 4].map((from) => [
      rowsOf(strands, from, from + 4),
      targets.slice(from, from + 4),
    ]);
    await two.fit(() => halves, { epochs: 2 });
    expect(await two.digest()).toBe(await one.digest());
    expect(await codeOf(() => two.fit(() => [[series(3, 5), [1, 2, 3]]]))).toBe("BAD_ARGUMENT");
  });

  test("early stopping, and an iterable that is closed then", async () => {
    let closed = 0;
    const history = await (await smallModel(await open())).fit(
      function* () {
        try {
          yield* inBatches();
          yield* inBatches();
        } finally {
          closed++;
        }
      },
      {
        epochs: 9,
        validationData: () => inBatches(),
        callbacks: [earlyStopping({ monitor: "valLoss", patience: 0, minDelta: 1e9 })],
      },
    );
    expect(history.epoch.length).toBe(2);
    expect(closed).toBe(2);
  });
});

describe.each(["in this thread", "in a worker"])("what goes wrong %s", (where) => {
  const make = async () => smallModel(where === "in a worker" ? await spawn() : await open());

  test("an error of the caller's is that which rejects, and the iterable is closed", async () => {
    const model = await make();
    const mine = new RangeError("mine");
    let closed = false;
    await expect(
      model.fit(function* () {
        yield* inBatches();
        throw mine;
      }),
    ).rejects.toBe(mine);
    const bad = [rowsOf(x, 0, 2), [1, 7]] as unknown as SampleBatch;
    const failing = model.fit(function* () {
      try {
        yield* inBatches();
        yield bad;
        yield bad;
      } finally {
        closed = true;
      }
    });
    await expect(failing).rejects.toMatchObject({ code: "BAD_LABEL" });
    await expect(failing).rejects.toThrow(/y of batch 4/);
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(closed).toBe(true);
    await model.fit(x, y); // and it goes on
  });

  test("an abort ends a fit that waits for a batch which never comes", async () => {
    const model = await make();
    const stop = new AbortController();
    const fit = model.fit(
      async function* () {
        yield* inBatches();
        setTimeout(() => stop.abort(), 20);
        await new Promise(() => {});
      },
      { signal: stop.signal },
    );
    await expect(fit).rejects.toMatchObject({ code: "ABORTED" });
    await model.evaluate(x, y);
  });

  test.each<[string, Batches, FitOptions, RegExp]>([
    ["no batches", () => [], {}, /pass 0 .* has none/],
    ["a generator twice", inBatches(), { epochs: 2 }, /give the function itself/],
    ["no iterable", (() => 5) as never, {}, /gave 5; wanted an iterable/],
    ["no batch", (() => [5]) as never, {}, /batch 0 is 5; wanted \[x, y\]/],
    ["batchSize", () => inBatches(), { batchSize: 5 }, /batchSize beside batches/],
    ["shuffle", () => inBatches(), { shuffle: true }, /shuffle beside batches/],
    ["validationSplit", () => inBatches(), { validationSplit: 0.1 }, /validationSplit beside batches/],
    ["sampleWeight", () => inBatches(), { sampleWeight: [1] }, /sampleWeight beside batches/],
    ["none to validate on", () => inBatches(), { validationData: () => [] }, /of validationData has none/],
  ])("%s is BAD_ARGUMENT", async (_, batches, options, message) => {
    const fit = (await make()).fit(batches, options);
    await expect(fit).rejects.toMatchObject({ code: "BAD_ARGUMENT" });
    await expect(fit).rejects.toThrow(message);
  });

  test("targets beside batches, and stepsPerEpoch beside arrays, are BAD_ARGUMENT", async () => {
    const model = await make();
    const fit = model.fit as (...args: unknown[]) => Promise<unknown>;
    await expect(fit.call(model, () => inBatches(), y, {})).rejects.toThrow(/wanted fit\(batches, options\)/);
    await expect(model.fit(x, y, { stepsPerEpoch: 2 })).rejects.toThrow(/stepsPerEpoch beside arrays/);
    expect(await codeOf(() => model.evaluate(() => inBatches(), { batchSize: 4 }))).toBe("BAD_ARGUMENT");
  });

  test("batchSize is of the arrays to validate on", async () => {
    const model = await make();
    await model.fit(() => inBatches(), { batchSize: 7, validationData: [x, y] });
  });
});
