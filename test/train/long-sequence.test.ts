/** Sequences of 100,000 steps: whole, and in pieces whose states are carried on; what they take, and what no memory holds. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type BatchSource, createRuntime, dense, lstm, type Runtime } from "../../src/node.ts";

let kit: Runtime;
beforeAll(async () => {
  kit = await createRuntime();
});
afterAll(() => kit.close());

const T = 100_000;
const UNITS = 8;
const MiB = 2 ** 20;
const series = (steps = T) => ({
  data: Float32Array.from({ length: steps }, (_, i) => Math.sin(i / 20) + Math.sin(i / 7)),
  shape: [1, steps, 1],
});
const memory = async () => (await kit.info()).memoryInUse / MiB;

const make = async (stateful = false, returnSequences = false) => {
  const model = await kit.sequential(
    [lstm({ units: UNITS, inputShape: [null, 1], stateful, returnSequences }), dense({ units: 1 })],
    { seed: 1 },
  );
  await model.compile({ optimizer: { name: "adam", learningRate: 0.01 }, loss: "meanSquaredError" });
  return model;
};

describe("a sequence of 100,000 steps", () => {
  test("is trained through all of its steps in less than 64 MiB: 480 bytes a step for 8 units", async () => {
    const model = await make();
    const before = await memory();
    let most = 0;
    const { history } = await model.fit(series(), [0.5], {
      epochs: 3,
      batchSize: 1,
      onBatchEnd: async () => {
        most = Math.max(most, await memory());
      },
    });
    expect(history.loss!.at(-1)).toBeLessThan(history.loss![0]!);
    expect(most - before).toBeLessThan(64);
    expect(most - before).toBeGreaterThan(20);
    await model.dispose();
  });

  test("is predicted whole, and by a stream step by step to the same bits", async () => {
    const model = await make();
    const whole = await model.predict(series());
    const stream = await model.stream();
    let last: Float32Array = new Float32Array();
    for (const value of series().data) last = stream.stepSync([value]);
    expect([...last]).toEqual([...whole.data]);
    await stream.dispose();
    await model.dispose();
  });

  test("is learnt in pieces of 1,000 steps whose states are carried on: a source of batches, less than 2 MiB", async () => {
    const PIECE = 1000;
    const { data } = series(T + 1);
    const pieces: BatchSource = {
      batches: T / PIECE,
      *begin(_, from) {
        for (let b = from; b < T / PIECE; b++) {
          const at = b * PIECE;
          yield [
            { data: data.slice(at, at + PIECE), shape: [1, PIECE, 1] },
            { data: data.slice(at + 1, at + PIECE + 1), shape: [1, PIECE, 1] },
          ];
        }
      },
    };
    const model = await make(true, true);
    const before = await memory();
    let most = 0;
    const { history } = await model.fit(pieces, {
      epochs: 2,
      onBatchEnd: async () => {
        most = Math.max(most, await memory());
      },
      onEpochEnd: () => model.resetStates(),
    });
    expect(history.loss![1]).toBeLessThan(history.loss![0]! / 2);
    expect(most - before).toBeLessThan(2);
    await model.dispose();
  });
});

test("a sequence whose training no WebAssembly memory holds is refused before any work, with a code", async () => {
  const model = await kit.sequential([lstm({ units: 256, inputShape: [null, 1] }), dense({ units: 1 })]);
  await model.compile({ loss: "meanSquaredError" });
  const steps = 400_000;
  const fit = model.fit({ data: new Float32Array(steps), shape: [1, steps, 1] }, [0], { batchSize: 1 });
  await expect(fit).rejects.toMatchObject({ code: "OUT_OF_MEMORY" });
  // And another, of a length that it holds, is trained.
  await model.fit({ data: new Float32Array(50), shape: [1, 50, 1] }, [0], { batchSize: 1 });
  await model.dispose();
});
