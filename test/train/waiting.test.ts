import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { Team } from "../../src/model/team.ts";
import { createRuntime, type FitOptions, type Model, type Runtime, spawnRuntime } from "../../src/node.ts";
import { Sequential } from "../../src/train/sequential.ts";
import { instantiateKernels } from "../../src/wasm/kernels.ts";
import { LinearMemory } from "../../src/wasm/memory.ts";
import { kernelBytes } from "../builds.ts";
import { rejection } from "../worker/spawned.ts";
import { codeOf, LOSS, smallData, smallLayers, smallModel } from "./small-job.ts";

const { x, y } = smallData(75);
const RUN = { epochs: 2, batchSize: 53 };
const pause = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));

const unhandled: unknown[] = [];
const note = (reason: unknown) => unhandled.push(reason);
beforeEach(() => void process.on("unhandledRejection", note));
afterEach(() => {
  process.off("unhandledRejection", note);
  expect(unhandled.splice(0)).toEqual([]);
});

const RUNTIMES = [
  { name: "in this thread", open: () => createRuntime() },
  { name: "in this thread and another", open: () => createRuntime({ threads: 2 }) },
  { name: "in a worker", open: () => spawnRuntime() },
];

describe.each(RUNTIMES)("$name", ({ open }) => {
  let kit: Runtime;
  let model: Model;
  beforeEach(async () => {
    kit = await open();
    model = await smallModel(kit);
  });
  afterEach(() => kit.close());

  describe.each(["onBatchEnd", "onEpochEnd"] as const)("a promise of %s that never settles", (name) => {
    /** A fit that hangs in its callback until `end`, which is called once it does. */
    const hanging = async (
      end: () => unknown,
      options: FitOptions = {},
      answer = new Promise<void>(() => {}),
    ) => {
      let called = () => {};
      const inCallback = new Promise<void>((resolve) => {
        called = resolve;
      });
      const callback = () => {
        called();
        return answer;
      };
      const fit = rejection(model.fit(x, y, { ...RUN, ...options, [name]: callback }));
      await inCallback;
      setTimeout(end, 20);
      return fit;
    };

    test("does not outlast an abort, after which the model is used as before", async () => {
      const stop = new AbortController();
      const { error } = await hanging(() => stop.abort("enough"), { signal: stop.signal });
      expect(error).toMatchObject({ code: "ABORTED", cause: "enough" });
      await model.predict(x);
      await model.compile(LOSS);
      await model.fit(x, y, RUN);
    });

    test("does not outlast an abort that it makes itself", async () => {
      const stop = new AbortController();
      const answer = () => {
        stop.abort();
        return new Promise<void>(() => {});
      };
      const fit = model.fit(x, y, { ...RUN, signal: stop.signal, [name]: answer });
      expect(await codeOf(fit)).toBe("ABORTED");
    });

    test.each([
      { what: "dispose", end: () => model.dispose() },
      { what: "close", end: () => kit.close() },
    ])("does not outlast $what", async ({ end }) => {
      expect((await hanging(end)).error).toMatchObject({ code: "DISPOSED" });
    });

    test("is of no consequence when it rejects later on", async () => {
      const stop = new AbortController();
      let fail: (error: Error) => void = () => {};
      const answer = new Promise<void>((_, reject) => {
        fail = reject;
      });
      const { error } = await hanging(() => stop.abort(), { signal: stop.signal }, answer);
      expect(error).toMatchObject({ code: "ABORTED" });
      fail(new Error("too late"));
      await pause(20);
    });
  });

  test("a callback that throws, at once or later, ends the fit with that very error", async () => {
    const bug = new RangeError("a bug");
    const thrower = () => {
      throw bug;
    };
    for (const onBatchEnd of [thrower, () => Promise.reject(bug), async () => pause(5).then(thrower)]) {
      expect((await rejection(model.fit(x, y, { ...RUN, onBatchEnd }))).error).toBe(bug);
    }
    await model.fit(x, y, RUN);
  });

  test("an abort in the last callback counts too, but not before what the callback throws", async () => {
    const bug = new RangeError("a bug");
    for (const wrap of [(end: () => void) => end(), async (end: () => void) => end()]) {
      const stop = new AbortController();
      const onEpochEnd = () => wrap(() => stop.abort());
      expect(await codeOf(model.fit(x, y, { onEpochEnd, signal: stop.signal }))).toBe("ABORTED");
    }
    const last = new AbortController();
    const onEpochEnd = async () => {
      last.abort();
      throw bug;
    };
    expect((await rejection(model.fit(x, y, { onEpochEnd, signal: last.signal }))).error).toBe(bug);
  });

  test("calls may be made in callbacks, by one that has aborted its fit as well", async () => {
    const other = await smallModel(kit, 3);
    const stop = new AbortController();
    let calls: Promise<unknown> | undefined;
    const inCallback = async () => {
      const { epoch } = await other.fit(x, y, RUN);
      const code = await codeOf(() => model.fit(x, y, RUN));
      stop.abort();
      return [epoch, code, (await model.predict(x)).shape, (await model.digest()).length];
    };
    const onBatchEnd = async () => {
      calls ??= inCallback();
      await calls;
    };
    expect(await codeOf(model.fit(x, y, { ...RUN, signal: stop.signal, onBatchEnd }))).toBe("ABORTED");
    expect(await calls).toEqual([[0, 1], "BUSY", [75, 1], 64]);
    expect(await codeOf(model.fit(x, y, { ...RUN, onBatchEnd: () => kit.close() }))).toBe("DISPOSED");
  });

  test("a signal that throws leaves the model free", async () => {
    const bug = new Error("no");
    const thrower = () => {
      throw bug;
    };
    const plain = { aborted: false, addEventListener() {}, removeEventListener() {} };
    const signals = [{ addEventListener: thrower }, { removeEventListener: thrower }];
    for (const signal of signals.map((own) => ({ ...plain, ...own }) as never as AbortSignal)) {
      for (const call of [() => model.fit(x, y, { ...RUN, signal }), () => model.predict(x, { signal })]) {
        expect((await rejection(call())).error).toBe(bug);
      }
      await model.compile(LOSS);
      await model.setWeights(await model.getWeights());
      await model.fit(x, y, RUN);
    }
  });

  test("fake timers, set up after the package was loaded, stop nothing", async () => {
    const expected = await model.digest();
    vi.useFakeTimers({ toFake: [...FAKED] });
    try {
      const other = await open();
      const again = await smallModel(other);
      expect(await again.digest()).toBe(expected);
      const seconds: number[] = [];
      const onEpochEnd = async (_: number, logs: { seconds: number }) => void seconds.push(logs.seconds);
      await again.fit(x, y, { ...RUN, validationSplit: 0.2, onBatchEnd: async () => {}, onEpochEnd });
      await again.evaluate(x, y);
      expect(Math.min(...seconds)).toBeGreaterThan(0);
      await other.close();
    } finally {
      vi.useRealTimers();
    }
  });
});

