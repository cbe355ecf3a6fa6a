import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { loadSpam } from "../../src/data/load-node.ts";
import { decodeSafetensors, encodeSafetensors, type Safetensors } from "../../src/formats/safetensors.ts";
import {
  bidirectional,
  conv1d,
  createRuntime,
  dense,
  embedding,
  gru,
  type Layer,
  layerNormLSTM,
  lstm,
  type Model,
  minGRU,
  minLSTM,
  peepholeLSTM,
  quantize,
  type Runtime,
  simpleRNN,
  spawnRuntime,
} from "../../src/node.ts";
import { hasExactDot } from "../../src/wasm/kernels.ts";
import { BUILDS, kernelBytes } from "../builds.ts";
import { integers, normals } from "../reference/sample.ts";
import { codeOf, LOSS } from "./small-job.ts";

const [V, T, N] = [60, 9, 37];
const x = { data: integers(N * T, V, 5), shape: [N, T] };
const y = { data: Uint8Array.from({ length: N }, (_, i) => i % 2), shape: [N] };

let kit: Runtime;
beforeAll(async () => {
  kit = await createRuntime();
});
afterAll(() => kit.close());

/** Layers wide enough for int8, whose weights are not those of a start. */
async function modelOf(layers: readonly Layer[], on = kit): Promise<Model> {
  const model = await on.sequential(layers, { seed: 3 });
  const weights = await model.getWeights();
  await model.setWeights(
    weights.map(({ data, shape }, i) => ({
      data: data.map((w, j) => w + 0.05 * Math.sin(i + j * 0.7)),
      shape,
    })),
  );
  await model.compile(LOSS);
  return model;
}

const network = (layer: Layer, head: Layer = dense({ units: 1, activation: "sigmoid" })): Layer[] => [
  embedding({ inputDim: V, outputDim: 21 }),
  layer,
  head,
];

const KINDS: { name: string; layer: Layer }[] = [
  { name: "lstm", layer: lstm({ units: 19 }) },
  { name: "gru", layer: gru({ units: 19 }) },
  { name: "gru, reset before", layer: gru({ units: 19, resetAfter: false }) },
  { name: "gru without bias", layer: gru({ units: 19, useBias: false }) },
  { name: "simpleRNN", layer: simpleRNN({ units: 35 }) },
  { name: "peepholeLSTM", layer: peepholeLSTM({ units: 19 }) },
  { name: "layerNormLSTM", layer: layerNormLSTM({ units: 19 }) },
  { name: "minLSTM", layer: minLSTM({ units: 19 }) },
  { name: "minGRU", layer: minGRU({ units: 30 }) },
  { name: "an lstm from the end", layer: lstm({ units: 19, goBackwards: true }) },
  { name: "bidirectional lstm", layer: bidirectional({ layer: lstm({ units: 19 }) }) },
  {
    name: "bidirectional gru, summed",
    layer: bidirectional({ layer: gru({ units: 19 }), mergeMode: "sum" }),
  },
];

describe.each(KINDS)("$name", ({ layer }) => {
  let model: Model;
  let bytes: Uint8Array<ArrayBuffer>;
  let small: Model;
  beforeAll(async () => {
    model = await modelOf(network(layer));
    bytes = await quantize(model);
    small = await kit.load(bytes);
  });

  test("gives what the model does, but for roundings", async () => {
    const [one, other] = [await model.predict(x), await small.predict(x)];
    const away = one.data.map((p, i) => Math.abs(p - other.data[i]!));
    expect(Math.max(...away)).toBeLessThan(0.02);
    expect(Math.max(...away)).toBeGreaterThan(0);
    const kernels = (await model.getWeights()).filter(
      ({ data, name }) => data.length >= 1024 && !/bias/.test(name),
    );
    expect(small.quantized).toEqual(kernels.map(({ name }) => name));
    expect(small.quantized.length).toBeGreaterThan(1);
  });

  test("the same bits come of any batch, any number of threads, a worker and every build", async () => {
    const whole = await small.predict(x);
    expect(await small.predict(x, { batchSize: 5 })).toEqual(whole);
    const few = await small.predict({ data: x.data.slice(0, 3 * T), shape: [3, T] });
    expect(few.data).toEqual(whole.data.slice(0, 3));
    const builds = [...BUILDS, ...(hasExactDot() ? (["dot"] as const) : [])];
    const kits = await Promise.all([
      createRuntime({ threads: 3 }),
      spawnRuntime(),
      ...builds.map((build) => createRuntime({ kernels: kernelBytes(build) })),
    ]);
    for (const other of kits) {
      expect(await (await other.load(bytes)).predict(x)).toEqual(whole);
      await other.close();
    }
  });

  test("a saved one is the same file", async () => {
    expect(await small.save()).toEqual(bytes);
  });

  test("the last step of a trace, and of a stream, is what predict gives", async () => {
    const some = { data: x.data.slice(0, 2 * T), shape: [2, T] };
    const { data } = await small.predict(some);
    const ahead = layer.type !== "bidirectional" && !("goBackwards" in layer && layer.goBackwards);
    if (!ahead) return;
    const { outputs } = await small.trace(some);
    expect([outputs.data[T - 1], outputs.data[2 * T - 1]]).toEqual([...data]);
    const stream = await small.stream({ batchSize: 2 });
    let last = new Float32Array();
    for (let t = 0; t < T; t++)
      last = Float32Array.from(await stream.step([some.data[t]!, some.data[T + t]!]));
    expect([...last]).toEqual([...data]);
  });
});

