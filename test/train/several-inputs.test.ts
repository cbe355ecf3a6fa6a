/** A model with two inputs, an encoder and a decoder that begins with its states, in every way that a model is used. */
import { afterEach, describe, expect, test } from "vitest";
import { Team } from "../../src/model/team.ts";
import {
  bidirectional,
  createRuntime,
  dense,
  embedding,
  gru,
  input,
  type Layer,
  lstm,
  type Model,
  type Runtime,
  type RuntimeOptions,
  type StreamOptions,
  transfer,
} from "../../src/node.ts";
import { Sequential } from "../../src/train/sequential.ts";
import { instantiateKernels } from "../../src/wasm/kernels.ts";
import { LinearMemory } from "../../src/wasm/memory.ts";
import { BUILDS, kernelBytes } from "../builds.ts";
import { expectClose } from "../reference/closeness.ts";
import { integers, keepMask, normals } from "../reference/sample.ts";
import { nameWeights, stateGradients, trace as traceReference } from "../reference/sequential.ts";
import { TOLERANCES } from "../tolerances.ts";
import { spawn } from "../worker/spawned.ts";
import { codeOf, openKit } from "./small-job.ts";

/** SHA-256 of the weights of 37 samples in batches of 20 and 17, 2 epochs, seed 22: part of the contract. */
const PINNED = {
  initial: "a181e6e2ad11f2d6eb6c6a565fc4947b3369a4c0e910b79d106ce60b27468097",
  trained: "cc32f9d58fa5ca8e438e60a4a0d7f120adae4b9b303a5a2810425c5442895fb0",
};

const [V, PAST, FUTURE] = [11, 9, 5];
const RUN = { epochs: 2, batchSize: 20 } as const;
const CONFIG = {
  optimizer: { name: "adam", learningRate: 0.01 },
  loss: "sparseCategoricalCrossentropy",
  metrics: ["accuracy"],
} as const;

/** Ids into the encoder and the decoder; dropout in both, and a list of tokens in the decoder. */
const layers = (): Layer[] => [
  input({ name: "past" }),
  embedding({ inputDim: V, outputDim: 12 }),
  lstm({ units: 8, dropout: 0.25, returnSequences: true }),
  lstm({ units: 9, name: "encoder" }),
  input({ name: "future", inputShape: [null] }),
  embedding({ inputDim: V, outputDim: 5 }),
  lstm({ units: 9, returnSequences: true, initialState: "encoder" }),
  dense({ units: V, activation: "softmax" }),
];

const ids = (samples: number, T: number, seed: number) => ({
  data: integers(samples * T, V, seed),
  shape: [samples, T],
});
const dataOf = (samples: number) => ({
  x: { past: ids(samples, PAST, 1), future: ids(samples, FUTURE, 2) },
  y: ids(samples, FUTURE, 3),
});
const SMALL = dataOf(37);
const { x, y } = dataOf(75);

const kits: Runtime[] = [];
const open = async (options: RuntimeOptions = {}) => {
  const kit = await createRuntime(options);
  kits.push(kit);
  return kit;
};
afterEach(() => Promise.all(kits.splice(0).map((kit) => kit.close())));

async function modelOn(kit: Runtime, given = layers()): Promise<Model> {
  const model = await kit.sequential(given, { seed: 22 });
  await model.compile(CONFIG);
  return model;
}

const answers = async (model: Model) => ({
  layers: model.layers,
  predictions: await model.predict(x, { batchSize: 75 }),
  few: await model.predict({ past: ids(3, PAST, 4), future: ids(3, FUTURE, 5) }),
  evaluation: await model.evaluate(x, y),
  trace: await model.trace(x),
  flow: await model.gradientFlow(x, y),
  weights: await model.getWeights(),
  summary: await model.summary(),
  digest: await model.digest(),
});

/** All that a run gives: 75 samples in batches of 53 and 22, shards of 16 and a smaller one. */
async function run(kit: Runtime) {
  const model = await modelOn(kit);
  const { history } = await model.fit(x, y, { epochs: 2, batchSize: 53, validationData: [x, y] });
  return { history, ...(await answers(model)) };
}

