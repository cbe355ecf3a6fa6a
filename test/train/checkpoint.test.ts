import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { temporaryPath, thisWriter } from "../../src/disk/temporary-node.ts";
import {
  type Callback,
  type CheckpointStore,
  type CompileOptions,
  createRuntime,
  csvLogger,
  dense,
  earlyStopping,
  embedding,
  type FitCheckpoint,
  type FitOptions,
  folderCheckpoints,
  type Layer,
  LstmkitError,
  lstm,
  type Model,
  type Runtime,
  reduceLROnPlateau,
  type SampleBatch,
  spawnRuntime,
  tensorBoard,
} from "../../src/node.ts";

let one: Runtime;
let two: Runtime;
let away: Runtime;
beforeAll(async () => {
  [one, two, away] = await Promise.all([
    createRuntime({ threads: 1 }),
    createRuntime({ threads: 2 }),
    spawnRuntime({ threads: 1 }),
  ]);
});
afterAll(() => Promise.all([one, two, away].map((kit) => kit.close())));

const N = 22;
const ids = Array.from({ length: N }, (_, i) =>
  Array.from({ length: 5 }, (_, t) => (i * 7 + t * t * 3) % 11),
);
const labels = Array.from({ length: N }, (_, i) => ((i * i) % 3) % 2);
const WORDS: readonly Layer[] = [
  embedding({ inputDim: 11, outputDim: 3 }),
  lstm({ units: 5, dropout: 0.3 }),
  dense({ units: 1, activation: "sigmoid" }),
];
const ADAM: CompileOptions = { optimizer: "adam", loss: "binaryCrossentropy", metrics: ["accuracy", "auc"] };
const FIT: FitOptions = { epochs: 3, batchSize: 4, validationSplit: 0.2 };

/** Two generations, in memory. */
function inMemory(): CheckpointStore & { kept: Uint8Array[] } {
  const kept: Uint8Array[] = [];
  return {
    kept,
    read: async () => kept,
    async write(bytes) {
      kept.unshift(bytes);
      kept.length = Math.min(kept.length, 2);
    },
    async clear() {
      kept.length = 0;
    },
  };
}

interface Job {
  readonly layers?: readonly Layer[];
  readonly compile?: CompileOptions;
  readonly fit?: () => FitOptions;
  readonly batches?: () => SampleBatch[];
}

async function begin(kit: Runtime, { layers = WORDS, compile = ADAM }: Job): Promise<Model> {
  const model = await kit.sequential(layers, { seed: 3 });
  await model.compile(compile);
  return model;
}

const trainOn = (model: Model, { batches, fit: own = () => FIT }: Job, more: FitOptions = {}) =>
  batches ? model.fit(batches, { ...own(), ...more }) : model.fit(ids, labels, { ...own(), ...more });

async function whole(job: Job) {
  const model = await begin(one, job);
  const { history } = await trainOn(model, job);
  return { history, digest: await model.digest() };
}

/** Stopped after every `every` batches and gone on with elsewhere, to the end. */
async function inPieces(kits: readonly Runtime[], job: Job, every: number) {
  const store = inMemory();
  for (let piece = 0; ; piece++) {
    const model = await begin(kits[piece % kits.length]!, job);
    const controller = new AbortController();
    let batches = 0;
    try {
      const { history } = await trainOn(model, job, {
        checkpoint: { store, every: 1000, resume: true },
        signal: controller.signal,
        onBatchEnd: () => {
          if (++batches === every) controller.abort();
        },
      });
      return { history, digest: await model.digest(), pieces: piece + 1 };
    } catch (error) {
      if (!(error instanceof LstmkitError && error.code === "ABORTED")) throw error;
    } finally {
      await model.dispose();
    }
  }
}

const batchesOf = (size: number) => (): SampleBatch[] =>
  Array.from({ length: Math.ceil(N / size) }, (_, i) => [
    ids.slice(i * size, (i + 1) * size),
    labels.slice(i * size, (i + 1) * size),
  ]);