test("a model of numbers is multiplied in int8 where there is calibration, and is as near", async () => {
  const F = 24;
  // Features of very different sizes, which one scale for all would round away.
  const data = Float32Array.from(normals(N * T * F, 8), (n, i) => n * 10 ** ((i % 4) - 2));
  const numbers = { data, shape: [N, T, F] };
  const model = await modelOf([lstm({ units: 19, inputShape: [null, F] }), dense({ units: 3 })]);
  const plain = await quantize(model);
  const calibrated = await quantize(model, { calibration: numbers });
  const names = (bytes: Uint8Array) => decodeSafetensors(bytes).tensors.map(({ name }) => name);
  expect(names(plain)).not.toContain("lstm/lstm_cell/kernel_row_scale");
  expect(names(calibrated)).toContain("lstm/lstm_cell/kernel_row_scale");
  expect(names(plain)).toContain("lstm/lstm_cell/recurrent_kernel_row_scale");
  const wanted = await model.predict(numbers);
  for (const bytes of [plain, calibrated]) {
    const found = await (await kit.load(bytes)).predict(numbers);
    const largest = Math.max(...wanted.data.map(Math.abs));
    for (const [i, value] of found.data.entries()) {
      expect(Math.abs(value - wanted.data[i]!)).toBeLessThan(0.05 * largest);
    }
  }
  const worker = await spawnRuntime();
  const remote = await worker.load(await model.save());
  expect(await remote.quantize({ calibration: numbers })).toEqual(calibrated);
  expect(await codeOf(() => remote.quantize({ calibration: [[1]] }))).toBe("BAD_SHAPE");
  await worker.close();
});

test("calibration is read as x is, and a signal ends it", async () => {
  const model = await modelOf(network(lstm({ units: 19 })));
  expect(await codeOf(() => quantize(model, { calibration: [[1.5]] }))).toBe("BAD_INDEX");
  expect(
    await codeOf(() => quantize(model, { calibration: { data: Int32Array.of(V), shape: [1, 1] } })),
  ).toBe("BAD_INDEX");
  const signal = AbortSignal.abort();
  expect(await codeOf(() => quantize(model, { calibration: x, signal }))).toBe("ABORTED");
});

test("a convolution's weights are in int8, and multiplied as f32", async () => {
  const layer = conv1d({ filters: 20, kernelSize: 3 });
  const model = await modelOf([
    embedding({ inputDim: V, outputDim: 21 }),
    layer,
    lstm({ units: 19 }),
    dense({ units: 1 }),
  ]);
  const bytes = await quantize(model);
  const small = await kit.load(bytes);
  expect(small.quantized).toContain("conv1d/kernel");
  const [one, other] = [await model.predict(x), await small.predict(x)];
  for (const [i, p] of one.data.entries()) expect(Math.abs(p - other.data[i]!)).toBeLessThan(0.02);
  expect(decodeSafetensors(bytes).tensors.map(({ name }) => name)).not.toContain("conv1d/kernel_row_scale");
});

test("a model that is small stays as it is", async () => {
  const model = await modelOf([lstm({ units: 5, inputShape: [null, 3] }), dense({ units: 2 })]);
  expect(await quantize(model)).toEqual(await model.save());
});

