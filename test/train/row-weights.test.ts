/** Weights of samples, steps, classes and targets as fit and evaluate have them: Keras's values, bits, refusals. */
import { afterAll, afterEach, describe, expect, test } from "vitest";
import {
  type Activation,
  type CompileOptions,
  createRuntime,
  dense,
  type FitOptions,
  lstm,
  type Model,
  type Runtime,
  simpleRNN,
  spawnRuntime,
} from "../../src/node.ts";
import { CLOSE_BUILDS, kernelBytes } from "../builds.ts";
import { type Golden, goldens } from "../fixtures/goldens.ts";
import { expectClose } from "../reference/closeness.ts";
import { integers, keepMask, normals } from "../reference/sample.ts";
import { TOLERANCES } from "../tolerances.ts";
import { codeOf } from "./small-job.ts";

const { kerasFinalWeights, kerasGradient, kerasTrainingLosses } = TOLERANCES;

const kits: Runtime[] = [];
const opened = async (opening: Promise<Runtime>) => {
  const kit = await opening;
  kits.push(kit);
  return kit;
};
afterAll(() => Promise.all(kits.splice(0).map((kit) => kit.close())));

const camelCase = (name: string) => name.replace(/_(\w)/g, (_, letter: string) => letter.toUpperCase());

describe.each(CLOSE_BUILDS)("%s build", (build) => {
  const tensorOf = (g: Golden, key: string) => ({
    data: Float32Array.from(g.tensor(key)),
    shape: g.shape(key),
  });

  /** The golden's model before it was trained. */
  async function modelOf(g: Golden, learningRate: number): Promise<Model> {
    const kit = await opened(createRuntime({ kernels: kernelBytes(build) }));
    const [units, H, [, , I]] = [
      g.setting("units"),
      g.setting("H"),
      g.shape("x") as [number, number, number],
    ];
    const loss = camelCase(g.label("loss")) as CompileOptions["loss"] & string;
    const activation: Activation = loss.startsWith("mean") ? "linear" : units === 1 ? "sigmoid" : "softmax";
    const returnSequences = g.shape("y").length === 3;
    const model = await kit.sequential([
      simpleRNN({ units: H, returnSequences, inputShape: [null, I] }),
      dense({ units, activation }),
    ]);
    await model.setWeights(g.weightNames.map((_, k) => tensorOf(g, `before${k}`)));
    await model.compile({
      optimizer: { name: "sgd", learningRate },
      loss,
      metrics: [camelCase(g.label("metric")) as "accuracy"],
    });
    return model;
  }

  const weighing = (g: Golden): FitOptions =>
    g.has("classWeights")
      ? { classWeight: Object.fromEntries(g.tensor("classWeights").entries()) }
      : { sampleWeight: tensorOf(g, "weights") };

  describe.each(goldens("weights"))("$name", (g) => {
    const [x, y, w] = [tensorOf(g, "x"), tensorOf(g, "y"), tensorOf(g, "weights")];
    const [B, learningRate] = [g.setting("B"), g.setting("learning_rate")];

    test("five steps, their losses, the epoch's, the validation's and the weights are Keras's", async () => {
      const model = await modelOf(g, learningRate);
      const logged: number[] = [];
      const { history } = await model.fit(x, y, {
        ...weighing(g),
        batchSize: B,
        shuffle: false,
        validationData: [x, y, w],
        onBatchEnd: (_, { loss }) => void logged.push(loss),
      });
      expectClose(logged, g.tensor("logged"), kerasTrainingLosses, "losses so far");
      expectClose(history.loss!, g.tensor("loss"), kerasTrainingLosses, "loss");
      expectClose(history.valLoss!, g.tensor("valLoss"), kerasTrainingLosses, "valLoss");
      const metric = camelCase(g.label("metric"));
      expectClose(history[metric]!, g.tensor("metric"), kerasTrainingLosses, metric);
      for (const [k, { name, data }] of (await model.getWeights()).entries()) {
        expectClose(data, g.tensor(`after${k}`), kerasFinalWeights, name, learningRate);
      }
      const { loss } = await model.evaluate(x, y, { sampleWeight: w, batchSize: 7 });
      expectClose([loss], g.tensor("evaluated"), kerasTrainingLosses, "evaluate");
    });

    test("the first batch's loss and gradient are Keras's", async () => {
      const model = await modelOf(g, 1);
      const first = ({ data, shape }: typeof x) => {
        const own = (data.length / shape[0]!) * B;
        return { data: data.slice(0, own), shape: [B, ...shape.slice(1)] };
      };
      const options = weighing(g);
      if (options.sampleWeight) options.sampleWeight = first(w);
      const { history } = await model.fit(first(x), first(y), { ...options, shuffle: false });
      expectClose(history.loss!, g.tensor("first"), kerasTrainingLosses, "loss");
      const size = Math.max(...g.weightNames.flatMap((_, k) => Array.from(g.tensor(`d${k}`), Math.abs)));
      for (const [k, { name, data }] of (await model.getWeights()).entries()) {
        const before = g.tensor(`before${k}`);
        const taken = data.map((after, i) => before[i]! - after); // a step of 1
        expectClose(taken, g.tensor(`d${k}`), kerasGradient, name, size);
      }
    });
  });
});

