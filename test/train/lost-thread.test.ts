import { once } from "node:events";
import type { Worker } from "node:worker_threads";
import { afterEach, describe, expect, test, vi } from "vitest";
import { createRuntime, type Model, type Runtime } from "../../src/node.ts";
import { rejection } from "../worker/spawned.ts";
import { codeOf, smallData, smallModel } from "./small-job.ts";
import { atCall, END, hookedScript, openTeam, sleepFor } from "./thread-hook.ts";

// 75 samples in batches of 53 and 22: several shards each, so that every thread has work.
const { x, y } = smallData(75);
const RUN = { epochs: 2, batchSize: 53 };
const ENDLESS = { ...RUN, epochs: 1e9 };

const kits: Runtime[] = [];
const open = async (...given: Parameters<typeof openTeam>) => {
  const team = await openTeam(...given);
  kits.push(team.kit);
  return team;
};
afterEach(() => Promise.all(kits.splice(0).map((kit) => kit.close())));

const alone = await createRuntime();
/** The digests after 0, 1, 2, … batches. */
const digests = await (async () => {
  const model = await smallModel(alone);
  const seen = [await model.digest()];
  await model.fit(x, y, { ...RUN, onBatchEnd: async () => void seen.push(await model.digest()) });
  return seen;
})();

/** A runtime that has lost a thread says so at every call, keeps what it has, and closes. */
async function expectLost(kit: Runtime, model: Model): Promise<void> {
  for (const call of [
    () => model.fit(x, y, RUN),
    () => model.predict(x),
    () => model.predict({ data: x.data.subarray(0, 10), shape: [1, 10] }),
    () => model.evaluate(x, y),
    () => model.trace(x),
    () => model.gradientFlow(x, y),
    () => smallModel(kit),
  ]) {
    const { error, ms } = await rejection(call());
    expect(error).toMatchObject({ code: "THREAD_FAILED" });
    expect(ms).toBeLessThan(100);
  }
  expect(await kit.info()).toMatchObject({ threads: expect.any(Number) as number });
  expect(await model.summary()).toContain("lstm");
  await model.dispose();
  const start = performance.now();
  await Promise.all([kit.close(), kit.close()]);
  expect(performance.now() - start).toBeLessThan(1000);
  expect(await codeOf(() => smallModel(kit))).toBe("DISPOSED");
}

describe.each([2, 3])("with %i threads, a thread that is terminated", (threads) => {
  test.each<{ when: string; end: (worker: Worker) => Promise<unknown> }>([
    { when: "and gone before the call", end: (worker) => worker.terminate() },
    { when: "in the turn of the call", end: async (worker) => void worker.terminate() },
    {
      when: "and whose end the caller has just heard of",
      end: (worker) => {
        const exit = once(worker, "exit");
        void worker.terminate();
        return exit;
      },
    },
  ])("$when is THREAD_FAILED", async ({ end }) => {
    const { kit, workers } = await open(threads);
    const model = await smallModel(kit);
    await model.fit(x, y, RUN);
    const digest = await model.digest();
    await end(workers.at(-1)!);
    const { error, ms } = await rejection(model.fit(x, y, RUN));
    expect(error).toMatchObject({
      code: "THREAD_FAILED",
      message: expect.stringMatching(/exited/) as string,
    });
    expect(ms).toBeLessThan(1000);
    expect(await model.digest()).toBe(digest);
    await expectLost(kit, model);
  });

  test("in a callback ends the fit and all that runs beside it, with the weights of the batch before", async () => {
    const { kit, workers } = await open(threads);
    const [model, other] = [await smallModel(kit), await smallModel(kit, 3)];
    const beside = rejection(other.fit(x, y, { ...ENDLESS, onBatchEnd: () => new Promise(() => {}) }));
    let batches = 0;
    const onBatchEnd = () => {
      if (++batches === 3) void workers[0]!.terminate();
    };
    const { error } = await rejection(model.fit(x, y, { ...RUN, onBatchEnd }));
    expect(error).toMatchObject({ code: "THREAD_FAILED" });
    expect((await beside).error).toMatchObject({ code: "THREAD_FAILED" });
    expect(await model.digest()).toBe(digests[3]);
    await expectLost(kit, model);
  });

  test("at any moment of 12 runs is noticed in each, and another runtime works at once", async () => {
    for (let run = 0; run < 12; run++) {
      const { kit, workers } = await open(threads);
      const model = await smallModel(kit);
      setTimeout(() => void workers[run % workers.length]!.terminate(), run * 1.7);
      expect(await codeOf(model.fit(x, y, ENDLESS))).toBe("THREAD_FAILED");
      await kit.close();
    }
    const { kit } = await open(threads);
    const model = await smallModel(kit);
    await model.fit(x, y, RUN);
    expect(await model.digest()).toBe(digests.at(-1));
  });

  test("with all the others is THREAD_FAILED as well", async () => {
    const { kit, workers } = await open(threads);
    const model = await smallModel(kit);
    const onBatchEnd = () => workers.forEach((worker) => void worker.terminate());
    expect(await codeOf(model.fit(x, y, { ...ENDLESS, onBatchEnd }))).toBe("THREAD_FAILED");
    await expectLost(kit, model);
  });
});

