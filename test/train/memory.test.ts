import { expect, test } from "vitest";
import { dense, embedding, lstm } from "../../src/index.ts";
import { Team } from "../../src/model/team.ts";
import { Sequential } from "../../src/train/sequential.ts";
import { instantiateKernels } from "../../src/wasm/kernels.ts";
import { LinearMemory } from "../../src/wasm/memory.ts";
import { kernelBytes } from "../builds.ts";
import { codeOf, LOSS, openKit, smallData, smallLayers, smallModel } from "./small-job.ts";

const { x, y } = smallData(9);

test("500 rounds of making, training, asking and disposing leave memory as it was", async () => {
  const kit = await openKit();
  const round = async (n: number) => {
    const model = await smallModel(kit, n, n % 2 === 0 ? "lstm" : "simpleRNN");
    await model.fit(x, y, { batchSize: 4, validationSplit: 0.25 });
    await model.predict(x);
    await model.evaluate(x, y);
    await model.digest();
    await model.dispose();
    return (await kit.info()).memoryBytes;
  };
  for (let n = 0; n < 4; n++) await round(n);
  const { memoryBytes } = await kit.info();
  const sizes = new Set<number>();
  for (let n = 0; n < 500; n++) sizes.add(await round(n));
  expect([...sizes]).toEqual([memoryBytes]);
  expect((await kit.info()).memoryInUse).toBe(0);
});

test("calls that fail leave memory as it was", async () => {
  const kit = await openKit();
  const model = await smallModel(kit);
  await model.fit(x, y);
  const before = await kit.info();
  for (let n = 0; n < 20; n++) {
    await codeOf(() => model.fit(x, [2]));
    await codeOf(() => model.fit(x, y, { signal: AbortSignal.abort() }));
    const controller = new AbortController();
    await codeOf(
      model.fit(x, y, { epochs: 9, signal: controller.signal, onBatchEnd: () => controller.abort() }),
    );
    await codeOf(() => kit.sequential([]));
    await codeOf(() => kit.load(new Uint8Array(20)));
  }
  expect(await kit.info()).toEqual(before);
});

test("training on goes on in the same memory", async () => {
  const kit = await openKit();
  const model = await smallModel(kit);
  await model.fit(x, y);
  const before = await kit.info();
  await model.fit(x, y, { epochs: 20 });
  expect(await kit.info()).toEqual(before);
});

test("a model past the address space is refused with OUT_OF_MEMORY before anything is taken", async () => {
  const kit = await openKit();
  const before = await kit.info();
  const head = dense({ units: 1 });
  for (const layers of [
    [embedding({ inputDim: 9, outputDim: 4 }), lstm({ units: 100_000 }), head],
    [embedding({ inputDim: 2 ** 31 - 1, outputDim: 2 ** 31 - 1 }), lstm({ units: 4 }), head],
  ]) {
    expect(await codeOf(() => kit.sequential(layers))).toBe("OUT_OF_MEMORY");
  }
  expect(await kit.info()).toEqual(before);
});

test("a batch past the address space is refused with OUT_OF_MEMORY, and the model stays usable", async () => {
  const kit = await openKit();
  const model = await kit.sequential([
    embedding({ inputDim: 9, outputDim: 4 }),
    lstm({ units: 256 }),
    dense({ units: 1, activation: "sigmoid" }),
  ]);
  await model.compile(LOSS);
  const before = await kit.info();
  const steps = 500_000;
  const long = { data: new Uint8Array(steps), shape: [1, steps] };
  expect(await codeOf(() => model.fit(long, [1]))).toBe("OUT_OF_MEMORY");
  expect(await codeOf(() => model.predict(long))).toBe("OUT_OF_MEMORY");
  expect(await kit.info()).toEqual(before);
  expect((await model.predict([[1, 2, 3]])).shape).toEqual([1, 1]);
});

test("memory in use is what its models hold", async () => {
  const kit = await openKit();
  expect((await kit.info()).memoryInUse).toBe(0);
  const models = [await kit.sequential(smallLayers()), await kit.sequential(smallLayers())];
  const { memoryInUse } = await kit.info();
  await models[0]!.dispose();
  expect((await kit.info()).memoryInUse).toBe(memoryInUse / 2);
  await kit.close();
  expect((await kit.info()).memoryInUse).toBe(0);
});

test("a model that does not fit, at whatever point, leaves no block behind", async () => {
  const module = await WebAssembly.compile(kernelBytes("release"));
  const refusals = new Set<number>();
  for (let maximum = 1; maximum < 20; maximum++) {
    const memory = new LinearMemory(new WebAssembly.Memory({ initial: 1, maximum }));
    const kernels = await instantiateKernels(module, memory.wasm);
    const layers = [lstm({ units: 64, inputShape: [null, 64] }), dense({ units: 1 })];
    try {
      new Sequential(
        { kernels, memory, team: new Team(kernels, memory, 1), seed: 0, onDispose: () => {} },
        layers,
      );
    } catch (error) {
      expect(error).toMatchObject({ code: "OUT_OF_MEMORY" });
      expect(memory.bytesInUse, `at most ${maximum} pages`).toBe(0);
      refusals.add(maximum);
    }
  }
  expect(refusals.has(1)).toBe(true);
  expect(refusals.has(19)).toBe(false);
});
