/** Ranks of a group, each a runtime of this process, against one that trains alone. */
import { afterEach, describe, expect, test } from "vitest";
import { earlyStopping, terminateOnNaN } from "../../src/callbacks/index.ts";
import { groupOf } from "../../src/mpi/group-of.ts";
import {
  type Callback,
  type CheckpointStore,
  createRuntime,
  dense,
  embedding,
  type FitOptions,
  type Group,
  type Layer,
  lstm,
  type Model,
  type Runtime,
  type RuntimeOptions,
} from "../../src/node.ts";
import {
  codeOf,
  LOSS,
  MIXED,
  mixedData,
  mixedLayers,
  smallData,
  smallLayers,
  T,
  V,
} from "../train/small-job.ts";
import { memoryTransports, type Sent } from "./memory-transport.ts";

const kits: Runtime[] = [];
const open = async (options: RuntimeOptions) => {
  const kit = await createRuntime(options);
  kits.push(kit);
  return kit;
};
afterEach(() => Promise.all(kits.splice(0).map((kit) => kit.close())));

/** What a rank does with its model; null for one that trains alone. */
type Work<R> = (model: Model, group: Group | null) => Promise<R>;

interface Setup {
  readonly layers: () => Layer[];
  readonly compile: Parameters<Model["compile"]>[0];
  readonly seed?: number;
}

const SMALL: Setup = {
  layers: smallLayers,
  compile: { optimizer: { name: "adam", learningRate: 0.01 }, ...LOSS },
};

async function alone<R>(work: Work<R>, setup = SMALL): Promise<R> {
  const model = await (await open({})).sequential(setup.layers(), { seed: setup.seed ?? 22 });
  await model.compile(setup.compile);
  return work(model, null);
}

/** The outcome of every rank, in their order. */
async function together<R>(
  size: number,
  work: Work<R>,
  {
    threads = 1,
    setup = () => SMALL,
    sent,
  }: { threads?: number; setup?: (rank: number) => Setup; sent?: Sent[] } = {},
): Promise<PromiseSettledResult<R>[]> {
  const transports = memoryTransports(size, sent);
  return Promise.allSettled(
    transports.map(async (transport) => {
      const { layers, compile, seed = 22 } = setup(transport.rank);
      const model = await (await open({ threads })).sequential(layers(), { seed });
      await model.compile(compile);
      return work(model, groupOf(transport));
    }),
  );
}

/** What all ranks have given, which has to be the same. */
function agreed<R>(outcomes: readonly PromiseSettledResult<R>[]): R {
  const values = outcomes.map((outcome) => {
    if (outcome.status === "rejected") throw outcome.reason;
    return outcome.value;
  });
  for (const value of values) expect(value).toEqual(values[0]);
  return values[0]!;
}

const codes = (outcomes: readonly PromiseSettledResult<unknown>[]) =>
  outcomes.map((outcome) => (outcome.status === "rejected" ? outcome.reason.code : "done"));

const { x, y } = smallData(75);

/** Fits, and gives all that can be seen of it. */
const fitting =
  (
    options: FitOptions | ((group: Group | null) => FitOptions),
    data: { x: never; y: never } | null = null,
  ): Work<object> =>
  async (model, group) => {
    const own = typeof options === "function" ? options(group) : options;
    const seen: unknown[] = [];
    const { history } = await model.fit((data?.x ?? x) as never, (data?.y ?? y) as never, {
      onBatchEnd: (batch, logs) => void seen.push([batch, { ...logs }]),
      ...own,
      ...(group && { group }),
    });
    return { history, seen, digest: await model.digest() };
  };

