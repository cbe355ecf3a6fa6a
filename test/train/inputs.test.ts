import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import {
  dense,
  type FitOptions,
  type Inputs,
  lstm,
  type Model,
  type Runtime,
  type Targets,
} from "../../src/index.ts";
import { codeOf, LOSS, openKit, SAMPLES, smallData, smallLayers, smallModel, T, V } from "./small-job.ts";

const { x, y } = smallData();
let kit: Runtime;
let model: Model;
/** Takes (n, 7, 3) and gives (n, 7, 2). */
let tagger: Model;
let before: { digests: string[]; memoryInUse: number };

const state = async () => ({
  digests: [await model.digest(), await tagger.digest()],
  memoryInUse: (await kit.info()).memoryInUse,
});

beforeAll(async () => {
  kit = await openKit();
  model = await smallModel(kit);
  tagger = await kit.sequential([
    lstm({ units: 4, returnSequences: true, inputShape: [7, 3] }),
    dense({ units: 2, activation: "sigmoid" }),
  ]);
  await tagger.compile(LOSS);
});

afterAll(() => kit.close());

beforeEach(async () => {
  before = await state();
});

// No refused call changes anything.
afterEach(async () => {
  expect(await state()).toEqual(before);
});

const ids = (id: number, at = 0) => {
  const data = new Float64Array(2 * T);
  data[at] = id;
  return { data, shape: [2, T] } as unknown as Inputs;
};
const floats = (value: number, shape = [2, 7, 3]) => ({
  data: new Float32Array(shape.reduce((a, b) => a * b)).fill(value),
  shape,
});
const zeros = (...shape: number[]) => ({
  data: new Int32Array(Math.abs(shape.reduce((a, b) => a * b))),
  shape,
});

const BAD_IDS: { what: string; x: unknown; code: string }[] = [
  { what: "an id of the vocabulary's size", x: ids(V), code: "BAD_INDEX" },
  { what: "a negative id", x: ids(-1, 13), code: "BAD_INDEX" },
  { what: "an id past 2³²", x: ids(2 ** 32 + 1), code: "BAD_INDEX" },
  { what: "half an id", x: ids(1.5), code: "BAD_INDEX" },
  { what: "NaN for an id", x: ids(Number.NaN), code: "BAD_INDEX" },
  { what: "an infinite id", x: ids(Infinity), code: "BAD_INDEX" },
  { what: "one axis", x: zeros(20), code: "BAD_SHAPE" },
  { what: "three axes", x: zeros(2, 5, 2), code: "BAD_SHAPE" },
  { what: "no samples", x: zeros(0, T), code: "BAD_SHAPE" },
  { what: "no timesteps", x: zeros(2, 0), code: "BAD_SHAPE" },
  {
    what: "a shape its data does not fill",
    x: { data: new Int32Array(19), shape: [2, 10] },
    code: "BAD_SHAPE",
  },
  { what: "a shape of negative numbers", x: zeros(-2, -10), code: "BAD_SHAPE" },
  { what: "a shape with fractions", x: { data: new Int32Array(3), shape: [1.5, 2] }, code: "BAD_SHAPE" },
  { what: "a shape that is a number", x: { data: new Int32Array(20), shape: 20 }, code: "BAD_SHAPE" },
  { what: "no data", x: { shape: [2, 10] }, code: "BAD_SHAPE" },
  { what: "a typed array without a shape", x: new Int32Array(20), code: "BAD_SHAPE" },
  { what: "an empty list", x: [], code: "BAD_SHAPE" },
  { what: "a list of empty lists", x: [[], []], code: "BAD_SHAPE" },
  { what: "rows of two lengths", x: [[1, 2], [3]], code: "BAD_SHAPE" },
  { what: "a row that is a number", x: [[1, 2], 3], code: "BAD_SHAPE" },
  { what: "text", x: [["good", "film"]], code: "BAD_VALUE" },
  { what: "null in a row", x: [[1, null]], code: "BAD_VALUE" },
  { what: "null", x: null, code: "BAD_SHAPE" },
  { what: "nothing", x: undefined, code: "BAD_SHAPE" },
  { what: "a string", x: "good film", code: "BAD_SHAPE" },
];

describe.each(BAD_IDS)("ids: $what", ({ x: bad, code }) => {
  test(`is refused with ${code} by fit, evaluate and predict`, async () => {
    const [inputs, targets] = [bad as Inputs, new Uint8Array(2)];
    expect(await codeOf(() => model.fit(inputs, targets))).toBe(code);
    expect(await codeOf(() => model.evaluate(inputs, targets))).toBe(code);
    expect(await codeOf(() => model.predict(inputs))).toBe(code);
    expect(await codeOf(() => model.fit(x, y, { validationData: [inputs, targets] }))).toBe(code);
  });
});