const FAKED = [
  "setTimeout",
  "clearTimeout",
  "setInterval",
  "clearInterval",
  "setImmediate",
  "clearImmediate",
  "Date",
  "performance",
  "queueMicrotask",
] as const;

describe("memory that runs out in the midst of a fit", () => {
  /** A model on a memory of at most 2.5 MiB. */
  const model = async () => {
    const memory = new LinearMemory(new WebAssembly.Memory({ initial: 1, maximum: 40 }));
    const kernels = await instantiateKernels(await WebAssembly.compile(kernelBytes("release")), memory.wasm);
    const team = new Team(kernels, memory, 1);
    const made = new Sequential({ kernels, memory, team, seed: 22, onDispose: () => {} }, smallLayers());
    await made.compile(LOSS);
    return { memory, made };
  };
  /** Take all that is left, in ever smaller blocks. */
  const fill = (memory: LinearMemory) => {
    const blocks: number[] = [];
    for (let bytes = 2 ** 22; bytes >= 64; bytes /= 2) {
      for (;;) {
        try {
          blocks.push(memory.allocate(bytes, "a test"));
        } catch {
          break;
        }
      }
    }
    return blocks;
  };

  test.each([
    { what: "for the order of the next epoch", options: {}, fillAt: "onEpochEnd" as const },
    { what: "for validation", options: { validationSplit: 0.2 }, fillAt: "onBatchEnd" as const },
  ])("$what is OUT_OF_MEMORY, and what the fit held is given back", async ({ options, fillAt }) => {
    const { memory, made } = await model();
    await made.fit(x, y, { ...RUN, ...options });
    const before = memory.bytesInUse;
    let blocks: number[] = [];
    const callback = () => {
      blocks = [...blocks, ...fill(memory)];
    };
    expect(await codeOf(made.fit(x, y, { ...RUN, ...options, [fillAt]: callback }))).toBe("OUT_OF_MEMORY");
    for (const block of blocks) memory.free(block);
    expect(memory.bytesInUse).toBe(before);
    await made.fit(x, y, { ...RUN, ...options });
    await made.predict(x);
    await made.dispose();
    expect(memory.bytesInUse).toBe(0);
  });

  test("or before it begins takes nothing, not even the optimiser's", async () => {
    const { memory, made } = await model();
    let refusals = 0;
    // Smallest first: long before there is room for the batch there is for the optimiser.
    for (const block of fill(memory).reverse()) {
      memory.free(block);
      const before = memory.bytesInUse;
      const error = await made.fit(x, y, RUN).catch((thrown: unknown) => thrown);
      if (!(error instanceof Error)) continue;
      refusals++;
      expect(error).toMatchObject({ code: "OUT_OF_MEMORY" });
      expect(memory.bytesInUse).toBe(before);
    }
    expect(refusals).toBeGreaterThan(5);
    await made.dispose();
    expect(memory.bytesInUse).toBe(0);
  });
});
