/** What becomes of arrays: read once and whole, whatever they are made of, and copied when the call is made. */
import { afterAll, beforeAll, describe, expect, expectTypeOf, test } from "vitest";
import {
  createRuntime,
  dense,
  embedding,
  type Inputs,
  type Layer,
  lstm,
  type Model,
  type Runtime,
  spawnRuntime,
  type Targets,
} from "../../src/node.ts";
import type { ModelCall } from "../../src/train/calls.ts";
import { codedError } from "../data/coded-error.ts";
import { LOSS, smallData, smallModel, V } from "./small-job.ts";

const { x, y } = smallData();
let kits: Runtime[];
let reader: Model;
let tagger: Model;

beforeAll(async () => {
  kits = [await createRuntime(), await spawnRuntime()];
  reader = await smallModel(kits[0]!);
  tagger = await kits[0]!.sequential([
    lstm({ units: 4, returnSequences: true, inputShape: [null, 1] }),
    dense({ units: 1, activation: "sigmoid" }),
  ]);
  await tagger.compile(LOSS);
});
afterAll(() => Promise.all(kits.map((kit) => kit.close())));

const refusal = (work: Promise<unknown>) =>
  work.then(
    () => "taken",
    (error: Error) => error,
  );

describe("a hole is found, with its place", () => {
  const series = () => [
    [[1], [2], [3]],
    [[4], [5], [6]],
  ];
  test.each([
    ["of a number", (s: number[][][]) => delete s[0]![1]![0], /x\[0\]\[1\]\[0\] is missing/],
    ["of a step", (s: number[][][]) => delete s[1]![2], /x\[1\]\[2\] is missing/],
    ["of a sample", (s: number[][][]) => delete s[1], /x\[1\] is missing/],
    ["that is undefined", (s: unknown[][][]) => (s[0]![2]![0] = undefined), /x\[0\]\[2\]\[0\] is missing/],
  ])("%s", async (_, damage, message) => {
    const given = series();
    damage(given);
    expect(await refusal(tagger.predict(given))).toEqual(codedError("BAD_VALUE", message));
  });

  test("in y", async () => {
    const holes = [0, 1];
    delete holes[0];
    expect(await refusal(reader.evaluate([[1], [2]], holes))).toEqual(
      codedError("BAD_VALUE", /y\[0\] is missing/),
    );
  });
});

describe("numbers are taken however they are held", () => {
  const rows = [
    [1, 2, 3],
    [4, 5, 6],
  ];
  const flat = rows.flat();
  const same: Record<string, unknown> = {
    "nested arrays": rows,
    "an array of typed arrays": rows.map((row) => Float64Array.from(row)),
    "an array of big integers": rows.map((row) => row.map(BigInt)),
    "an array of arrays of 64-bit integers": rows.map((row) => BigInt64Array.from(row.map(BigInt))),
    Float64Array: { data: Float64Array.from(flat), shape: [2, 3] },
    BigUint64Array: { data: BigUint64Array.from(flat.map(BigInt)), shape: [2, 3] },
    Int8Array: { data: Int8Array.from(flat), shape: [2, 3] },
    Uint8ClampedArray: { data: Uint8ClampedArray.from(flat), shape: [2, 3] },
    Uint32Array: { data: Uint32Array.from(flat), shape: [2, 3] },
    "a plain array with a shape": { data: flat, shape: [2, 3] },
    "shared memory": {
      data: new Int32Array(new SharedArrayBuffer(24)).map((_, i) => flat[i]!),
      shape: [2, 3],
    },
    "a buffer that may shrink": {
      data: (() => {
        const Resizable = ArrayBuffer as unknown as new (
          n: number,
          o: { maxByteLength: number },
        ) => ArrayBuffer;
        const view = new Int32Array(new Resizable(24, { maxByteLength: 48 }));
        view.set(flat);
        return view;
      })(),
      shape: [2, 3],
    },
  };
  test.each(Object.entries(same))("%s", async (_, given) => {
    const expected = await reader.predict(rows);
    expect(await reader.predict(given as Inputs)).toEqual(expected);
  });

  test("true and false are 1 and 0", async () => {
    const { loss } = await reader.evaluate(rows, [true, false]);
    expect(loss).toBe((await reader.evaluate(rows, [1, 0])).loss);
  });
});