describe.each(BUILDS)("%s build", (build) => {
  test("the digest of a run is the pinned one", async () => {
    const kit = await openKit(build);
    kits.push(kit);
    const model = await modelOn(kit);
    const initial = await model.digest();
    await model.fit(SMALL.x, SMALL.y, RUN);
    expect({ initial, trained: await model.digest() }).toEqual(PINNED);
  });

  test("the size of a group changes no bit", async () => {
    const module = await WebAssembly.compile(kernelBytes(build));
    for (const groupSize of [1, 3, 4, 16]) {
      const memory = new LinearMemory();
      const kernels = await instantiateKernels(module, memory.wasm);
      const team = new Team(kernels, memory, 1);
      const model = new Sequential(
        { kernels, memory, team, seed: 22, groupSize, onDispose: () => {} },
        layers(),
      );
      await model.compile(CONFIG);
      await model.fit(SMALL.x, SMALL.y, RUN);
      expect(await model.digest(), `groups of ${groupSize}`).toBe(PINNED.trained);
      await model.dispose();
    }
  });
});

test("1, 2, 3 and 4 threads give the same history, answers and digest", async () => {
  const alone = await run(await open());
  for (const threads of [2, 3, 4]) {
    expect(await run(await open({ threads })), `${threads} threads`).toEqual(alone);
  }
});

test("a worker gives what this thread gives, with any number of threads", async () => {
  const here = await run(await open());
  for (const threads of [1, 2]) {
    expect(await run(await spawn({ threads })), `${threads} threads`).toEqual(here);
  }
});

test("a saved model answers as the one it was saved from, here and in a worker", async () => {
  const kit = await open();
  const model = await modelOn(kit);
  await model.fit(SMALL.x, SMALL.y, RUN);
  const expected = await answers(model);
  const file = await model.save();
  for (const other of [kit, await open({ threads: 2 }), await spawn()]) {
    expect(await answers(await other.load(file))).toEqual(expected);
  }
});

test("data in a list, under names in any order and as nested arrays are the same data", async () => {
  const model = await modelOn(await open());
  const expected = await model.predict(SMALL.x);
  const { past, future } = SMALL.x;
  const rows = ({ data, shape: [n, T] }: typeof past) =>
    Array.from({ length: n! }, (_, i) => Array.from(data.subarray(i * T!, (i + 1) * T!)));
  for (const same of [
    [past, future],
    { future, past },
    [rows(past), future],
    { past, future: rows(future) },
  ]) {
    expect(await model.predict(same)).toEqual(expected);
  }
});

test("validationSplit takes the last samples of every input", async () => {
  const [split, given] = [await modelOn(await open()), await modelOn(await open())];
  const cut = (t: typeof y, from: number, to: number) => {
    const [, T] = t.shape as [number, number];
    return { data: t.data.subarray(from * T, to * T), shape: [to - from, T] };
  };
  const part = (from: number, to: number) => ({
    x: { past: cut(x.past, from, to), future: cut(x.future, from, to) },
    y: cut(y, from, to),
  });
  const [train, validation] = [part(0, 60), part(60, 75)];
  const one = await split.fit(x, y, { ...RUN, validationSplit: 0.2 });
  const two = await given.fit(train.x, train.y, { ...RUN, validationData: [validation.x, validation.y] });
  expect(one.history).toEqual(two.history);
  expect(await split.digest()).toBe(await given.digest());
});

test("the summary has the inputs and what every branch gives", async () => {
  const lines = (await (await modelOn(await open())).summary())
    .split("\n")
    .map((line) => line.split(/\s{2,}/));
  expect(lines.slice(2, 10).map(([name, shape]) => [name, shape])).toEqual([
    ["past (InputLayer)", "(B, T, 1)"],
    ["embedding (Embedding)", "(B, T, 12)"],
    ["lstm (LSTM)", "(B, T, 8)"],
    ["encoder (LSTM)", "(B, 9)"],
    ["future (InputLayer)", "(B, T, 1)"],
    ["embedding_1 (Embedding)", "(B, T, 5)"],
    ["lstm_1 (LSTM)", "(B, T, 9)"],
    ["dense (Dense)", `(B, T, ${V})`],
  ]);
});

