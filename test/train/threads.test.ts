import { spawnSync } from "node:child_process";
import { afterEach, describe, expect, test } from "vitest";
import { createRuntime, type Runtime, type RuntimeOptions } from "../../src/node.ts";
import { expectClose } from "../reference/closeness.ts";
import { TOLERANCES } from "../tolerances.ts";
import { codeOf, smallData, smallModel } from "./small-job.ts";

// 75 samples in batches of 53 and 22: shards of 16, the last of each batch a smaller one.
const { x, y } = smallData(75);
const RUN = { epochs: 3, batchSize: 53, validationData: [x, y] } as const;

const kits: Runtime[] = [];
const open = async (options: RuntimeOptions) => {
  const kit = await createRuntime(options);
  kits.push(kit);
  return kit;
};
afterEach(() => Promise.all(kits.splice(0).map((kit) => kit.close())));

/** All that a run gives. */
async function run(options: RuntimeOptions, cell: "lstm" | "simpleRNN", dropout?: number) {
  const model = await smallModel(await open(options), 22, cell, dropout);
  const { history } = await model.fit(x, y, RUN);
  const predictions = (await model.predict(x, { batchSize: 75 })).data;
  return { history, predictions, evaluation: await model.evaluate(x, y), digest: await model.digest() };
}

describe.each(["lstm", "simpleRNN"] as const)("%s", (cell) => {
  test.each([0.5, 0])(
    "1, 2, 3, 4 and 7 threads give the same digest, history and predictions, at dropout %f",
    async (dropout) => {
      const alone = await run({ threads: 1 }, cell, dropout);
      for (const threads of [2, 3, 4, 7]) {
        expect(await run({ threads }, cell, dropout), `${threads} threads`).toEqual(alone);
      }
    },
  );

  test("relaxed math stays close to strict, with one digest at any number of threads", async () => {
    const strict = await run({}, cell);
    const relaxed = await run({ math: "relaxed" }, cell);
    expect(await run({ math: "relaxed", threads: 3 }, cell)).toEqual(relaxed);
    const { bound, reason } = TOLERANCES.kernelTrainingLosses;
    const losses = {
      bound: bound * 10,
      reason: `3 epochs instead of 20 steps at ten times the rate: ${reason}`,
    };
    expectClose(relaxed.history.loss!, strict.history.loss!, losses, "losses");
  });
});

test("auto takes a thread a processor, and info() says how many there are", async () => {
  const { threads, threadsReason } = await (await open({ threads: "auto" })).info();
  const { availableParallelism } = await import("node:os");
  expect(threads).toBe(Math.min(8, availableParallelism()));
  expect(threadsReason).toBeUndefined();
});

test.each([0, -1, 1.5, 65, Number.NaN, "two" as never])("threads: %s is BAD_ARGUMENT", async (threads) => {
  expect(await codeOf(() => open({ threads }))).toBe("BAD_ARGUMENT");
});

test("math that is neither strict nor relaxed is BAD_ARGUMENT", async () => {
  expect(await codeOf(() => open({ math: "fast" as never }))).toBe("BAD_ARGUMENT");
});

test("two models train in turn on one team, and neither disturbs the other", async () => {
  const kit = await open({ threads: 2 });
  const [first, second] = [await smallModel(kit, 22), await smallModel(kit, 23, "simpleRNN")];
  await Promise.all([first.fit(x, y, RUN), second.fit(x, y, RUN)]);
  const alone = await smallModel(await open({}), 22);
  await alone.fit(x, y, RUN);
  expect(await first.digest()).toBe(await alone.digest());
});

test("a step whose loss is not finite changes no weight, with threads as without", async () => {
  const model = await smallModel(await open({ threads: 3 }));
  const weights = await model.getWeights();
  await model.setWeights(weights.map(({ data, shape }) => ({ data: data.slice().fill(3e38), shape })));
  const before = await model.digest();
  expect(await codeOf(model.fit(x, y, RUN))).toBe("LOSS_NOT_FINITE");
  expect(await model.digest()).toBe(before);
  await model.setWeights(weights);
  await model.fit(x, y, { epochs: 1, batchSize: 53 });
});

test("dispose ends the threads: 20 rounds leave none", async () => {
  const workers = () => process.getActiveResourcesInfo().filter((name) => name === "MessagePort").length;
  const before = workers();
  for (let round = 0; round < 20; round++) {
    const kit = await createRuntime({ threads: 3 });
    const model = await smallModel(kit);
    await model.fit(x, y, { epochs: 1, batchSize: 53 });
    await kit.close();
  }
  expect(workers()).toBeLessThanOrEqual(before);
});

describe("a process with threads ends by itself", () => {
  const inProcess = (body: string) => {
    const script = `
      import { createRuntime, dense, lstm } from ${JSON.stringify(new URL("../../dist/node.js", import.meta.url).href)};
      const kit = await createRuntime({ threads: 3 });
      const model = await kit.sequential([lstm({ units: 8, inputShape: [null, 3] }), dense({ units: 1, activation: "sigmoid" })]);
      await model.compile({ loss: "binaryCrossentropy" });
      const x = { data: new Float32Array(64 * 5 * 3).fill(0.5), shape: [64, 5, 3] };
      const y = new Uint8Array(64);
      ${body}
      console.log("end");`;
    const args = ["--input-type=module", "--eval", script];
    return spawnSync(process.execPath, args, { encoding: "utf8", timeout: 20_000 });
  };

  test.each([
    { what: "after a fit, without dispose", body: "await model.fit(x, y, { batchSize: 64 });" },
    {
      what: "after a fit that was aborted",
      body: `const stop = new AbortController();
        await model.fit(x, y, { epochs: 1e6, batchSize: 64, signal: stop.signal, onBatchEnd: () => stop.abort() })
          .catch(({ code }) => console.log(code));`,
    },
    {
      what: "after a fit that failed",
      body: `await model.setWeights((await model.getWeights()).map(({ data, shape }) => ({ data: data.fill(3e38), shape })));
        await model.fit(x, y, { batchSize: 64 }).catch(({ code }) => console.log(code));`,
    },
  ])("$what", ({ body }) => {
    const { status, stdout, stderr } = inProcess(body);
    expect(stderr).toBe("");
    expect(stdout.trim().split("\n").at(-1)).toBe("end");
    expect(status).toBe(0);
  });
});
