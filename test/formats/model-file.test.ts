import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { decodeSafetensors, encodeSafetensors, type Safetensors } from "../../src/formats/safetensors.ts";
import { dense, lstm, type Model, type Runtime } from "../../src/index.ts";
import { codeOf, LOSS, openKit, smallData, smallModel } from "../train/small-job.ts";

const { x, y } = smallData();
let kit: Runtime;
let model: Model;
let bytes: Uint8Array;

beforeAll(async () => {
  kit = await openKit();
  model = await smallModel(kit);
  await model.fit(x, y, { batchSize: 20 });
  bytes = await model.save({ metadata: { vocabulary: '{"good":2}', note: "ü" } });
});

afterAll(() => kit.close());

test("a loaded model has the digest, the predictions, the layers and the metadata of the saved one", async () => {
  const loaded = await kit.load(bytes);
  expect(await loaded.digest()).toBe(await model.digest());
  expect(await loaded.predict(x)).toEqual(await model.predict(x));
  expect(await loaded.evaluate(x, y)).toEqual(await model.evaluate(x, y));
  expect(loaded.layers).toEqual(model.layers);
  expect(loaded.metadata).toEqual({ vocabulary: '{"good":2}', note: "ü" });
  await loaded.dispose();
});

test("a loaded model saves to the same bytes, its metadata with it", async () => {
  const loaded = await kit.load(bytes);
  expect(await loaded.save()).toEqual(bytes);
  await loaded.dispose();
});

test("new entries are added to a loaded model's metadata, and replace what they name", async () => {
  const loaded = await kit.load(bytes);
  const again = await kit.load(await loaded.save({ metadata: { note: "b", more: "c" } }));
  expect(again.metadata).toEqual({ vocabulary: '{"good":2}', note: "b", more: "c" });
  await Promise.all([loaded.dispose(), again.dispose()]);
});

test("a runtime of its own loads the file to the same digest", async () => {
  const other = await openKit("debug");
  expect(await (await other.load(bytes)).digest()).toBe(await model.digest());
  await other.close();
});

test("a loaded model is compiled as the saved one was, and can be trained", async () => {
  const loaded = await kit.load(bytes);
  const { history } = await loaded.fit(x, y);
  expect(Object.keys(history).sort()).toEqual(["accuracy", "loss"]);
  await loaded.dispose();
});

test("a model that was never compiled loads as such", async () => {
  const bare = await kit.sequential([lstm({ units: 5, inputShape: [null, 3] }), dense({ units: 2 })], {
    seed: 3,
  });
  const loaded = await kit.load(await bare.save());
  expect(await loaded.digest()).toBe(await bare.digest());
  const data = new Float32Array(6);
  expect(await codeOf(loaded.fit({ data, shape: [1, 2, 3] }, [[1, 0]]))).toBe("NOT_COMPILED");
  await loaded.compile({ loss: { name: "binaryCrossentropy", fromLogits: true } });
  await loaded.fit({ data, shape: [1, 2, 3] }, [[1, 0]]);
  await Promise.all([bare.dispose(), loaded.dispose()]);
});

test("a loaded model goes on with the seed of the saved one", async () => {
  const fresh = await smallModel(kit, 5);
  const loaded = await kit.load(await fresh.save());
  for (const learner of [fresh, loaded]) await learner.fit(x, y, { batchSize: 20 });
  expect(await loaded.digest()).toBe(await fresh.digest());
  await Promise.all([fresh.dispose(), loaded.dispose()]);
});

test("tensors are under Keras's paths, dense, in the table's order", async () => {
  const { tensors } = decodeSafetensors(bytes);
  expect(tensors).toEqual(await model.getWeights());
  expect(tensors.map(({ name, shape }) => `${name} ${shape}`)).toEqual([
    "embedding/embeddings 50,12",
    "lstm/lstm_cell/kernel 12,32",
    "lstm/lstm_cell/recurrent_kernel 8,32",
    "lstm/lstm_cell/bias 32",
    "lstm_1/lstm_cell/kernel 8,20",
    "lstm_1/lstm_cell/recurrent_kernel 5,20",
    "lstm_1/lstm_cell/bias 20",
    "dense/kernel 5,1",
    "dense/bias 1",
  ]);
});

test("the metadata holds the format, the layers, how the model was compiled, and the seed", () => {
  const { metadata } = decodeSafetensors(bytes);
  expect(metadata.lstmkit).toBe("1");
  expect(JSON.parse(metadata.layers!)).toEqual(model.layers);
  expect(JSON.parse(metadata.compile!)).toMatchObject({
    optimizer: { learningRate: 0.01 },
    ...{ metrics: LOSS.metrics },
  });
  expect(metadata.seed).toBe("22");
});

