import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { padded } from "../../src/layers/kind.ts";
import { Team } from "../../src/model/team.ts";
import {
  bidirectional,
  createRuntime,
  dense,
  embedding,
  type Layer,
  lstm,
  type Model,
  type Runtime,
  spawnRuntime,
  timeDistributed,
} from "../../src/node.ts";
import { Sequential } from "../../src/train/sequential.ts";
import { instantiateKernels, type Kernels } from "../../src/wasm/kernels.ts";
import { LinearMemory } from "../../src/wasm/memory.ts";
import { kernelBytes } from "../builds.ts";
import { V as STACK_V, STACKS } from "../model/stacks.ts";
import { integers } from "../reference/sample.ts";
import { codeOf, LOSS, smallData, smallLayers, smallModel, T, V } from "./small-job.ts";

const ids = (samples: number, seed: number, steps = T, below = V) => ({
  data: integers(samples * steps, below, seed),
  shape: [samples, steps],
});

/** Batches that grow and shrink, of several lengths, whose tokens the ones before know in part. */
const CALLS = [ids(1, 1), ids(1, 2), ids(3, 3), ids(37, 4), ids(1, 5, 4), ids(1, 1), ids(150, 6)];

const bits = ({ data }: { data: Float32Array }) => Array.from(new Uint32Array(data.buffer));

async function outputs(model: Model, options: object, calls = CALLS): Promise<number[][]> {
  const found: number[][] = [];
  for (const x of calls) found.push(bits(await model.predict(x, { batchSize: 40, ...options })));
  return found;
}

describe.each([
  { where: "thread", threads: 1 },
  { where: "thread", threads: 3 },
  { where: "worker", threads: 2 },
])("in a $where, threads: $threads", ({ where, threads }) => {
  let kit: Runtime;
  beforeAll(async () => {
    kit = await (where === "thread" ? createRuntime : spawnRuntime)({ threads });
  });
  afterAll(() => kit.close());

  test("outputs are the same, to the bit, at every size of the store", async () => {
    const model = await smallModel(kit);
    const plain = await outputs(model, {});
    // 20,000 bytes: all 50 tokens of 132 bytes. 2,000: 15 of them, which one sample fills up.
    for (const cacheTokens of [true, 20_000, 2_000, 100, 0, false]) {
      expect(await outputs(model, { cacheTokens }), String(cacheTokens)).toEqual(plain);
    }
    await model.dispose();
  });

  test("after fit and setWeights they are those of the new weights", async () => {
    const model = await smallModel(kit);
    const { x, y } = smallData();
    await outputs(model, { cacheTokens: true });
    await model.fit(x, y, { batchSize: 8 });
    const trained = await outputs(model, { cacheTokens: true });
    expect(trained).toEqual(await outputs(model, {}));
    await model.setWeights(
      (await model.getWeights()).map(({ data, shape }) => ({ data: data.map((w) => w / 2), shape })),
    );
    const halved = await outputs(model, { cacheTokens: true });
    expect(halved).toEqual(await outputs(model, {}));
    expect(halved).not.toEqual(trained);
    await model.dispose();
  });

  test("calls made at once have the same outputs as one after the other", async () => {
    const model = await smallModel(kit);
    const plain = await outputs(model, {});
    const found = await Promise.all(
      CALLS.map((x, i) => model.predict(x, { batchSize: 40, cacheTokens: i % 3 > 0 })),
    );
    expect(found.map(bits)).toEqual(plain);
    await model.dispose();
  });

  test("nor do calls at once take each other's rows, where threads share batches and the store has room for two", async () => {
    const model = await kit.sequential([
      embedding({ inputDim: 1000, outputDim: 12 }),
      lstm({ units: 8 }),
      dense({ units: 1 }),
    ]);
    const calls = Array.from({ length: 9 }, (_, i) => ids(40, 10 + i, T, 1000));
    const cacheTokens = 800 * 132; // 400 at most in a call
    const plain = await outputs(model, {}, calls);
    const found = await Promise.all(calls.map((x) => model.predict(x, { batchSize: 40, cacheTokens })));
    expect(found.map(bits)).toEqual(plain);
    expect(await outputs(model, { cacheTokens }, calls)).toEqual(plain);
    await model.dispose();
  });
});