const [N, T, I] = [45, 4, 3];
const X = { data: Float32Array.from(normals(N * T * I, 1)), shape: [N, T, I] };
const PER_SAMPLE = Float32Array.from(normals(N, 3), Math.abs);
const PER_STEP = { data: Float32Array.from(normals(N * T, 4), Math.abs), shape: [N, T] };

interface Job {
  readonly compile: CompileOptions;
  readonly units: number;
  readonly activation: Activation;
  readonly everyStep: boolean;
  readonly y: { readonly data: Float32Array; readonly shape: number[] };
}

const ERRORS: Job = {
  compile: { loss: "meanSquaredError", metrics: ["meanAbsoluteError"] },
  units: 2,
  activation: "linear",
  everyStep: true,
  y: { data: Float32Array.from(normals(N * T * 2, 2)), shape: [N, T, 2] },
};
const CLASSES: Job = {
  compile: { loss: "sparseCategoricalCrossentropy", metrics: ["accuracy"] },
  units: 3,
  activation: "softmax",
  everyStep: false,
  y: { data: Float32Array.from(integers(N, 3, 2)), shape: [N] },
};
const QUANTILES: Job = {
  compile: { loss: { name: "quantile", quantiles: [0.1, 0.9] }, lossWeights: [1, 3] },
  units: 4,
  activation: "linear",
  everyStep: false,
  y: { data: Float32Array.from(normals(N * 2, 2)), shape: [N, 2] },
};
const NORMAL: Job = {
  compile: { loss: "gaussianNegativeLogLikelihood" },
  units: 2,
  activation: "linear",
  everyStep: true,
  y: { data: Float32Array.from(normals(N * T, 2)), shape: [N, T] },
};
const BINARY: Job = {
  compile: { loss: { name: "binaryCrossentropy", labelSmoothing: 0.1 } },
  units: 1,
  activation: "sigmoid",
  everyStep: false,
  y: { data: Float32Array.from(keepMask(N, 0.5, 2)), shape: [N] },
};

async function modelOf(kit: Runtime, { compile, units, activation, everyStep }: Job): Promise<Model> {
  const model = await kit.sequential(
    [
      lstm({ units: 5, dropout: 0.25, returnSequences: everyStep, inputShape: [null, I] }),
      dense({ units, activation }),
    ],
    { seed: 22 },
  );
  await model.compile(compile);
  return model;
}

/** All that a run gives. */
async function run(kit: Runtime, job: Job, options: FitOptions = {}) {
  const model = await modelOf(kit, job);
  const { history } = await model.fit(X, job.y, { epochs: 2, batchSize: 37, ...options });
  const evaluation = await model.evaluate(X, job.y, { sampleWeight: PER_SAMPLE });
  const [predictions, digest] = [(await model.predict(X)).data, await model.digest()];
  await model.dispose();
  return { history, evaluation, predictions, digest };
}

