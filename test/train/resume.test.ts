import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { decodeModel, encodeModel, type SavedModel } from "../../src/formats/model-file.ts";
import { dense, lstm, type Runtime } from "../../src/index.ts";
import { codeOf, openKit, smallData, smallModel } from "./small-job.ts";

const { x, y } = smallData();
let kit: Runtime;

beforeEach(async () => {
  kit = await openKit();
});

afterEach(() => kit.close());

test("fit on a loaded model begins anew with Adam, shuffles and masks; its weights alone are kept", async () => {
  const options = { epochs: 2, batchSize: 8 };
  const model = await smallModel(kit);
  await model.fit(x, y, options);
  const [bytes, weights] = [await model.save(), await model.getWeights()];

  const loaded = await kit.load(bytes);
  expect(await loaded.digest()).toBe(await model.digest());
  await loaded.fit(x, y, options);

  // Epoch 0 of a new model of the same seed, with these weights.
  const fresh = await smallModel(kit);
  await fresh.setWeights(weights);
  await fresh.fit(x, y, options);
  expect(await loaded.digest()).toBe(await fresh.digest());

  // The model itself goes on with epoch 2, as if there had been no break.
  await model.fit(x, y, options);
  expect(await model.digest()).not.toBe(await loaded.digest());
  const whole = await smallModel(kit);
  await whole.fit(x, y, { ...options, epochs: 4 });
  expect(await model.digest()).toBe(await whole.digest());
});

describe("a file's state of training that somebody else wrote, with the checksum right", () => {
  const saved = async (): Promise<SavedModel> => {
    const model = await smallModel(kit);
    await model.fit(x, y, { epochs: 1 });
    return decodeModel(await model.save({ optimizer: true }));
  };
  const withFacts = (of: SavedModel, facts: object) =>
    encodeModel({ ...of, training: { ...of.training!, facts: { ...of.training!.facts, ...facts } } });

  test.each([
    { epochs: -1 },
    { epochs: "2" },
    { iterations: 1.5 },
    { rate: Number.NaN },
    { keptBatch: 0 },
    { optimizer: {} },
    { optimizer: { peak: 1, fastest: Number.POSITIVE_INFINITY, learningRate: 1 } },
    { optimizer: undefined },
  ])("%j is refused", async (facts) => {
    const bytes = withFacts(await saved(), facts);
    expect(await codeOf(kit.load(bytes))).toBe("BAD_MODEL_FILE");
  });

  test("tensors that are not there are named, and memory is given back", async () => {
    const of = await saved();
    const before = (await kit.info()).memoryInUse;
    const [first, ...others] = of.training!.tensors;
    const bytes = encodeModel({ ...of, training: { ...of.training!, tensors: others } });
    await expect(kit.load(bytes)).rejects.toThrow(
      `BAD_MODEL_FILE: the file's state of training has no tensor ${first!.name}`,
    );
    expect((await kit.info()).memoryInUse).toBe(before);
  });

  test("states of another size than the layers' are refused by what would go on from them", async () => {
    const layers = [lstm({ units: 4, inputShape: [null, 2], stateful: true }), dense({ units: 1 })];
    const model = await kit.sequential(layers, { seed: 1 });
    await model.compile({ loss: "meanSquaredError" });
    const numbers = { data: new Float32Array(2 * 3 * 2), shape: [2, 3, 2] };
    const targets = { data: new Float32Array(2), shape: [2, 1] };
    await model.fit(numbers, targets, { batchSize: 2, shuffle: false });
    const of = decodeModel(await model.save({ optimizer: true }));
    const tensors = of.training!.tensors.map((one) =>
      one.name === "kept" ? { ...one, shape: [3], data: new Float32Array(3) } : one,
    );
    const loaded = await kit.load(encodeModel({ ...of, training: { ...of.training!, tensors } }));
    expect(await codeOf(loaded.predict(numbers, { batchSize: 2 }))).toBe("BAD_MODEL_FILE");
    await loaded.resetStates();
    await loaded.predict(numbers, { batchSize: 2 });
  });
});
