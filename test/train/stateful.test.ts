/** States that go on from batch to batch and from call to call. */
import { afterEach, describe, expect, test } from "vitest";
import {
  bidirectional,
  createRuntime,
  dense,
  embedding,
  gru,
  type Layer,
  lstm,
  type Model,
  type Runtime,
  simpleRNN,
} from "../../src/node.ts";
import { CLOSE_BUILDS, kernelBytes } from "../builds.ts";
import { goldens } from "../fixtures/goldens.ts";
import { expectClose } from "../reference/closeness.ts";
import { integers, normals } from "../reference/sample.ts";
import { TOLERANCES } from "../tolerances.ts";
import { spawn } from "../worker/spawned.ts";
import { codeOf, openKit } from "./small-job.ts";

const open: Runtime[] = [];
const kitOf = async (kit: Promise<Runtime> = openKit()): Promise<Runtime> => {
  open.push(await kit);
  return open.at(-1)!;
};
afterEach(async () => {
  for (const kit of open.splice(0)) await kit.close();
});

const V = 12;
const T = 12;

/** Embedding, a cell that is stateful or not, another, dense. */
const layersOf = (cell: "lstm" | "gru" | "simpleRNN", stateful = true): Layer[] => {
  const make = { lstm, gru, simpleRNN }[cell];
  return [
    embedding({ inputDim: V, outputDim: 6 }),
    make({ units: 5, returnSequences: true, stateful }),
    make({ units: 9, returnSequences: true, stateful }),
    dense({ units: 2 }),
  ];
};

const ids = (B: number, seed = 3) => integers(B * T, V, seed);

/** Steps from … to of ids (B, T). */
function cut(all: Int32Array, B: number, from: number, to: number) {
  const data = new Int32Array(B * (to - from));
  for (let b = 0; b < B; b++) data.set(all.subarray(b * T + from, b * T + to), b * (to - from));
  return { data, shape: [B, to - from] };
}

async function compiled(kit: Runtime, layers: readonly Layer[]): Promise<Model> {
  const model = await kit.sequential(layers, { seed: 22 });
  await model.compile({ optimizer: { name: "adam", learningRate: 0.01 }, loss: "meanSquaredError" });
  return model;
}

describe.each(CLOSE_BUILDS)("%s build", (build) => {
  test.each(goldens("stateful"))("fit, predict and evaluate go on as Keras's do: $name", async (g) => {
    const kit = await kitOf(createRuntime({ kernels: kernelBytes(build) }));
    const make = g.label("kind") === "lstm" ? lstm : gru;
    const [B, Tg, I] = ["B", "T", "I"].map(g.setting) as [number, number, number];
    const model = await kit.sequential([
      make({ units: 5, returnSequences: true, stateful: true, inputShape: [Tg, I] }),
      make({ units: 4, stateful: true }),
      dense({ units: 1 }),
    ]);
    const learningRate = g.setting("learning_rate");
    const floats = (key: string) => ({ data: Float32Array.from(g.tensor(key)), shape: g.shape(key) });
    await model.setWeights(g.weightNames.map((_, i) => floats(`before${i}`)));
    await model.compile({ optimizer: { name: "adam", learningRate }, loss: "meanSquaredError" });
    const losses: number[] = [];
    await model.fit(floats("x"), floats("y"), {
      batchSize: B,
      epochs: g.setting("epochs"),
      shuffle: false,
      onBatchEnd: (_, { loss }) => void losses.push(loss),
    });
    expectClose(losses, g.tensor("losses"), TOLERANCES.kerasTrainingLosses, "losses");
    for (const [i, { name, data }] of (await model.getWeights()).entries()) {
      expectClose(data, g.tensor(`after${i}`), TOLERANCES.kerasFinalWeights, name, learningRate);
    }
    // The states stay; that the weights are those of training to within that bound is no matter from here on.
    await model.setWeights(g.weightNames.map((_, i) => floats(`after${i}`)));
    const further = async () => (await model.predict(floats("further"), { batchSize: B })).data;
    expectClose(await further(), g.tensor("continued"), TOLERANCES.kerasTrainingLosses, "continued");
    const { loss } = await model.evaluate(floats("x"), floats("y"), { batchSize: B });
    expectClose([loss], g.tensor("evaluated"), TOLERANCES.kerasTrainingLosses, "evaluated");
    await model.resetStates();
    expectClose(await further(), g.tensor("anew"), TOLERANCES.kerasTrainingLosses, "anew");
  });

  test.each([
    ["lstm", 1],
    ["lstm", 21],
    ["gru", 5],
    ["simpleRNN", 5],
  ] as const)("pieces of a sequence give the bits of the whole: %s, B %i", async (cell, B) => {
    const kit = await kitOf(openKit(build));
    const whole = await kit.sequential(layersOf(cell, false), { seed: 22 });
    const pieces = await kit.sequential(layersOf(cell), { seed: 22 });
    const x = ids(B);
    const expected = (await whole.predict(cut(x, B, 0, T))).data;
    for (const steps of [1, 4, 5]) {
      await pieces.resetStates();
      const found = new Float32Array(expected.length);
      for (let from = 0; from < T; from += steps) {
        const to = Math.min(T, from + steps);
        const { data } = await pieces.predict(cut(x, B, from, to));
        const size = (to - from) * 2;
        for (let b = 0; b < B; b++) found.set(data.subarray(b * size, (b + 1) * size), (b * T + from) * 2);
      }
      expect(found).toEqual(expected);
    }
  });
});