const here = opened(createRuntime());

test.each<[string, Job, FitOptions]>([
  ["weights of steps", ERRORS, { sampleWeight: PER_STEP, validationSplit: 0.2 }],
  ["weights of samples", ERRORS, { sampleWeight: PER_SAMPLE, validationData: [X, ERRORS.y, PER_STEP] }],
  ["weights of classes", CLASSES, { classWeight: { 0: 0.5, 2: 3 }, validationSplit: 0.2 }],
  ["weights of targets, which are fewer than outputs", QUANTILES, { sampleWeight: PER_SAMPLE }],
  ["a mean and a variance", NORMAL, { sampleWeight: PER_STEP }],
  ["smoothed labels", BINARY, { classWeight: { 1: 5 } }],
])(
  "%s give the same bits on 1, 2, 3 and 4 threads, and in a worker",
  async (_, job, options) => {
    const alone = await run(await here, job, options);
    for (const threads of [2, 3, 4]) {
      const kit = await createRuntime({ threads });
      expect(await run(kit, job, options), `${threads} threads`).toEqual(alone);
      await kit.close();
    }
    const spawned = await spawnRuntime({ threads: 2 });
    expect(await run(spawned, job, options), "in a worker").toEqual(alone);
    await spawned.close();
  },
  60_000,
);

test.each<[string, Job, FitOptions]>([
  ["samples", ERRORS, { sampleWeight: new Float32Array(N).fill(1) }],
  ["steps", ERRORS, { sampleWeight: { data: new Uint8Array(N * T).fill(1), shape: [N, T] } }],
  ["classes", CLASSES, { classWeight: { 0: 1, 1: 1, 2: 1 } }],
  ["no class", CLASSES, { classWeight: {} }],
])("weights of %s that are all 1 are as none", async (_, job, options) => {
  expect(await run(await here, job, options)).toEqual(await run(await here, job));
});

test("a weight of each sample is that of each of its steps, and of each class that of its samples", async () => {
  const perStep = { data: PER_STEP.data.map((__, i) => PER_SAMPLE[Math.floor(i / T)]!), shape: [N, T] };
  const bySample = await run(await here, ERRORS, { sampleWeight: PER_SAMPLE });
  expect(await run(await here, ERRORS, { sampleWeight: perStep })).toEqual(bySample);
  const nested = Array.from({ length: N }, (__, n) => Array.from(perStep.data.slice(n * T, (n + 1) * T)));
  expect(await run(await here, ERRORS, { sampleWeight: nested })).toEqual(bySample);
  expect(await run(await here, ERRORS, { sampleWeight: { data: PER_SAMPLE, shape: [N, 1] } })).toEqual(
    bySample,
  );

  const byClass = CLASSES.y.data.map((label) => [0.5, 1, 3][label]!);
  const { loss: _, ...found } = (await run(await here, CLASSES, { classWeight: { 0: 0.5, 2: 3 } })).history;
  const expected = (await run(await here, CLASSES, { sampleWeight: byClass })).history;
  expect(found.accuracy).toEqual(expected.accuracy);
  expect((await run(await here, CLASSES, { classWeight: { 0: 0.5, 2: 3 } })).digest).toBe(
    (await run(await here, CLASSES, { sampleWeight: byClass })).digest,
  );
});

test("samples of weight 0 teach nothing, -0 is 0, and the mean is over all rows", async () => {
  const half = 20;
  const kept = Float32Array.from({ length: N }, (_, n) => (n < half ? 1 : -0));
  const cut = (of: { data: Float32Array; shape: number[] }) => ({
    data: of.data.slice(0, (of.data.length / N) * half),
    shape: [half, ...of.shape.slice(1)],
  });
  const model = await modelOf(await here, ERRORS);
  const all = await model.evaluate(X, ERRORS.y, { sampleWeight: kept });
  const some = await model.evaluate(cut(X), cut(ERRORS.y));
  expect(all.loss * N).toBeCloseTo(some.loss * half, 5);
  const other = { ...ERRORS.y, data: ERRORS.y.data.map((t, i) => (i < half * T * 2 ? t : -t)) };
  const options = { sampleWeight: kept };
  const found = await run(await here, { ...ERRORS, y: other }, options);
  expect(found.digest).toBe((await run(await here, ERRORS, options)).digest);
  expect(found.history.loss).toEqual((await run(await here, ERRORS, options)).history.loss);
});

