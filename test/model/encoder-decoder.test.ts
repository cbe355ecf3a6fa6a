/** Keras's functional models of an encoder and a decoder that begins with its states. */
import { afterEach, describe, expect, test } from "vitest";
import {
  createRuntime,
  dense,
  embedding,
  gru,
  input,
  type Layer,
  lstm,
  type Runtime,
} from "../../src/index.ts";
import { RECURRENT_KINDS } from "../../src/layers/recurrent-kinds.ts";
import { kernelBytes, openBenches } from "../builds.ts";
import { type Golden, goldens } from "../fixtures/goldens.ts";
import { expectClose } from "../reference/closeness.ts";
import { keepMask, normals } from "../reference/sample.ts";
import { gradients as gradientsOf } from "../reference/sequential.ts";
import { TOLERANCES } from "../tolerances.ts";
import { benchNetwork, predictionPass, trainingPass } from "./bench-network.ts";

const { kerasForward, kerasGradient, kerasTrainingLosses, kerasFinalWeights } = TOLERANCES;

const hasIds = (g: Golden) => g.label("input") === "ids";

function layersOf(g: Golden): Layer[] {
  const [V, E, units] = ["V", "E", "H"].map(g.setting) as [number, number, number];
  const make = g.label("kind") === "lstm" ? lstm : gru;
  const decoder = make({ units, returnSequences: true, initialState: "encoder" });
  if (hasIds(g)) {
    return [
      embedding({ inputDim: V, outputDim: E }),
      make({ units, name: "encoder" }),
      input({ name: "future" }),
      embedding({ inputDim: V, outputDim: E }),
      decoder,
      dense({ units: V, activation: "softmax" }),
    ];
  }
  return [
    make({ units, inputShape: [null, g.setting("I0")], name: "encoder" }),
    input({ name: "future", inputShape: [null, g.setting("I1")] }),
    decoder,
    dense({ units: g.setting("K") }),
  ];
}

const lossOf = (g: Golden) => ({
  name: hasIds(g) ? ("sparseCategoricalCrossentropy" as const) : ("meanSquaredError" as const),
  fromLogits: false,
});

/** All steps of a tensor, one behind the other: (steps · B, …). */
const joined = (g: Golden, key: string) => {
  const [steps, B, ...rest] = g.shape(key) as [number, number, ...number[]];
  const kind = key.startsWith("x") && hasIds(g) ? Int32Array : Float32Array;
  return { data: kind.from(g.tensor(key)), shape: [steps * B, ...rest] };
};

const weightsOf = (g: Golden, key: string) =>
  g.weightNames.map((_, i) => ({
    data: Float32Array.from(g.tensor(`${key}${i}`)),
    shape: g.shape(`${key}${i}`),
  }));

describe.each(await openBenches())("$build build", (bench) => {
  afterEach(() => bench.finish());

  test.each(goldens("seq2seq"))("outputs and every gradient of a batch: $name", async (g) => {
    const { network } = benchNetwork(bench, layersOf(g));
    const { specs } = network.weights.table;
    for (const [i, { data }] of weightsOf(g, "before").entries()) network.weights.write(specs[i]!, data);
    const [B, T, later] = ["B", "T0", "T1"].map(g.setting) as [number, number, number];
    const first = (key: string) => g.tensor(key).subarray(0, g.tensor(key).length / g.setting("steps"));
    const batch = { x: first("x0"), more: [{ x: first("x1"), T: later }], y: first("y"), B, T };
    expectClose(await predictionPass(network, batch), g.tensor("outputs"), kerasForward, "outputs");
    const { gradients } = await trainingPass(bench, network, batch, { loss: lossOf(g), metrics: [] });
    expect(Object.keys(gradients)).toHaveLength(g.weightNames.length);
    for (const [i, [name, found]] of Object.entries(gradients).entries()) {
      expectClose(found, g.tensor(`dw${i}`), kerasGradient, name);
    }
    network.weights.free();
  });

  test.each(goldens("seq2seq"))("fit trains as Keras does: $name", async (g) => {
    const kit: Runtime = await createRuntime({ kernels: kernelBytes(bench.build) });
    const model = await kit.sequential(layersOf(g));
    await model.setWeights(weightsOf(g, "before"));
    const learningRate = g.setting("learning_rate");
    const { name: loss } = lossOf(g);
    await model.compile({ optimizer: { name: "adam", learningRate }, loss });
    const losses: number[] = [];
    let sum = 0;
    await model.fit([joined(g, "x0"), joined(g, "x1")], joined(g, "y"), {
      batchSize: g.setting("B"),
      shuffle: false,
      onBatchEnd: (batch, { loss: mean }) => {
        losses.push(mean * (batch + 1) - sum); // the logs are means over the epoch so far
        sum = mean * (batch + 1);
      },
    });
    expectClose(losses, g.tensor("losses"), kerasTrainingLosses, "losses");
    const trained = await model.getWeights();
    for (const [i, { data }] of weightsOf(g, "after").entries()) {
      expectClose(trained[i]!.data, data, kerasFinalWeights, trained[i]!.name, learningRate);
    }
    await kit.close();
  });

  test.each(Object.entries(RECURRENT_KINDS).filter(([, { options }]) => "initialState" in options))(
    "the gradient of what a layer begins with flows into the one that it is of: %s",
    async (type) => {
      const cell = (rest: object) => ({ type, units: 5, ...rest }) as unknown as Layer;
      const { network, weights } = benchNetwork(bench, [
        cell({ name: "encoder", returnSequences: true, inputShape: [null, 3] }),
        cell({ name: "above" }),
        input({ inputShape: [null, 2] }),
        cell({ initialState: "encoder", returnSequences: true }),
        cell({ initialState: "above", returnSequences: true }),
        cell({ initialState: "encoder" }),
        dense({ units: 1 }),
      ]);
      const [B, T, later] = [5, 6, 4];
      const more = [{ x: normals(B * later * 2, 2), T: later }];
      const batch = { x: normals(B * T * 3, 1), more, y: keepMask(B, 0.5, 3), B, T };
      const { gradients } = await trainingPass(bench, network, batch);
      for (const [name, expected] of Object.entries(gradientsOf(network.layers, weights, batch))) {
        expectClose(gradients[name]!, expected, TOLERANCES.kernelGradient, name);
      }
      network.weights.free();
    },
  );
});