describe("the digest, history and logs are those of one process", () => {
  // 75 samples: batches of 53 and 22 (4 and 2 shards, the last of each a smaller one), of 75 (5), and of 16 and less (1).
  test.each([53, 75, 64, 20, 16, 7])(
    "batches of %i, on 1 to 4 ranks, with 1 and 2 threads",
    async (batchSize) => {
      const work = fitting({ epochs: 2, batchSize, validationData: [x, y] });
      const expected = await alone(work);
      for (const size of [1, 2, 3, 4]) {
        for (const threads of [1, 2]) {
          const found = agreed(await together(size, work, { threads }));
          expect(found, `${size} ranks of ${threads} threads`).toEqual(expected);
        }
      }
    },
  );

  test("with GRU, both directions, normalization, classes, and squares of places in a norm", async () => {
    const data = mixedData(75);
    const setup: Setup = {
      layers: mixedLayers,
      compile: {
        ...MIXED,
        optimizer: { name: "adamw", learningRate: 0.01, globalClipnorm: 0.1, useEma: true },
      },
    };
    const work = fitting({ epochs: 2, batchSize: 40 }, data as never);
    expect(agreed(await together(3, work, { setup: () => setup, threads: 2 }))).toEqual(
      await alone(work, setup),
    );
  });

  test("with masks, an output at every step, and metrics that sum outputs up", async () => {
    const setup: Setup = {
      layers: () => [
        embedding({ inputDim: V, outputDim: 6, maskZero: true }),
        lstm({ units: 5, returnSequences: true }),
        dense({ units: 1, activation: "sigmoid" }),
      ],
      compile: { ...SMALL.compile, metrics: ["accuracy", "auc", "precision"] },
    };
    const targets = { data: Float32Array.from({ length: 75 * T }, (_, i) => i % 2), shape: [75, T, 1] };
    const work = fitting({ epochs: 2, batchSize: 53, validationData: [x, targets] as never }, {
      x,
      y: targets,
    } as never);
    expect(agreed(await together(3, work, { setup: () => setup }))).toEqual(await alone(work, setup));
  });

  test("with states that go on from batch to batch", async () => {
    const setup: Setup = {
      layers: () => [lstm({ units: 5, inputShape: [4, 2], stateful: true }), dense({ units: 1 })],
      compile: { optimizer: { name: "sgd", learningRate: 0.1 }, loss: "meanSquaredError" },
    };
    const data = {
      x: { data: Float32Array.from({ length: 80 * 8 }, (_, i) => Math.sin(i)), shape: [80, 4, 2] },
      y: Float32Array.from({ length: 80 }, (_, i) => Math.cos(i)),
    };
    const work: Work<object> = async (model, group) => ({
      ...(await fitting(
        { epochs: 2, batchSize: 40, shuffle: false, validationData: [data.x, data.y] as never },
        data as never,
      )(model, group)),
      predictions: (await model.predict(data.x, { batchSize: 40 })).data,
    });
    expect(agreed(await together(2, work, { setup: () => setup }))).toEqual(await alone(work, setup));
  });

  test("of batches that come one by one, of several lengths", async () => {
    const batches = async function* () {
      for (const [from, n] of [
        [0, 40],
        [40, 3],
        [43, 32],
      ] as const) {
        yield [
          { data: x.data.slice(from * T, (from + n) * T), shape: [n, T] },
          y.data.slice(from, from + n),
        ] as const;
      }
    };
    const work: Work<object> = async (model, group) => {
      const { history } = await model.fit(batches as never, {
        epochs: 3,
        validationData: batches as never,
        ...(group && { group }),
      });
      return { history, digest: await model.digest() };
    };
    expect(agreed(await together(3, work))).toEqual(await alone(work));
  });

  test("of fits one after the other, with the same group", async () => {
    const work: Work<object> = async (model, group) => {
      await fitting({ batchSize: 40 })(model, group);
      return fitting({ epochs: 2, batchSize: 33 })(model, group);
    };
    expect(agreed(await together(2, work))).toEqual(await alone(work));
  });
});

test("validation is shared: a rank has its shards' losses from the others", async () => {
  const sent: Sent[] = Array.from({ length: 3 }, () => ({ gather: 0, broadcast: 0, send: 0 }));
  let before: Sent[] = [];
  const work: Work<object> = (model, group) =>
    fitting({
      batchSize: 48,
      dropRemainder: true,
      validationData: [x, y],
      callbacks: [
        {
          onBatchEnd() {
            before = sent.map((own) => ({ ...own }));
          },
        },
      ],
    })(model, group);
  agreed(await together(3, work, { sent }));
  // Two batches of validation, of 48 and of 27 samples: losses and hits of a sample, and two words of 24 bytes; the last meeting.
  const own = sent.map(({ gather }, r) => gather - before[r]!.gather - 3 * 24);
  expect(own).toEqual([16 * 8, (16 + 16) * 8, (16 + 11) * 8]);
  expect(sent.map(({ send }) => send)).toEqual(before.map(({ send }) => send));
});

