/** Models that are given one timestep at a time. */
import { afterEach, describe, expect, test } from "vitest";
import {
  activation,
  averagePooling1d,
  bidirectional,
  conv1d,
  createRuntime,
  dense,
  dropout,
  embedding,
  flatten,
  globalAveragePooling1d,
  globalMaxPooling1d,
  gru,
  type Inputs,
  input,
  type Layer,
  layerNormalization,
  layerNormLSTM,
  lstm,
  type Model,
  masking,
  maxPooling1d,
  minGRU,
  minLSTM,
  peepholeLSTM,
  type Runtime,
  repeatVector,
  type Stream,
  simpleRNN,
  timeDistributed,
} from "../../src/node.ts";
import { CLOSE_BUILDS, kernelBytes } from "../builds.ts";
import { integers, normals } from "../reference/sample.ts";
import { spawn } from "../worker/spawned.ts";
import { codeOf, openKit } from "./small-job.ts";

const open: Runtime[] = [];
const kitOf = async (kit: Promise<Runtime> = openKit()): Promise<Runtime> => {
  open.push(await kit);
  return open.at(-1)!;
};
afterEach(async () => {
  for (const kit of open.splice(0)) await kit.close();
});

const V = 12;

interface Sample {
  readonly name: string;
  readonly layers: readonly Layer[];
  readonly x: Inputs & { readonly data: Int32Array | Float32Array; readonly shape: readonly number[] };
}

/** Models of one to three cells, of every kind that can be streamed, with the widths that a draw gives. */
function randomSample(seed: number): Sample {
  const draw = integers(40, 1 << 20, 1000 + seed);
  let drawn = 0;
  const below = (n: number) => draw[drawn++]! % n;
  const B = [1, 1, 2, 3, 5, 17][below(6)]!;
  const T = 2 + below(7);
  const features = 1 + below(11);
  const byIds = below(2) === 0;
  const cells = 1 + below(3);
  const sequences = below(2) === 0;
  const masked = below(2) === 0;
  const layers: Layer[] = [];
  if (byIds) layers.push(embedding({ inputDim: V, outputDim: features, maskZero: masked }));
  else if (masked) layers.push(masking({ inputShape: [null, features] }));
  for (let cell = 0; cell < cells; cell++) {
    const options = {
      units: 1 + below(21),
      returnSequences: sequences || cell + 1 < cells,
      useBias: below(4) > 0,
      dropout: below(2) / 4,
      ...(layers.length === 0 && { inputShape: [null, features] as const }),
    };
    const kind = below(4);
    if (kind === 0) layers.push(simpleRNN(options));
    else if (kind === 1) layers.push(lstm({ ...options, stateful: below(2) === 0 }));
    else layers.push(gru({ ...options, resetAfter: kind === 2 }));
    if (below(3) === 0) layers.push(layerNormalization());
    if (below(3) === 0) layers.push(dropout({ rate: 0.5 }));
    if (below(3) === 0) layers.push(dense({ units: 1 + below(9), activation: "tanh" }));
  }
  layers.push(dense({ units: 1 + below(10), activation: below(2) ? "softmax" : "sigmoid" }));
  const data = byIds
    ? Int32Array.from(integers(B * T, V, 7 + seed))
    : Float32Array.from(normals(B * T * features, 7 + seed));
  // A row in three is masked, among them perhaps the first and the last.
  const size = byIds ? 1 : features;
  for (let row = 0; masked && row < B * T; row++) {
    if (draw[row % draw.length]! % 3 === 0) data.fill(0, row * size, (row + 1) * size);
  }
  const name = `${masked ? "masked, " : ""}${layers.map(({ type }) => type).join(" → ")}, B ${B}, T ${T}`;
  return { name, layers, x: { data, shape: byIds ? [B, T] : [B, T, features] } };
}

/** Steps from … to of x. */
function cut({ data, shape }: Sample["x"], from: number, to: number) {
  const [B, T, width = 1] = shape as [number, number, number?];
  const pieces = Array.from({ length: B }, (_, b) => [
    ...data.subarray((b * T + from) * width, (b * T + to) * width),
  ]).flat();
  const kind = data instanceof Int32Array ? Int32Array : Float32Array;
  return { data: kind.from(pieces), shape: [B, to - from, ...shape.slice(2)] };
}

