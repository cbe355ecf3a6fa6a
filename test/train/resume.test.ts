import { afterEach, beforeEach, expect, test } from "vitest";
import type { Runtime } from "../../src/index.ts";
import { openKit, smallData, smallModel } from "./small-job.ts";

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
