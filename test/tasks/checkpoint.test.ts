/** Tasks whose training is killed and goes on: the same file, byte for byte, whatever stage it was in. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { seriesFromRows } from "../../src/data/index.ts";
import {
  type CheckpointStore,
  createRuntime,
  type FitCheckpoint,
  type ResumedFrom,
  type Runtime,
  spawnRuntime,
} from "../../src/node.ts";
import { classifier, detector, forecaster, generator } from "../../src/tasks/index.ts";
import { swings } from "./classify/problems.ts";

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

const DAY = 86_400_000;
const days = (rows: number) =>
  seriesFromRows(
    Array.from({ length: rows }, (_, i) => ({
      date: new Date(Date.parse("2022-01-03") + i * DAY).toISOString().slice(0, 10),
      y: 100 + 20 * [0, 1, 2, 1, 0, 4, 5][i % 7]! + 0.05 * i + ((i * 7919) % 13),
    })),
    { target: "y", time: "date" },
  );
const SENTENCES = ["the cat sat on the mat. ", "a dog and a fog. ", "who has seen the wind?\n"];
const TEXT = Array.from({ length: 90 }, (_, i) => SENTENCES[(i * i + (i >> 2)) % 3]).join("");

/** What a task's program does: make it, fit it, save it. */
interface Task {
  readonly every: number;
  readonly stages: RegExp;
  train(kit: Runtime, checkpoint?: FitCheckpoint, options?: object, hooks?: Hooks): Promise<Uint8Array>;
}

/** What fit of each of them takes. */
interface Hooks {
  readonly signal?: AbortSignal;
  readonly onEpochEnd?: () => void;
  readonly onBatchEnd?: () => void;
}

const given = (checkpoint: FitCheckpoint | undefined, hooks: Hooks = {}) => ({
  ...(checkpoint && { checkpoint }),
  ...hooks,
});

/** Something with fit and save. */
interface Learner {
  save(): Promise<Uint8Array>;
  dispose(): Promise<void>;
}
const saved = async <T extends Learner>(made: T, learn: (made: T) => Promise<unknown>) => {
  try {
    await learn(made);
    return await made.save();
  } finally {
    await made.dispose();
  }
};

const TASKS: Readonly<Record<string, Task>> = {
  forecast: {
    every: 4,
    stages: /^(search [0-3]|train 0)$/,
    train: (kit, checkpoint, options, hooks) =>
      saved(forecaster(kit, { horizon: 7, window: 14, units: 4, epochs: 3, seed: 1, ...options }), (made) =>
        made.fit(days(300), given(checkpoint, hooks)),
      ),
  },
  "forecast of quantiles, without a choice": {
    every: 2,
    stages: /^train 0$/,
    train: (kit, checkpoint, options, hooks) =>
      saved(
        forecaster(kit, {
          ...{
            horizon: 3,
            window: 14,
            units: 4,
            epochs: 4,
            patience: 2,
            quantiles: [0.1, 0.9],
            normalization: "mean",
          },
          ...options,
        }),
        (made) => made.fit(days(300), given(checkpoint, hooks)),
      ),
  },
  detect: {
    every: 6,
    stages: /^train$/,
    train: (kit, checkpoint, options, hooks) =>
      saved(detector(kit, { window: 14, units: 8, epochs: 5, patience: 2, seed: 1, ...options }), (made) =>
        made.fit(days(400), given(checkpoint, hooks)),
      ),
  },
  classify: {
    every: 5,
    stages: /^(scaling (features|all|sequence)|train)$/,
    train: (kit, checkpoint, options, hooks) =>
      saved(
        classifier(kit, { units: 4, epochs: 4, learningRate: 0.02, calibrate: true, seed: 3, ...options }),
        (made) => made.fit(swings(60), given(checkpoint, hooks)),
      ),
  },
  generate: {
    every: 11,
    stages: /^pass [0-3] from 0$/,
    train: (kit, checkpoint, options, hooks) =>
      saved(
        generator(kit, {
          units: 8,
          embedding: 6,
          epochs: 4,
          steps: 10,
          batchSize: 4,
          patience: 2,
          ...options,
        }),
        (made) => made.fit(TEXT, given(checkpoint, hooks)),
      ),
  },
};

const KILLED = new Error("killed");