test("both sides of a bidirectional layer keep their states", async () => {
  const kit = await kitOf();
  const layers = (stateful: boolean): Layer[] => [
    embedding({ inputDim: V, outputDim: 6 }),
    bidirectional({ layer: lstm({ units: 5, stateful }) }),
    dense({ units: 1 }),
  ];
  const model = await kit.sequential(layers(true), { seed: 22 });
  const x = cut(ids(3), 3, 0, T);
  const first = await model.predict(x);
  expect(first).toEqual(await (await kit.sequential(layers(false), { seed: 22 })).predict(x));
  const second = await model.predict(x);
  expect(second).not.toEqual(first);
  // The side that reads back goes on from where it ended, which is the first step: of x twice over, read from the end.
  const alone = async (goBackwards: boolean, times: number) => {
    const cell = lstm({ units: 5, goBackwards });
    const one = await kit.sequential([layers(true)[0]!, cell], { seed: 22 });
    const [vectors, ...sides] = await model.getWeights();
    await one.setWeights([vectors!, ...sides.slice(goBackwards ? 3 : 0, goBackwards ? 6 : 3)]);
    const data = Int32Array.from({ length: 3 * T * times }, (_, i) => {
      const [b, t] = [Math.floor(i / (T * times)), i % T];
      return x.data[b * T + t]!;
    });
    return (await one.predict({ data, shape: [3, T * times] })).data;
  };
  const [ahead, back] = [await alone(false, 2), await alone(true, 2)];
  const head = (await model.getWeights()).slice(-2).map(({ data }) => data) as [Float32Array, Float32Array];
  for (let b = 0; b < 3; b++) {
    let sum = head[1][0]!;
    for (let j = 0; j < 5; j++) {
      sum += ahead[b * 5 + j]! * head[0][j]! + back[b * 5 + j]! * head[0][5 + j]!;
    }
    expect(second.data[b]).toBeCloseTo(sum, 6);
  }
});

test("the same bytes on any number of threads, and in a worker", async () => {
  const B = 40;
  const x = { data: integers(3 * B * 4, V, 5), shape: [3 * B, 4] };
  const y = { data: Float32Array.from(normals(3 * B * 8, 6)), shape: [3 * B, 4, 2] };
  const run = async (kit: Runtime) => {
    const model = await compiled(kit, layersOf("lstm"));
    const { history } = await model.fit(x, y, {
      batchSize: B,
      shuffle: false,
      epochs: 2,
      validationData: [x, y],
    });
    const predictions = await model.predict(x, { batchSize: B });
    await model.resetStates();
    const anew = await model.predict(x, { batchSize: B });
    return { history, predictions, anew, digest: await model.digest() };
  };
  const expected = await run(await kitOf());
  expect(expected.anew).not.toEqual(expected.predictions);
  for (const threads of [2, 3, 4]) {
    expect(await run(await kitOf(createRuntime({ threads }))), `${threads} threads`).toEqual(expected);
  }
  expect(await run(await spawn({ threads: 2 })), "a worker").toEqual(expected);
});