test("what a rank sends is its rows, and the gradient once or twice; never the table", async () => {
  const sent: Sent[] = Array.from({ length: 2 }, () => ({ gather: 0, broadcast: 0, send: 0 }));
  const layers = () => [
    embedding({ inputDim: 20_000, outputDim: 8 }),
    lstm({ units: 8 }),
    dense({ units: 1, activation: "sigmoid" as const }),
  ];
  const setup = { ...SMALL, layers };
  agreed(
    await together(2, fitting({ batchSize: 64, epochs: 1, dropRemainder: true }), {
      sent,
      setup: () => setup,
    }),
  );
  const dense64 = 4 * (4 * 8 * (8 + 8 + 1) + 8 * (1 + 1)); // gates padded, the head's one unit padded to 8, its bias
  for (const { gather } of sent) {
    expect(gather).toBeGreaterThan(32 * T * 8 * 4);
    expect(gather).toBeLessThan(32 * T * 8 * 4 + 4_000); // losses, accuracy, words and facts
  }
  expect(sent[0]!.send).toBeGreaterThan(dense64 * 0.9);
  expect(sent[0]!.send).toBeLessThan(dense64 * 1.2);
  expect(sent[1]!.send).toBe(0);
  expect([sent[0]!.broadcast, sent[1]!.broadcast]).toEqual([0, sent[0]!.send]);
});

describe("ends", () => {
  const on = (rank: number, callback: Callback) => (group: Group | null) => ({
    epochs: 5,
    batchSize: 20,
    callbacks: group === null || group.rank === rank ? [callback] : [],
  });

  test("early stopping ends all, with the best weights", async () => {
    const work: Work<object> = (model, group) =>
      fitting({
        epochs: 9,
        batchSize: 20,
        validationData: [x, y],
        callbacks: [
          earlyStopping({ monitor: "valLoss", minDelta: 10, patience: 1, restoreBestWeights: true }),
        ],
      })(model, group);
    const expected = await alone(work);
    expect((expected as { history: { loss: number[] } }).history.loss.length).toBe(2);
    expect(agreed(await together(3, work))).toEqual(expected);
  });

  test.each([0, 1])("a callback of rank %i alone that stops in a batch ends all there", async (rank) => {
    const work = fitting(on(rank, { onBatchEnd: (batch, _, { stop }) => void (batch === 2 && stop()) }));
    expect(agreed(await together(2, work))).toEqual(await alone(work));
  });

  test.each([0, 1])("a callback of rank %i alone that stops after an epoch ends all there", async (rank) => {
    const work: Work<object> = async (model, group) => {
      const stops = on(rank, { onEpochEnd: (epoch, _, { stop }) => void (epoch === 1 && stop()) });
      await fitting(stops(group))(model, group);
      return fitting({ batchSize: 20 })(model, group); // in the epoch that all have come to
    };
    expect(agreed(await together(2, work))).toEqual(await alone(work));
  });

  test("a signal of one rank aborts all, which keep the same weights", async () => {
    const outcomes = await together(3, async (model, group) => {
      const controller = new AbortController();
      const code = await codeOf(
        model.fit(x, y, {
          group: group!,
          epochs: 5,
          batchSize: 20,
          signal: controller.signal,
          onBatchEnd: (batch) => void (group!.rank === 1 && batch === 2 && controller.abort()),
        }),
      );
      return { code, digest: await model.digest() };
    });
    expect((agreed(outcomes) as { code: string }).code).toBe("ABORTED");
  });

  test.each(["onTrainBegin", "onBatchEnd", "onEpochEnd", "onTrainEnd"] as const)(
    "an error of one rank in %s ends all, which name it",
    async (event) => {
      const fails: Callback = {
        [event]: () => {
          throw new Error("the disk of this one is full");
        },
      };
      const outcomes = await together(3, (model, group) => fitting(on(2, fails)(group))(model, group));
      expect(codes(outcomes)).toEqual(["GROUP_FAILED", "GROUP_FAILED", undefined]);
      expect((outcomes[0] as PromiseRejectedResult).reason.message).toMatch(
        /rank 2 has ended: the disk of this one is full/,
      );
    },
  );

  test("a mistake of one rank before it begins ends all, and the group is of use again", async () => {
    const outcomes = await together(2, async (model, group) => {
      const first = await codeOf(
        model.fit(group!.rank === 1 ? { data: x.data, shape: [7, 7] } : x, y, { group: group! }),
      );
      return { first, after: await fitting({ batchSize: 40 })(model, group) };
    });
    const [zero, one] = outcomes.map(
      (outcome) => (outcome as PromiseFulfilledResult<{ first: string; after: object }>).value,
    );
    expect([zero!.first, one!.first]).toEqual(["GROUP_FAILED", "BAD_SHAPE"]);
    expect(zero!.after).toEqual(await alone(fitting({ batchSize: 40 })));
    expect(one!.after).toEqual(zero!.after);
  });

  test("a loss that is not finite is told by all, and by terminateOnNaN as an end", async () => {
    const setup = () => ({
      ...SMALL,
      compile: { optimizer: "sgd", loss: "meanSquaredError" } as Setup["compile"],
    });
    const far = { x, y: { data: new Float32Array(75).fill(3e38), shape: [75] } } as never;
    const outcomes = await together(3, fitting({ batchSize: 40 }, far), { setup });
    expect(codes(outcomes)).toEqual(["LOSS_NOT_FINITE", "LOSS_NOT_FINITE", "LOSS_NOT_FINITE"]);
    const ended = fitting({ batchSize: 40, callbacks: [terminateOnNaN()] }, far);
    expect(agreed(await together(3, ended, { setup }))).toEqual(await alone(ended, setup()));
  });

  test("maxLoss is passed on all", async () => {
    const outcomes = await together(2, fitting({ batchSize: 40, maxLoss: 0.1 }));
    expect(codes(outcomes)).toEqual(["LOSS_NOT_FINITE", "LOSS_NOT_FINITE"]);
  });

  test("a transport that breaks is GROUP_FAILED, and so is what comes after", async () => {
    const [transport] = memoryTransports(1);
    const model = await (await open({})).sequential(smallLayers(), { seed: 22 });
    await model.compile(SMALL.compile);
    let calls = 0;
    const group = groupOf({
      ...transport!,
      gather: () => {
        if (++calls > 4) throw new Error("connection reset");
      },
    });
    const again = () => model.fit(x, y, { group });
    await expect(again()).rejects.toMatchObject({
      code: "GROUP_FAILED",
      message: expect.stringMatching(/connection reset/),
    });
    await expect(again()).rejects.toMatchObject({ code: "GROUP_FAILED" });
  });
});

