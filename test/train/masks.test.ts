import { afterEach, describe, expect, test } from "vitest";
import { Team } from "../../src/model/team.ts";
import {
  bidirectional,
  createRuntime,
  dense,
  dropout,
  embedding,
  gru,
  type Layer,
  lstm,
  type Model,
  masking,
  type Runtime,
  simpleRNN,
} from "../../src/node.ts";
import { Sequential } from "../../src/train/sequential.ts";
import { instantiateKernels } from "../../src/wasm/kernels.ts";
import { LinearMemory } from "../../src/wasm/memory.ts";
import { kernelBytes } from "../builds.ts";
import { integers, keepMask, normals } from "../reference/sample.ts";
import { spawn } from "../worker/spawned.ts";

const [SAMPLES, T, V] = [37, 10, 50];
const RUN = { epochs: 2, batchSize: 20 } as const;

/** Sequences of 0 to T words before, after or around their padding. */
function paddedIds(samples = SAMPLES) {
  const data = integers(samples * T, V - 1, 8).map((id) => id + 1);
  for (let s = 0; s < samples; s++) {
    const length = s % (T + 1);
    const own = data.subarray(s * T, (s + 1) * T);
    if (s % 3 === 0) own.fill(0, length);
    else if (s % 3 === 1) own.fill(0, 0, T - length);
    else own.fill(0, T >> 1, (T >> 1) + Math.min(length, T >> 1));
  }
  return { data, shape: [samples, T] };
}

const x = paddedIds();
const JOBS: Record<string, { layers: () => Layer[]; y: { data: Uint8Array; shape: number[] } }> = {
  "one answer a sequence": {
    layers: () => [
      embedding({ inputDim: V, outputDim: 12, maskZero: true }),
      bidirectional({
        layer: lstm({ units: 8, dropout: 0.25, recurrentDropout: 0.5, returnSequences: true }),
      }),
      gru({ units: 5, recurrentDropout: 0.25 }),
      dense({ units: 1, activation: "sigmoid" }),
    ],
    y: { data: keepMask(SAMPLES, 0.5, 7), shape: [SAMPLES] },
  },
  "an answer a step": {
    layers: () => [
      embedding({ inputDim: V, outputDim: 12, maskZero: true }),
      lstm({ units: 8, returnSequences: true }),
      dropout({ rate: 0.25 }),
      simpleRNN({ units: 5, returnSequences: true, recurrentDropout: 0.25 }),
      dense({ units: 1, activation: "sigmoid" }),
    ],
    y: { data: keepMask(SAMPLES * T, 0.5, 7), shape: [SAMPLES, T] },
  },
};

JOBS["zoneout, one answer a sequence"] = {
  layers: () => [
    embedding({ inputDim: V, outputDim: 12, maskZero: true }),
    bidirectional({ layer: lstm({ units: 8, zoneout: 0.25, zoneoutCell: 0.5, returnSequences: true }) }),
    simpleRNN({ units: 5, zoneout: 0.25, goBackwards: true, returnSequences: true }),
    gru({ units: 5, zoneout: 0.25, resetAfter: false, returnSequences: true }),
    gru({ units: 5, recurrentDropout: 0.25, zoneout: 0.25 }),
    dense({ units: 1, activation: "sigmoid" }),
  ],
  y: JOBS["one answer a sequence"]!.y,
};

const COMPILED = { loss: "binaryCrossentropy", metrics: ["accuracy"] } as const;

const kits: Runtime[] = [];
const open = async (threads = 1) => {
  const kit = await createRuntime({ threads });
  kits.push(kit);
  return kit;
};
afterEach(() => Promise.all(kits.splice(0).map((kit) => kit.close())));

async function modelOf(kit: Runtime, layers: Layer[]): Promise<Model> {
  const model = await kit.sequential(layers, { seed: 22 });
  await model.compile(COMPILED);
  return model;
}

describe.each(Object.entries(JOBS))("%s", (_, { layers, y }) => {
  const run = async (kit: Runtime) => {
    const model = await modelOf(kit, layers());
    const { history } = await model.fit(x, y, { ...RUN, validationData: [x, y] });
    return {
      history,
      digest: await model.digest(),
      predictions: await model.predict(x),
      trace: await model.trace(x),
      flow: await model.gradientFlow(x, y),
    };
  };

  test("1, 2, 3 and 4 threads and a worker give the same run", async () => {
    const alone = await run(await open());
    for (const threads of [2, 3, 4]) {
      expect(await run(await open(threads)), `${threads} threads`).toEqual(alone);
    }
    expect(await run(await spawn({ threads: 2 })), "a worker").toEqual(alone);
  });

  test("the size of a group changes no bit", async () => {
    const module = await WebAssembly.compile(kernelBytes("release"));
    const digests = new Set<string>();
    for (const groupSize of [1, 2, 3, 4, 7, 16]) {
      const memory = new LinearMemory();
      const kernels = await instantiateKernels(module, memory.wasm);
      const model = new Sequential(
        { kernels, memory, team: new Team(kernels, memory, 1), seed: 22, groupSize, onDispose: () => {} },
        layers(),
      );
      await model.compile(COMPILED);
      await model.fit(x, y, RUN);
      digests.add(await model.digest());
      await model.dispose();
    }
    expect(digests.size).toBe(1);
  });

  test("a model that was saved and loaded masks as before", async () => {
    const kit = await open();
    const model = await modelOf(kit, layers());
    const loaded = await kit.load(await model.save());
    expect(await loaded.predict(x)).toEqual(await model.predict(x));
  });
});