describe("what cannot go on is refused before anything changes", () => {
  const x = { data: ids(12), shape: [12, T] };
  const y = { data: Float32Array.from(normals(12 * T * 2, 6)), shape: [12, T, 2] };
  const some = (n: number) =>
    [
      { data: x.data.slice(0, n * T), shape: [n, T] },
      { data: y.data.slice(0, n * T * 2), shape: [n, T, 2] },
    ] as const;

  test.each([
    ["shuffle, the default", {}],
    ["samples that make no whole batches", { shuffle: false, batchSize: 5 }],
    ["a part to validate on that makes none", { shuffle: false, batchSize: 3, validationSplit: 0.34 }],
    [
      "fewer samples to validate on than in a batch",
      { shuffle: false, batchSize: 6, validationData: some(3) },
    ],
  ])("%s", async (_, options) => {
    const model = await compiled(await kitOf(), layersOf("gru"));
    const before = await model.digest();
    expect(await codeOf(model.fit(x, y, options))).toBe("BAD_ARGUMENT");
    expect(await model.digest()).toBe(before);
  });

  test("another batch size than the batch before, until the states are reset", async () => {
    const model = await compiled(await kitOf(), layersOf("gru"));
    await model.predict(some(4)[0]);
    for (const call of [
      () => model.predict(some(3)[0]),
      () => model.evaluate(...some(8)),
      () => model.fit(...some(6), { shuffle: false, batchSize: 2 }),
    ]) {
      expect(await codeOf(call)).toBe("BAD_ARGUMENT");
    }
    await model.evaluate(...some(8), { batchSize: 4 });
    await model.resetStates();
    await model.predict(some(3)[0]);
  });

  test("dropRemainder leaves out what makes no whole batch", async () => {
    const model = await compiled(await kitOf(), layersOf("gru"));
    await model.fit(x, y, { shuffle: false, batchSize: 5, dropRemainder: true });
    await model.predict(some(5)[0]);
  });
});

