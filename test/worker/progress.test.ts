import { expect, test } from "vitest";
import { LstmkitError, type Model } from "../../src/node.ts";
import { smallData, smallModel } from "../train/small-job.ts";
import { rejection, spawn } from "./spawned.ts";

const { x, y } = smallData();
const pause = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));

test("onBatchEnd is called at most 20 times a second, and for the last batch of every epoch", async () => {
  const model = await smallModel(await spawn());
  const large = smallData(4000);
  const seen: { epoch: number; batch: number; time: number }[] = [];
  let epoch = 0;
  const start = performance.now();
  await model.fit(large.x, large.y, {
    epochs: 3,
    batchSize: 2,
    onBatchEnd(batch, { batches, size, loss }) {
      expect({ batches, size, finite: Number.isFinite(loss) }).toEqual({
        batches: 2000,
        size: 2,
        finite: true,
      });
      seen.push({ epoch, batch, time: performance.now() });
    },
    onEpochEnd(index) {
      expect(index).toBe(epoch);
      epoch++;
    },
  });
  const seconds = (performance.now() - start) / 1000;
  expect(epoch).toBe(3);
  expect(seen.filter(({ batch }) => batch === 1999).map((call) => call.epoch)).toEqual([0, 1, 2]);
  expect(seen.length).toBeGreaterThan(3);
  expect(seen.length).toBeLessThanOrEqual(20 * seconds + 1 + 3);
});

test("the worker waits for a callback's promise", async () => {
  const model = await smallModel(await spawn());
  const digests: string[] = [];
  await model.fit(x, y, {
    epochs: 3,
    batchSize: 37,
    async onEpochEnd() {
      await pause(20);
      digests.push(await model.digest());
    },
  });
  expect(new Set(digests).size).toBe(3);
  expect(digests[2]).toBe(await model.digest());
});

test("this thread runs on while the worker trains", async () => {
  const model = await smallModel(await spawn());
  const large = smallData(4000);
  let turns = 0;
  const timer = setInterval(() => turns++, 5);
  const start = performance.now();
  await model.fit(large.x, large.y, { batchSize: 4000, epochs: 10 });
  clearInterval(timer);
  expect(turns).toBeGreaterThan((performance.now() - start) / 50);
});

test.each(["onBatchEnd", "onEpochEnd"] as const)("what %s throws is what fit rejects with", async (name) => {
  const model = await smallModel(await spawn());
  for (const thrown of [Object.assign(new RangeError("mine"), { self: () => {} }), "text", undefined]) {
    const throwing = () => {
      throw thrown;
    };
    await expect(model.fit(x, y, { [name]: throwing })).rejects.toBe(thrown);
    await expect(model.fit(x, y, { [name]: async () => throwing() })).rejects.toBe(thrown);
  }
  await model.fit(x, y); // it is not left BUSY
});

const endless = (model: Model, options: Parameters<Model["fit"]>[2]) =>
  model.fit(x, y, { epochs: 1e9, batchSize: 5, ...options });

test("an abort in a callback stops before the next batch, as in this thread", async () => {
  const model = await smallModel(await spawn());
  const stop = new AbortController();
  const reason = new Error("enough");
  const batches: number[] = [];
  const { error } = await rejection(
    endless(model, {
      signal: stop.signal,
      onBatchEnd(batch) {
        batches.push(batch);
        stop.abort(reason);
      },
    }),
  );
  expect(error).toBeInstanceOf(LstmkitError);
  expect(error).toMatchObject({
    code: "ABORTED",
    message: expect.stringMatching(/^ABORTED: stopped by the signal/) as string,
  });
  expect(error.cause).toBe(reason);
  expect(batches).toEqual([0]);
});

test("an abort from outside stops fit, evaluate and predict within a batch", async () => {
  const model = await smallModel(await spawn({ threads: 2 }));
  const large = smallData(20_000);
  const works = {
    fit: (signal: AbortSignal) => endless(model, { signal }),
    evaluate: (signal: AbortSignal) => model.evaluate(large.x, large.y, { batchSize: 1, signal }),
    predict: (signal: AbortSignal) => model.predict(large.x, { batchSize: 1, signal }),
  };
  for (const [name, work] of Object.entries(works)) {
    const stop = new AbortController();
    const running = work(stop.signal);
    running.catch(() => {});
    await pause(30);
    stop.abort();
    const { error, ms } = await rejection(running);
    expect(error, name).toMatchObject({ code: "ABORTED" });
    expect(ms, name).toBeLessThan(1000);
    expect((await rejection(work(stop.signal))).error, name).toMatchObject({ code: "ABORTED" });
  }
});

test("a signal keeps no listener of a call that is over", async () => {
  const model = await smallModel(await spawn());
  const { signal } = new AbortController();
  let listening = 0;
  const counted = new Proxy(signal, {
    get(target, name) {
      if (name === "addEventListener") listening++;
      if (name === "removeEventListener") listening--;
      const value = Reflect.get(target, name, target) as unknown;
      return typeof value === "function" ? value.bind(target) : value;
    },
  });
  await model.fit(x, y, { signal: counted });
  await model.predict(x, { signal: counted });
  expect(listening).toBe(0);
});