describe("more padding changes no bit", () => {
  const [more, T2] = [7, T + 7];
  const wider = (before: number) => {
    const data = new Int32Array(SAMPLES * T2);
    for (let s = 0; s < SAMPLES; s++) data.set(x.data.subarray(s * T, (s + 1) * T), s * T2 + before);
    return { data, shape: [SAMPLES, T2] };
  };

  test.each(
    ["one answer a sequence", "zoneout, one answer a sequence"].flatMap((job) => [
      { job, where: "before", before: more },
      { job, where: "behind", before: 0 },
      { job, where: "around", before: 3 },
    ]),
  )("of training, loss, accuracy and predictions, $job, $where", async ({ job, before }) => {
    const { layers, y } = JOBS[job]!;
    const kit = await open();
    const run = async (ids: typeof x) => {
      const model = await modelOf(kit, layers());
      const { history } = await model.fit(ids, y, RUN);
      const predictions = (await model.predict(ids)).data;
      return { history, digest: await model.digest(), predictions, seen: await model.evaluate(ids, y) };
    };
    expect(await run(wider(before))).toEqual(await run(x));
  });
});

test("zoneout is drawn anew in each epoch, of each layer, and not where nothing is trained", async () => {
  const kit = await open();
  const features = { data: Float32Array.from(normals(4 * T * 3, 1)), shape: [4, T, 3] };
  const layers = (zoneout: number) => [
    lstm({ units: 4, zoneout, zoneoutCell: zoneout, inputShape: [null, 3] }),
    dense({ units: 1, activation: "sigmoid" }),
  ];
  const model = await modelOf(kit, layers(0.5));
  await model.compile({ ...COMPILED, optimizer: { name: "sgd", learningRate: 1e-30 } });
  const y = Float32Array.of(0, 1, 1, 0);
  const { history } = await model.fit(features, y, { epochs: 3 });
  expect(new Set(history.loss).size).toBe(3);
  expect(await model.predict(features)).toEqual(await model.predict(features));
  // Weights have not changed, but what is read of them is the mean over the draws: it is none of theirs.
  expect(history.loss).not.toContain((await model.evaluate(features, y)).loss);
  const plain = await modelOf(kit, layers(0));
  await plain.setWeights(await model.getWeights());
  expect(await plain.predict(features)).not.toEqual(await model.predict(features));
});

test("what a masked row of features holds makes no difference, nor do its targets", async () => {
  const kit = await open();
  const width = 3;
  const layers = (maskValue: number) => [
    masking({ maskValue, inputShape: [null, width] }),
    gru({ units: 5, returnSequences: true }),
    dense({ units: 1, activation: "sigmoid" }),
  ];
  const run = async (maskValue: number, target: number) => {
    const data = Float32Array.from(normals(SAMPLES * T * width, 1), (value, i) =>
      x.data[Math.floor(i / width)] === 0 ? maskValue : value,
    );
    const targets = keepMask(SAMPLES * T, 0.5, 7).map((value, i) => (x.data[i] === 0 ? target : value));
    const model = await modelOf(kit, layers(maskValue) as Layer[]);
    const features = { data, shape: [SAMPLES, T, width] };
    const { history } = await model.fit(features, { data: targets, shape: [SAMPLES, T] }, RUN);
    return { history, digest: await model.digest(), predictions: await model.predict(features) };
  };
  expect(await run(-7.1, 0)).toEqual(await run(0, 1));
});

test("a batch whose rows are all masked has loss 0 and changes no weight of a recurrent layer", async () => {
  const kit = await open();
  const { layers } = JOBS["an answer a step"]!;
  const model = await modelOf(kit, layers());
  await model.compile({ ...COMPILED, optimizer: { name: "sgd", learningRate: 0.1 } });
  const before = await model.digest();
  const padding = { data: new Int32Array(4 * T), shape: [4, T] };
  const y = { data: keepMask(4 * T, 0.5, 7), shape: [4, T] };
  const { history } = await model.fit(padding, y);
  expect(history.loss).toEqual([0]);
  expect(history.accuracy).toEqual([0]);
  expect(await model.digest()).toBe(before);
});

test("a masking layer above others is refused by name", async () => {
  const kit = await open();
  const layers = [dense({ units: 3, inputShape: [null, 3] }), masking(), lstm({ units: 4 })];
  await expect(kit.sequential(layers)).rejects.toMatchObject({
    code: "BAD_LAYER",
    message: expect.stringContaining("masking, masks rows of the model's input, so it can only come first"),
  });
});

test("gradientFlow's loss of a sequence is what evaluate gives for it alone", async () => {
  const kit = await open();
  const { layers, y } = JOBS["an answer a step"]!;
  const model = await modelOf(kit, layers());
  const { losses } = await model.gradientFlow(x, y);
  for (const n of [2, 5, 9, 36]) {
    const one = { data: x.data.subarray(n * T, (n + 1) * T), shape: [1, T] };
    const own = { data: y.data.subarray(n * T, (n + 1) * T), shape: [1, T] };
    expect(losses.data[n]).toBeCloseTo((await model.evaluate(one, own)).loss, 6);
  }
});