describe("checkpoints", () => {
  /** A store in memory, of rank 0; the others' have to be let alone. */
  function memoryStore(group: Group | null, kept: Uint8Array<ArrayBuffer>[]): CheckpointStore {
    const ours = () => {
      if (group && group.rank > 0) throw new Error("the store of another rank than 0 was asked");
      return kept;
    };
    return {
      read: async () => [...ours()],
      async write(checkpoint) {
        ours().splice(0, kept.length, checkpoint, ...kept.slice(0, 1));
      },
      async clear() {
        ours().length = 0;
      },
    };
  }

  test.each([
    [3, 2],
    [2, 4],
    [1, 3],
    [4, 1],
  ])(
    "a run of %i ranks that is stopped goes on with %i, to the digest of one that was not",
    async (first, second) => {
      const options = { epochs: 3, batchSize: 20, validationData: [x, y] as [typeof x, typeof y] };
      const expected = (await alone(fitting(options))) as { history: object; digest: string };
      const kept: Uint8Array<ArrayBuffer>[] = [];
      const run = (size: number, resume: boolean, stopAt: number) =>
        together(size, async (model, group) => {
          let batches = 0;
          const controller = new AbortController();
          const { history } = await model.fit(x, y, {
            ...options,
            group: group!,
            checkpoint: { store: memoryStore(group, kept), every: 1, resume },
            signal: controller.signal,
            onBatchEnd: () => void (++batches === stopAt && controller.abort()),
          });
          return { history, digest: await model.digest(), batches };
        });
      expect(new Set(codes(await run(first, false, 6)))).toEqual(new Set(["ABORTED"]));
      expect(kept.length).toBe(2);
      kept[0]!.fill(7, 300, 400); // the newest is damaged: all go on from the one before
      const { history, digest, batches } = agreed(await run(second, true, Number.NaN));
      expect({ history, digest }).toEqual({ history: expected.history, digest: expected.digest });
      expect(batches).toBeLessThan(9);
      expect(batches).toBeGreaterThan(5);
    },
  );

  test("a store that cannot be read ends all", async () => {
    const outcomes = await together(3, (model, group) =>
      model.fit(x, y, {
        group: group!,
        checkpoint: {
          resume: true,
          store: {
            read: () => Promise.reject(new Error("no such disk")),
            write: async () => {},
            clear: async () => {},
          },
        },
      }),
    );
    expect(codes(outcomes)).toEqual([undefined, "GROUP_FAILED", "GROUP_FAILED"]);
  });
});

