/** Penalties on weights: which weights have one, what they add to a loss, and what to its gradient. */
import { afterEach, describe, expect, test } from "vitest";
import {
  bidirectional,
  conv1d,
  dense,
  embedding,
  gru,
  type Layer,
  layerNormLSTM,
  lstm,
  minGRU,
  minLSTM,
  peepholeLSTM,
  type Regularizer,
  simpleRNN,
} from "../../src/layers/public.ts";
import { checkLayers } from "../../src/model/stack.ts";
import { weightTable } from "../../src/model/weights.ts";
import { openBenches } from "../builds.ts";
import { benchNetwork, evaluationPass, trainingPass } from "../model/bench-network.ts";
import { expectClose } from "../reference/closeness.ts";
import { expectGradients } from "../reference/differences.ts";
import { penaltyOf } from "../reference/penalty.ts";
import { integers, keepMask, normals } from "../reference/sample.ts";
import { evaluate, gradients } from "../reference/sequential.ts";
import { TOLERANCES } from "../tolerances.ts";

const BOTH = { l1: 0.02, l2: 0.03 };
const recurrent = {
  kernelRegularizer: BOTH,
  recurrentRegularizer: "l1",
  biasRegularizer: { l2: 0.5 },
} as const;
/** Small ones: the loss stays near the size for which differences are exact enough. */
const small = { kernelRegularizer: "l2", recurrentRegularizer: "l1", biasRegularizer: { l2: 0.02 } } as const;
const input = { kernelRegularizer: "l2", biasRegularizer: BOTH } as const;

const V = 9;
const STACKS: { readonly name: string; readonly layers: Layer[] }[] = [
  {
    name: "embedding, lstm, gru, dense",
    layers: [
      embedding({ inputDim: V, outputDim: 5, embeddingsRegularizer: BOTH }),
      lstm({ units: 4, returnSequences: true, ...recurrent }),
      gru({ units: 5, ...recurrent }),
      dense({ units: 1, activation: "sigmoid", kernelRegularizer: "l2", biasRegularizer: BOTH }),
    ],
  },
  {
    name: "embedding without, bidirectional simpleRNN, dense",
    layers: [
      embedding({ inputDim: V, outputDim: 3 }),
      bidirectional({ layer: simpleRNN({ units: 4, ...recurrent }) }),
      dense({ units: 1, activation: "sigmoid", kernelRegularizer: { l1: 0.1 } }),
    ],
  },
  {
    name: "embedding, conv1d, minGRU, bidirectional minLSTM, dense",
    layers: [
      embedding({ inputDim: V, outputDim: 3 }),
      conv1d({ filters: 4, kernelSize: 2, padding: "causal", ...input }),
      minGRU({ units: 5, returnSequences: true, ...input }),
      bidirectional({ layer: minLSTM({ units: 4, ...input }) }),
      dense({ units: 1, activation: "sigmoid" }),
    ],
  },
  {
    name: "embedding, peepholeLSTM, layerNormLSTM, conv1d without bias, dense",
    layers: [
      embedding({ inputDim: V, outputDim: 3 }),
      peepholeLSTM({ units: 4, peepholeInitializer: "ones", returnSequences: true, ...small }),
      conv1d({ filters: 3, kernelSize: 3, padding: "same", useBias: false, kernelRegularizer: "l1" }),
      layerNormLSTM({ units: 5, ...small }),
      dense({ units: 1, activation: "sigmoid" }),
    ],
  },
];

const [B, T] = [21, 4]; // a shard of 16 and one of 5
const batch = { x: integers(B * T, V, 1), y: keepMask(B, 0.5, 2), B, T };

describe.each(STACKS)("$name", ({ layers: given }) => {
  const layers = checkLayers(given);

  test("each weight has the penalty of the option that is named after it", () => {
    for (const { name, path, layer, penalty } of weightTable(layers).specs) {
      expect(penalty ?? null, name).toEqual(penaltyOf(layers[layer]!, path));
    }
  });

  test("a description with regularizers checks to itself, so that a file can hold it", () => {
    expect(checkLayers(JSON.parse(JSON.stringify(layers)))).toEqual(layers);
  });

  test("the reference's gradient is that of its loss, penalties with it", () => {
    const weights = Object.fromEntries(
      weightTable(layers).specs.map(({ name, shape }, i) => [
        name,
        normals(
          shape.reduce((a, b) => a * b),
          10 + i,
          0.4,
        ),
      ]),
    );
    expectGradients(
      () => evaluate(layers, weights, batch).loss,
      weights,
      Object.fromEntries(Object.entries(gradients(layers, weights, batch)).map(([k, v]) => [`d${k}`, v])),
    );
  });
});