test.each(["lstmkit", "layers", "compile", "seed"])(
  "the key %s is the format's own: BAD_ARGUMENT",
  async (key) => {
    expect(await codeOf(() => model.save({ metadata: { [key]: "mine" } }))).toBe("BAD_ARGUMENT");
  },
);

test("metadata that is no text is refused with BAD_ARGUMENT", async () => {
  expect(await codeOf(() => model.save({ metadata: { epochs: 4 as never } }))).toBe("BAD_ARGUMENT");
});

test("a file cut short anywhere is refused with BAD_MODEL_FILE", async () => {
  const headerEnd = 8 + Number(new DataView(bytes.buffer).getBigUint64(0, true));
  const cuts = new Set([
    0,
    1,
    7,
    8,
    9,
    headerEnd - 1,
    headerEnd,
    headerEnd + 1,
    bytes.length - 4,
    bytes.length - 1,
  ]);
  for (let length = 0; length < bytes.length; length += 97) cuts.add(length);
  for (const length of cuts)
    expect(await codeOf(() => kit.load(bytes.subarray(0, length))), `${length}`).toBe("BAD_MODEL_FILE");
});

describe("a file that is no model of ours is refused with BAD_MODEL_FILE", () => {
  const changed = (change: (file: Safetensors) => Safetensors) => () =>
    encodeSafetensors(change(decodeSafetensors(bytes)));
  const meta = (entries: Record<string, string>) =>
    changed(({ tensors, metadata }) => ({ tensors, metadata: { ...metadata, ...entries } }));
  const without = (key: string) =>
    changed(({ tensors, metadata }) => {
      const { [key]: _, ...rest } = metadata;
      return { tensors, metadata: rest };
    });
  const tensors = (change: (all: Safetensors["tensors"]) => Safetensors["tensors"]) =>
    changed(({ tensors: all, metadata }) => ({ tensors: change(all), metadata }));

  test.each<{ what: string; make: () => Uint8Array; says: string }>([
    { what: "tensors without our metadata", make: without("lstmkit"), says: "no lstmkit model" },
    { what: "no layers", make: without("layers"), says: "no lstmkit model" },
    { what: "another format", make: meta({ lstmkit: "4" }), says: 'format "4"' },
    { what: "a state of training without its checksum", make: meta({ lstmkit: "3" }), says: "checksum" },
    { what: "layers that are no JSON", make: meta({ layers: "[" }), says: "not valid" },
    { what: "layers that are no model", make: meta({ layers: "[]" }), says: "not valid" },
    { what: "layers that are null", make: meta({ layers: "null" }), says: "not valid" },
    { what: "a layer that is null", make: meta({ layers: "[null]" }), says: "not valid" },
    { what: "compile that is no JSON", make: meta({ compile: "{" }), says: "not valid" },
    { what: "compile that is a number", make: meta({ compile: "5" }), says: "not valid" },
    { what: "compile with an unknown loss", make: meta({ compile: '{"loss":"mse"}' }), says: "not valid" },
    { what: "layers nested 20,000 deep", make: meta({ layers: "[".repeat(20_000) }), says: "nested" },
    {
      what: "a layer type nested 20,000 deep",
      make: meta({ layers: `[{"type":${"[".repeat(20_000)}${"]".repeat(20_000)}}]` }),
      says: "nested",
    },
    { what: "compile nested 20,000 deep", make: meta({ compile: "[".repeat(20_000) }), says: "nested" },
    {
      what: "more layers than tensors",
      make: meta({ layers: JSON.stringify(Array(100_000).fill({ type: "dense", units: 1 })) }),
      says: "100000 layers, and only 9 tensors",
    },
    {
      what: "a layer that has a unit count twice",
      make: changed(({ tensors, metadata }) => ({
        tensors,
        metadata: { ...metadata, layers: metadata.layers!.replace('"units":8', '"units":9,"units":8') },
      })),
      says: 'the key "units" twice',
    },
    ...["", "-1", "1.5", "4294967296", "0x10", "1e3", "9".repeat(1000)].map((seed) => ({
      what: `a seed of ${seed.slice(0, 12)}`,
      make: meta({ seed }),
      says: "seed",
    })),
    { what: "a tensor missing", make: tensors((all) => all.slice(1)), says: "no tensor" },
    {
      what: "a tensor too many",
      make: tensors((all) => [...all, { name: "more", shape: [1], data: new Float32Array(1) }]),
      says: "10 tensors",
    },
    {
      what: "a tensor of another shape",
      make: tensors((all) => all.map((t, i) => (i === 0 ? { ...t, shape: [12, 50] } : t))),
      says: "shape",
    },
    {
      what: "NaN in a tensor",
      make: tensors((all) =>
        all.map((t, i) => (i === 3 ? { ...t, data: t.data.slice().fill(Number.NaN) } : t)),
      ),
      says: "NaN",
    },
    {
      what: "a picture",
      make: () => Uint8Array.of(0x89, 0x50, 0x4e, 0x47, 13, 10, 26, 10, 0, 0, 0, 13),
      says: "header",
    },
  ])("$what", async ({ make, says }) => {
    const { memoryInUse } = await kit.info();
    await expect(kit.load(make())).rejects.toMatchObject({
      code: "BAD_MODEL_FILE",
      message: expect.stringContaining(says) as string,
    });
    expect((await kit.info()).memoryInUse).toBe(memoryInUse);
  });

  test.each(["inputDim", "outputDim", "units"])(
    "a %s that would take more memory than there is",
    async (size) => {
      const layers = JSON.stringify(model.layers).replace(
        new RegExp(`"${size}":\\d+`),
        `"${size}":2147483647`,
      );
      expect(layers).not.toBe(JSON.stringify(model.layers));
      expect(await codeOf(() => kit.load(meta({ layers })()))).toBe("BAD_MODEL_FILE");
    },
  );
});