test("a model with one input may name it, and is the same model", async () => {
  const kit = await open();
  const bare = [lstm({ units: 5, inputShape: [null, 3] }), dense({ units: 2 })];
  const named = [input({ name: "signal", inputShape: [null, 3] }), lstm({ units: 5 }), dense({ units: 2 })];
  const data = { data: Float32Array.from(normals(4 * 6 * 3, 1)), shape: [4, 6, 3] };
  const [a, b] = [await kit.sequential(bare), await kit.sequential(named)];
  expect(await b.predict(data)).toEqual(await a.predict(data));
  expect(await b.predict({ signal: data })).toEqual(await a.predict(data));
  expect(await kit.load(await b.save())).toMatchObject({ layers: b.layers });
});

test("trace and gradientFlow have each branch's own steps, and the reference's numbers", async () => {
  const kit = await open();
  const given = [
    gru({ units: 5, returnSequences: true, inputShape: [null, 3], name: "encoder" }),
    lstm({ units: 4, name: "above" }),
    input({ name: "future", inputShape: [null, 2] }),
    gru({ units: 5, returnSequences: true, initialState: "encoder" }),
    lstm({ units: 4, returnSequences: true, initialState: "above" }),
    dense({ units: 1, activation: "sigmoid" }),
  ];
  const model = await kit.sequential(given);
  await model.compile({ loss: "binaryCrossentropy" });
  const B = 5;
  const [past, future] = [normals(B * PAST * 3, 1), normals(B * FUTURE * 2, 2)];
  const targets = keepMask(B * FUTURE, 0.5, 3);
  const data = [
    { data: Float32Array.from(past), shape: [B, PAST, 3] },
    { data: Float32Array.from(future), shape: [B, FUTURE, 2] },
  ];
  const table = await model.getWeights();
  const weights = nameWeights(
    table.map(({ name }) => name),
    table.map((weight) => weight.data),
  );
  const batch = { x: past, more: [{ x: future, T: FUTURE }], B, T: PAST };

  const found = await model.trace(data);
  const expected = traceReference(given, weights, batch);
  expect(found.layers.map(({ h }) => h!.shape)).toEqual([
    [B, PAST, 5],
    [B, PAST, 4],
    [B, FUTURE, 5],
    [B, FUTURE, 4],
  ]);
  expect(found.outputs).toEqual(await model.predict(data));
  for (const [l, states] of expected.states.entries()) {
    for (const [name, values] of Object.entries(states)) {
      expectClose(found.layers[l]![name as "h"]!.data, values, TOLERANCES.kernelForward, name);
    }
  }

  const flow = await model.gradientFlow(data, { data: targets, shape: [B, FUTURE, 1] });
  for (let b = 0; b < B; b++) {
    const own = (all: ArrayLike<number>) =>
      Array.from(all).slice((b * all.length) / B, ((b + 1) * all.length) / B);
    const alone = { ...batch, x: own(past), more: [{ x: own(future), T: FUTURE }], y: own(targets), B: 1 };
    for (const [l, states] of stateGradients(given, weights, alone).entries()) {
      const { units } = flow.layers[l]!;
      for (const [name, values] of Object.entries(states)) {
        const norms = Array.from({ length: values.length / units }, (_, t) =>
          Math.hypot(...values.subarray(t * units, (t + 1) * units)),
        );
        const norm = flow.layers[l]![name as "dh"]!.data;
        expectClose(own(norm), norms, TOLERANCES.kernelGradient, name);
      }
    }
  }
});

test("data that are given away move to the worker, those of every input", async () => {
  const model = await modelOn(await spawn());
  const own = { past: ids(4, PAST, 1), future: ids(4, FUTURE, 2) };
  const expected = await model.predict(own);
  const gone = { past: transfer(own.past), future: own.future };
  expect(await model.predict(gone)).toEqual(expected);
  expect([own.past.data.length, own.future.data.length]).toEqual([0, 4 * FUTURE]);
});

