/** Numbers that stay in their file: rows that are sequences, and windows over rows that are steps. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import {
  type CsvSource,
  type NumberBatch,
  type StreamedBatches,
  type StreamNumbersOptions,
  streamNumbers,
} from "../../../src/data/index.ts";
import { createRuntime, dense, lstm, type Runtime } from "../../../src/node.ts";
import { codedError } from "../coded-error.ts";

let kit: Runtime;
beforeAll(async () => {
  kit = await createRuntime();
});
afterAll(() => kit.close());

const ROWS = 203;
const value = (i: number, f: number) => Math.round(1000 * Math.sin(i / (3 + f)) + 10 * f) / 100;
const WIDE = `a,b,c,d,kind,w\n${Array.from(
  { length: ROWS },
  (_, i) =>
    `${[0, 1, 2, 3].map((f) => value(i, f)).join()},${["x", "y", "z"][(i + (i >> 2)) % 3]},${(i % 4) / 2}\n`,
).join("")}`;
const SERIES = `t,u,v\n${Array.from({ length: ROWS }, (_, i) => `${i},${value(i, 0)},${value(i, 1)}\n`).join("")}`;

/** All of a pass, batch behind batch. */
async function allOf(part: StreamedBatches<NumberBatch>, pass = 0, from = 0) {
  const all = {
    x: [] as number[],
    y: [] as number[],
    w: [] as number[],
    sizes: [] as number[],
    shape: [] as number[],
  };
  for await (const [x, y, w] of part.begin(pass, from)) {
    all.x.push(...(x.data as Float32Array));
    all.y.push(...(y.data as Float32Array));
    all.w.push(...((w?.data as Float32Array | undefined) ?? []));
    all.sizes.push(x.shape[0]!);
    all.shape = x.shape.slice(1);
  }
  return all;
}

const stream = (text: string) =>
  async function* () {
    const bytes = new TextEncoder().encode(text);
    for (let from = 0; from < bytes.length; from += 50) yield bytes.subarray(from, from + 50);
  };

describe("rows that are sequences", () => {
  const options: StreamNumbersOptions = {
    label: "kind",
    weight: "w",
    batchSize: 10,
    shuffle: false,
    testSplit: 0,
  };

  test("are the numbers of the file, scaled by all of them, with classes and weights", async () => {
    const data = await streamNumbers(WIDE, options);
    const { x, y, w, shape, sizes } = await allOf(data.train);
    expect(data.features).toEqual(["a", "b", "c", "d"]);
    expect(data.classes).toEqual(["x", "y", "z"]);
    expect(shape).toEqual([4, 1]);
    expect(sizes.at(-1)).toBe(3);
    const raw = Array.from({ length: ROWS * 4 }, (_, i) => value(Math.floor(i / 4), i % 4));
    const mean = raw.reduce((a, b) => a + b) / raw.length;
    const deviation = Math.sqrt(raw.reduce((sum, n) => sum + (n - mean) ** 2, 0) / raw.length);
    expect(data.scales[0]!.mean).toBeCloseTo(mean, 10);
    expect(data.scales[0]!.deviation).toBeCloseTo(deviation, 10);
    for (const [i, n] of x.entries()) expect(n).toBeCloseTo((raw[i]! - mean) / deviation, 5);
    expect(y).toEqual(Array.from({ length: ROWS }, (_, i) => (i + (i >> 2)) % 3));
    expect(w).toEqual(Array.from({ length: ROWS }, (_, i) => (i % 4) / 2));
  });

  test.each<[string, CsvSource, boolean | number]>([
    ["all shuffled, of a Blob", new Blob([WIDE]), true],
    ["a window as large as the file, of a stream", stream(WIDE), ROWS],
    ["as they stand, of a stream", stream(WIDE), false],
  ])("train to the bits of arrays: %s", async (_, source, shuffle) => {
    const made = async () => {
      const model = await kit.sequential(
        [lstm({ units: 4, inputShape: [null, 1] }), dense({ units: 3, activation: "softmax" })],
        { seed: 5 },
      );
      await model.compile({ loss: "sparseCategoricalCrossentropy", metrics: ["accuracy"] });
      return model;
    };
    const { x, y, w } = await allOf((await streamNumbers(WIDE, options)).train);
    const one = await made();
    const arrays = { data: Float32Array.from(x), shape: [ROWS, 4, 1] };
    const wanted = await one.fit(arrays, y, {
      epochs: 2,
      batchSize: 10,
      shuffle: shuffle !== false,
      sampleWeight: w,
    });
    const two = await made();
    const data = await streamNumbers(source, { ...options, shuffle, shuffleSeed: 5 });
    const found = await two.fit(data.train, { epochs: 2 });
    expect(found.history).toEqual(wanted.history);
    expect(await two.digest()).toBe(await one.digest());
  });

  test("are set apart by what they hold, in a stream as in a file", async () => {
    const own = { ...options, testSplit: 0.3, shuffle: 20 };
    const [one, two] = [await streamNumbers(WIDE, own), await streamNumbers(stream(WIDE), own)];
    expect(one.test!.samples).toBeGreaterThan(40);
    expect(one.train.samples + one.test!.samples).toBe(ROWS);
    expect(await allOf(two.train, 1)).toEqual(await allOf(one.train, 1));
    expect(await allOf(two.test!)).toEqual(await allOf(one.test!));
  });
});