test("20,000 layers without names, in 4 MB, load and answer in about a second", async () => {
  const n = 20_000;
  const layers = [
    lstm({ units: 1, inputShape: [null, 1] }),
    ...Array.from({ length: n }, () => dense({ units: 1 })),
  ];
  const ones = (name: string, ...shape: number[]) => {
    return { name, shape, data: new Float32Array(shape.reduce((a, b) => a * b)).fill(1) };
  };
  const tensors = [
    ones("lstm/lstm_cell/kernel", 1, 4),
    ones("lstm/lstm_cell/recurrent_kernel", 1, 4),
    ones("lstm/lstm_cell/bias", 4),
    ...layers.slice(1).flatMap((_, i) => {
      const name = i === 0 ? "dense" : `dense_${i}`;
      return [ones(`${name}/kernel`, 1, 1), ones(`${name}/bias`, 1)];
    }),
  ];
  const start = performance.now();
  const metadata = { lstmkit: "1", layers: JSON.stringify(layers) };
  const loaded = await kit.load(encodeSafetensors({ tensors, metadata }));
  const { data } = await loaded.predict({ data: Float32Array.of(1), shape: [1, 1, 1] });
  const summary = await loaded.summary();
  // It was 23 s; a loaded machine may take several times the one second.
  expect(performance.now() - start).toBeLessThan(8000);
  expect(Math.floor(data[0]!)).toBe(n); // every dense adds 1 to what the LSTM gives, between 0 and 1
  expect(summary.split("\n").at(-1)).toBe("Total params: 40,012");
  await loaded.dispose();
});

test("metadata with keys that every object has come back", async () => {
  const metadata = Object.fromEntries([
    ["__proto__", "a"],
    ["constructor", "b"],
    ["\ud800", "\0"],
  ]);
  const loaded = await kit.load(await model.save({ metadata }));
  expect(Object.entries(loaded.metadata)).toEqual(expect.arrayContaining(Object.entries(metadata)));
  await loaded.dispose();
});

test("one byte of the header changed anywhere gives BAD_MODEL_FILE, or a model that answers", async () => {
  const headerEnd = 8 + Number(new DataView(bytes.buffer).getBigUint64(0, true));
  for (let at = 0; at < headerEnd; at += 3) {
    const damaged = bytes.slice();
    damaged[at]! ^= 1 << (at % 8);
    const loaded = await kit.load(damaged).catch((error: { code?: string }) => {
      expect(error.code, `byte ${at}`).toBe("BAD_MODEL_FILE");
    });
    if (!loaded) continue;
    expect((await loaded.predict(x)).data).toHaveLength(37);
    await loaded.dispose();
  }
});

test("metadata of more keys than a file may have are refused by save, not by load", async () => {
  const metadata = Object.fromEntries(Array.from({ length: 2 ** 20 }, (_, i) => [`${i}`, ""]));
  expect(await codeOf(() => model.save({ metadata }))).toBe("BAD_ARGUMENT");
});
