import { BroadcastChannel, Worker } from "node:worker_threads";
import { describe, expect, test } from "vitest";
import type { Runtime } from "../../src/node.ts";
import { smallData, smallModel } from "../train/small-job.ts";
import { atCall, END, hookedScript } from "../train/thread-hook.ts";
import { rejection, spawn, WORKER_SCRIPT } from "./spawned.ts";

const { x, y } = smallData(75);
const ENDLESS = { epochs: 1e9, batchSize: 53 };
const pause = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));

/**
 * A session whose threads can be reached from here: one is terminated at a message "end".
 *
 * @param script of its threads
 */
const reachable = (script = WORKER_SCRIPT): Worker => {
  const source = `
    import { syncBuiltinESMExports } from "node:module";
    import threads, { parentPort } from "node:worker_threads";
    const { Worker } = threads;
    const started = [];
    threads.Worker = class extends Worker {
      constructor(_, options) {
        super(new URL(${JSON.stringify(script.href)}), options);
        started.push(this);
      }
    };
    syncBuiltinESMExports();
    parentPort.on("message", (message) => {
      if (message === "end") started.at(-1).terminate();
    });
    await import(${JSON.stringify(WORKER_SCRIPT.href)});`;
  return new Worker(new URL(`data:text/javascript,${encodeURIComponent(source)}`));
};

/** All that is called says so, and close() is not held up. */
async function expectLost(kit: Runtime, calls: readonly (() => Promise<unknown>)[]): Promise<void> {
  for (const call of calls) {
    const { error, ms } = await rejection(call());
    expect(error).toMatchObject({ code: "THREAD_FAILED" });
    expect(ms).toBeLessThan(1000);
  }
  const start = performance.now();
  await kit.close();
  expect(performance.now() - start).toBeLessThan(1000);
}

describe.each([2, 3])("in a worker with %i threads, a thread that is terminated", (threads) => {
  test("while nothing runs is THREAD_FAILED at the next call", async () => {
    const worker = reachable();
    const kit = await spawn({ threads, worker });
    const model = await smallModel(kit);
    await model.fit(x, y);
    const digest = await model.digest();
    worker.postMessage("end");
    const training = () => model.fit(x, y, ENDLESS);
    expect((await rejection(training())).error).toMatchObject({ code: "THREAD_FAILED" });
    expect(await model.digest()).toBe(digest);
    await expectLost(kit, [training, () => model.predict(x), () => smallModel(kit)]);
  });

  test("at any moment of 12 fits is noticed within a second in each", async () => {
    for (let run = 0; run < 12; run++) {
      const worker = reachable();
      const kit = await spawn({ threads, worker });
      const model = await smallModel(kit);
      const fit = rejection(model.fit(x, y, ENDLESS));
      await pause(run * 1.7);
      const start = performance.now();
      worker.postMessage("end");
      expect((await fit).error).toMatchObject({ code: "THREAD_FAILED" });
      expect(performance.now() - start).toBeLessThan(1000);
      await kit.close();
    }
  });

  test("in the midst of a step is noticed within a second", async () => {
    const kit = await spawn({ threads, worker: reachable(hookedScript(atCall("sumShards", 3, END))) });
    const model = await smallModel(kit);
    const { error } = await rejection(model.fit(x, y, ENDLESS));
    expect(error).toMatchObject({ code: "THREAD_FAILED", cause: "it exited with code 3" });
    expect(await model.digest()).toMatch(/^[0-9a-f]{64}$/);
    await expectLost(kit, [() => model.fit(x, y, ENDLESS)]);
  });
});

test("a worker that is terminated takes its threads with it", async () => {
  const name = `lstmkit ${process.pid}`;
  const tell = `(kernels) => {
    const channel = new BroadcastChannel(${JSON.stringify(name)});
    return { peak(...given) { channel.postMessage(0); return kernels.peak(...given); } };
  }`;
  const channel = new BroadcastChannel(name);
  let heard = 0;
  channel.onmessage = () => {
    heard++;
  };
  const worker = reachable(hookedScript(tell));
  const kit = await spawn({ threads: 3, worker });
  const fit = rejection((await smallModel(kit)).fit(x, y, ENDLESS));
  await expect.poll(() => heard, { timeout: 10_000 }).toBeGreaterThan(10);
  await worker.terminate();
  expect((await fit).error).toMatchObject({ code: "WORKER_DIED" });
  // Some messages may be on their way; then there is silence.
  const isSilent = async () => {
    const before = heard;
    await pause(250);
    return heard === before;
  };
  await expect.poll(isSilent, { timeout: 5000 }).toBe(true);
  channel.close();
});
