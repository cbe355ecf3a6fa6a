import { spawn as spawnProcess } from "node:child_process";
import type { Worker } from "node:worker_threads";
import { describe, expect, test } from "vitest";
import { type Runtime, spawnRuntime } from "../../src/node.ts";
import { smallData, smallModel } from "../train/small-job.ts";
import { rejection, spawn, startWorker } from "./spawned.ts";

const { x, y } = smallData();
const ENDLESS = { epochs: 1e9, batchSize: 37 };
const pause = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));

describe.each([1, 3])("with %i threads", (threads) => {
  test("a worker that is terminated rejects what is pending within a second, and another works", async () => {
    let worker: Worker | undefined;
    const kit = await spawn({ threads, worker: () => (worker = startWorker()) });
    const [model, other] = [await smallModel(kit), await smallModel(kit)];
    const pending = [model.fit(x, y, ENDLESS), other.fit(x, y, { ...ENDLESS, onEpochEnd: () => pause(1e4) })];
    const rejected = Promise.all(pending.map(rejection));
    await pause(100);
    const start = performance.now();
    void worker!.terminate();
    for (const { error } of await rejected) expect(error).toMatchObject({ code: "WORKER_DIED" });
    expect(performance.now() - start).toBeLessThan(1000);
    for (const call of [kit.info(), model.digest(), kit.sequential([])]) {
      expect((await rejection(call)).error).toMatchObject({ code: "WORKER_DIED" });
    }
    await model.dispose();
    await kit.close();
    expect((await smallModel(await spawn({ threads }))).layers).toHaveLength(4);
  });

  test("close() ends a fit at once with DISPOSED, and every call after it", async () => {
    const kit = await spawn({ threads });
    const model = await smallModel(kit);
    const fit = rejection(model.fit(x, y, ENDLESS));
    await pause(50);
    await Promise.all([kit.close(), kit.close()]);
    await kit.close();
    expect((await fit).error).toMatchObject({ code: "DISPOSED" });
    for (const call of [kit.info(), kit.sequential([]), model.digest(), model.fit(x, y)]) {
      expect((await rejection(call)).error).toMatchObject({ code: "DISPOSED" });
    }
    await model.dispose();
  });
});

test("an error that nothing catches in the worker is the cause of WORKER_DIED", async () => {
  const { Worker } = await import("node:worker_threads");
  const script = `
    await import(${JSON.stringify(new URL("../../dist/runtime-worker-node.js", import.meta.url).href)});
    setTimeout(() => { throw new RangeError("a bug") }, 200);`;
  const worker = new Worker(new URL(`data:text/javascript,${encodeURIComponent(script)}`));
  const kit = await spawn({ worker });
  const { error } = await rejection((await smallModel(kit)).fit(x, y, ENDLESS));
  expect(error).toMatchObject({ code: "WORKER_DIED", message: expect.stringMatching(/a bug/) as string });
  expect(error.cause).toBeInstanceOf(RangeError);
});

describe("a worker that does not start is WORKER_FAILED at once", () => {
  const data = (script: string) => new URL(`data:text/javascript,${encodeURIComponent(script)}`);
  test.each([
    { what: "no such script", worker: new URL("./nothing.js", import.meta.url) },
    { what: "no such path", worker: "/nowhere/nothing.js" },
    { what: "a path that is none", worker: "nothing.js" },
    { what: "a script that throws", worker: data("throw new Error('no')") },
    { what: "a script that cannot be read", worker: data("this is no JavaScript") },
    { what: "another script", worker: data("1 + 1") },
    {
      what: "a function that throws",
      worker: () => {
        throw new Error("no");
      },
    },
  ])("$what", async ({ worker }) => {
    const { error, ms } = await rejection(spawnRuntime({ worker }));
    expect(error).toMatchObject({ code: "WORKER_FAILED" });
    expect(ms).toBeLessThan(1000);
  });

  test("a worker that had ended", async () => {
    const worker = startWorker();
    await worker.terminate();
    expect((await rejection(spawnRuntime({ worker }))).error).toMatchObject({ code: "WORKER_FAILED" });
  });
});

