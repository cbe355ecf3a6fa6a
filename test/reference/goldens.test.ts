import { describe, expect, test } from "vitest";
import { dense, embedding, gru, lstm, simpleRNN } from "../../src/layers/public.ts";
import { checkLayers } from "../../src/model/stack.ts";
import { type Golden, golden, goldens, strayGoldens } from "../fixtures/goldens.ts";
import { TOLERANCES } from "../tolerances.ts";
import { expectClose } from "./closeness.ts";
import {
  categoricalCrossentropyLogits,
  categoricalCrossentropyProbabilities,
  sparseCategoricalCrossentropyLogits,
  sparseCategoricalCrossentropyProbabilities,
} from "./crossentropy.ts";
import { activationBackward, activationForward } from "./dense.ts";
import { gruBackward, gruForward } from "./gru.ts";
import { layerNormLstm } from "./layer-norm-lstm.ts";
import { layerNormBackward, layerNormForward } from "./layer-normalization.ts";
import { crossentropyFromLogits, crossentropyFromProbabilities } from "./loss.ts";
import { lstmBackward, lstmForward, type RecurrentSizes } from "./lstm.ts";
import type { Vector } from "./matrix.ts";
import { meanAbsoluteError } from "./mean-absolute-error.ts";
import { meanSquaredError } from "./mean-squared-error.ts";
import { blendingCell, type MinCellResult, minGruBlend } from "./min-gru.ts";
import { minLstmBlend } from "./min-lstm.ts";
import { adamMoments, adamStep } from "./optimizer.ts";
import { peepholeLstm } from "./peephole-lstm.ts";
import { rnnBackward, rnnForward } from "./rnn.ts";
import { nameWeights, train, weightTable } from "./sequential.ts";
import { sgdStep } from "./sgd.ts";
import { softmaxBackward, softmaxForward } from "./softmax.ts";

test("every golden in the folder is read by a test", () => {
  expect(strayGoldens()).toEqual([]);
});

const sizesOf = (g: Golden) => ({
  B: g.setting("B"),
  T: g.setting("T"),
  I: g.setting("I"),
  H: g.setting("units"),
});

const recurrentInputs = (g: Golden) => ({
  x: g.tensor("x"),
  weights: { W: g.tensor("w0"), U: g.tensor("w1"), b: g.tensor("w2") },
  sizes: sizesOf(g),
});

function expectLayer(
  g: Golden,
  outputs: Record<string, Float64Array>,
  gradients: Record<string, Float64Array>,
) {
  for (const [key, actual] of Object.entries(outputs)) {
    expectClose(actual, g.tensor(key), TOLERANCES.kerasForward, `${g.name} ${key}`);
  }
  for (const [key, actual] of Object.entries(gradients)) {
    expectClose(actual, g.tensor(key), TOLERANCES.kerasGradient, `${g.name} ${key}`);
  }
}

describe("the LSTM reference computes what Keras does", () => {
  test.each(goldens("lstm"))("$name", (g) => {
    const { x, weights, sizes } = recurrentInputs(g);
    const forward = lstmForward(x, weights, sizes);
    const { dx, dW: dw0, dU: dw1, db: dw2 } = lstmBackward(g.tensor("dy"), forward);
    expectLayer(g, { y: forward.h, hT: forward.hT, cT: forward.cT }, { dx, dw0, dw1, dw2 });
  });

  test.each(goldens("lstmState"))("$name", (g) => {
    const { x, weights, sizes } = recurrentInputs(g);
    const forward = lstmForward(x, weights, sizes, { h0: g.tensor("h0"), c0: g.tensor("c0") });
    const { dx, dW: dw0, dU: dw1, db: dw2, dh0, dc0 } = lstmBackward(g.tensor("dy"), forward);
    expectLayer(g, { y: forward.h, hT: forward.hT, cT: forward.cT }, { dx, dw0, dw1, dw2, dh0, dc0 });
  });
});

