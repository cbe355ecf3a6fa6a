import { describe, expect, test } from "vitest";
import {
  bidirectional,
  dense,
  embedding,
  gru,
  type Layer,
  layerNormLSTM,
  lstm,
  type Model,
  masking,
  minGRU,
  minLSTM,
  peepholeLSTM,
  type Runtime,
  simpleRNN,
} from "../../src/index.ts";
import { kindOf } from "../../src/layers/index.ts";
import { type Build, CLOSE_BUILDS } from "../builds.ts";
import { expectClose } from "../reference/closeness.ts";
import { integers, keepMask, normals, stepMask } from "../reference/sample.ts";
import {
  evaluate,
  nameWeights,
  stateGradients,
  trace as traceReference,
  type Weights,
} from "../reference/sequential.ts";
import { TOLERANCES } from "../tolerances.ts";
import { codeOf, LOSS, openKit, smallData, smallModel } from "./small-job.ts";

const { kernelForward, kernelGradient, kernelLoss } = TOLERANCES;
const V = 9;

interface Stack {
  readonly name: string;
  readonly layers: Layer[];
  /** Of x, where the first layer is no embedding. */
  readonly features?: number;
  /** The answer is of a layer that reads from the end: at the last step it has read that step alone. */
  readonly fromTheEnd?: boolean;
}

const STACKS: Stack[] = [
  {
    name: "embedding, two LSTMs with dropout, dense",
    layers: [
      embedding({ inputDim: V, outputDim: 5 }),
      lstm({ units: 4, dropout: 0.5, returnSequences: true }),
      lstm({ units: 5, dropout: 0.25 }),
      dense({ units: 1, activation: "sigmoid" }),
    ],
  },
  {
    name: "embedding, an RNN with dropout, an LSTM, two dense",
    layers: [
      embedding({ inputDim: V, outputDim: 3 }),
      simpleRNN({ units: 5, dropout: 0.5, returnSequences: true }),
      lstm({ units: 12, dropout: 0.5 }),
      dense({ units: 3, activation: "relu" }),
      dense({ units: 2, activation: "sigmoid" }),
    ],
  },
  {
    name: "features, an RNN that returns sequences, dense",
    layers: [
      simpleRNN({ units: 12, returnSequences: true, inputShape: [null, 3] }),
      dense({ units: 2, activation: "sigmoid" }),
    ],
    features: 3,
  },
  {
    name: "features, an LSTM, dense with tanh",
    layers: [lstm({ units: 12, inputShape: [null, 5] }), dense({ units: 1, activation: "tanh" })],
    features: 5,
  },
  {
    name: "embedding, a bidirectional GRU with dropout, a GRU that resets before, dense",
    layers: [
      embedding({ inputDim: V, outputDim: 5 }),
      bidirectional({ layer: gru({ units: 4, dropout: 0.5, returnSequences: true }) }),
      gru({ units: 9, dropout: 0.25, resetAfter: false }),
      dense({ units: 1, activation: "sigmoid" }),
    ],
  },
  {
    name: "features, a GRU, the sum of bidirectional LSTMs, dense",
    layers: [
      gru({ units: 12, returnSequences: true, inputShape: [null, 3] }),
      bidirectional({ layer: lstm({ units: 5, returnSequences: true }), mergeMode: "sum" }),
      dense({ units: 2, activation: "sigmoid" }),
    ],
    features: 3,
  },
  {
    name: "embedding that masks 0, an LSTM with dropped states, a GRU that resets before, dense",
    layers: [
      embedding({ inputDim: V, outputDim: 5, maskZero: true }),
      lstm({ units: 5, recurrentDropout: 0.5, returnSequences: true }),
      gru({ units: 4, resetAfter: false }),
      dense({ units: 1, activation: "sigmoid" }),
    ],
  },
  {
    name: "embedding that masks 0, zoneout of a bidirectional LSTM, an RNN and GRUs, dense",
    layers: [
      embedding({ inputDim: V, outputDim: 5, maskZero: true }),
      bidirectional({ layer: lstm({ units: 5, zoneout: 0.25, zoneoutCell: 0.5, returnSequences: true }) }),
      simpleRNN({ units: 5, zoneout: 0.25, goBackwards: true, returnSequences: true }),
      gru({ units: 4, zoneout: 0.5, resetAfter: false, returnSequences: true }),
      gru({ units: 4, zoneout: 0.25 }),
      dense({ units: 1, activation: "sigmoid" }),
    ],
  },
  {
    name: "masked features, a bidirectional RNN, a GRU, dense",
    layers: [
      masking({ inputShape: [null, 3] }),
      bidirectional({ layer: simpleRNN({ units: 4, returnSequences: true }) }),
      gru({ units: 5, returnSequences: true }),
      dense({ units: 2, activation: "sigmoid" }),
    ],
    features: 3,
  },
  {
    name: "features, a minGRU, a bidirectional minLSTM, LSTMs with peepholes and layer normalization, dense",
    layers: [
      minGRU({ units: 5, returnSequences: true, inputShape: [null, 3] }),
      bidirectional({ layer: minLSTM({ units: 4, returnSequences: true }) }),
      peepholeLSTM({ units: 9, dropout: 0.25, returnSequences: true }),
      layerNormLSTM({ units: 5, returnSequences: true }),
      dense({ units: 1, activation: "sigmoid" }),
    ],
    features: 3,
  },
  {
    name: "embedding, the last outputs of bidirectional RNNs, dense",
    layers: [
      embedding({ inputDim: V, outputDim: 5 }),
      bidirectional({ layer: simpleRNN({ units: 3 }) }),
      dense({ units: 1, activation: "sigmoid" }),
    ],
    fromTheEnd: true,
  },
];