/** What predict says of the steps up to each: (T) of (B · units). */
async function expectedOf(model: Model, x: Sample["x"]): Promise<Float32Array[]> {
  const [B, T] = x.shape as [number, number];
  const outputs: Float32Array[] = [];
  for (let t = 1; t <= T; t++) {
    await model.resetStates();
    const { data, shape } = await model.predict(cut(x, 0, t));
    const units = shape.at(-1)!;
    const rows = shape.length > 2 ? t : 1;
    const last = new Float32Array(B * units);
    for (let b = 0; b < B; b++) {
      const row = b * rows + rows - 1;
      last.set(data.subarray(row * units, (row + 1) * units), b * units);
    }
    outputs.push(last);
  }
  return outputs;
}

/** Features in, three sequences of seven steps, some of them masked. */
function sampleOf(name: string, layers: readonly Layer[]): Sample {
  const data = Float32Array.from(normals(3 * 7 * 2, 7));
  for (const row of [0, 9, 13, 20]) data.fill(0, row * 2, row * 2 + 2);
  return { name, layers, x: { data, shape: [3, 7, 2] } };
}

const inputShape = [null, 2] as const;

/** What the random samples have not. */
const MORE = [
  sampleOf("zoneout", [
    lstm({ units: 5, zoneout: 0.25, zoneoutCell: 0.5, returnSequences: true, inputShape }),
    simpleRNN({ units: 4, zoneout: 0.1, returnSequences: true }),
    gru({ units: 9, zoneout: 0.3, returnSequences: true }),
    gru({ units: 4, zoneout: 0.3, resetAfter: false }),
    dense({ units: 2 }),
  ]),
  ...Object.entries({ minGRU, minLSTM, peepholeLSTM, layerNormLSTM }).flatMap(([name, cell]) => [
    sampleOf(name, [
      cell({ units: 5, dropout: 0.25, returnSequences: true, inputShape }),
      cell({ units: 9, useBias: false, stateful: true }),
    ]),
    sampleOf(`${name}, masked, every output`, [
      masking({ inputShape }),
      cell({ units: 9, returnSequences: true }),
      dense({ units: 3 }),
    ]),
  ]),
  sampleOf("an activation, and layers that are the same at every step", [
    input({ inputShape }),
    timeDistributed({ layer: dense({ units: 5, activation: "tanh" }) }),
    activation({ activation: "softmax" }),
    lstm({ units: 4, returnSequences: true }),
    timeDistributed({ layer: layerNormalization() }),
    timeDistributed({ layer: dropout({ rate: 0.5 }) }),
    timeDistributed({ layer: activation({ activation: "sigmoid" }) }),
    gru({ units: 3 }),
    activation({ activation: "relu" }),
  ]),
  sampleOf("zoneout, masked", [
    masking({ inputShape }),
    lstm({ units: 5, zoneout: 0.25, zoneoutCell: 0.5, returnSequences: true }),
    gru({ units: 9, zoneout: 0.3 }),
    dense({ units: 2 }),
  ]),
];

describe.each(CLOSE_BUILDS)("%s build", (build) => {
  const samples = [...Array.from({ length: 40 }, (_, seed) => randomSample(seed)), ...MORE];

  test.each(samples)(
    "each step is predict's of the steps so far, to the bit: $name",
    async ({ layers, x }) => {
      const kit = await kitOf(createRuntime({ kernels: kernelBytes(build) }));
      const model = await kit.sequential(layers, { seed: 22 });
      const expected = await expectedOf(model, x);
      const [B, T] = x.shape as [number, number];
      const stream = await model.stream({ batchSize: B });
      for (let t = 0; t < T; t++) {
        expect(stream.stepSync(cut(x, t, t + 1).data), `step ${t}`).toEqual(expected[t]);
      }
      await stream.reset();
      for (let t = 0; t < T; t++) expect(await stream.step(cut(x, t, t + 1).data)).toEqual(expected[t]);
      await stream.reset();
      const { data, shape } = await stream.steps(x);
      const units = shape[2]!;
      for (let t = 0; t < T; t++) {
        for (let b = 0; b < B; b++) {
          const at = (b * T + t) * units;
          expect(data.slice(at, at + units)).toEqual(expected[t]!.slice(b * units, (b + 1) * units));
        }
      }
    },
  );
});

const layersOf = (): Layer[] => [
  embedding({ inputDim: V, outputDim: 6 }),
  lstm({ units: 5, returnSequences: true }),
  gru({ units: 9 }),
  dense({ units: V, activation: "softmax" }),
];