describe("the RNN reference computes what Keras does", () => {
  test.each(goldens("rnn"))("$name", (g) => {
    const { x, weights, sizes } = recurrentInputs(g);
    const forward = rnnForward(x, weights, sizes);
    const { dx, dW: dw0, dU: dw1, db: dw2 } = rnnBackward(g.tensor("dy"), forward);
    expectLayer(g, { y: forward.h, hT: forward.hT }, { dx, dw0, dw1, dw2 });
  });
});

describe.each([
  { family: "gru", resetAfter: true },
  { family: "gruBefore", resetAfter: false },
] as const)("the GRU reference computes what Keras does, $family", ({ family, resetAfter }) => {
  test.each(goldens(family))("$name", (g) => {
    const { x, weights, sizes } = recurrentInputs(g);
    const initial = g.has("h0") ? { h0: g.tensor("h0") } : {};
    const forward = gruForward(x, weights, { ...sizes, resetAfter }, initial);
    const { dx, dW: dw0, dU: dw1, db: dw2, dh0 } = gruBackward(g.tensor("dy"), forward);
    const gradients = { dx, dw0, dw1, dw2, ...(g.has("h0") && { dh0 }) };
    expectLayer(g, { y: forward.h, hT: forward.hT }, gradients);
  });
});

/** Which formulas, and how from the golden's tensors: with their states before the first step, where it has some. */
const BEYOND_KERAS = {
  minGru: (x: Vector, [W, b]: Vectors, sizes: RecurrentSizes, start: Start) =>
    blended(blendingCell(x, { W: W!, b: b! }, sizes, minGruBlend, start)),
  minLstm: (x: Vector, [W, b]: Vectors, sizes: RecurrentSizes, start: Start) =>
    blended(blendingCell(x, { W: W!, b: b! }, sizes, minLstmBlend, start)),
  peepholeLstm: (x: Vector, [W, U, b, pi, pf, po]: Vectors, sizes: RecurrentSizes, start: Start) =>
    peepholeLstm(x, { W: W!, U: U!, b: b!, peepholes: [pi!, pf!, po!] }, sizes, start),
  layerNormLstm: (x: Vector, [W, U, b, ...rest]: Vectors, sizes: RecurrentSizes, start: Start, g: Golden) => {
    const norm = (at: number) => ({ gamma: rest[at]!, beta: rest[at + 1]! });
    const weights = { W: W!, U: U!, b: b!, norms: { x: norm(0), v: norm(2), c: norm(4) } };
    return layerNormLstm(x, weights, sizes, g.setting("epsilon"), start);
  },
} as const;

type Vectors = readonly Vector[];
type Start = { readonly h0?: Vector; readonly c0?: Vector };

const blended = ({ h, backward }: MinCellResult) => ({
  h,
  backward: (dh: Vector) => {
    const { dW, db, ...rest } = backward(dh);
    return { ...rest, dweights: [dW, db] };
  },
});

describe.each(Object.entries(BEYOND_KERAS))(
  "the reference computes what TensorFlow does in float64, %s",
  (family, run) => {
    test.each(goldens(family as keyof typeof BEYOND_KERAS))("$name", (g) => {
      const x = g.tensor("x");
      const sizes = sizesOf(g);
      const weights = Array.from({ length: 9 }, (_, i) => `w${i}`).filter((name) => g.has(name));
      const start = Object.fromEntries(
        ["h0", "c0"].filter((name) => g.has(name)).map((name) => [name, g.tensor(name)]),
      );
      const { h, backward } = run(
        x,
        weights.map((name) => g.tensor(name)),
        sizes,
        start,
        g,
      );
      const { dx, dweights, ...rest } = backward(g.tensor("dy"));
      const states = rest as { readonly [K in "dh0" | "dc0"]?: Vector };
      const found: Record<string, Vector> = { y: h, dx };
      for (const [i, name] of weights.entries()) found[`d${name}`] = dweights[i]!;
      for (const name of Object.keys(start)) found[`d${name}`] = states[`d${name}` as "dh0"]!;
      for (const [key, actual] of Object.entries(found)) {
        expectClose(actual, g.tensor(key), TOLERANCES.float64Golden, `${g.name} ${key}`);
      }
    });
  },
);

