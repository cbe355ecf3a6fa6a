import { expect, test } from "vitest";
import { createRuntime, transfer } from "../../src/node.ts";
import { smallData, smallModel } from "../train/small-job.ts";
import { spawn } from "./spawned.ts";

const RUN = { epochs: 2, batchSize: 20 };

/** The small job's digest, in a worker, on the given data. */
async function digestOn({ x, y }: ReturnType<typeof smallData>): Promise<string> {
  const model = await smallModel(await spawn());
  await model.fit(x, y, { ...RUN, validationData: [x, y] });
  return model.digest();
}

test("arrays are copied to the worker and stay as they are", async () => {
  const data = smallData();
  const before = structuredClone(data);
  const digest = await digestOn(data);
  expect(data).toEqual(before);
  expect(await digestOn(data)).toBe(digest);
});

test("arrays that were marked with transfer() move, and leave an empty array behind", async () => {
  const data = smallData();
  const digest = await digestOn(smallData());
  expect(await digestOn({ x: transfer(data.x), y: data.y })).toBe(digest);
  expect([data.x.data.length, data.y.data.length]).toEqual([0, 37]);
});

test("an array that moved before is refused, and no call waits for ever", async () => {
  const { x, y } = smallData();
  const model = await smallModel(await spawn());
  await model.predict(transfer(x));
  for (const call of [() => model.predict(x), () => model.fit(x, y, { validationData: [x, y] })]) {
    await expect(call()).rejects.toMatchObject({
      code: "BAD_SHAPE",
      message: expect.stringMatching(/its buffer was transferred to somewhere else/) as string,
    });
  }
  await expect(model.predict({ data: new Int32Array(0), shape: [0, 10] })).rejects.toMatchObject({
    code: "BAD_SHAPE",
  });
});

test("a runtime in this thread leaves a marked array alone", async () => {
  const { x, y } = smallData();
  const kit = await createRuntime();
  await (await smallModel(kit)).fit(transfer(x), transfer(y), RUN);
  expect([x.data.length, y.data.length]).toEqual([370, 37]);
  await kit.close();
});

test("of a view, marked or not, only its own part is sent", async () => {
  const { x, y } = smallData();
  const buffer = new ArrayBuffer(64 * 2 ** 20);
  const view = new Int32Array(buffer, 1024, x.data.length);
  view.set(x.data);
  const digest = await digestOn({ x, y });
  expect(await digestOn({ x: { data: view, shape: x.shape }, y })).toBe(digest);
  expect(await digestOn({ x: transfer({ data: view, shape: x.shape }), y })).toBe(digest);
  expect([buffer.byteLength, view.length]).toEqual([64 * 2 ** 20, x.data.length]);
  const model = await smallModel(await spawn());
  const before = process.memoryUsage().arrayBuffers;
  await model.predict({ data: view, shape: x.shape });
  expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(2 ** 20);
});

test("Node's pooled buffers, shared memory and nested arrays cross too", async () => {
  const { x, y } = smallData();
  const digest = await digestOn({ x, y });
  const shared = new Int32Array(new SharedArrayBuffer(x.data.byteLength));
  shared.set(x.data);
  expect(await digestOn({ x: { data: shared, shape: x.shape }, y })).toBe(digest);
  const pooled = Buffer.from(Uint8Array.from(y.data));
  expect(await digestOn({ x, y: { data: pooled as never, shape: [37] } })).toBe(digest);
  const rows = Array.from({ length: 37 }, (_, n) => [...x.data.subarray(n * 10, n * 10 + 10)]);
  expect(await digestOn({ x: rows as never, y: [...y.data] as never })).toBe(digest);
});