const SENTENCE = [3, 1, 4, 1, 5, 9, 2, 6];

async function said(stream: Stream, ids: readonly number[]): Promise<Float32Array[]> {
  const outputs: Float32Array[] = [];
  for (const id of ids) outputs.push(await stream.step(id));
  return outputs;
}

describe("a layer that needs steps to come is refused by name", () => {
  test.each([
    ["both_ways", bidirectional({ layer: lstm({ units: 4 }), name: "both_ways" })],
    ["back", gru({ units: 4, goBackwards: true, name: "back" })],
    ["min_back", minGRU({ units: 4, goBackwards: true, name: "min_back" })],
    ["flat", flatten({ name: "flat" })],
    ["largest", maxPooling1d({ poolSize: 2, name: "largest" })],
    ["mean", averagePooling1d({ poolSize: 2, name: "mean" })],
    ["largest_of_all", globalMaxPooling1d({ name: "largest_of_all" })],
    ["mean_of_all", globalAveragePooling1d({ name: "mean_of_all" })],
    ["windows", conv1d({ filters: 3, kernelSize: 2, padding: "causal", name: "windows" })],
  ])("%s", async (name, layer) => {
    const kit = await kitOf();
    const model = await kit.sequential([embedding({ inputDim: V, outputDim: 6, inputLength: 4 }), layer]);
    for (const call of [() => model.stream(), () => model.step(1)]) {
      expect(await codeOf(call)).toBe("BAD_LAYER");
      await expect(call()).rejects.toThrow(name);
    }
  });
});

test("a layer that repeats what it is given is refused by name", async () => {
  const kit = await kitOf();
  const layers = [
    lstm({ units: 4, inputShape: [null, 2] }),
    repeatVector({ n: 3, name: "again" }),
    gru({ units: 2 }),
  ];
  const model = await kit.sequential(layers);
  expect(await codeOf(() => model.stream())).toBe("BAD_LAYER");
  await expect(model.stream()).rejects.toThrow("again");
});

describe("what is remembered", () => {
  test("is plain data, to go on from in several ways", async () => {
    const kit = await kitOf();
    const model = await kit.sequential(layersOf(), { seed: 22 });
    const stream = await model.stream();
    await said(stream, SENTENCE);
    const state = await stream.getState();
    expect(Object.keys(state)).toEqual(["lstm", "gru"]);
    expect(Object.keys(state.lstm!)).toEqual(["h", "c"]);
    expect(state.gru!.h!.shape).toEqual([1, 9]);
    expect(state.gru!.h!.data.every((value) => value !== 0)).toBe(true);
    const [one, other] = [await said(stream, [7, 8]), [9, 10]];
    const copy = structuredClone(state);
    await stream.setState(state);
    const expected = await said(stream, other);
    const another = await model.stream();
    await another.setState(copy);
    expect(await said(another, other)).toEqual(expected);
    await another.setState(copy);
    expect(await said(another, [7, 8])).toEqual(one);
    expect(copy).toEqual(state);
  });

  test("model.step() gives and takes it", async () => {
    const kit = await kitOf();
    const model = await kit.sequential(layersOf(), { seed: 22 });
    const expected = await said(await model.stream(), SENTENCE);
    let state: Awaited<ReturnType<Model["step"]>>["state"] | undefined;
    for (const [t, id] of SENTENCE.entries()) {
      const step = await model.step(id, state);
      expect(step.output).toEqual({ data: expected[t], shape: [1, V] });
      // One of two sequences in between, at the same time.
      const [pair] = await Promise.all([model.step([id, 2]), model.step(id)]);
      expect(pair.output.shape).toEqual([2, V]);
      state = step.state;
    }
  });

  test("is nobody else's", async () => {
    const kit = await kitOf();
    const layers = layersOf().map((layer) => (layer.type === "lstm" ? { ...layer, stateful: true } : layer));
    const model = await kit.sequential(layers, { seed: 22 });
    const x = [SENTENCE];
    const first = await model.predict(x);
    await model.resetStates();
    const [one, two] = [await model.stream(), await model.stream({ batchSize: 2 })];
    await two.step([1, 2]);
    expect((await said(one, SENTENCE)).at(-1)).toEqual(first.data);
    expect(await model.predict(x)).toEqual(first);
  });

  test.each([
    ["nothing", null],
    ["a state of another layer", { lstm: {}, dense: {} }],
    ["a state without one of them", { lstm: { h: { data: new Float32Array(5), shape: [1, 5] } } }],
    ["numbers of another shape", { gru: { h: { data: new Float32Array(8), shape: [1, 8] } } }],
    ["NaN", { gru: { h: { data: new Float32Array(9).fill(Number.NaN), shape: [1, 9] } } }],
  ])("is not set to %s", async (_, wrong) => {
    const kit = await kitOf();
    const model = await kit.sequential(layersOf(), { seed: 22 });
    const stream = await model.stream();
    await said(stream, SENTENCE);
    const state = await stream.getState();
    const given = wrong && "gru" in wrong ? { ...state, ...wrong } : wrong;
    expect(await codeOf(stream.setState(given as never))).toMatch(/^BAD_(SHAPE|VALUE)$/);
    expect(await stream.getState()).toEqual(state);
    expect(await codeOf(model.step(1, (given ?? 5) as never))).toMatch(/^BAD_(SHAPE|VALUE)$/);
  });
});