describe("the states are those after the last batch that was done", () => {
  const B = 3;
  const x = { data: integers(6 * B * 4, V, 5), shape: [6 * B, 4] };
  const y = { data: Float32Array.from(normals(6 * B * 8, 6)), shape: [6 * B, 4, 2] };
  const part = (from: number, to: number) =>
    [
      { data: x.data.slice(from * B * 4, to * B * 4), shape: [(to - from) * B, 4] },
      { data: y.data.slice(from * B * 8, to * B * 8), shape: [(to - from) * B, 4, 2] },
    ] as const;
  const options = { batchSize: B, shuffle: false } as const;
  const probe = (model: Model) => model.predict(part(0, 1)[0], { batchSize: B });

  test("of a fit that is aborted", async () => {
    const kit = await kitOf();
    const [stopped, whole] = [await compiled(kit, layersOf("lstm")), await compiled(kit, layersOf("lstm"))];
    const controller = new AbortController();
    const onBatchEnd = (batch: number) => void (batch === 1 && controller.abort());
    expect(await codeOf(stopped.fit(x, y, { ...options, signal: controller.signal, onBatchEnd }))).toBe(
      "ABORTED",
    );
    await whole.fit(...part(0, 2), options);
    expect(await probe(stopped)).toEqual(await probe(whole));
  });

  test("of a fit whose loss is not finite", async () => {
    const kit = await kitOf();
    const features = (): Layer[] => [
      lstm({ units: 4, stateful: true, inputShape: [null, 1] }),
      dense({ units: 1, activation: "relu" }),
      dense({ units: 1 }),
    ];
    const [failing, whole] = [await compiled(kit, features()), await compiled(kit, features())];
    const values = Float32Array.from(normals(4 * B * 2, 4));
    const targets = new Float32Array(2 * B);
    targets[B] = 3e38; // its square is not finite
    const inputs = (n: number) => ({ data: values.slice(0, n * B * 4), shape: [n * B, 4, 1] });
    const outputs = (n: number) => ({ data: targets.slice(0, n * B), shape: [n * B] });
    expect(await codeOf(failing.fit(inputs(2), outputs(2), options))).toBe("LOSS_NOT_FINITE");
    await whole.fit(inputs(1), outputs(1), options);
    expect(await failing.predict(inputs(1))).toEqual(await whole.predict(inputs(1)));
  });

  test("validation goes on from training, and a callback may reset them", async () => {
    const kit = await kitOf();
    const [one, two, anew] = [
      await compiled(kit, layersOf("lstm")),
      await compiled(kit, layersOf("lstm")),
      await compiled(kit, layersOf("lstm")),
    ];
    const valLoss = (await one.fit(...part(0, 2), { ...options, validationData: part(2, 4) })).history
      .valLoss;
    await two.fit(...part(0, 2), options);
    expect(valLoss).toEqual([(await two.evaluate(...part(2, 4), { batchSize: B })).loss]);
    expect(await probe(one)).toEqual(await probe(two));

    const resetting = await anew.fit(...part(0, 2), {
      ...options,
      epochs: 2,
      onEpochEnd: () => anew.resetStates(),
    });
    const by = await compiled(kit, layersOf("lstm"));
    const losses: number[] = [];
    for (let epoch = 0; epoch < 2; epoch++) {
      losses.push(...(await by.fit(...part(0, 2), options)).history.loss!);
      await by.resetStates();
    }
    expect(resetting.history.loss).toEqual(losses);
    expect(await probe(anew)).toEqual(await probe(by));
  });

  test("calls at the same time are done one after the other", async () => {
    const kit = await kitOf();
    const [apart, together] = [await compiled(kit, layersOf("gru")), await compiled(kit, layersOf("gru"))];
    const inputs = [part(0, 2)[0], part(2, 4)[0], part(4, 6)[0]];
    const expected = [];
    for (const input of inputs) expected.push(await apart.predict(input, { batchSize: B }));
    const calls = inputs.map((input) => together.predict(input, { batchSize: B }));
    const reset = together.resetStates();
    const last = together.predict(inputs[0]!, { batchSize: B });
    expect(await Promise.all(calls)).toEqual(expected);
    await reset;
    expect(await last).toEqual(expected[0]);
  });

  test("trace and gradientFlow begin with zeros and leave them alone", async () => {
    const kit = await kitOf();
    const stateful = await compiled(kit, layersOf("lstm"));
    const plain = await compiled(kit, layersOf("lstm", false));
    await stateful.predict(part(0, 2)[0], { batchSize: B });
    expect(await stateful.trace(x)).toEqual(await plain.trace(x));
    expect(await stateful.gradientFlow(x, y)).toEqual(await plain.gradientFlow(x, y));
    const other = await compiled(kit, layersOf("lstm"));
    await other.predict(part(0, 2)[0], { batchSize: B });
    expect(await probe(stateful)).toEqual(await probe(other));
  });

  test("a file has none: a model that is loaded begins with zeros", async () => {
    const kit = await kitOf();
    const model = await compiled(kit, layersOf("lstm"));
    const first = await probe(model);
    const loaded = await kit.load(await model.save());
    expect(loaded.layers).toEqual(model.layers);
    expect(await probe(loaded)).toEqual(first);
  });

  test("a call that waits for its turn rejects when the model is disposed of", async () => {
    const kit = await kitOf();
    const model = await compiled(kit, layersOf("lstm"));
    const calls = [1, 2, 3].map(() => codeOf(model.predict(x, { batchSize: B })));
    await model.dispose();
    expect(await Promise.all(calls)).toEqual(["DISPOSED", "DISPOSED", "DISPOSED"]);
    expect((await kit.info()).memoryInUse).toBe(0);
  });
});