describe.each(["zoneoutLstm", "zoneoutRnn", "zoneoutGru", "zoneoutGruBefore"] as const)(
  "the reference computes what TensorFlow does in float64, %s",
  (family) => {
    test.each(goldens(family))("$name", (g) => {
      const { x, weights, sizes } = recurrentInputs(g);
      const run = (zone: Vector, zoneCell: Vector | undefined) => {
        if (family === "zoneoutLstm") {
          const forward = lstmForward(x, weights, sizes, { zone, zoneCell });
          return { h: forward.h, backward: (dh: Vector) => lstmBackward(dh, forward) };
        }
        if (family === "zoneoutRnn") {
          const forward = rnnForward(x, weights, sizes, { zone });
          return { h: forward.h, backward: (dh: Vector) => rnnBackward(dh, forward) };
        }
        const forward = gruForward(x, weights, { ...sizes, resetAfter: family === "zoneoutGru" }, { zone });
        return { h: forward.h, backward: (dh: Vector) => gruBackward(dh, forward) };
      };
      const zone = g.tensor("zone");
      const zoneCell = g.has("zone_cell") ? g.tensor("zone_cell") : undefined;
      const { h, backward } = run(zone, zoneCell);
      const { dx, dW: dw0, dU: dw1, db: dw2 } = backward(g.tensor("dy"));
      const mean = run(
        zone.map(() => g.setting("zoneout")),
        zoneCell?.map(() => g.setting("zoneout_cell")),
      ).h;
      for (const [key, actual] of Object.entries({ y: h, mean, dx, dw0, dw1, dw2 })) {
        expectClose(actual, g.tensor(key), TOLERANCES.float64Golden, `${g.name} ${key}`);
      }
    });
  },
);

describe("the layer normalization reference computes what Keras does", () => {
  test.each(goldens("layerNormalization"))("$name", (g) => {
    const weights = {
      ...(g.has("gamma") && { gamma: g.tensor("gamma") }),
      ...(g.has("beta") && { beta: g.tensor("beta") }),
    };
    const forward = layerNormForward(g.tensor("x"), weights, g.setting("N"), g.setting("epsilon"));
    const { dx, dgamma, dbeta } = layerNormBackward(g.tensor("dy"), forward);
    expectClose(forward.y, g.tensor("y"), TOLERANCES.kerasForward, "y");
    const gradients = { dx, ...(weights.gamma && { dgamma }), ...(weights.beta && { dbeta }) };
    for (const [key, actual] of Object.entries(gradients)) {
      expectClose(actual, g.tensor(key), TOLERANCES.kerasGradient, key);
    }
  });
});

describe("the references of losses compute what Keras does", () => {
  test.each([
    { family: "crossentropy", reference: crossentropyFromProbabilities },
    { family: "crossentropyLogits", reference: crossentropyFromLogits },
    { family: "categoricalCrossentropy", reference: categoricalCrossentropyProbabilities },
    { family: "categoricalCrossentropyLogits", reference: categoricalCrossentropyLogits },
    { family: "sparseCategoricalCrossentropy", reference: sparseCategoricalCrossentropyProbabilities },
    { family: "sparseCategoricalCrossentropyLogits", reference: sparseCategoricalCrossentropyLogits },
    { family: "meanSquaredError", reference: meanSquaredError },
    { family: "meanAbsoluteError", reference: meanAbsoluteError },
  ] as const)("$family", ({ family, reference }) => {
    const g = golden(family);
    const units = g.shape("prediction")[1]!;
    const { loss, gradient } = reference(g.tensor("prediction"), g.tensor("target"), units);
    expectClose([loss], g.tensor("loss"), TOLERANCES.kerasLoss, "loss");
    expectClose(gradient, g.tensor("dprediction"), TOLERANCES.kerasLoss, "gradient");
  });
});

