import { afterAll, describe, expect, test } from "vitest";
import { Team } from "../../src/model/team.ts";
import { instantiateKernels } from "../../src/runtime/kernels.ts";
import { growableMemory, LinearMemory } from "../../src/runtime/memory.ts";
import type { Thread } from "../../src/runtime/platform.ts";
import { Sequential } from "../../src/train/sequential.ts";
import { linkNodeWorker } from "../../src/worker/link-node.ts";
import { startThread } from "../../src/worker/start-thread.ts";
import { kernelFile, WORKER_SCRIPT } from "../worker/spawned.ts";
import { codeOf, LOSS, smallData, smallLayers } from "./small-job.ts";

const GIB = 2 ** 30;
const { x, y } = smallData(75);
const few = { data: x.data.slice(0, 30), shape: [3, 10] };
const RUN = { epochs: 2, batchSize: 53, validationSplit: 0.2 };
const SEED = 2 ** 32 - 1; // the largest

const threads: Thread[] = [];
const teams: Team[] = [];
afterAll(async () => {
  await Promise.all(teams.map((team) => team.dismiss()));
  await Promise.all(threads.map((thread) => thread.end()));
});

/** A team whose memory is taken up to `from`, by a block that nobody touches: it costs address space alone. */
async function openAbove(from: number, size: number) {
  const module = await WebAssembly.compile(kernelFile(size > 1 ? "kernels.shared.wasm" : "kernels.wasm"));
  const memory = new LinearMemory(growableMemory({ shared: size > 1 }));
  const kernels = await instantiateKernels(module, memory.wasm);
  if (from > 0) memory.allocate(from, "idle models");
  const start = (onEnd: (reason: unknown) => void) => linkNodeWorker(WORKER_SCRIPT, onEnd);
  for (let index = 1; index < size; index++) {
    threads.push(await startThread(start, { module, memory: memory.wasm, index, size }));
  }
  const team = new Team(kernels, memory, size);
  teams.push(team);
  return { kernels, memory, team, seed: SEED, onDispose: () => {} };
}

/** All that a model computes. */
async function resultsOf(context: Awaited<ReturnType<typeof openAbove>>, dropout: number) {
  const model = new Sequential(context, smallLayers("lstm", dropout));
  await model.compile(LOSS);
  try {
    return await allOf(model);
  } finally {
    await model.dispose();
  }
}

async function allOf(model: Sequential) {
  return {
    initial: await model.digest(),
    history: (await model.fit(x, y, RUN)).history,
    trained: await model.digest(),
    evaluation: await model.evaluate(x, y),
    predictions: [await model.predict(x), await model.predict(few)],
    trace: await model.trace(few),
    flow: await model.gradientFlow(few, y.data.subarray(0, 3)),
    saved: await model.save(),
  };
}

describe.each([1, 2, 3])("with %i threads", (size) => {
  test.each([0.5, 0])("above 2 GiB every result is that of below, at dropout %f", async (dropout) => {
    const below = await resultsOf(await openAbove(0, size), dropout);
    for (const from of [2 * GIB - 2 ** 17, 2.5 * GIB]) {
      const context = await openAbove(from, size);
      expect(await resultsOf(context, dropout)).toEqual(below);
      expect(context.memory.bytes).toBeGreaterThan(2 * GIB);
    }
  });

  test("the same near the end of the address space, and past it OUT_OF_MEMORY, which leaves nothing taken", async () => {
    const near = await openAbove(4 * GIB - 3 * 2 ** 20, size);
    expect(await resultsOf(near, 0)).toEqual(await resultsOf(await openAbove(0, size), 0));
    const past = await openAbove(4 * GIB - 2 ** 18, size);
    const { bytesInUse } = past.memory;
    expect(await codeOf(resultsOf(past, 0))).toBe("OUT_OF_MEMORY");
    expect(past.memory.bytesInUse).toBe(bytesInUse);
  });
});