/** Where in the step a thread is, by the kernel that it calls. */
const POINTS = [
  { where: "before its first product", kernel: "packPanels", call: 1 },
  { where: "in a product", kernel: "product", call: 5 },
  { where: "in the sums of the second step", kernel: "sumShards", call: 2 },
] as const;

/** Trains until that fails. @returns the error, how soon it came after the last batch, and the digest of that batch */
async function failingFit(model: Model) {
  let [digest, at] = [digests[0], performance.now()];
  const onBatchEnd = async () => {
    digest = await model.digest();
    at = performance.now();
  };
  const { error } = await rejection(model.fit(x, y, { ...ENDLESS, onBatchEnd }));
  return { error, ms: performance.now() - at, digest };
}

describe.each([2, 3])("with %i threads, one that ends in the midst of a step", (threads) => {
  test.each(POINTS)("$where leaves the weights of the batch before", async ({ kernel, call }) => {
    const { kit } = await open(threads, [hookedScript(atCall(kernel, call, END))]);
    const model = await smallModel(kit);
    const { error, ms, digest } = await failingFit(model);
    expect(error).toMatchObject({ code: "THREAD_FAILED", cause: "it exited with code 3" });
    expect(ms).toBeLessThan(1000);
    expect(await model.digest()).toBe(digest);
    await expectLost(kit, model);
  });

  test("in an update tears the weights: they are neither told nor saved", async () => {
    const { kit } = await open(threads, [hookedScript(atCall("adam", 3, END))]);
    const [model, other] = [await smallModel(kit), await smallModel(kit, 3)];
    const untouched = await other.digest();
    expect(await codeOf(model.fit(x, y, ENDLESS))).toBe("THREAD_FAILED");
    for (const call of [() => model.getWeights(), () => model.digest(), () => model.save()]) {
      const { error } = await rejection(call());
      expect(error).toMatchObject({
        code: "THREAD_FAILED",
        message: expect.stringMatching(/update/) as string,
      });
    }
    expect(await other.digest()).toBe(untouched);
    await other.save();
    await expectLost(kit, model);
  });

  test("of an evaluation loses nothing", async () => {
    const { kit } = await open(threads, [hookedScript(atCall("packPanels", 1, END))]);
    const model = await smallModel(kit);
    expect(await codeOf(model.evaluate(x, y, { batchSize: 75 }))).toBe("THREAD_FAILED");
    expect(await model.digest()).toBe(digests[0]);
    await expectLost(kit, model);
  });

  test("by an error of its own is THREAD_FAILED with that error's words", async () => {
    const broken = hookedScript(atCall("product", 5, "throw new RangeError('a bug');"));
    const { kit } = await open(threads, [broken]);
    const model = await smallModel(kit);
    const { error, ms, digest } = await failingFit(model);
    expect(error).toMatchObject({ code: "THREAD_FAILED", cause: "RangeError: a bug" });
    expect(ms).toBeLessThan(1000);
    expect(await model.digest()).toBe(digest);
    await expectLost(kit, model);
  });
});