describe("what is no array of numbers is refused", () => {
  const inItself: unknown[] = [];
  inItself.push(inItself);
  let deep: unknown = 1;
  for (let i = 0; i < 20_000; i++) deep = [deep];
  test.each<[string, unknown, "BAD_SHAPE" | "BAD_VALUE" | "BAD_INDEX", RegExp]>([
    ["an array that holds itself", inItself, "BAD_SHAPE", /nested more than 3 deep/],
    ["20,000 arrays within each other", deep, "BAD_SHAPE", /nested more than 3 deep/],
    ["a DataView", { data: new DataView(new ArrayBuffer(8)), shape: [1, 2] }, "BAD_SHAPE", /a DataView/],
    ["text", [["a", "b"]], "BAD_VALUE", /x\[0\]\[0\] is "a"/],
    ["a date", [[new Date(0)]], "BAD_VALUE", /is a Date/],
    ["a big integer past 2⁵³", [[2n ** 60n]], "BAD_VALUE", /is 1152921504606846976n/],
    ["a map", new Map(), "BAD_SHAPE", /x is a Map/],
    ["a long row among short ones", [[1], new Float32Array(99_999)], "BAD_SHAPE", /^.{1,300}$/],
    ["a function", () => 3, "BAD_SHAPE", /a function/],
    ["a shape that a getter changes", shapeShifter(), "BAD_SHAPE", /claims shape/],
  ])("%s", async (_, given, code, message) => {
    expect(await refusal(reader.predict(given as Inputs))).toEqual(codedError(code, message));
  });

  /** Says (1, 2) to whoever asks first, and (1, 1000) from then on. */
  function shapeShifter() {
    let asked = 0;
    return {
      data: new Int32Array(3),
      get shape() {
        return asked++ === 0 ? [1, 2] : [1, 1000];
      },
    };
  }

  test("an array whose buffer was transferred, with what became of it", async () => {
    const given = { data: Int32Array.of(1, 2), shape: [1, 2] };
    structuredClone(given.data.buffer, { transfer: [given.data.buffer] });
    expect(await refusal(reader.predict(given))).toEqual(codedError("BAD_SHAPE", /was transferred/));
  });
});

describe.each([0, 1])("what the caller does to arrays after the call changes nothing, %#", (place) => {
  const digestOf = async (train: (model: Model, given: ReturnType<typeof smallData>) => Promise<unknown>) => {
    const model = await smallModel(kits[place]!);
    const given = smallData();
    await train(model, given);
    const digest = await model.digest();
    await model.dispose();
    return digest;
  };

  test("refilled at once, or in a callback", async () => {
    const options = { epochs: 2, batchSize: 8 };
    const expected = await digestOf((model, { x, y }) => model.fit(x, y, options));
    const atOnce = digestOf((model, { x, y }) => {
      const fitting = model.fit(x, y, options);
      x.data.fill(V * 1000);
      y.data.fill(9);
      x.shape[0] = 1;
      return fitting;
    });
    expect(await atOnce).toBe(expected);
    const later = digestOf((model, { x, y }) =>
      model.fit(x, y, { ...options, onBatchEnd: () => void x.data.fill(-50) }),
    );
    expect(await later).toBe(expected);
  });

  test("of evaluate, predict, and validation data", async () => {
    const model = await smallModel(kits[place]!);
    const [a, b] = [smallData(), smallData()];
    const expected = [await model.predict(a.x), await model.evaluate(a.x, a.y)];
    const reads = [model.predict(b.x), model.evaluate(b.x, b.y)];
    b.x.data.fill(-1);
    b.y.data.fill(7);
    expect(await Promise.all(reads)).toEqual(expected);
    const c = smallData();
    const fitting = model.fit(x, y, { validationData: [c.x, c.y] });
    c.x.data.fill(1e9);
    await fitting;
  });
});

test.each([0, 1])("a model's layers are frozen, in runtime %i", async (place) => {
  const model = await smallModel(kits[place]!);
  expect(() => Object.assign(model.layers[0]!, { inputDim: 2 ** 30 })).toThrow(TypeError);
  expect(() => (model.layers as Layer[]).pop()).toThrow(TypeError);
  await model.dispose();
});