/** Two generations, in memory; the run ends with KILLED behind so many writes, and nothing is written after it. */
function killing(kept: Uint8Array[], writes: number): CheckpointStore {
  let done = 0;
  return {
    read: async () => [...kept],
    async write(bytes) {
      if (done++ >= writes) throw KILLED;
      kept.unshift(bytes.slice());
      kept.length = Math.min(kept.length, 2);
    },
    async clear() {
      kept.length = 0;
    },
  };
}

async function inPieces(task: Task, kits: readonly Runtime[]) {
  const kept: Uint8Array[] = [];
  const from: (ResumedFrom | null)[] = [];
  for (let piece = 0; ; piece++) {
    const store = killing(kept, 1 + (piece % 3));
    const onResume = (resumed: ResumedFrom | null) => void from.push(resumed);
    try {
      const kit = kits[piece % kits.length]!;
      const file = await task.train(kit, { store, every: task.every, resume: true, onResume });
      return { file, from };
    } catch (error) {
      if (error !== KILLED) throw error;
    }
  }
}

describe.each(Object.entries(TASKS))("%s", (name, task) => {
  let whole: Uint8Array;
  beforeAll(async () => {
    whole = await task.train(one);
  });

  test("killed again and again, it ends with the same file, on one thread and two", async () => {
    const { file, from } = await inPieces(task, [one, two]);
    expect(Buffer.compare(file, whole)).toBe(0);
    expect(from[0]).toBe(null);
    const stages = from.slice(1).map((resumed) => resumed!.stage!);
    expect(stages.length).toBeGreaterThan(3);
    for (const stage of stages) expect(stage).toMatch(task.stages);
  });

  test("in a worker, and to and from it", async () => {
    const { file } = await inPieces(task, [away, one]);
    expect(Buffer.compare(file, whole)).toBe(0);
  });

  test("another option is refused and named; so is a damaged newest one passed over", async () => {
    const kept: Uint8Array[] = [];
    const every = task.every;
    await expect(task.train(one, { store: killing(kept, 2), every })).rejects.toBe(KILLED);
    const store = killing(kept, 1000);
    await expect(task.train(one, { store, every, resume: true }, { seed: 77 })).rejects.toThrow(
      /^BAD_CHECKPOINT: the checkpoint is of another run: the option seed was .* there and is 77 here/,
    );
    const good = kept[1]!.slice();
    kept[0]![kept[0]!.length >> 1]! ^= 4;
    const seen: (ResumedFrom | null)[] = [];
    const stop = killing(kept, 1);
    const options = {
      store: stop,
      every,
      resume: true,
      onResume: (from: ResumedFrom | null) => void seen.push(from),
    };
    await expect(task.train(one, options)).rejects.toBe(KILLED);
    expect(seen[0]!.damaged).toEqual([expect.stringMatching(/^BAD_MODEL_FILE/)]);
    expect(kept.some((bytes) => Buffer.compare(bytes, good) === 0)).toBe(true);
    const file = await task.train(two, { store, every, resume: true });
    expect(Buffer.compare(file, whole)).toBe(0);
  });

  test("aborted by a callback it keeps that moment, and goes on from there", async () => {
    const kept: Uint8Array[] = [];
    const controller = new AbortController();
    const { signal } = controller;
    const abort = () => controller.abort();
    // The end of a pass through a text is told between two fits, where there is nothing new to keep.
    const hooks = name === "generate" ? { signal, onBatchEnd: abort } : { signal, onEpochEnd: abort };
    const store = killing(kept, 1000);
    const every = 1e6;
    await expect(task.train(one, { store, every }, {}, hooks)).rejects.toThrow(/^ABORTED/);
    expect(kept).toHaveLength(1);
    const from: (ResumedFrom | null)[] = [];
    const onResume = (resumed: ResumedFrom | null) => void from.push(resumed);
    const file = await task.train(one, { store, every, resume: true, onResume });
    expect(from).toHaveLength(1);
    expect(from[0]).not.toBe(null);
    expect(Buffer.compare(file, whole)).toBe(0);
  });
});

test("a checkpoint of a plain fit, or of another task, is none of a task", async () => {
  const kept: Uint8Array[] = [];
  const every = 5;
  await expect(TASKS.detect!.train(one, { store: killing(kept, 1), every })).rejects.toBe(KILLED);
  const store = killing(kept, 1000);
  await expect(TASKS.generate!.train(one, { store, every, resume: true })).rejects.toThrow(
    /^BAD_CHECKPOINT: .*the (text|data|option)/,
  );
  await expect(TASKS.classify!.train(one, { store, every: "5" as never })).rejects.toThrow(
    /^BAD_ARGUMENT: .*checkpoint/,
  );
});