const EMBEDDED = STACKS.filter(({ layers }) => layers.some(({ type }) => type === "embedding"));

test.each(EMBEDDED)("$name: the same outputs", async ({ layers, features, T: only, more = [] }) => {
  const kit = await createRuntime();
  const model = await kit.sequential(layers);
  const steps = only ?? 11;
  const inputs = [{ steps: () => steps, ...(features && { features }) }, ...more];
  for (const seed of [1, 2]) {
    const x = inputs.map(({ steps: of, features: width }, i) => {
      const T = of(steps);
      if (width === undefined) return ids(3, seed + i, T, STACK_V);
      return { data: Float32Array.from(integers(3 * T * width, 100, seed)), shape: [3, T, width] };
    });
    const given = x.length > 1 ? x : x[0]!;
    const plain = bits(await model.predict(given));
    expect(bits(await model.predict(given, { cacheTokens: true }))).toEqual(plain);
  }
  await kit.close();
});

test("stacks with masks, in both directions and of several inputs are among them", () => {
  const names = EMBEDDED.flatMap(({ layers, more }) => [
    ...layers.map(({ type }) => type),
    ...layers.flatMap((layer) => ("maskZero" in layer && layer.maskZero ? ["mask"] : [])),
    ...(more ? ["several inputs"] : []),
  ]);
  expect(names).toEqual(expect.arrayContaining(["bidirectional", "mask", "several inputs"]));
});

/** A model, and what predict multiplies: multiply-adds of the products by kernel of the host. */
async function counted(layers: Layer[]) {
  const memory = new LinearMemory();
  const module = await WebAssembly.compile(kernelBytes("release"));
  const own = await instantiateKernels(module, memory.wasm);
  let products = 0;
  const product: Kernels["product"] = (...args) => {
    products += args[7] * args[8] * args[9];
    return own.product(...args);
  };
  const kernels = { ...own, product };
  const team = new Team(kernels, memory, 1);
  const model = new Sequential({ kernels, memory, team, seed: 22, onDispose: () => {} }, layers);
  return {
    model,
    memory,
    async cost(x: ReturnType<typeof ids>, options: object): Promise<number> {
      products = 0;
      await model.predict(x, options);
      return products;
    },
  };
}

/** Of E 12 and 8 units: multiply-adds of a token's row; of the layers above, those of a sample. */
const ROW = 12 * 4 * 8;
const ABOVE = T * 8 * 4 * padded(5) + 5 * padded(1);
const CASES: [name: string, layers: Layer[], row: number, above: number][] = [
  ["lstm", smallLayers(), ROW, ABOVE],
  [
    "bidirectional",
    [
      embedding({ inputDim: V, outputDim: 12 }),
      bidirectional({ layer: lstm({ units: 8 }) }),
      dense({ units: 1 }),
    ],
    2 * ROW,
    16 * padded(1),
  ],
  [
    "timeDistributed(dense)",
    [embedding({ inputDim: V, outputDim: 12 }), timeDistributed({ layer: dense({ units: 8 }) })],
    12 * 8,
    0,
  ],
];