const JOBS: Readonly<Record<string, Job>> = {
  adam: {},
  "amsgrad with a schedule, clipping and a moving average": {
    compile: {
      ...ADAM,
      optimizer: {
        name: "adam",
        amsgrad: true,
        learningRate: {
          schedule: "exponentialDecay",
          initialLearningRate: 0.01,
          decaySteps: 3,
          decayRate: 0.9,
        },
        globalClipnorm: 0.5,
        useEma: true,
        emaOverwriteFrequency: 4,
      },
    },
  },
  nadam: { compile: { ...ADAM, optimizer: "nadam" } },
  "rmsprop, centred": { compile: { ...ADAM, optimizer: { name: "rmsprop", centered: true, momentum: 0.5 } } },
  "callbacks that remember": {
    fit: () => ({
      ...FIT,
      epochs: 6,
      callbacks: [
        earlyStopping({ patience: 2, restoreBestWeights: true }),
        reduceLROnPlateau({ patience: 1, minDelta: 0.01 }),
      ],
    }),
  },
  "a stateful layer": {
    layers: [
      embedding({ inputDim: 11, outputDim: 3 }),
      lstm({ units: 5, stateful: true }),
      dense({ units: 1, activation: "sigmoid" }),
    ],
    fit: () => ({ epochs: 3, batchSize: 2, shuffle: false }),
  },
  "a bound of the loss": { fit: () => ({ ...FIT, maxLoss: 50 }) },
  "batches that come one by one": { batches: batchesOf(4), fit: () => ({ epochs: 3 }) },
  "batches that go on from epoch to epoch": {
    batches: batchesOf(4),
    fit: () => ({ epochs: 4, stepsPerEpoch: 4 }),
  },
};

describe("a run that is stopped and resumed has the bits of one that was not", () => {
  test.each(Object.entries(JOBS))("%s", async (_, job) => {
    const wanted = await whole(job);
    for (const every of [1, 2, 5]) {
      const { pieces, ...got } = await inPieces([one, two], job, every);
      expect(got).toEqual(wanted);
      expect(pieces).toBeGreaterThan(2);
    }
  });

  test.each(["adam", "callbacks that remember", "batches that come one by one"])(
    "in a worker, and to and from it: %s",
    async (name) => {
      const job = JOBS[name]!;
      const { pieces, ...got } = await inPieces([away, one], { ...job }, 1);
      expect(got).toEqual(await whole(job));
      expect(pieces).toBeGreaterThan(2);
    },
  );
});