test("a worker that was started long ago may be given", async () => {
  const worker = startWorker();
  await pause(200);
  expect(await (await spawn({ worker })).info()).toMatchObject({ where: "worker" });
});

test("50 rounds of spawning and closing leave no worker and no memory behind", async () => {
  const open = () =>
    process.getActiveResourcesInfo().filter((name) => /Worker|MessagePort/.test(name)).length;
  const round = async (n: number) => {
    const kit = await spawnRuntime({ threads: 1 + (n % 2) });
    await (await smallModel(kit)).fit(x, y, { onBatchEnd() {}, onEpochEnd() {} });
    await kit.close();
  };
  const before = open();
  for (let n = 0; n < 10; n++) await round(n);
  const { rss } = process.memoryUsage();
  for (let n = 0; n < 50; n++) await round(n);
  expect(open()).toBeLessThanOrEqual(before);
  expect(process.memoryUsage().rss - rss).toBeLessThan(60 * 2 ** 20);
});

test("1000 calls leave no listener and no pending call behind", async () => {
  const worker = startWorker();
  const kit = await spawn({ worker });
  const model = await smallModel(kit);
  const listeners = () => worker.eventNames().map((name) => worker.listenerCount(name));
  const before = listeners();
  for (let n = 0; n < 1000; n++) await model.predict(x);
  expect(listeners()).toEqual(before);
  const { memoryInUse } = await kit.info();
  for (let n = 0; n < 20; n++) await (await smallModel(kit)).dispose();
  expect((await kit.info()).memoryInUse).toBe(memoryInUse);
});

describe("a process with a runtime in a worker", () => {
  const inProcess = async (body: string) => {
    const script = `
      import { dense, lstm, spawnRuntime } from ${JSON.stringify(new URL("../../dist/node.js", import.meta.url).href)};
      const kit = await spawnRuntime({ threads: 2 });
      const model = await kit.sequential([lstm({ units: 8, inputShape: [null, 3] }), dense({ units: 1, activation: "sigmoid" })]);
      await model.compile({ loss: "binaryCrossentropy" });
      const x = { data: new Float32Array(64 * 5 * 3).fill(0.5), shape: [64, 5, 3] };
      const y = new Uint8Array(64);
      ${body}`;
    const child = spawnProcess(process.execPath, ["--input-type=module", "--eval", script]);
    const timer = setTimeout(() => child.kill("SIGKILL"), 20_000);
    const output = { stdout: "", stderr: "" };
    for (const name of ["stdout", "stderr"] as const) {
      child[name].setEncoding("utf8").on("data", (text: string) => {
        output[name] += text;
        if (text.includes("interrupt me")) child.kill("SIGINT");
      });
    }
    const end = await new Promise((resolve) => {
      child.on("close", (code, signal) => resolve(signal ?? code));
    });
    clearTimeout(timer);
    return { ...output, end };
  };

  test("ends by itself while the runtime is idle", async () => {
    expect(await inProcess("await model.fit(x, y); console.log('end');")).toEqual({
      stdout: "end\n",
      stderr: "",
      end: 0,
    });
  });

  test("stays alive for a fit that nobody awaits, with its last callback", async () => {
    const body = "void model.fit(x, y, { epochs: 200 }).then(() => console.log('end'));";
    expect(await inProcess(body)).toEqual({ stdout: "end\n", stderr: "", end: 0 });
  });

  test("ends after close()", async () => {
    const body = "await kit.close(); console.log('end');";
    expect(await inProcess(body)).toEqual({ stdout: "end\n", stderr: "", end: 0 });
  });

  test("is interrupted by Ctrl-C in the middle of a fit", async () => {
    const body =
      "await model.fit(x, y, { epochs: 1e9, onEpochEnd: (n) => n === 3 && console.log('interrupt me') });";
    expect(await inProcess(body)).toMatchObject({ end: "SIGINT" });
  });
});

test("an idle runtime takes no time of the processor", async () => {
  const kit: Runtime = await spawn({ threads: 3 });
  await (await smallModel(kit)).fit(x, y);
  await pause(100);
  const before = process.cpuUsage();
  await pause(500);
  const { user, system } = process.cpuUsage(before);
  expect((user + system) / 1000).toBeLessThan(250);
});