describe("a step is checked before anything changes", () => {
  test.each([
    ["an id that the embedding does not have", V, "BAD_INDEX"],
    ["half an id", 0.5, "BAD_INDEX"],
    ["two ids", [1, 2], "BAD_SHAPE"],
    ["none", [], "BAD_SHAPE"],
    ["a text", "a", "BAD_SHAPE"],
    ["nothing", undefined, "BAD_SHAPE"],
  ])("%s", async (_, x, code) => {
    const kit = await kitOf();
    const stream = await (await kit.sequential(layersOf(), { seed: 22 })).stream();
    await said(stream, SENTENCE);
    const state = await stream.getState();
    expect(await codeOf(stream.step(x as never))).toBe(code);
    expect(await codeOf(async () => stream.stepSync(x as never))).toBe(code);
    expect(await stream.getState()).toEqual(state);
  });

  test("numbers that are not finite in float32", async () => {
    const kit = await kitOf();
    const model = await kit.sequential([lstm({ units: 3, inputShape: [80, 2] })]);
    const stream = await model.stream({ batchSize: 2 });
    for (const value of [Number.NaN, Infinity, 1e39]) {
      expect(await codeOf(async () => stream.stepSync([1, 2, 3, value]))).toBe("BAD_VALUE");
    }
    expect(await codeOf(stream.step([1, 2, 3]))).toBe("BAD_SHAPE");
    expect(await codeOf(stream.steps([[[1, 2]]]))).toBe("BAD_SHAPE");
    expect(await codeOf(model.stream({ batchSize: 0 }))).toBe("BAD_ARGUMENT");
    expect(await codeOf(model.stream({ batchsize: 1 } as never))).toBe("BAD_ARGUMENT");
    const rows = await stream.step([
      [1, 2],
      [3, 4],
    ]);
    await stream.reset();
    expect(stream.stepSync(Float32Array.of(1, 2, 3, 4))).toEqual(rows);
    await stream.reset();
    expect(stream.stepSync({ data: Float64Array.of(1, 2, 3, 4), shape: [2, 2] })).toEqual(rows);
  });
});