test.each([
  { what: "NaN", x: floats(Number.NaN), code: "BAD_VALUE" },
  { what: "infinity", x: floats(-Infinity), code: "BAD_VALUE" },
  {
    what: "a number that float32 has as infinity",
    x: Array(2).fill(Array(7).fill([1e39, 0, 0])),
    code: "BAD_VALUE",
  },
  { what: "another number of features", x: floats(1, [2, 7, 4]), code: "BAD_SHAPE" },
  { what: "another number of timesteps", x: floats(1, [2, 6, 3]), code: "BAD_SHAPE" },
  { what: "timesteps and features the wrong way round", x: floats(1, [2, 3, 7]), code: "BAD_SHAPE" },
  { what: "ids", x: zeros(2, 7), code: "BAD_SHAPE" },
])("numbers: $what is refused with $code", async ({ x: bad, code }) => {
  expect(await codeOf(() => tagger.fit(bad, zeros(2, 7, 2)))).toBe(code);
  expect(await codeOf(() => tagger.predict(bad))).toBe(code);
});

const label = (value: number) => {
  const data = new Float64Array(SAMPLES);
  data[SAMPLES - 1] = value;
  return { data, shape: [SAMPLES] } as unknown as Targets;
};

test.each<{ what: string; y: unknown; code: string }>([
  { what: "a label of 2", y: label(2), code: "BAD_LABEL" },
  { what: "a label of ½", y: label(0.5), code: "BAD_LABEL" },
  { what: "a label of -1", y: label(-1), code: "BAD_LABEL" },
  { what: "a label that is almost 1", y: Array(SAMPLES).fill(1 - 1e-9), code: "BAD_LABEL" },
  { what: "a label of NaN", y: label(Number.NaN), code: "BAD_LABEL" },
  { what: "too few labels", y: zeros(SAMPLES - 1), code: "BAD_SHAPE" },
  { what: "too many labels", y: new Uint8Array(SAMPLES + 1), code: "BAD_SHAPE" },
  { what: "two labels for each", y: zeros(SAMPLES, 2), code: "BAD_SHAPE" },
  { what: "labels in a row", y: zeros(1, SAMPLES), code: "BAD_SHAPE" },
  { what: "labels as text", y: Array(SAMPLES).fill("1"), code: "BAD_VALUE" },
  { what: "no labels", y: undefined, code: "BAD_SHAPE" },
])("targets: $what is refused with $code", async ({ y: bad, code }) => {
  expect(await codeOf(() => model.fit(x, bad as Targets))).toBe(code);
  expect(await codeOf(() => model.evaluate(x, bad as Targets))).toBe(code);
});

describe("targets that mean the same are the same", () => {
  test.each([
    { what: "(n)", targets: zeros(SAMPLES) },
    { what: "(n, 1)", targets: zeros(SAMPLES, 1) },
    { what: "a typed array", targets: new Uint8Array(SAMPLES) },
    { what: "a list", targets: Array<number>(SAMPLES).fill(0) },
    { what: "a list of lists", targets: Array<number[]>(SAMPLES).fill([0]) },
  ])("$what", async ({ targets }) => {
    const { loss } = await model.evaluate(x, zeros(SAMPLES, 1));
    expect((await model.evaluate(x, targets)).loss).toBe(loss);
  });

  test.each([1, 7])("(n, T) and (n, T, 1), for a head of one unit on sequences of %i", async (steps) => {
    const own = await openKit();
    const one = await own.sequential([
      lstm({ units: 4, returnSequences: true, inputShape: [null, 3] }),
      dense({ units: 1, activation: "sigmoid" }),
    ]);
    await one.compile(LOSS);
    const inputs = floats(1, [3, steps, 3]);
    const { loss } = await one.evaluate(inputs, zeros(3, steps, 1));
    expect((await one.evaluate(inputs, zeros(3, steps))).loss).toBe(loss);
  });
});