describe.each(CASES)("%s", (_, layers, row, above) => {
  const once = { data: Int32Array.from({ length: T }, (_, i) => i), shape: [1, T] };
  const others = { data: Int32Array.from({ length: T }, (_, i) => 5 + i), shape: [1, T] };

  test("a token is multiplied once, and again when weights have changed", async () => {
    const { model, cost } = await counted(layers);
    const options = { cacheTokens: true };
    expect(await cost(once, {})).toBe(T * row + above);
    expect(await cost(once, options)).toBe(T * row + above);
    expect(await cost(once, options)).toBe(above);
    expect(await cost(others, options)).toBe(5 * row + above); // half of them are new
    expect(await cost(others, options)).toBe(above);
    await model.setWeights(await model.getWeights());
    expect(await cost(others, options)).toBe(T * row + above);
    expect(await cost(others, {})).toBe(T * row + above);
    await model.dispose();
  });

  test("without a store, a token that comes again in a call is multiplied once", async () => {
    const { model, cost } = await counted(layers);
    const again = { data: Int32Array.from({ length: T }, (_, i) => i % 4), shape: [1, T] };
    expect(await cost(again, {})).toBe(4 * row + above);
    expect(await cost(once, {})).toBe(T * row + above);
    expect(await cost(again, {})).toBe(4 * row + above);
    await model.dispose();
  });

  test("a full store is begun anew: no call makes more rows than without", async () => {
    const { model, cost } = await counted(layers);
    const floats = row / 12;
    const options = { cacheTokens: 14 * (floats + 1) * 4 };
    expect(await cost(once, options)).toBe(T * row + above);
    expect(await cost(others, options)).toBe(T * row + above); // 10 + 5 is too many
    expect(await cost(others, options)).toBe(above);
    await model.dispose();
  });

  test("a store without room for the tokens of one batch is none", async () => {
    const { model, memory, cost } = await counted(layers);
    const options = { cacheTokens: (T - 1) * (row / 12 + 1) * 4 };
    await cost(once, {});
    const before = memory.bytesInUse;
    for (let n = 0; n < 2; n++) expect(await cost(once, options)).toBe(T * row + above);
    expect(memory.bytesInUse).toBe(before);
    await model.dispose();
  });
});

test("its memory is in memoryInUse, within its bytes, the same from call to call, and dispose gives it back", async () => {
  const kit = await createRuntime();
  const model = await smallModel(kit);
  const inUse = async (cacheTokens: boolean | number) => {
    await model.predict(CALLS[0]!, { cacheTokens });
    return (await kit.info()).memoryInUse;
  };
  // Of 50 tokens, 132 bytes each. Blocks begin on cache lines.
  const [all, thirty, fifteen] = [await inUse(true), await inUse(30 * 132), await inUse(15 * 132)];
  for (const bytes of [all - thirty - 20 * 132, thirty - fifteen - 15 * 132])
    expect(Math.abs(bytes)).toBeLessThanOrEqual(128);
  for (const x of [CALLS[1]!, CALLS[4]!]) await model.predict(x, { cacheTokens: true });
  expect(await inUse(true)).toBe(all);
  await model.dispose();
  expect((await kit.info()).memoryInUse).toBe(0);
  await kit.close();
});

test("a model that is fed with numbers takes no memory for it", async () => {
  const kit = await createRuntime();
  const model = await kit.sequential([lstm({ units: 5, inputShape: [4, 3] })]);
  const x = { data: new Float32Array(12).fill(0.5), shape: [1, 4, 3] };
  const plain = bits(await model.predict(x));
  const { memoryInUse } = await kit.info();
  expect(bits(await model.predict(x, { cacheTokens: true }))).toEqual(plain);
  expect((await kit.info()).memoryInUse).toBe(memoryInUse);
  await kit.close();
});

test.each([-1, 0.5, Number.NaN, "yes", null, {}])("cacheTokens: %s is BAD_ARGUMENT", async (cacheTokens) => {
  const kit = await createRuntime();
  const model = await smallModel(kit);
  const call = () => model.predict(CALLS[0]!, { cacheTokens: cacheTokens as never });
  expect(await codeOf(call)).toBe("BAD_ARGUMENT");
  await expect(call()).rejects.toThrow(
    "it must be true, false, or the most bytes, a whole number from 0 on.",
  );
  await kit.close();
});

test("evaluate has no such option", async () => {
  const kit = await createRuntime();
  const model = await smallModel(kit);
  await model.compile(LOSS);
  const { x, y } = smallData();
  expect(await codeOf(() => model.evaluate(x, y, { cacheTokens: true } as object))).toBe("BAD_ARGUMENT");
  await kit.close();
});