test("a thread that ends while it starts is THREAD_FAILED, and so is a script that cannot be read", async () => {
  for (const script of ["process.exit(3)", "this is no JavaScript"]) {
    const url = new URL(`data:text/javascript,${encodeURIComponent(script)}`);
    const { error, ms } = await rejection(openTeam(3, [undefined, url]));
    expect(error).toMatchObject({ code: "THREAD_FAILED" });
    expect(ms).toBeLessThan(2000);
  }
});

test("an error in the caller's own part is THREAD_FAILED with it as the cause, and the others end", async () => {
  const { instantiate } = WebAssembly;
  const bug = new RangeError("a bug");
  const hook = vi.spyOn(WebAssembly, "instantiate").mockImplementationOnce((async (
    module: WebAssembly.Module,
    imports: WebAssembly.Imports,
  ) => {
    const { exports } = await instantiate(module, imports);
    const peak = (_address: number, _length: number) => {
      throw bug;
    };
    return { exports: { ...exports, peak } };
  }) as never);
  const { kit, workers } = await open(3);
  hook.mockRestore();
  const model = await smallModel(kit);
  const { error } = await rejection(model.fit(x, y, RUN));
  expect(error).toMatchObject({ code: "THREAD_FAILED", cause: bug });
  expect(await model.digest()).toBe(digests[0]);
  await expectLost(kit, model);
  expect(workers.map(({ threadId }) => threadId)).toEqual([-1, -1]);
});

describe("a thread that is late, but alive", () => {
  const late = (kernel: string, call: number) => hookedScript(atCall(kernel, call, sleepFor(300)));

  test.each(["product", "sumShards", "adam"])(
    "in %s is waited for, and changes no bit; other calls are answered meanwhile",
    async (kernel) => {
      const { kit } = await open(3, [late(kernel, 2)]);
      const [model, other] = [await smallModel(kit), await smallModel(kit, 3)];
      const fit = model.fit(x, y, RUN);
      // In the midst of a step: reads see the weights of a batch's end, and another model trains in turn.
      const seen: string[] = [];
      const reading = (async () => {
        while (seen.length < 50 && seen.at(-1) !== digests.at(-1)) {
          seen.push(await model.digest());
          await new Promise((resolve) => setTimeout(resolve, 5));
        }
      })();
      await Promise.all([fit, other.fit(x, y, RUN), reading]);
      expect(await model.digest()).toBe(digests.at(-1));
      for (const digest of seen) expect(digests).toContain(digest);
      const expected = await smallModel(alone, 3);
      await expected.fit(x, y, RUN);
      expect(await other.digest()).toBe(await expected.digest());
    },
  );

  test("is waited for by close(), and the fit under way is DISPOSED", async () => {
    const { kit } = await open(2, [late("adam", 1)]);
    const model = await smallModel(kit);
    const fit = rejection(model.fit(x, y, ENDLESS));
    setTimeout(() => void kit.close(), 100); // while the step waits
    expect((await fit).error).toMatchObject({ code: "DISPOSED" });
    await kit.close();
  });

  test("leaves predictions of a few sequences, asked for at once, apart", async () => {
    // Asleep in every shard that it claims, so that the second call comes in the midst of the first.
    const slow = `(kernels) => {
      let calls = 0;
      return { lstmForward(...given) {
        if (calls++ % 8 === 0) { ${sleepFor(100)} }
        return kernels.lstmForward(...given);
      } };
    }`;
    const { kit } = await open(2, [hookedScript(slow)]);
    const model = await smallModel(kit);
    const few = smallData(100).x;
    const inputs = [few, { ...few, data: few.data.toReversed() }];
    await model.predict(few, { batchSize: 128 }); // its plan is kept
    const found = await Promise.all(inputs.map((input) => model.predict(input, { batchSize: 128 })));
    const expected = await smallModel(alone);
    for (const [i, input] of inputs.entries()) expect(found[i]).toEqual(await expected.predict(input));
  });
});