describe.each(["this thread", "a worker"])("bad data are refused in %s, and change nothing", (where) => {
  const past = ids(4, PAST, 1);
  const future = ids(4, FUTURE, 2);
  test.each<{ what: string; given: unknown; code: string; says: string }>([
    { what: "one tensor", given: past, code: "BAD_ARGUMENT", says: "{ past, future }" },
    { what: "one typed array", given: past.data, code: "BAD_ARGUMENT", says: "2 inputs" },
    { what: "nothing", given: undefined, code: "BAD_ARGUMENT", says: "undefined" },
    { what: "a list of one", given: [past], code: "BAD_ARGUMENT", says: "a list of 1" },
    { what: "a list of three", given: [past, future, future], code: "BAD_ARGUMENT", says: "a list of 3" },
    { what: "a name that is missing", given: { past }, code: "BAD_ARGUMENT", says: "has no future" },
    {
      what: "a name too many",
      given: { past, future, extra: past },
      code: "BAD_ARGUMENT",
      says: '"extra", which is none',
    },
    {
      what: "another number of samples",
      given: { past, future: ids(5, FUTURE, 2) },
      code: "BAD_SHAPE",
      says: "future of x has 5 samples, and past of x has 4",
    },
    {
      what: "another number of axes",
      given: { past, future: { data: new Float32Array(24), shape: [4, 3, 2] } },
      code: "BAD_SHAPE",
      says: "future of x has shape (4, 3, 2); this model takes (n, T)",
    },
    {
      what: "an id that the second embedding lacks",
      given: [past, { data: new Int32Array(4 * FUTURE).fill(V), shape: [4, FUTURE] }],
      code: "BAD_INDEX",
      says: "future of x, sample 0, element 0 is 11",
    },
    {
      what: "what no message can hold",
      given: { past, future: [[Symbol("x")]] },
      code: "BAD_VALUE",
      says: "future of x",
    },
  ])("$what", async ({ given, code, says }) => {
    const model = await modelOn(where === "a worker" ? await spawn() : await open());
    const before = await model.digest();
    const call = () => model.fit(given as typeof x, ids(4, FUTURE, 3));
    expect(await codeOf(call)).toBe(code);
    await expect(call()).rejects.toThrow(says);
    expect(await model.digest()).toBe(before);
  });
});

test("steps that an input's shape fixes are wanted of its data, and say which", async () => {
  const model = await (await open()).sequential([
    lstm({ units: 3, inputShape: [4, 2], name: "encoder" }),
    input({ name: "covariates", inputShape: [7, 1] }),
    lstm({ units: 3, initialState: "encoder" }),
  ]);
  const tensor = (...shape: number[]) => ({
    data: new Float32Array(shape.reduce((a, b) => a * b)),
    shape,
  });
  await model.predict({ encoder_input: tensor(2, 4, 2), covariates: tensor(2, 7, 1) });
  await expect(model.predict([tensor(2, 4, 2), tensor(2, 6, 1)])).rejects.toThrow(
    "covariates of x has shape (2, 6, 1); this model takes (n, 7, 1)",
  );
});

describe.each(["this thread", "a worker"])("a stream in %s", (where) => {
  const kitOf = () => (where === "a worker" ? spawn() : open());
  const past = ids(7, PAST, 1);
  const future = ids(7, FUTURE, 2);

  test("begins where the encoder ended, and says step by step what predict does, to the bit", async () => {
    const model = await modelOn(await kitOf());
    const { data } = await model.predict({ past, future });
    const at = (t: number) =>
      Float32Array.from({ length: 7 * V }, (_, i) => data[(Math.floor(i / V) * FUTURE + t) * V + (i % V)]!);
    const step = (t: number) => Array.from({ length: 7 }, (_, i) => future.data[i * FUTURE + t]!);
    for (const inputs of [{ past }, past]) {
      const stream = await model.stream({ inputs });
      expect(stream.batchSize).toBe(7);
      for (let t = 0; t < FUTURE; t++) expect(await stream.step(step(t)), `step ${t}`).toEqual(at(t));
      await stream.reset();
      expect((await stream.steps(future)).data).toEqual(data);
      await stream.reset();
      const { output } = await model.step(step(0), await stream.getState());
      expect(output.data).toEqual(at(0));
      await stream.dispose();
    }
  });

  test.each<{ what: string; options: unknown; code: string; says: string }>([
    { what: "no inputs", options: {}, code: "BAD_ARGUMENT", says: "inputs: { past }" },
    {
      what: "the last input too",
      options: { inputs: { past, future } },
      code: "BAD_ARGUMENT",
      says: '"future"',
    },
    {
      what: "another batchSize",
      options: { inputs: past, batchSize: 3 },
      code: "BAD_ARGUMENT",
      says: "batchSize is 3, and inputs has 7 samples",
    },
    {
      what: "ids that the embedding lacks",
      options: { inputs: [[1, V]] },
      code: "BAD_INDEX",
      says: "element 1 is 11",
    },
  ])("is refused $what", async ({ options, code, says }) => {
    const model = await modelOn(await kitOf());
    expect(await codeOf(model.stream(options as StreamOptions))).toBe(code);
    await expect(model.stream(options as StreamOptions)).rejects.toThrow(says);
  });
});