describe("a quantized model", () => {
  let small: Model;
  let bytes: Uint8Array<ArrayBuffer>;
  beforeAll(async () => {
    bytes = await quantize(await modelOf(network(lstm({ units: 64 }))));
    small = await kit.load(bytes);
  });

  test("is not trained, set or quantized again", async () => {
    expect(await codeOf(() => small.fit(x, y))).toBe("QUANTIZED");
    const weights = await small.getWeights();
    expect(await codeOf(() => small.setWeights(weights))).toBe("QUANTIZED");
    expect(await codeOf(() => quantize(small))).toBe("QUANTIZED");
  });

  test("is evaluated, and says how the error flows through what it stands for", async () => {
    expect(await small.evaluate(x, y)).toMatchObject({
      loss: expect.any(Number),
      accuracy: expect.any(Number),
    });
    const { losses, layers } = await small.gradientFlow(x, y);
    expect([...losses.data].every((loss) => loss > 0)).toBe(true);
    expect([...layers[0]!.dh!.data].every((norm) => norm > 0)).toBe(true);
  });

  test("gives the f32 that its weights stand for: whole numbers times scales", async () => {
    const { tensors } = decodeSafetensors(bytes);
    const of = (name: string) => tensors.find((tensor) => tensor.name === name)!.data;
    const [embeddings, kernel] = await small.getWeights();
    for (const [i, w] of embeddings!.data.entries()) {
      const row = of("embedding/embeddings_row_scale")[Math.floor(i / 21)]!;
      expect(w).toBe(Math.fround(of("embedding/embeddings")[i]! * row));
    }
    for (const [i, w] of kernel!.data.entries()) {
      const column = of("lstm/lstm_cell/kernel_column_scale")[i % 256]!;
      expect(w).toBe(Math.fround(of("lstm/lstm_cell/kernel")[i]! * column)); // rows have the factor 1
    }
  });

  test("has weights that are at most half a step away from the model's", async () => {
    const model = await modelOf(network(lstm({ units: 64 })));
    const [before, after] = [await model.getWeights(), await small.getWeights()];
    const [one, other] = [before[2]!.data, after[2]!.data];
    for (let n = 0; n < 256; n++) {
      const column = (all: Float32Array) => all.filter((_, i) => i % 256 === n);
      const step = Math.max(...column(one).map(Math.abs)) / 127;
      const away = column(one).map((w, k) => Math.abs(w - column(other)[k]!));
      expect(Math.max(...away)).toBeLessThanOrEqual(step * 0.50001);
    }
  });

  const changed = (change: (file: Safetensors) => Safetensors) =>
    encodeSafetensors(change(decodeSafetensors(bytes)));
  const tensor = (
    name: string,
    change: (data: Float32Array | Int8Array) => Float32Array | Int8Array | null,
  ) =>
    changed(({ tensors, metadata }) => ({
      metadata,
      tensors: tensors.flatMap((one) => {
        const data = one.name === name ? change(one.data) : one.data;
        if (data === null) return [];
        return [{ ...one, data, shape: data.length === one.data.length ? one.shape : [data.length] }];
      }),
    }));
  const first = (value: number) => (data: Float32Array | Int8Array) => {
    const copy = data.slice();
    copy[0] = value;
    return copy;
  };
  const COLUMN = "lstm/lstm_cell/kernel_column_scale";
  const ROW = "lstm/lstm_cell/kernel_row_scale";

  test.each<[string, () => Uint8Array, RegExp]>([
    ["no scale", () => tensor(COLUMN, () => null), /no tensor "lstm\/lstm_cell\/kernel_column_scale"/],
    [
      "a scale that is NaN",
      () => tensor(COLUMN, first(Number.NaN)),
      /holds NaN at 0; a scale is 2\^-80 to 2\^80/,
    ],
    ["a scale below 0", () => tensor(COLUMN, first(-1)), /holds -1 at 0/],
    ["a scale of 0", () => tensor(COLUMN, first(0)), /holds 0 at 0/],
    ["a scale beyond", () => tensor(COLUMN, first(1e30)), /holds 1e\+?30|holds 1\.0+\d*e\+30/],
    ["a factor beyond", () => tensor(ROW, first(2 ** 41)), /2\^-40 to 2\^40/],
    [
      "scales of another number",
      () => tensor(COLUMN, (data) => data.slice(1)),
      /has shape \[255\].*wants \(256\)/,
    ],
    [
      "scales in int8",
      () => tensor(COLUMN, (data) => new Int8Array(data.length)),
      /has dtype I8; scales are F32/,
    ],
    ["-128", () => tensor("embedding/embeddings", first(-128)), /holds -128/],
    [
      "a bias in int8",
      () => tensor("lstm/lstm_cell/bias", (data) => new Int8Array(data.length)),
      /that weight is F32/,
    ],
    [
      "a scale of nothing",
      () => tensor("lstm/lstm_cell/kernel", (data) => Float32Array.from(data)),
      /tensors; the layers want/,
    ],
    [
      "the format of f32",
      () => changed(({ tensors, metadata }) => ({ tensors, metadata: { ...metadata, lstmkit: "1" } })),
      /format "1".*int8/,
    ],
  ])("%s is refused", async (_, make, says) => {
    await expect(kit.load(make())).rejects.toThrow(says);
    expect(await codeOf(() => kit.load(make()))).toBe("BAD_MODEL_FILE");
  });
});

test("of spam at most 0.3 points are lost, and the file is a third of the model's", {
  timeout: 120_000,
}, async () => {
  const data = loadSpam({ numWords: 2000, maxLen: 40 });
  const { train, test: held } = await data;
  const model = await kit.sequential(
    [
      embedding({ inputDim: 2000, outputDim: 16 }),
      lstm({ units: 16, dropout: 0.25 }),
      dense({ units: 1, activation: "sigmoid" }),
    ],
    { seed: 1 },
  );
  await model.compile({ optimizer: { name: "adam", learningRate: 0.005 }, ...LOSS });
  await model.fit(train.x, train.y, { epochs: 3, batchSize: 64 });
  const bytes = await quantize(model);
  const before = await model.evaluate(held.x, held.y);
  const after = await (await kit.load(bytes)).evaluate(held.x, held.y);
  expect(before.accuracy).toBeGreaterThan(0.9);
  expect(before.accuracy! - after.accuracy!).toBeLessThanOrEqual(0.003);
  expect(bytes.length).toBeLessThan((await model.save()).length / 3);
});