describe("beside other calls", () => {
  test("calls are done in the order in which they are made, and read what they are given at once", async () => {
    const kit = await kitOf();
    const model = await kit.sequential(layersOf(), { seed: 22 });
    const expected = await said(await model.stream(), SENTENCE);
    const stream = await model.stream();
    const id = Int32Array.of(0);
    const calls = SENTENCE.map((token) => {
      id[0] = token;
      return stream.step(id);
    });
    const [state, , after] = [stream.getState(), stream.reset(), stream.step(3)];
    expect(await codeOf(async () => stream.stepSync(3))).toBe("BUSY");
    expect(await Promise.all(calls)).toEqual(expected);
    expect(await after).toEqual(expected[0]);
    await stream.setState(await state);
    const longer = await said(await model.stream(), [...SENTENCE, 7]);
    expect(stream.stepSync(7)).toEqual(longer.at(-1));
  });

  test("weights that change are used from the next step on, with the state of before", async () => {
    const kit = await kitOf();
    const [model, other] = [
      await kit.sequential(layersOf(), { seed: 22 }),
      await kit.sequential(layersOf(), { seed: 23 }),
    ];
    const stream = await model.stream();
    await said(stream, SENTENCE);
    const state = await stream.getState();
    await model.setWeights(await other.getWeights());
    const changed = await other.stream();
    await changed.setState(state);
    expect(stream.stepSync(7)).toEqual(await changed.step(7));
  });

  test("steps during fit are done between two batches, on any number of threads", async () => {
    const x = { data: integers(80 * 6, V, 3), shape: [80, 6] };
    const y = integers(80, V, 4);
    const run = async (threads: number, steps: number) => {
      const kit = await kitOf(createRuntime({ threads }));
      const model = await kit.sequential(layersOf(), { seed: 22 });
      await model.compile({ loss: "sparseCategoricalCrossentropy" });
      const stream = await model.stream();
      const fit = model.fit(x, y, { batchSize: 40, epochs: 3 });
      for (let i = 0; i < steps; i++) await stream.step(SENTENCE[i % SENTENCE.length]!);
      await fit;
      await stream.reset();
      return { digest: await model.digest(), after: await said(stream, SENTENCE) };
    };
    const expected = await run(1, 0);
    expect(await run(1, 30)).toEqual(expected);
    expect(await run(3, 30)).toEqual(expected);
  });

  test("memory that grows meanwhile changes nothing", async () => {
    const kit = await kitOf();
    const model = await kit.sequential(layersOf(), { seed: 22 });
    const expected = await said(await model.stream(), SENTENCE);
    const stream = await model.stream();
    const before = (await kit.info()).memoryBytes;
    for (const [t, id] of SENTENCE.entries()) {
      if (t === 3) await kit.sequential([embedding({ inputDim: 100_000, outputDim: 10 })]);
      expect(stream.stepSync(id)).toEqual(expected[t]);
    }
    expect((await kit.info()).memoryBytes).toBeGreaterThan(before);
  });

  test("dispose() gives the memory back, of a stream and of a model with its streams", async () => {
    const kit = await kitOf();
    const model = await kit.sequential(layersOf());
    const before = (await kit.info()).memoryInUse;
    const [one, two] = [await model.stream(), await model.stream({ batchSize: 4 })];
    await one.step(1);
    const pending = one.step(2);
    await one.dispose();
    await one.dispose();
    expect(await codeOf(pending)).toBe("DISPOSED");
    expect(await codeOf(one.step(1))).toBe("DISPOSED");
    expect(await codeOf(async () => one.stepSync(1))).toBe("DISPOSED");
    await two.dispose();
    expect((await kit.info()).memoryInUse).toBe(before);
    const three = await model.stream();
    await model.step([1, 2]);
    await model.step(1);
    await model.dispose();
    expect((await kit.info()).memoryInUse).toBe(0);
    for (const call of [
      () => three.step(1),
      () => three.getState(),
      () => model.stream(),
      () => model.step(1),
    ]) {
      expect(await codeOf(call)).toBe("DISPOSED");
    }
  });
});

test("a worker gives what this thread gives, and has no answer at once", async () => {
  const run = async (kit: Runtime) => {
    const model = await kit.sequential(layersOf(), { seed: 22 });
    const stream = await model.stream({ batchSize: 2 });
    const outputs = [await stream.step([1, 2]), await stream.step(Int32Array.of(3, 4))];
    const state = await stream.getState();
    const steps = await stream.steps([
      [5, 6, 7],
      [8, 9, 10],
    ]);
    await stream.setState(state);
    const again = await stream.step([5, 8]);
    await stream.reset();
    const anew = await stream.step([1, 2]);
    const single = await model.step([3, 4], state);
    const codes = [
      await codeOf(stream.step([1, V])),
      await codeOf(model.stream({ batchSize: 0.5 })),
      await codeOf(stream.setState({})),
    ];
    await stream.dispose();
    codes.push(await codeOf(stream.step([1, 2])));
    const last = await model.stream();
    await model.dispose();
    codes.push(await codeOf(last.step(1)));
    await last.dispose();
    return { batchSize: stream.batchSize, outputs, state, steps, again, anew, single, codes };
  };
  const expected = await run(await kitOf());
  expect(expected.anew).toEqual(expected.outputs[0]);
  const spawned = await spawn();
  expect(await run(spawned)).toEqual(expected);
  const stream = await (await spawned.sequential(layersOf())).stream();
  expect(await codeOf(async () => stream.stepSync(1))).toBe("BAD_ARGUMENT");
  await spawned.close();
  expect(await codeOf(stream.step(1))).toBe("DISPOSED");
  await stream.dispose();
});