test("an encoder that cannot go step by step may begin a stream; a decoder that cannot, and a state from the end, may not", async () => {
  const kit = await open();
  const encoder = [
    bidirectional({ layer: gru({ units: 3, returnSequences: true }), name: "both" }),
    gru({ units: 4, goBackwards: true, stateful: true, name: "encoder" }),
  ];
  const behind = (...rest: Layer[]) => [
    input({ name: "past", inputShape: [null, 2] }),
    ...encoder,
    input({ name: "future", inputShape: [null, 1] }),
    ...rest,
  ];
  const data = (n: number, T: number, width: number, seed: number) => ({
    data: Float32Array.from(normals(n * T * width, seed)),
    shape: [n, T, width],
  });
  const [past, future] = [data(2, PAST, 2, 1), data(2, FUTURE, 1, 2)];
  const begun = { units: 4, initialState: "encoder", returnSequences: true };
  const model = await kit.sequential(
    behind(gru({ ...begun, name: "first" }), gru({ units: 4, returnSequences: true })),
  );
  const stream = await model.stream({ inputs: past });
  expect(await stream.steps(future)).toEqual(await model.predict([past, future]));
  expect(Object.keys(await stream.getState())).toEqual(["first", "gru"]);
  for (const layer of [gru({ ...begun, goBackwards: true }), gru({ units: 4, initialState: "first" })]) {
    const refused = await kit.sequential(behind(gru({ ...begun, name: "first" }), layer));
    expect(await codeOf(refused.stream({ inputs: past }))).toBe("BAD_LAYER");
  }
  const single = await kit.sequential([gru({ units: 4, inputShape: [null, 2] })]);
  expect(await codeOf(single.stream({ inputs: past }))).toBe("BAD_ARGUMENT");
});

test("it learns to reverse a row of digits, by teacher forcing, and says it digit by digit", async () => {
  const [DIGITS, T, START] = [10, 5, 10];
  const model = await (await open()).sequential(
    [
      embedding({ inputDim: DIGITS, outputDim: 16 }),
      lstm({ units: 64, name: "encoder" }),
      input({ name: "before" }),
      embedding({ inputDim: DIGITS + 1, outputDim: 16 }),
      lstm({ units: 64, returnSequences: true, initialState: "encoder" }),
      dense({ units: DIGITS, activation: "softmax" }),
    ],
    { seed: 1 },
  );
  await model.compile({ ...CONFIG, optimizer: { name: "adam", learningRate: 0.005 } });
  const rows = (samples: number, seed: number) => {
    const all = Array.from(integers(samples * T, DIGITS, seed));
    return Array.from({ length: samples }, (_, i) => all.slice(i * T, (i + 1) * T));
  };
  const train = rows(2000, 1);
  const answers = train.map((row) => row.toReversed());
  const shifted = answers.map((row) => [START, ...row.slice(0, -1)]);
  await model.fit([train, shifted], answers, { epochs: 12, batchSize: 32 });

  const unseen = rows(100, 2);
  const stream = await model.stream({ inputs: unseen });
  const said: number[][] = unseen.map(() => [START]);
  for (let t = 0; t < T; t++) {
    const likely = await stream.step(said.map((row) => row.at(-1)!));
    for (const [i, row] of said.entries()) {
      const own = likely.subarray(i * DIGITS, (i + 1) * DIGITS);
      row.push(own.indexOf(Math.max(...own)));
    }
  }
  const right = unseen.filter((row, i) => row.toReversed().join() === said[i]!.slice(1).join());
  expect(right.length).toBeGreaterThan(90);

  // The same digit by digit as when all that was said is given at once.
  const { data } = await model.predict([unseen, said.map((row) => row.slice(0, -1))]);
  const chosen = said.map((_, i) =>
    Array.from({ length: T }, (__, t) => {
      const own = data.subarray((i * T + t) * DIGITS, (i * T + t + 1) * DIGITS);
      return own.indexOf(Math.max(...own));
    }),
  );
  expect(chosen).toEqual(said.map((row) => row.slice(1)));
});