/** Hears all of a fit, remembers it, and aborts it once at the given place: at once, or after a while in the midst of it. */
function hearing(abort?: { event: string; time: number; later: boolean; controller: AbortController }) {
  let heard: string[] = [];
  const hear = (event: string) => async () => {
    const time = heard.filter((one) => one === event).length;
    const isIt = abort?.event === event && abort.time === time && !abort.controller.signal.aborted;
    if (isIt && !abort.later) abort.controller.abort();
    await new Promise((resolve) => setTimeout(resolve, isIt ? 20 : 0));
    if (isIt && abort.later) {
      abort.controller.abort();
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    heard.push(event);
  };
  const names = ["onEpochBegin", "onBatchEnd", "onEpochEnd", "onTrainEnd"];
  return {
    ...Object.fromEntries(names.map((name) => [name, hear(name)])),
    getState: () => ({ values: { heard } }),
    setState: ({ values }: { values: { readonly heard?: unknown } }) => {
      heard = [...(values.heard as string[])];
    },
    get heard() {
      return heard;
    },
  };
}

describe.each([
  { event: "onEpochBegin", time: 0 },
  { event: "onEpochBegin", time: 2 },
  { event: "onBatchEnd", time: 6 },
  { event: "onEpochEnd", time: 0 },
  { event: "onEpochEnd", time: 2 },
  { event: "onTrainEnd", time: 0 },
])("aborted while callbacks are told $event ($time)", ({ event, time }) => {
  test.each([
    ["this thread", false],
    ["this thread", true],
    ["a worker", false],
    ["a worker", true],
  ])(
    "in %s, while one waits: %s; the last checkpoint is of that moment, and nothing is told twice",
    async (where, later) => {
      // A worker tells onBatchEnd at most 20 times a second.
      if (where === "a worker" && event === "onBatchEnd") return;
      const kit = where === "a worker" ? away : one;
      for (const job of [JOBS["callbacks that remember"]!, JOBS["batches that come one by one"]!]) {
        const own = job.fit!();
        const wanted = hearing();
        const all = await begin(kit, job);
        const { history } = await trainOn(all, job, { callbacks: [...(own.callbacks ?? []), wanted] });
        const store = inMemory();
        const controller = new AbortController();
        const first = hearing({ event, time, later, controller });
        const model = await begin(kit, job);
        const checkpoint = { store, every: 1000 };
        await expect(
          trainOn(model, job, {
            checkpoint,
            signal: controller.signal,
            callbacks: [...(job.fit!().callbacks ?? []), first],
          }),
        ).rejects.toThrow(/^ABORTED/);
        expect(store.kept).toHaveLength(1);
        const second = hearing();
        const again = await begin(kit, job);
        const resumed = await trainOn(again, job, {
          checkpoint: { ...checkpoint, resume: true },
          callbacks: [...(job.fit!().callbacks ?? []), second],
        });
        expect(resumed.history).toEqual(history);
        expect(await again.digest()).toBe(await all.digest());
        if (where !== "a worker") expect(second.heard).toEqual(wanted.heard);
        for (const one of [all, model, again]) await one.dispose();
      }
    },
  );
});

test("a log that is written on is one log: no second line of names, and batches that count on", async () => {
  const logs = (): { lines: () => string; events: () => number; callbacks: () => Callback[] } => {
    const [lines, events]: [string[], Uint8Array[]] = [[], []];
    return {
      lines: () => lines.join(""),
      events: () => events.length,
      callbacks: () => [
        csvLogger({ write: (text) => void lines.push(text) }),
        tensorBoard({ write: (bytes) => void events.push(bytes), updateFreq: "batch" }),
      ],
    };
  };
  const [one, other] = [logs(), logs()];
  await whole({ fit: () => ({ ...FIT, callbacks: one.callbacks() }) });
  await inPieces([two], { fit: () => ({ ...FIT, callbacks: other.callbacks() }) }, 1);
  expect(one.lines()).toMatch(/^epoch,accuracy/);
  expect(other.lines()).toBe(one.lines());
  expect(other.events()).toBe(one.events());
});

test("a callback that does not come back keeps an abort for two seconds, and what was kept before stays", async () => {
  const store = inMemory();
  const controller = new AbortController();
  const model = await begin(one, {});
  const began = performance.now();
  const never = new Promise<void>(() => {});
  const onEpochEnd = (epoch: number) => {
    if (epoch === 0) return;
    controller.abort();
    return never;
  };
  const fit = trainOn(model, {}, { checkpoint: { store, every: 2 }, signal: controller.signal, onEpochEnd });
  await expect(fit).rejects.toThrow(/^ABORTED/);
  expect(performance.now() - began).toBeLessThan(10_000);
  const again = await begin(one, {});
  await trainOn(again, {}, { checkpoint: { store, resume: true } });
  expect(await again.digest()).toBe((await whole({})).digest);
});

test("validation that is aborted leaves a stateful layer's states as they were", async () => {
  const job: Job = {
    layers: JOBS["a stateful layer"]!.layers!,
    fit: () => ({ epochs: 3, batchSize: 2, shuffle: false }),
  };
  const validationData = [ids, labels] as const;
  const all = await begin(one, job);
  await trainOn(all, job, { validationData: [...validationData] });
  const store = inMemory();
  const controller = new AbortController();
  const model = await begin(one, job);
  // The second pass through the validation batches is aborted in its midst.
  let passes = 0;
  const aborting = function* () {
    const isIt = ++passes === 2;
    for (const [i, batch] of batchesOf(2)().entries()) {
      if (isIt && i === 4) controller.abort();
      yield batch;
    }
  };
  const options = { signal: controller.signal, checkpoint: { store, every: 1000 } };
  await expect(trainOn(model, job, { ...options, validationData: aborting })).rejects.toThrow(/^ABORTED/);
  expect(store.kept).toHaveLength(1);
  const again = await begin(one, job);
  const plain = () => batchesOf(2)();
  await trainOn(again, job, { validationData: plain, checkpoint: { store, resume: true } });
  expect(await again.digest()).toBe(await all.digest());
});

test("save({ optimizer: true }) and load() train on as if nothing had been", async () => {
  const model = await begin(one, {});
  await model.fit(ids, labels, { epochs: 2, batchSize: 4 });
  const bytes = await model.save({ optimizer: true });
  const loaded = await two.load(bytes);
  for (const one of [model, loaded]) await one.fit(ids, labels, { epochs: 2, batchSize: 4 });
  expect(await loaded.digest()).toBe(await model.digest());
  const plain = await two.load(await model.save());
  expect(await plain.digest()).toBe(await model.digest());
  await plain.fit(ids, labels, { epochs: 1, batchSize: 4 });
  await model.fit(ids, labels, { epochs: 1, batchSize: 4 });
  expect(await plain.digest()).not.toBe(await model.digest());
});

test("a checkpoint of another run is refused, and what differs is named", async () => {
  const store = inMemory();
  await trainOn(await begin(one, {}), {}, { checkpoint: { store, every: 2 } });
  const checkpoint = { store, every: 2, resume: true };
  const go = (job: Job, more: FitOptions = {}) =>
    begin(one, job).then((model) => trainOn(model, job, { checkpoint, ...more }));
  const layers = [...WORDS.slice(0, 2), dense({ units: 1, activation: "tanh" })];
  await expect(go({ layers })).rejects.toThrow(/^BAD_CHECKPOINT: .*the layers/);
  await expect(go({ compile: { ...ADAM, optimizer: "sgd" } })).rejects.toThrow(/BAD_CHECKPOINT: .*compile/);
  await expect(go({}, { batchSize: 5 })).rejects.toThrow(/BAD_CHECKPOINT: .*fit was given/);
  await expect(go({}, { validationSplit: 0.3 })).rejects.toThrow(/BAD_CHECKPOINT: .*the training data/);
  await expect(go({}, { epochs: 1 })).rejects.toThrow(/BAD_CHECKPOINT: .*epoch/);
  const other = await begin(one, {});
  const changed = labels.map((label, i) => (i === 4 ? 1 - label : label));
  await expect(other.fit(ids, changed, { ...FIT, checkpoint })).rejects.toThrow(/the training data/);
  const model = await one.load(await other.save());
  const relaxed = await createRuntime({ math: "relaxed" }).catch(() => null); // not every engine has it
  if (relaxed)
    await expect(begin(relaxed, {}).then((own) => trainOn(own, {}, { checkpoint }))).rejects.toThrow(
      /BAD_CHECKPOINT: .*the arithmetic was strict \d there and is relaxed \d here/,
    );
  await relaxed?.close();
  store.kept.splice(0, 2, await model.save());
  await expect(go({})).rejects.toThrow(/BAD_CHECKPOINT: the file is a model/);
});

describe("clocks", () => {
  /** Batches of 5 ms and more, and how often a checkpoint was written. */
  async function paced(every: FitCheckpoint["every"], onBatchEnd: (batch: number) => void = () => {}) {
    const store = inMemory();
    let written = 0;
    const write = async (bytes: Uint8Array<ArrayBuffer>) => {
      written++;
      await store.write(bytes);
    };
    const model = await begin(one, {});
    const began = performance.now();
    await trainOn(
      model,
      {},
      {
        checkpoint: { store: { ...store, write }, ...(every && { every }) },
        onBatchEnd: async (batch) => {
          await new Promise((resolve) => setTimeout(resolve, 5));
          onBatchEnd(batch);
        },
      },
    );
    expect(await model.digest()).toBe((await whole({})).digest);
    return { written, ms: performance.now() - began };
  }

  test("a wall clock that is put back and forth changes nothing: every is by one that only goes on", async () => {
    let days = 0;
    const now = Date.now;
    const moved = vi.spyOn(Date, "now").mockImplementation(() => now() + days * 86_400_000);
    try {
      const { written, ms } = await paced("0.02s", (batch) => {
        days = batch % 2 === 0 ? -400 : 400;
      });
      expect(written).toBeGreaterThan(1);
      expect(written).toBeLessThanOrEqual(ms / 20 + 1);
    } finally {
      moved.mockRestore();
    }
  });

  test("an hour asleep in the midst of a run is an hour passed: one checkpoint is due, and not one for each half minute", async () => {
    let asleep = 0;
    const now = performance.now.bind(performance);
    const moved = vi.spyOn(performance, "now").mockImplementation(() => now() + asleep);
    try {
      const { written } = await paced("30s", (batch) => {
        if (batch === 2) asleep = 3_600_000;
      });
      expect(written).toBe(1);
    } finally {
      moved.mockRestore();
    }
  });
});

describe("in a folder", () => {
  let folder: string;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), "lstmkit-checkpoints-"));
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  test("two generations are kept, a damaged one is passed over, and clear leaves nothing", async () => {
    const path = join(folder, "two");
    const store = folderCheckpoints(path);
    const wanted = await whole({});
    await trainOn(await begin(one, {}), {}, { checkpoint: { store, every: 1 } });
    const [older, newer] = readdirSync(path).sort();
    expect(readdirSync(path)).toHaveLength(2);
    const file = join(path, newer!);
    const good = readFileSync(file);
    const bad = [good.subarray(0, 40), good.subarray(0, good.length - 1), new Uint8Array(0)];
    for (let i = 0; i < 60; i++) {
      const flipped = Uint8Array.from(good);
      flipped[Math.floor((i * good.length) / 60)]! ^= 1 << (i % 8);
      bad.push(Buffer.from(flipped));
    }
    for (const bytes of bad) {
      writeFileSync(file, bytes);
      const model = await begin(one, {});
      const seen: (readonly string[])[] = [];
      await trainOn(
        model,
        {},
        {
          checkpoint: {
            store: { ...store, write: async () => {} },
            resume: true,
            onResume: (from) => void seen.push(from!.damaged),
          },
        },
      );
      expect(seen).toEqual([[expect.stringMatching(/^BAD_MODEL_FILE/)]]);
      expect(await model.digest()).toBe(wanted.digest);
      await model.dispose();
    }
    writeFileSync(join(path, older!), good.subarray(0, 100));
    const model = await begin(one, {});
    await expect(trainOn(model, {}, { checkpoint: { store, resume: true } })).rejects.toThrow(
      /^BAD_CHECKPOINT: none of the 2/,
    );
    await store.clear();
    expect(readdirSync(folder)).toEqual([]);
  });

  test.each([0, 1, 7])(
    "clear leaves nothing of what a process that was killed left, after %i",
    async (count) => {
      const path = join(folder, "killed");
      const store = folderCheckpoints(path);
      for (let i = 0; i < count; i++) await store.write(new Uint8Array(1));
      mkdirSync(path, { recursive: true });
      const gone = { ...thisWriter(), pid: 2 ** 22 + 1 }; // above the most that Linux gives
      // The trial whether one may write, and the checkpoint that was to be the next.
      for (const number of [0, count + 1]) {
        const target = join(path, `checkpoint-${String(number).padStart(9, "0")}.safetensors`);
        writeFileSync(temporaryPath(target, gone), "half of it");
      }
      await folderCheckpoints(path).clear();
      expect(readdirSync(folder)).toEqual([]);
    },
  );

  test("a damaged newest one is the one that goes at the next write, and not the good one before it", async () => {
    const path = join(folder, "generations");
    const store = folderCheckpoints(path);
    await trainOn(await begin(one, {}), {}, { checkpoint: { store, every: 3 } });
    const newest = readdirSync(path).sort()[1]!;
    writeFileSync(join(path, newest), readFileSync(join(path, newest)).subarray(0, 500));
    const controller = new AbortController();
    const model = await begin(one, {});
    let batches = 0;
    const onBatchEnd = () => {
      // The second batch has written the next one; from then on all are whole.
      if (++batches === 3) controller.abort();
    };
    const options = { checkpoint: { store, every: 2, resume: true }, signal: controller.signal, onBatchEnd };
    await expect(trainOn(model, {}, options)).rejects.toThrow(/^ABORTED/);
    for (const name of readdirSync(path)) await (await one.load(readFileSync(join(path, name)))).dispose();
    expect(readdirSync(path)).toHaveLength(2);
    await store.clear();
  });

  test("another fit in the same folder is refused while one runs, and not after it", async () => {
    const path = join(folder, "locked");
    const [first, second] = [await begin(one, {}), await begin(away, {})];
    let refused: Promise<unknown> | undefined;
    const onEpochEnd = (): void => {
      refused ??= trainOn(second, {}, { checkpoint: { store: folderCheckpoints(path) } }).catch(
        (error) => error,
      );
    };
    await trainOn(
      first,
      {},
      {
        checkpoint: { store: folderCheckpoints(path) },
        callbacks: [{ onEpochEnd, onTrainEnd: async () => void (await refused) }],
      },
    );
    expect(String(await refused)).toMatch(
      new RegExp(
        `BUSY: another run keeps its checkpoints in .*: process ${process.pid} on this machine, since 20`,
      ),
    );
    expect(readdirSync(folder)).not.toContain("locked"); // nothing was kept
    await trainOn(second, {}, { checkpoint: { store: folderCheckpoints(path), every: 1 } });
    expect(readdirSync(path)).toHaveLength(2);
  });

  test("one that cannot be written ends the fit, or is told and the fit goes on", async () => {
    const path = join(folder, "file");
    writeFileSync(path, "in the way");
    const store = folderCheckpoints(path);
    const model = await begin(one, {});
    await expect(trainOn(model, {}, { checkpoint: { store, every: 1 } })).rejects.toThrow(/^FILE_UNWRITABLE/);
    const told: unknown[] = [];
    const other = await begin(one, {});
    const onError = (error: unknown) => void told.push(error);
    await trainOn(other, {}, { checkpoint: { store, every: 1, onError } });
    expect(told.length).toBeGreaterThan(3);
    expect(await other.digest()).toBe((await whole({})).digest);
  });
});

test.each([
  [{ store: {} }],
  [{ store: inMemory(), every: "30" }],
  [{ store: inMemory(), every: 0 }],
  [{ store: inMemory(), resume: "yes" }],
])("%o is refused", async (checkpoint) => {
  const model = await begin(one, {});
  await expect(trainOn(model, {}, { checkpoint: checkpoint as never })).rejects.toThrow(
    /^BAD_ARGUMENT: .*checkpoint/,
  );
});