test.each([0, 1])("bytes, weights and metadata are those of the call, in runtime %i", async (place) => {
  const kit = kits[place]!;
  const [model, other] = [await smallModel(kit), await smallModel(kit, 1)];
  const [file, weights, digest] = [await model.save(), await model.getWeights(), await model.digest()];
  const loading = kit.load(file);
  file.fill(0);
  expect(await (await loading).digest()).toBe(digest);
  const setting = other.setWeights(weights);
  for (const { data } of weights) data.fill(Number.NaN);
  await setting;
  expect(await other.digest()).toBe(digest);
  const metadata: Record<string, unknown> = { note: "mine" };
  const saving = model.save({ metadata: metadata as Record<string, string> });
  metadata.note = 5;
  expect((await kit.load(await saving)).metadata).toEqual({ note: "mine" });
});

test("as in Keras, epochs: 0 trains nothing and validationSplit: 0 splits nothing off", async () => {
  for (const kit of kits) {
    const [model, other] = [await smallModel(kit), await smallModel(kit)];
    const before = await model.digest();
    expect(await model.fit(x, y, { epochs: 0 })).toEqual({ epoch: [], history: {} });
    expect(await model.digest()).toBe(before);
    const { history } = await model.fit(x, y, { validationSplit: 0 });
    expect(Object.keys(history)).toEqual(["loss", "accuracy"]);
    await other.fit(x, y);
    expect(await model.digest()).toBe(await other.digest());
  }
});

test("a result that no memory holds is refused before anything is done", async () => {
  const wide = await kits[0]!.sequential([
    embedding({ inputDim: 3, outputDim: 1 }),
    lstm({ units: 1, returnSequences: true }),
    dense({ units: 100_000 }),
  ]);
  const ids = { data: new Uint8Array(200_000), shape: [200, 1000] };
  const message = /the result of shape \(200, 1000, 100000\) has 20000000000 numbers/;
  expect(await refusal(wide.predict(ids))).toEqual(codedError("OUT_OF_MEMORY", message));
  const traced = /the trace has 20001200000 numbers/;
  expect(await refusal(wide.trace(ids))).toEqual(codedError("OUT_OF_MEMORY", traced));
  await wide.dispose();
  // Six tensors of a thousand units, none of which is too large by itself.
  const many = await kits[0]!.sequential([lstm({ units: 1000, inputShape: [null, 1] }), dense({ units: 1 })]);
  const steps = { data: new Uint8Array(200_000), shape: [200, 1000, 1] };
  const all = /the trace has 1200200000 numbers, and 1073741824 is the most. Give fewer/;
  expect(await refusal(many.trace(steps))).toEqual(codedError("OUT_OF_MEMORY", all));
  await many.dispose();
});

test("a model is loaded from whatever holds its bytes", async () => {
  const bytes = await reader.save();
  const padded = new Uint8Array(bytes.length + 8);
  padded.set(bytes, 8);
  const held = [
    bytes,
    bytes.buffer,
    padded.subarray(8),
    new DataView(padded.buffer, 8),
    Buffer.from(bytes),
    new Blob([bytes]),
    new Response(bytes),
  ];
  for (const kit of kits) {
    for (const file of held) {
      const source = file instanceof Response ? file.clone() : file;
      expect(await (await kit.load(source)).digest()).toBe(await reader.digest());
    }
  }
});

test.each([null, undefined, 5, "model.safetensors", [1, 2], {}, new Map()])(
  "%o holds no bytes",
  async (given) => {
    for (const kit of kits) {
      expect(await refusal(kit.load(given as never))).toEqual(
        codedError("BAD_ARGUMENT", /load\(\) was given/),
      );
    }
  },
);

test("weights that float32 does not hold are refused, so that what save writes can be loaded", async () => {
  const weights = await reader.getWeights();
  const large = weights.map(({ shape, data }) => ({ shape, data: Float64Array.from(data).fill(1e39) }));
  expect(await refusal(reader.setWeights(large as never))).toEqual(
    codedError("BAD_VALUE", /weight 0, .*, element 0 is 1e\+39/),
  );
  for (const given of [null, undefined, 5, weights[0]]) {
    expect(await refusal(reader.setWeights(given as never))).toEqual(codedError("BAD_SHAPE"));
  }
});

test("the table of calls has every method of a model, and no other", () => {
  type Methods = {
    [K in keyof Model]: Model[K] extends (...given: never[]) => unknown ? K : never;
  }[keyof Model];
  expectTypeOf<ModelCall>().toEqualTypeOf<Methods>();
  expectTypeOf<Parameters<Model["fit"]>[1]>().toEqualTypeOf<Targets>();
});
