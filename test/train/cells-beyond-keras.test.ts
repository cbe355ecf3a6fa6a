/** minGRU, minLSTM and the LSTM's variants in one job with masked rows, in every way that must not change a bit. */
import { afterEach, describe, expect, test } from "vitest";
import { Team } from "../../src/model/team.ts";
import {
  bidirectional,
  createRuntime,
  dense,
  embedding,
  type Layer,
  layerNormLSTM,
  type Model,
  minGRU,
  minLSTM,
  peepholeLSTM,
  type Runtime,
  type RuntimeOptions,
} from "../../src/node.ts";
import { Sequential } from "../../src/train/sequential.ts";
import { instantiateKernels } from "../../src/wasm/kernels.ts";
import { LinearMemory } from "../../src/wasm/memory.ts";
import { BUILDS, kernelBytes } from "../builds.ts";
import { normals } from "../reference/sample.ts";
import { spawn } from "../worker/spawned.ts";
import { MIXED, mixedData, openKit, T, V } from "./small-job.ts";

/** SHA-256 of the weights of 75 samples in batches of 53 and 22, 2 epochs, seed 22: part of the contract. */
const PINNED = {
  initial: "84cdcc7d8ab669f7b42af5903f45575211e32ef705cbdef739abf0404151b7da",
  trained: "1c43b64cea1cfded03cdbe6153031d610cd5887e05845232af6511bd5bbbc13e",
};

const layers = (): Layer[] => [
  embedding({ inputDim: V, outputDim: 6, maskZero: true }),
  bidirectional({ layer: minGRU({ units: 5, dropout: 0.25, returnSequences: true }) }),
  minLSTM({ units: 8, returnSequences: true, goBackwards: true }),
  peepholeLSTM({ units: 5, dropout: 0.25, recurrentDropout: 0.25, returnSequences: true }),
  layerNormLSTM({ units: 4, dropout: 0.25, recurrentDropout: 0.25 }),
  dense({ units: 3, activation: "softmax" }),
];

const RUN = { epochs: 2, batchSize: 53 } as const;

// Every sample has fewer words than the one before, down to none, and is padded on the left.
const { x, y } = mixedData(75);
for (let n = 0; n < 75; n++) x.data.fill(0, n * T, n * T + (n % (T + 1)));

const kits: Runtime[] = [];
const open = async (options: RuntimeOptions = {}) => {
  const kit = await createRuntime(options);
  kits.push(kit);
  return kit;
};
afterEach(() => Promise.all(kits.splice(0).map((kit) => kit.close())));

async function compiled(kit: Runtime): Promise<Model> {
  const model = await kit.sequential(layers(), { seed: 22 });
  await model.compile(MIXED);
  return model;
}

const answers = async (model: Model) => ({
  predictions: await model.predict(x, { batchSize: 75 }),
  evaluation: await model.evaluate(x, y),
  trace: await model.trace(x),
  flow: await model.gradientFlow(x, y),
  digest: await model.digest(),
});

/** All that a run gives. */
async function run(kit: Runtime) {
  const model = await compiled(kit);
  const { history } = await model.fit(x, y, { ...RUN, validationData: [x, y] });
  return { history, ...(await answers(model)) };
}

describe.each(BUILDS)("%s build", (build) => {
  test("the digest of a run is the pinned one", async () => {
    const kit = await openKit(build);
    kits.push(kit);
    const model = await compiled(kit);
    const initial = await model.digest();
    await model.fit(x, y, RUN);
    expect({ initial, trained: await model.digest() }).toEqual(PINNED);
  });

  test("the size of a group changes no bit", async () => {
    const module = await WebAssembly.compile(kernelBytes(build));
    const digests = new Set<string>();
    for (const groupSize of [1, 2, 3, 4, 7, 16]) {
      const memory = new LinearMemory();
      const kernels = await instantiateKernels(module, memory.wasm);
      const team = new Team(kernels, memory, 1);
      const own = { kernels, memory, team, seed: 22, groupSize, onDispose: () => {} };
      const model = new Sequential(own, layers());
      await model.compile(MIXED);
      await model.fit(x, y, RUN);
      digests.add(await model.digest());
      await model.dispose();
    }
    expect([...digests]).toEqual([PINNED.trained]);
  });
});

test("1, 2, 3, 4 and 7 threads give the same digest, history and answers", async () => {
  const alone = await run(await open());
  for (const threads of [2, 3, 4, 7]) {
    expect(await run(await open({ threads })), `${threads} threads`).toEqual(alone);
  }
});

test("a worker gives what this thread gives, with any number of threads", async () => {
  const here = await run(await open());
  for (const threads of [1, 2]) {
    expect(await run(await spawn({ threads })), `${threads} threads`).toEqual(here);
  }
});

test("a saved model answers as the one it was saved from, here and in a worker", async () => {
  const kit = await open();
  const model = await compiled(kit);
  await model.fit(x, y, { epochs: 1, batchSize: 53 });
  const expected = await answers(model);
  const file = await model.save();
  for (const other of [kit, await spawn()]) {
    const loaded = await other.load(file);
    expect(loaded.layers).toEqual(model.layers);
    expect(await answers(loaded)).toEqual(expected);
  }
});

const CELLS = { minGRU, minLSTM, peepholeLSTM, layerNormLSTM } as const;

describe.each(Object.entries(CELLS))("%s", (_, cell) => {
  test("going on from the states of the steps before gives the bits of all steps at once", async () => {
    const kit = await open();
    const make = async (stateful: boolean) =>
      kit.sequential(
        [
          cell({ units: 5, returnSequences: true, stateful, inputShape: [null, 3] }),
          cell({ units: 9, returnSequences: true, stateful }),
        ],
        { seed: 22 },
      );
    const [n, steps] = [5, 8];
    const all = Float32Array.from(normals(n * steps * 3, 1));
    const part = (values: Float32Array, width: number, from: number, to: number) => {
      const cut = Array.from({ length: n }, (_, s) => [
        ...values.subarray((s * steps + from) * width, (s * steps + to) * width),
      ]);
      return Float32Array.from(cut.flat());
    };
    const whole = await (await make(false)).predict({ data: all, shape: [n, steps, 3] });
    const model = await make(true);
    for (const [from, to] of [
      [0, 3],
      [3, 4],
      [4, 8],
    ] as const) {
      const y = await model.predict({ data: part(all, 3, from, to), shape: [n, to - from, 3] });
      expect(y.data, `steps ${from} to ${to}`).toEqual(part(whole.data as Float32Array, 9, from, to));
    }
  });
});

test("the forget gates' biases begin at 1, unless that is not wanted", async () => {
  const kit = await open();
  for (const [cell, block] of [
    [minLSTM, 0],
    [peepholeLSTM, 1],
    [layerNormLSTM, 1],
  ] as const) {
    for (const unitForgetBias of [true, false]) {
      const model = await kit.sequential([cell({ units: 2, unitForgetBias, inputShape: [null, 3] })]);
      const bias = (await model.getWeights()).find(({ name }) => name.endsWith("_cell/bias"))!;
      const ones = [...bias.data].map((_, i) => Number(unitForgetBias && Math.floor(i / 2) === block));
      expect([...bias.data], bias.name).toEqual(ones);
    }
  }
});