const BAD_OPTIONS: { what: string; options: Record<string, unknown> }[] = [
  ...["epochs", "batchSize", "validationFreq"].flatMap((key) =>
    [...(key === "epochs" ? [] : [0]), -1, 1.5, Number.NaN, Infinity, "2", 2n, null].map((value) => ({
      what: `${key} of ${value}`,
      options: { [key]: value },
    })),
  ),
  ...["shuffle", "dropRemainder"].flatMap((key) =>
    ["no", 0, null].map((value) => ({ what: `${key} of ${value}`, options: { [key]: value } })),
  ),
  ...["onBatchEnd", "onEpochEnd"].map((key) => ({ what: `${key} of 3`, options: { [key]: 3 } })),
  ...[{}, 5, { aborted: false }].map((signal) => ({
    what: `a signal of ${JSON.stringify(signal)}`,
    options: { signal },
  })),
  ...[x, [x], [x, y, y, y], null].map((validationData, i) => ({
    what: `validationData that is no pair, ${i}`,
    options: { validationData },
  })),
  ...[1, -0.5, 2, Number.NaN, 0.999].map((validationSplit) => ({
    what: `validationSplit of ${validationSplit}`,
    options: { validationSplit },
  })),
  { what: "an unknown option", options: { verbose: 1 } },
  { what: "dropRemainder where no batch is whole", options: { batchSize: SAMPLES + 1, dropRemainder: true } },
];

test.each(BAD_OPTIONS)("$what is refused with BAD_ARGUMENT", async ({ options }) => {
  expect(await codeOf(() => model.fit(x, y, options as FitOptions))).toBe("BAD_ARGUMENT");
});

test.each([0, -1, 1.5, Number.NaN])(
  "batchSize of %f is refused by evaluate and predict",
  async (batchSize) => {
    expect(await codeOf(() => model.evaluate(x, y, { batchSize }))).toBe("BAD_ARGUMENT");
    expect(await codeOf(() => model.predict(x, { batchSize }))).toBe("BAD_ARGUMENT");
  },
);

test.each([-1, 1.5, 2 ** 32, Number.NaN, "22"])("a seed of %s is refused with BAD_ARGUMENT", async (seed) => {
  expect(await codeOf(() => kit.sequential(smallLayers(), { seed: seed as number }))).toBe("BAD_ARGUMENT");
});

test("messages name the place, and what was wanted", async () => {
  const message = async (work: Promise<unknown>) => work.then(String, (error: Error) => error.message);
  expect(await message(model.predict(ids(V, 13)))).toBe(
    "BAD_INDEX: x, sample 1, element 3 is 50; the embedding takes whole numbers from 0 to 49. Raise inputDim, or cut the vocabulary (numWords).",
  );
  expect(await message(model.predict(zeros(2, 5, 2)))).toContain(
    "x has shape (2, 5, 2); this model takes (n, T)",
  );
  expect(await message(model.fit(x, y, { validationData: [ids(V), [0, 1]] }))).toContain(
    "x of validationData",
  );
  expect(await message(model.evaluate(x, label(2)))).toContain("y[36] is 2");
});

test("a refused fit does not count as an epoch", async () => {
  const [refused, fresh] = [await smallModel(kit), await smallModel(kit)];
  await codeOf(() => refused.fit(x, label(2)));
  await codeOf(() => refused.fit(x, y, { epochs: -1 }));
  for (const learner of [refused, fresh]) await learner.fit(x, y);
  expect(await refused.digest()).toBe(await fresh.digest());
  for (const learner of [refused, fresh]) await learner.dispose();
});

describe("setWeights", () => {
  const changed = async (
    index: number,
    change: (data: Float32Array) => { data: Float32Array; shape: number[] },
  ) => {
    const weights = await model.getWeights();
    return weights.map(({ data, shape }, i) => (i === index ? change(data) : { data, shape }));
  };

  test.each([
    {
      what: "NaN in the last weight",
      code: "BAD_VALUE",
      change: (data: Float32Array) => ({ data: data.fill(Number.NaN), shape: [1] }),
    },
    { what: "another shape", code: "BAD_SHAPE", change: (data: Float32Array) => ({ data, shape: [1, 1] }) },
    { what: "too few numbers", code: "BAD_SHAPE", change: () => ({ data: new Float32Array(0), shape: [1] }) },
  ])("refuses $what with $code, and sets none", async ({ code, change }) => {
    const weights = await changed(8, change);
    weights[0]!.data.fill(7);
    expect(await codeOf(model.setWeights(weights))).toBe(code);
  });

  test("refuses too few weights with BAD_SHAPE", async () => {
    expect(await codeOf(model.setWeights((await model.getWeights()).slice(1)))).toBe("BAD_SHAPE");
  });

  test("takes what getWeights gave", async () => {
    const other = await smallModel(kit, 1);
    expect(await other.digest()).not.toBe(await model.digest());
    await other.setWeights(await model.getWeights());
    expect(await other.digest()).toBe(await model.digest());
    await other.dispose();
  });

  test("getWeights gives copies", async () => {
    for (const { data } of await model.getWeights()) data.fill(9);
    expect(await model.digest()).toBe(before.digests[0]);
  });
});