// 9 sequences are two groups of four and one.
const SIZES = [1, 3, 9].flatMap((n) => [1, 7].map((T) => ({ n, T })));

const kits = new Map<Build, Runtime>(
  await Promise.all(CLOSE_BUILDS.map(async (build) => [build, await openKit(build)] as const)),
);

/** A model with weights of size 0.4. */
async function modelOf(build: Build, layers: Layer[]): Promise<{ model: Model; weights: Weights }> {
  const model = await kits.get(build)!.sequential(layers);
  const table = await model.getWeights();
  const tensors = table.map(({ data, shape }, i) => ({
    data: Float32Array.from(normals(data.length, 10 + i, 0.4)),
    shape,
  }));
  await model.setWeights(tensors);
  const names = table.map(({ name }) => name);
  return {
    model,
    weights: nameWeights(
      names,
      tensors.map(({ data }) => data),
    ),
  };
}

const inputs = ({ layers, features }: Stack, n: number, T: number) => {
  if (!features) return { data: integers(n * T, V, 1), shape: [n, T] };
  const mask = layers[0]?.type === "masking" ? stepMask(n, T) : undefined;
  const data = Float32Array.from(normals(n * T * features, 1));
  return {
    data: data.map((value, i) => value * (mask?.[Math.floor(i / features)] ?? 1)),
    shape: [n, T, features],
  };
};

/** The same stack, with an output at every step. */
const everyStep = (layers: Layer[]) =>
  layers.map((layer) => {
    if (layer.type === "bidirectional") {
      return { ...layer, layer: { ...layer.layer, returnSequences: true } };
    }
    return "returnSequences" in layer ? { ...layer, returnSequences: true } : layer;
  }) as Layer[];

const head = (layers: Layer[]) => layers.at(-1) as ReturnType<typeof dense>;

describe.each(CLOSE_BUILDS)("%s build", (build) => {
  describe.each(STACKS)("$name", (stack) => {
    test.each(SIZES)(
      "trace gives the reference's gates, states and outputs, n $n, T $T",
      async ({ n, T }) => {
        const { layers } = stack;
        const { model, weights } = await modelOf(build, layers);
        const x = inputs(stack, n, T);
        const found = await model.trace(x);
        const expected = traceReference(everyStep(layers), weights, { x: x.data, B: n, T });
        expectClose(found.outputs.data, expected.outputs, kernelForward, "outputs");
        expect(found.outputs.shape).toEqual([n, T, head(layers).units]);
        const recurrent = model.layers.filter((layer) => kindOf(layer).states);
        expect(found.layers).toHaveLength(recurrent.length);
        for (const [l, layer] of found.layers.entries()) {
          const { name, type } = recurrent[l]!;
          const { units } = kindOf(recurrent[l]!).states!(recurrent[l]!);
          expect(layer).toMatchObject({ name, type, units });
          const states = expected.states[l]!;
          expect(Object.keys(layer)).toEqual(["name", "type", "units", ...Object.keys(states)]);
          for (const [key, value] of Object.entries(states)) {
            const tensor = layer[key as "h"]!;
            expect(tensor.shape, key).toEqual([n, T, units]);
            expectClose(tensor.data, value, kernelForward, `${name} ${key}`);
          }
        }
      },
    );
  });

  describe.each(STACKS.filter(({ fromTheEnd }) => !fromTheEnd))("$name", (stack) => {
    test.each(SIZES)("the last step's outputs are predict's, to the bit, n $n, T $T", async ({ n, T }) => {
      const { model } = await modelOf(build, stack.layers);
      const x = inputs(stack, n, T);
      const { outputs } = await model.trace(x);
      const answer = await model.predict(x);
      const { units } = head(stack.layers);
      const last = outputs.data.filter((_, at) => Math.floor(at / units) % T === T - 1);
      expect(answer.shape.length === 3 ? outputs : { data: last, shape: [n, units] }).toEqual(answer);
    });
  });

  describe.each(STACKS.filter(({ layers }) => head(layers).activation === "sigmoid"))("$name", (stack) => {
    test.each(SIZES)("gradientFlow gives the reference's losses and norms, n $n, T $T", async ({ n, T }) => {
      const { layers } = stack;
      const { model, weights } = await modelOf(build, layers);
      await model.compile(LOSS);
      const x = inputs(stack, n, T);
      const size = head(layers).units * (stack.features ? T : 1);
      const y = keepMask(n * size, 0.5, 6);
      const shape = stack.features ? [n, T, head(layers).units] : [n, size];
      const found = await model.gradientFlow(x, { data: y, shape });
      expect(found.losses.shape).toEqual([n]);
      const single = (b: number) => ({
        x: x.data.slice((b * x.data.length) / n, ((b + 1) * x.data.length) / n),
        y: y.slice(b * size, (b + 1) * size),
        B: 1,
        T,
      });
      for (let b = 0; b < n; b++) {
        const batch = single(b);
        const { loss } = evaluate(layers, weights, batch);
        expectClose([found.losses.data[b]!], [loss], kernelLoss, "loss");
        for (const [l, states] of stateGradients(layers, weights, batch).entries()) {
          const layer = found.layers[l]!;
          expect(Object.keys(layer).sort()).toEqual([...Object.keys(states), "name", "type", "units"].sort());
          for (const [key, value] of Object.entries(states)) {
            const norms = Array.from({ length: T }, (_, t) =>
              Math.hypot(...value.subarray(t * layer.units, (t + 1) * layer.units)),
            );
            const { data, shape } = layer[key as "dh"]!;
            expect(shape).toEqual([n, T]);
            expectClose(data.subarray(b * T, (b + 1) * T), norms, kernelGradient, `${layer.name} ${key}`);
          }
        }
      }
    });
  });
});

