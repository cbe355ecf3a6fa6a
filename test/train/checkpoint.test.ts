import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import {
  type CheckpointStore,
  type CompileOptions,
  createRuntime,
  dense,
  earlyStopping,
  embedding,
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
  store.kept.splice(0, 2, await model.save());
  await expect(go({})).rejects.toThrow(/BAD_CHECKPOINT: the file is a model/);
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