test("the hard sigmoid reference computes what Keras does", () => {
  const g = golden("hardSigmoid");
  const y = activationForward(g.tensor("x"), "hardSigmoid");
  const dx = activationBackward(g.tensor("dy"), y, "hardSigmoid");
  expectLayer(g, { y }, { dx });
});

test("the softmax reference computes what Keras does", () => {
  const g = golden("softmax");
  const units = g.shape("x")[1]!;
  const y = softmaxForward(g.tensor("x"), units);
  expectLayer(g, { y }, { dx: softmaxBackward(g.tensor("dy"), y, units) });
});

describe("the SGD reference takes the steps that Keras takes", () => {
  test.each(goldens("sgd"))("$name", (g) => {
    const learningRate = g.setting("learning_rate");
    const momentum = g.name === "optimizer_sgd" ? 0 : g.setting("momentum");
    const w = g.tensor("w0");
    const m = new Float64Array(w.length);
    const [steps] = g.shape("steps");
    for (let step = 0; step < steps!; step++) {
      const slice = (key: string) => g.tensor(key).subarray(step * w.length, (step + 1) * w.length);
      sgdStep(w, m, slice("grads"), { learningRate, momentum, nesterov: g.name.endsWith("nesterov") });
      expectClose(w, slice("steps"), TOLERANCES.kerasSgd, `step ${step + 1}`, learningRate);
    }
  });
});

test("the Adam reference takes the steps that Keras takes", () => {
  const g = goldens("adam").find(({ name }) => name === "optimizer_adam")!;
  const learningRate = g.setting("learning_rate");
  const w = g.tensor("w0");
  const moments = adamMoments(w.length);
  const [steps] = g.shape("steps");
  for (let step = 0; step < steps!; step++) {
    const slice = (key: string) => g.tensor(key).subarray(step * w.length, (step + 1) * w.length);
    adamStep(w, moments, slice("grads"), step + 1, { learningRate });
    expectClose(w, slice("steps"), TOLERANCES.kerasAdam, `step ${step + 1}`, learningRate);
  }
});

describe("the sequential reference trains as Keras does", () => {
  test.each(goldens("train"))("$name", (g) => {
    const [V, E, H, B, T] = ["V", "E", "H", "B", "T"].map(g.setting) as [
      number,
      number,
      number,
      number,
      number,
    ];
    const make = { lstm, gru, rnn: simpleRNN }[g.label("kind")]!;
    const layers = checkLayers([
      embedding({ inputDim: V, outputDim: E }),
      make({ units: H, returnSequences: true }),
      make({ units: H }),
      dense({ units: 1, activation: "sigmoid" }),
    ]);
    const names = weightTable(layers).map(({ name }) => name);
    const stage = (key: string) =>
      nameWeights(
        names,
        names.map((_, k) => g.tensor(`${key}${k}`)),
      );
    const batches = Array.from({ length: g.setting("steps") }, (_, s) => ({
      x: g.tensor("x").subarray(s * B * T, (s + 1) * B * T),
      y: g.tensor("y").subarray(s * B, (s + 1) * B),
      B,
      T,
    }));
    const learningRate = g.setting("learning_rate");
    const { losses, weights } = train(layers, stage("before"), batches, {
      optimizer: { name: "adam", learningRate },
    });
    expectClose(losses, g.tensor("losses"), TOLERANCES.kerasTrainingLosses, "losses");
    for (const [name, after] of Object.entries(stage("after"))) {
      expectClose(weights[name]!, after, TOLERANCES.kerasFinalWeights, name, learningRate);
    }
  });
});