test("validationSplit takes the weights of what it splits off, and classWeight is training's alone", async () => {
  const cut = Math.floor(N * 0.8);
  const rows = <D extends Float32Array>(data: D, from: number, to: number) =>
    data.slice((data.length / N) * from, (data.length / N) * to);
  const part = ({ data, shape }: { data: Float32Array; shape: number[] }, from: number, to: number) => ({
    data: rows(data, from, to),
    shape: [to - from, ...shape.slice(1)],
  });
  const fitted = async (job: Job, split: FitOptions, whole: FitOptions) => {
    const [a, b] = [await modelOf(await here, job), await modelOf(await here, job)];
    const found = await a.fit(X, job.y, { validationSplit: 0.2, ...split });
    expect(await b.fit(part(X, 0, cut), part(job.y, 0, cut), whole)).toEqual(found);
  };
  const data = (job: Job) => [part(X, cut, N), part(job.y, cut, N)] as const;
  await fitted(
    ERRORS,
    { sampleWeight: PER_STEP },
    { sampleWeight: part(PER_STEP, 0, cut), validationData: [...data(ERRORS), part(PER_STEP, cut, N)] },
  );
  await fitted(CLASSES, { classWeight: { 2: 4 } }, { classWeight: { 2: 4 }, validationData: data(CLASSES) });
});

describe.each([
  ["this thread", () => createRuntime()],
  ["a worker", () => spawnRuntime()],
] as const)("in %s", (_, open) => {
  let kit: Runtime;
  afterEach(() => kit.close());

  test("weights are those of the call", async () => {
    kit = await open();
    const expected = await run(kit, ERRORS, {
      sampleWeight: PER_STEP,
      validationData: [X, ERRORS.y, PER_STEP],
    });
    const [model, own, held] = [await modelOf(kit, ERRORS), PER_STEP.data.slice(), PER_STEP.data.slice()];
    const fitting = model.fit(X, ERRORS.y, {
      epochs: 2,
      batchSize: 37,
      sampleWeight: { data: own, shape: [N, T] },
      validationData: [X, ERRORS.y, { data: held, shape: [N, T] }],
    });
    own.fill(9);
    held.fill(9);
    expect((await fitting).history).toEqual(expected.history);
    expect(await model.digest()).toBe(expected.digest);
  });

  test("weights that are none, or of something else, are refused and change nothing", async () => {
    kit = await open();
    const [errors, classes] = [await modelOf(kit, ERRORS), await modelOf(kit, CLASSES)];
    const before = [await errors.digest(), await classes.digest()];
    const withLast = (value: unknown) => [...Array<number>(N - 1).fill(1), value] as number[];
    for (const bad of [-1, -1e-9, Number.NaN, Infinity, 1e39, "1", null, undefined, () => 1]) {
      const code = "BAD_VALUE";
      const options = { sampleWeight: withLast(bad) };
      expect(await codeOf(errors.fit(X, ERRORS.y, options)), `fit, ${bad}`).toBe(code);
      expect(await codeOf(errors.evaluate(X, ERRORS.y, options)), `evaluate, ${bad}`).toBe(code);
      const validationData = [X, ERRORS.y, withLast(bad)] as const;
      expect(await codeOf(errors.fit(X, ERRORS.y, { validationData })), `validation, ${bad}`).toBe(code);
    }
    for (const shape of [[N - 1], [N, T + 1], [N, T, 2], [T, N], [N * T]]) {
      const sampleWeight = { data: new Float32Array(shape.reduce((a, b) => a * b)).fill(1), shape };
      expect(await codeOf(errors.fit(X, ERRORS.y, { sampleWeight })), `(${shape})`).toBe("BAD_SHAPE");
    }
    expect(await codeOf(classes.fit(X, CLASSES.y, { sampleWeight: PER_STEP })), "no steps").toBe("BAD_SHAPE");
    const weights: object[] = [
      { 3: 1 },
      { "-1": 1 },
      { 0.5: 1 },
      { first: 1 },
      { 0: -1 },
      { 0: Number.NaN },
      { 1: 1e39 },
      [1, 2, 3],
      { 0: () => 1 },
    ];
    for (const classWeight of weights) {
      const fitting = classes.fit(X, CLASSES.y, { classWeight } as FitOptions);
      expect(await codeOf(fitting), JSON.stringify(classWeight)).toBe("BAD_ARGUMENT");
    }
    const both = { classWeight: { 0: 1 }, sampleWeight: PER_SAMPLE };
    expect(await codeOf(classes.fit(X, CLASSES.y, both))).toBe("BAD_ARGUMENT");
    expect(await codeOf(errors.fit(X, ERRORS.y, { classWeight: { 0: 1 } }))).toBe("BAD_ARGUMENT");
    expect(await codeOf(errors.evaluate(X, ERRORS.y, { classWeight: { 0: 1 } } as never))).toBe(
      "BAD_ARGUMENT",
    );
    expect(await codeOf(errors.predict(X, { sampleWeight: PER_SAMPLE } as never))).toBe("BAD_ARGUMENT");
    expect([await errors.digest(), await classes.digest()]).toEqual(before);
  });
});