describe.each(await openBenches())("$build build", (bench) => {
  afterEach(() => bench.finish());

  test.each(STACKS)("loss and every gradient are the reference's: $name", async ({ layers }) => {
    const { network, weights } = benchNetwork(bench, layers);
    const { result, gradients: found } = await trainingPass(bench, network, batch);
    const expected = gradients(network.layers, weights, batch);
    const { loss } = evaluate(network.layers, weights, batch);
    expectClose([result.loss], [loss], TOLERANCES.kernelLoss, "loss");
    for (const [name, gradient] of Object.entries(expected)) {
      expectClose(found[name]!, gradient, TOLERANCES.kernelGradient, name);
    }
    expect((await evaluationPass(network, batch)).loss).toBe(result.loss);
    const largest = Math.max(...Object.values(found).flatMap((d) => [...d].map(Math.abs)));
    expect(result.peak).toBeGreaterThanOrEqual(largest);
    network.weights.free();
  });

  test("a penalty is made anew once the weights have changed", () => {
    const { network } = benchNetwork(bench, [
      dense({ units: 1, useBias: false, kernelRegularizer: { l1: 0.5, l2: 2 }, inputShape: [2] }),
    ]);
    const [spec] = network.weights.table.specs;
    for (const [w, penalty] of [
      [[1, -2], 0.5 * 3 + 2 * 5],
      [[0, 3], 0.5 * 3 + 2 * 9],
      [[0, 0], 0],
    ] as const) {
      network.weights.write(spec!, w);
      expect(network.weights.penalty()).toBe(penalty);
    }
    network.weights.free();
  });

  test("the gradient of |w| at 0 is 0, as the sign's in Keras", () => {
    const [g, w] = [bench.floats([1, 1, 1, 1, 0, 0, 0, 0]), bench.floats([0, -0, 2, -2, -0, 0, 4, -4])];
    bench.k.penaltyBackward(g, w, 8, 0.5, 0.25);
    expect([...bench.read(g, 8)]).toEqual([1, 1, 2.5, -0.5, 0, 0, 2.5, -2.5]);
  });
});

test("names stand for Keras's share of 0.01, and what an object leaves out for 0", () => {
  const penalty = (kernelRegularizer: Regularizer) =>
    weightTable(checkLayers([dense({ units: 1, kernelRegularizer, inputShape: [2] })])).specs[0]!.penalty;
  expect(penalty("l1")).toEqual({ l1: 0.01, l2: 0 });
  expect(penalty("l2")).toEqual({ l1: 0, l2: 0.01 });
  expect(penalty({ l1: 1 })).toEqual({ l1: 1, l2: 0 });
  expect(penalty({ l2: 0 })).toBeUndefined();
});

test("a layer without regularizers is described as it was before there were any", () => {
  expect(Object.keys(dense({ units: 1 })).filter((name) => name.endsWith("Regularizer"))).toEqual([]);
});

test.each(["l3", "l1l2", {}, { l1: -1 }, { l1: "1" }, { l2: Infinity }, { l: 1 }, 0.01, null, [0.1]])(
  "%o is refused with BAD_LAYER",
  (regularizer) => {
    const given = regularizer as Regularizer;
    for (const make of [
      () => dense({ units: 1, kernelRegularizer: given }),
      () => lstm({ units: 1, recurrentRegularizer: given }),
      () => minLSTM({ units: 1, biasRegularizer: given }),
      () => conv1d({ filters: 1, kernelSize: 1, kernelRegularizer: given }),
      () => embedding({ inputDim: 2, outputDim: 1, embeddingsRegularizer: given }),
    ]) {
      expect(make).toThrow(/^BAD_LAYER.*Regularizer is/);
    }
  },
);

test("a cell without a recurrent kernel has no penalty of it to give", () => {
  for (const make of [minGRU, minLSTM]) {
    const config = { units: 1, recurrentRegularizer: "l2" } as Parameters<typeof make>[0];
    expect(() => make(config)).toThrow(/^BAD_LAYER.*recurrentRegularizer/);
  }
});