describe("ranks that do not train the same are told so, all of them", () => {
  const other = (labels: Uint8Array) => labels.map((label, i) => (i === 70 ? 1 - label : label));

  test.each<
    [string, RegExp, (rank: number) => Setup, (rank: number) => { y?: unknown; options?: FitOptions }]
  >([
    [
      "data",
      /the training data: .* on rank 0, .* on rank 1/,
      () => SMALL,
      (r) => (r ? { y: other(y.data) } : {}),
    ],
    [
      "layers",
      /the layers/,
      (r) => (r ? { ...SMALL, layers: () => smallLayers("lstm", 0.4) } : SMALL),
      () => ({}),
    ],
    ["seed", /the seed: 22 on rank 0, 23 on rank 1/, (r) => ({ ...SMALL, seed: 22 + r }), () => ({})],
    [
      "compile",
      /what compile was given/,
      (r) => ({ ...SMALL, compile: { ...LOSS, optimizer: r ? "sgd" : "adam" } as Setup["compile"] }),
      () => ({}),
    ],
    ["options", /what fit was given/, () => SMALL, (r) => ({ options: { batchSize: 20 + r } })],
    [
      "epochs",
      /the number of epochs: 2 on rank 0, 3 on rank 1/,
      () => SMALL,
      (r) => ({ options: { epochs: 2 + r } }),
    ],
  ])("%s", async (_, message, setup, given) => {
    const outcomes = await together(
      2,
      (model, group) => {
        const { y: labels = y, options } = given(group!.rank);
        return model.fit(x, labels as never, { batchSize: 32, ...options, group: group! });
      },
      { setup },
    );
    expect(codes(outcomes)).toEqual(["GROUP_DIFFERS", "GROUP_DIFFERS"]);
    for (const outcome of outcomes)
      expect((outcome as PromiseRejectedResult).reason.message).toMatch(message);
  });

  test("weights, before the first step and where a callback of one rank changes them", async () => {
    const changed = async (model: Model) =>
      (await model.getWeights()).map(({ data, ...rest }, i) => ({
        ...rest,
        data: i > 0 ? data : data.map((w) => w + 0.01),
      }));
    const before = await together(2, async (model, group) => {
      if (group!.rank === 1) await model.setWeights(await changed(model));
      return fitting({ batchSize: 40 })(model, group);
    });
    expect(codes(before)).toEqual(["GROUP_DIFFERS", "GROUP_DIFFERS"]);
    expect((before[0] as PromiseRejectedResult).reason.message).toMatch(/the weights/);
    const within = await together(2, (model, group) =>
      fitting({
        epochs: 3,
        batchSize: 40,
        callbacks: [
          {
            onEpochEnd: async (_, __, context) => {
              if (group!.rank === 1) await context.setWeights(await changed(context.model));
            },
          },
        ],
      })(model, group),
    );
    expect(codes(within)).toEqual(["GROUP_DIFFERS", "GROUP_DIFFERS"]);
  });

  test("kernels that round otherwise", async () => {
    const transports = memoryTransports(2);
    const outcomes = await Promise.allSettled(
      transports.map(async (transport) => {
        const kit = await open({ math: transport.rank ? "relaxed" : "strict" });
        const model = await kit.sequential(smallLayers(), { seed: 22 });
        await model.compile(SMALL.compile);
        return model.fit(x, y, { group: groupOf(transport) });
      }),
    );
    // Where the engine does not fuse, relaxed kernels round as strict ones do.
    const expected = (await isFused()) ? "GROUP_DIFFERS" : "done";
    expect(codes(outcomes)).toEqual([expected, expected]);
  });

  test("a batch of an iterable", async () => {
    const outcomes = await together(2, (model, group) => {
      const batches = function* () {
        yield [x, y.data];
        yield [x, group!.rank ? other(y.data) : y.data];
      };
      return model.fit(batches as never, { group: group! });
    });
    expect(codes(outcomes)).toEqual(["GROUP_DIFFERS", "GROUP_DIFFERS"]);
    expect((outcomes[1] as PromiseRejectedResult).reason.message).toMatch(/the batch's data of rank 1/);
  });
});

/** Whether relaxed kernels give other bits here. */
async function isFused(): Promise<boolean> {
  const digests = await Promise.all(
    (["strict", "relaxed"] as const).map(async (math) => {
      const model = await (await open({ math })).sequential(smallLayers(), { seed: 22 });
      await model.compile(SMALL.compile);
      await model.fit(x, y);
      return model.digest();
    }),
  );
  return digests[0] !== digests[1];
}

test("a group is refused that is none", async () => {
  const model = await (await open({})).sequential(smallLayers(), { seed: 22 });
  await model.compile(SMALL.compile);
  for (const group of [{}, { rank: 0, size: 1 }, null, 7, { ...groupOf(memoryTransports(1)[0]!), rank: 3 }]) {
    expect(await codeOf(() => model.fit(x, y, { group } as never))).toBe("BAD_ARGUMENT");
  }
});