test("several labels a row are no class", async () => {
  const job: Job = { ...ERRORS, compile: { loss: "binaryCrossentropy" }, activation: "sigmoid" };
  const y = { data: new Float32Array(N * T * 2), shape: [N, T, 2] };
  const model = await modelOf(await here, job);
  expect(await codeOf(model.fit(X, y, { classWeight: { 1: 2 } }))).toBe("BAD_ARGUMENT");
});

test("weights too large for the loss end fit with LOSS_NOT_FINITE, and the weights are those of before", async () => {
  const model = await modelOf(await here, ERRORS);
  const before = await model.digest();
  const sampleWeight = new Float32Array(N).fill(3e38);
  expect(await codeOf(model.fit(X, ERRORS.y, { sampleWeight }))).toBe("LOSS_NOT_FINITE");
  expect(await model.digest()).toBe(before);
});

test("a loss's options and lossWeights are in the file, and measure as before", async () => {
  for (const job of [QUANTILES, NORMAL, BINARY]) {
    const model = await modelOf(await here, job);
    const loaded = await (await here).load(await model.save());
    expect(await loaded.evaluate(X, job.y)).toEqual(await model.evaluate(X, job.y));
    await Promise.all([model, loaded].map((of) => of.fit(X, job.y, { shuffle: false })));
    expect(await loaded.digest()).toBe(await model.digest());
  }
});

test("compile's lists are those of the call", async () => {
  const [quantiles, lossWeights] = [
    [0.1, 0.9],
    [1, 3],
  ];
  const model = await modelOf(await here, {
    ...QUANTILES,
    compile: { loss: { name: "quantile", quantiles }, lossWeights },
  });
  const before = await model.evaluate(X, QUANTILES.y);
  quantiles.fill(0.5);
  lossWeights.fill(0);
  expect(await model.evaluate(X, QUANTILES.y)).toEqual(before);
});

test("gradientFlow's losses go by lossWeights, and predict gives every output", async () => {
  const kit = await here;
  const model = await modelOf(kit, { ...QUANTILES, compile: { ...QUANTILES.compile, lossWeights: [2, 2] } });
  const plain = await modelOf(kit, { ...QUANTILES, compile: { loss: QUANTILES.compile.loss } });
  const [found, once] = [await model.gradientFlow(X, QUANTILES.y), await plain.gradientFlow(X, QUANTILES.y)];
  expectClose(
    found.losses.data,
    once.losses.data.map((l) => l * 2),
    TOLERANCES.kernelLoss,
    "losses",
  );
  expect((await model.predict(X)).shape).toEqual([N, 4]);
});
