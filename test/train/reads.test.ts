import { createHash } from "node:crypto";
import { afterEach, describe, expect, test } from "vitest";
import { createRuntime, type Model, type Runtime, spawnRuntime } from "../../src/node.ts";
import { codeOf, LOSS, smallData, smallModel } from "./small-job.ts";

// 75 samples in batches of 53 and 22: several shards, so that threads share them.
const { x, y } = smallData(75);
const RUN = { epochs: 3, batchSize: 53 } as const;

/** So much that a signal sent after the call comes before its end. */
const many = smallData(6000);

const READS = {
  predict: (model: Model, signal?: AbortSignal, data = { x, y }) =>
    model.predict(data.x, { batchSize: 20, ...(signal && { signal }) }),
  evaluate: (model: Model, signal?: AbortSignal, data = { x, y }) =>
    model.evaluate(data.x, data.y, { batchSize: 20, ...(signal && { signal }) }),
  trace: (model: Model, signal?: AbortSignal, data = { x, y }) => model.trace(data.x, signal && { signal }),
  gradientFlow: (model: Model, signal?: AbortSignal, data = { x, y }) =>
    model.gradientFlow(data.x, data.y, signal && { signal }),
};

/** A hash of what every read gives: short to compare, and to print. */
async function readAll(model: Model): Promise<string> {
  const found = await Promise.all(Object.values(READS).map((read) => read(model)));
  const plain = (_: string, value: unknown) => (value instanceof Float32Array ? Array.from(value) : value);
  return createHash("sha256").update(JSON.stringify(found, plain)).digest("hex");
}

let kit: Runtime;
afterEach(() => kit.close());

/** A digest after RUN, and the readings of the weights after each of its batches. */
async function undisturbed() {
  const runtime = await createRuntime();
  const model = await smallModel(runtime);
  const before = await readAll(model);
  const readings: string[] = [];
  for (const stopAt of [1, 2, 3, 4, 5, 6]) {
    const copy = await smallModel(runtime);
    const stop = new AbortController();
    let batches = 0;
    const onBatchEnd = () => {
      if (++batches === stopAt) stop.abort();
    };
    await copy.fit(x, y, { ...RUN, signal: stop.signal, onBatchEnd }).catch(() => {});
    readings.push(await readAll(copy));
  }
  await model.fit(x, y, RUN);
  const digest = await model.digest();
  await runtime.close();
  return { digest, before, readings };
}
const alone = await undisturbed();

describe.each([
  { where: "thread", threads: 1 },
  { where: "thread", threads: 2 },
  { where: "worker", threads: 1 },
  { where: "worker", threads: 2 },
])("in a $where, threads: $threads", ({ where, threads }) => {
  const open = async () => {
    kit = await (where === "thread" ? createRuntime : spawnRuntime)({ threads });
    return smallModel(kit);
  };

  test("reads awaited in callbacks see the weights between batches, and change no bit of the run", async () => {
    const model = await open();
    let [epoch, told] = [0, 0];
    await model.fit(x, y, {
      ...RUN,
      validationData: [x, y],
      async onBatchEnd(batch) {
        told++; // a worker tells of some batches only
        expect(await readAll(model)).toBe(alone.readings[2 * epoch + batch]);
      },
      async onEpochEnd(index) {
        expect(await readAll(model)).toBe(alone.readings[2 * index + 1]);
        epoch++;
      },
    });
    expect(told).toBeGreaterThanOrEqual(where === "thread" ? 6 : 3);
    expect(await model.digest()).toBe(alone.digest);
  });

  test("reads that nobody waits for each see one moment's weights, and the fit goes on", async () => {
    const model = await open();
    const reads = [readAll(model)];
    await model.fit(x, y, {
      ...RUN,
      onBatchEnd() {
        reads.push(readAll(model));
      },
    });
    const found = await Promise.all(reads);
    const [first, ...rest] = found;
    expect(first).toBe(alone.before);
    expect(alone.readings).toEqual(expect.arrayContaining(rest));
    if (where === "thread") expect(rest).toEqual(alone.readings);
    expect(await model.digest()).toBe(alone.digest);
  });

  test("reads that follow each other without a gap do not keep the fit from ending", async () => {
    const model = await open();
    let fitting = true;
    const endless = async () => {
      while (fitting) await model.predict(x, { batchSize: 20 });
    };
    const readers = [endless(), endless(), endless()];
    await model.fit(x, y, RUN);
    fitting = false;
    await Promise.all(readers);
    expect(await model.digest()).toBe(alone.digest);
  });

  test("a second fit is BUSY during a fit, compile and setWeights during any call", async () => {
    const model = await open();
    const weights = await model.getWeights();
    const large = smallData(2000);
    const running = [
      () => model.fit(large.x, large.y),
      () => model.evaluate(large.x, large.y),
      () => model.predict(large.x),
      () => model.trace(large.x),
      () => model.gradientFlow(large.x, large.y),
    ];
    for (const [index, run] of running.entries()) {
      const call = run();
      const refused = [
        model.compile(LOSS),
        model.setWeights(weights),
        ...(index === 0 ? [model.fit(x, y)] : []),
      ];
      for (const code of await Promise.all(refused.map(codeOf))) expect(code).toBe("BUSY");
      await call;
    }
    await model.setWeights(weights);
  });

  test("an abort ends a fit that waits for a read, and the read goes on", async () => {
    const model = await open();
    const large = smallData(4000);
    const stop = new AbortController();
    let read: Promise<unknown> | undefined;
    let over = false;
    const fitting = codeOf(
      model.fit(x, y, {
        ...RUN,
        signal: stop.signal,
        onBatchEnd() {
          read ??= model.gradientFlow(large.x, large.y).then(() => {
            over = true;
          });
          setTimeout(() => stop.abort(), 30);
        },
      }),
    );
    expect(await fitting).toBe("ABORTED");
    expect(over).toBe(false);
    await read;
  });

  test.each(Object.entries(READS))("a signal ends %s alone, during a fit", async (_, read) => {
    const model = await open();
    const stop = new AbortController();
    let ended: Promise<string> | undefined;
    await model.fit(x, y, {
      ...RUN,
      onBatchEnd() {
        ended ??= codeOf(read(model, stop.signal, many));
        stop.abort();
      },
    });
    expect(await ended).toBe("ABORTED");
    expect(await model.digest()).toBe(alone.digest);
  });

  test("dispose ends a fit and its reads with DISPOSED, and gives all memory back", async () => {
    const model = await open();
    const calls: Promise<string>[] = [];
    calls.push(
      codeOf(
        model.fit(x, y, {
          ...RUN,
          onBatchEnd() {
            if (calls.length > 1) return;
            // Of many samples: a worker may be through with a few before it hears of dispose().
            for (const read of Object.values(READS)) calls.push(codeOf(read(model, undefined, many)));
            void model.dispose();
          },
        }),
      ),
    );
    await calls[0];
    expect(await Promise.all(calls)).toEqual(Array(5).fill("DISPOSED"));
    expect((await kit.info()).memoryInUse).toBe(0);
    expect(await codeOf(model.trace(x))).toBe("DISPOSED");
    expect(await codeOf(model.gradientFlow(x, y))).toBe("DISPOSED");
  });
});