describe("windows", () => {
  const options: StreamNumbersOptions = {
    features: ["u", "v"],
    target: "u",
    window: 5,
    batchSize: 16,
    shuffle: false,
    scale: false,
  };

  test.each([0, 1, 3])("have the target %d rows behind, and every window is there once", async (horizon) => {
    const data = await streamNumbers(SERIES, { ...options, horizon, testSplit: 0 });
    const { x, y, shape } = await allOf(data.train);
    const n = ROWS - 4 - horizon;
    expect(shape).toEqual([5, 2]);
    expect(data.train.samples).toBe(n);
    const wanted = Array.from({ length: n * 10 }, (_, i) =>
      Math.fround(value(Math.floor(i / 10) + ((i % 10) >> 1), i % 2)),
    );
    expect(x).toEqual(wanted);
    expect(y).toEqual(Array.from({ length: n }, (_, i) => Math.fround(value(i + 4 + horizon, 0))));
  });

  test("of the test lie behind those of the training, each row is the target of one of them", async () => {
    const data = await streamNumbers(new Blob([SERIES]), {
      ...options,
      testSplit: 0.25,
      scale: true,
      shuffle: true,
    });
    const [train, test] = [await allOf(data.train), await allOf(data.test!)];
    expect(train.y.length + test.y.length).toBe(ROWS - 5);
    expect(test.y.length).toBeGreaterThan(40);
    const { mean, deviation } = data.targetScale!;
    const scaled = (i: number) => Math.fround((value(i, 0) - mean) / deviation);
    expect(test.y).toEqual(Array.from({ length: test.y.length }, (_, i) => scaled(ROWS - test.y.length + i)));
    expect([...train.y].sort()).toEqual(
      Array.from({ length: train.y.length }, (_, i) => scaled(i + 5)).sort(),
    );
    expect(await allOf(data.train, 1)).not.toEqual(train);
    expect((await allOf(data.train, 1, 3)).y).toEqual((await allOf(data.train, 1)).y.slice(48));
  });

  test("a series that is learnt: the error falls below that of the last number said again", async () => {
    const data = await streamNumbers(SERIES, { ...options, scale: true, shuffle: true, testSplit: 0.2 });
    const model = await kit.sequential([lstm({ units: 8, inputShape: [null, 2] }), dense({ units: 1 })], {
      seed: 2,
    });
    await model.compile({ optimizer: { name: "adam", learningRate: 0.01 }, loss: "meanSquaredError" });
    await model.fit(data.train, { epochs: 30 });
    const { y } = await allOf(data.test!);
    const last = y.slice(1).reduce((sum, n, i) => sum + (n - y[i]!) ** 2, 0) / (y.length - 1);
    expect((await model.evaluate(data.test!)).loss).toBeLessThan(last);
  });
});

test("numbers that are missing are refused with their line, or are the mean", async () => {
  const csv = "a,b,y\n1,2,3\n2,,4\n3,6,5\n";
  await expect(streamNumbers(csv, { target: "y", testSplit: 0 })).rejects.toThrow(
    codedError("BAD_CSV", /line 3: no number in column "b".*missing: "mean"/),
  );
  const data = await streamNumbers(csv, { target: "y", testSplit: 0, missing: "mean", shuffle: false });
  expect(data.missing).toBe(1);
  expect((await allOf(data.train)).x[3]).toBe(0);
});

test.each<[string, string, StreamNumbersOptions, string, RegExp]>([
  ["neither target nor label", WIDE, {}, "BAD_ARGUMENT", /neither target nor label/],
  ["both", WIDE, { target: "a", label: "kind" }, "BAD_ARGUMENT", /target and label/],
  ["no such column", WIDE, { target: "e" }, "BAD_CSV", /none of which is "e"/],
  ["a word", WIDE, { target: "a" }, "BAD_CSV", /line 2: "x" in column "kind" is no number/],
  ["another class", WIDE, { label: "kind", classes: ["x", "y"] }, "BAD_CSV|BAD_LABEL", /line \d+/],
  ["one class", "a,k\n1,x\n2,x\n", { label: "k" }, "BAD_LABEL", /one class alone, "x"/],
  ["an empty class", "a,k\n1,x\n2,\n", { label: "k" }, "BAD_CSV", /line 3 has no "k"/],
  ["a window longer than the file", SERIES, { target: "u", window: 500 }, "BAD_DATASET", /windows of 500/],
  ["an empty file", "", { target: "u" }, "BAD_CSV", /the file is empty/],
  ["windows of nothing", SERIES, { target: "u", window: 0 }, "BAD_ARGUMENT", /window is 0/],
])("%s", async (_, csv, options, code, message) => {
  const error = await streamNumbers(csv, options).catch((thrown: unknown) => thrown);
  expect(String((error as { code?: string }).code)).toMatch(new RegExp(`^(${code})$`));
  expect(String(error)).toMatch(message);
});

test("windows of a stream are refused: it cannot be read anywhere", async () => {
  await expect(streamNumbers(stream(SERIES), { target: "u", window: 5 })).rejects.toThrow(
    codedError("BAD_ARGUMENT", /window is 5/),
  );
});