describe("gradientFlow and trace", () => {
  const kit = kits.get("release")!;
  const { x, y } = smallData();

  test("the loss of a sequence is what evaluate gives for it alone", async () => {
    const model = await smallModel(kit);
    const { losses } = await model.gradientFlow(x, y);
    for (const n of [0, 5, 36]) {
      const one = { data: x.data.subarray(n * 10, (n + 1) * 10), shape: [1, 10] };
      expect(losses.data[n]).toBe(Math.fround((await model.evaluate(one, [y.data[n]!])).loss));
    }
  });

  test("they change no weight and no later training, and give their memory back", async () => {
    const [looked, other] = [await smallModel(kit), await smallModel(kit)];
    await looked.fit(x, y);
    const before = await kit.info();
    await looked.trace(x);
    await looked.gradientFlow(x, y);
    expect((await kit.info()).memoryInUse).toBe(before.memoryInUse);
    await other.fit(x, y);
    expect(await looked.digest()).toBe(await other.digest());
    for (const model of [looked, other]) await model.fit(x, y, { epochs: 2 });
    expect(await looked.digest()).toBe(await other.digest());
  });

  test("before the first fit they need no memory for the optimiser", async () => {
    const model = await smallModel(kit);
    const { memoryInUse } = await kit.info();
    await model.gradientFlow(x, y);
    expect((await kit.info()).memoryInUse).toBe(memoryInUse);
  });

  test("trace needs no compile, gradientFlow does", async () => {
    const bare = await kit.sequential((await smallModel(kit)).layers);
    await bare.trace(x);
    expect(await codeOf(bare.gradientFlow(x, y))).toBe("NOT_COMPILED");
  });

  test("they refuse what predict and fit refuse", async () => {
    const model = await smallModel(kit);
    expect(await codeOf(model.trace([[1, 2], [3]]))).toBe("BAD_SHAPE");
    expect(await codeOf(model.trace([[[1], [2]]]))).toBe("BAD_SHAPE");
    expect(await codeOf(model.trace([[1, 50]]))).toBe("BAD_INDEX");
    expect(await codeOf(model.gradientFlow([[1, 2]], [0, 1]))).toBe("BAD_SHAPE");
    expect(await codeOf(model.gradientFlow([[1, 2]], [0.5]))).toBe("BAD_LABEL");
  });

  test("a signal stops them between groups", async () => {
    const model = await smallModel(kit);
    for (const call of [
      (signal: AbortSignal) => model.trace(x, { signal }),
      (signal: AbortSignal) => model.gradientFlow(x, y, { signal }),
    ]) {
      const stop = new AbortController();
      const running = codeOf(call(stop.signal));
      setImmediate(() => stop.abort());
      expect(await running).toBe("ABORTED");
      expect(await codeOf(call(stop.signal))).toBe("ABORTED");
    }
  });
});
