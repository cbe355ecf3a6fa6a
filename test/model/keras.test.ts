import { describe, expect, test } from "vitest";
import {
  bidirectional,
  createRuntime,
  dense,
  embedding,
  gru,
  type Layer,
  lstm,
  type Model,
  simpleRNN,
} from "../../src/index.ts";
import { CLOSE_BUILDS, kernelBytes } from "../builds.ts";
import { type Golden, golden, goldens } from "../fixtures/goldens.ts";
import { expectClose } from "../reference/closeness.ts";
import { TOLERANCES } from "../tolerances.ts";

/** Trains on the golden's batches from its weights: the loss of each step. */
async function train(model: Model, g: Golden, outputs: readonly number[]): Promise<number[]> {
  const [B, T, steps] = ["B", "T", "steps"].map(g.setting) as [number, number, number];
  const losses: number[] = [];
  let sum = 0;
  await model.fit(
    { data: Int32Array.from(g.tensor("x")), shape: [steps * B, T] },
    { data: Uint8Array.from(g.tensor("y")), shape: [steps * B, ...outputs] },
    {
      batchSize: B,
      shuffle: false,
      onBatchEnd: (batch, { loss }) => {
        // The logs are means over the epoch so far.
        losses.push(loss * (batch + 1) - sum);
        sum = loss * (batch + 1);
      },
    },
  );
  expect(losses).toHaveLength(steps);
  return losses;
}

const stage = (g: Golden, key: string) => g.weightNames.map((_, i) => g.tensor(`${key}${i}`));

const start = (model: Model, g: Golden) =>
  model.setWeights(
    stage(g, "before").map((data, i) => ({ data: Float32Array.from(data), shape: g.shape(`before${i}`) })),
  );

async function expectTrained(model: Model, g: Golden, losses: readonly number[]): Promise<void> {
  expectClose(losses, g.tensor("losses"), TOLERANCES.kerasTrainingLosses, "losses");
  const trained = await model.getWeights();
  for (const [i, after] of stage(g, "after").entries()) {
    const { name, data } = trained[i]!;
    expectClose(data, after, TOLERANCES.kerasFinalWeights, name, g.setting("learning_rate"));
  }
}

/** The recurrent layers of a run, by its label. */
const RECURRENT: Record<string, (units: number) => Layer[]> = {
  lstm: (units) => [lstm({ units, returnSequences: true }), lstm({ units })],
  rnn: (units) => [simpleRNN({ units, returnSequences: true }), simpleRNN({ units })],
  gru: (units) => [gru({ units, returnSequences: true }), gru({ units })],
  backwards: (units) => [lstm({ units, returnSequences: true, goBackwards: true }), gru({ units })],
};

describe.each(CLOSE_BUILDS)("%s build", (build) => {
  test.each([...goldens("train"), ...goldens("trainBackwards")])(
    "fit trains as Keras does: $name",
    async (g) => {
      const [V, E, H] = ["V", "E", "H"].map(g.setting) as [number, number, number];
      const learningRate = g.setting("learning_rate");
      const kit = await createRuntime({ kernels: kernelBytes(build) });
      const model = await kit.sequential([
        embedding({ inputDim: V, outputDim: E }),
        ...RECURRENT[g.label("kind")]!(H),
        dense({ units: 1, activation: "sigmoid" }),
      ]);
      await start(model, g);
      await model.compile({ optimizer: { name: "adam", learningRate }, loss: "binaryCrossentropy" });
      await expectTrained(model, g, await train(model, g, [1]));
      await kit.close();
    },
  );

  test("fit with padding that an embedding masks is Keras's, loss and accuracy of masked rows left out", async () => {
    const g = golden("trainMask");
    const [V, E, H, B, T, steps] = ["V", "E", "H", "B", "T", "steps"].map(g.setting) as [
      number,
      number,
      number,
      number,
      number,
      number,
    ];
    const learningRate = g.setting("learning_rate");
    const kit = await createRuntime({ kernels: kernelBytes(build) });
    const model = await kit.sequential([
      embedding({ inputDim: V, outputDim: E, maskZero: true }),
      bidirectional({ layer: lstm({ units: H, returnSequences: true }) }),
      gru({ units: H, returnSequences: true }),
      dense({ units: 1, activation: "sigmoid" }),
    ]);
    await start(model, g);
    const metrics = ["accuracy"] as const;
    await model.compile({ optimizer: { name: "adam", learningRate }, loss: "binaryCrossentropy", metrics });
    await expectTrained(model, g, await train(model, g, [T, 1]));
    const { accuracy } = await model.evaluate(
      { data: Int32Array.from(g.tensor("x")), shape: [steps * B, T] },
      { data: Uint8Array.from(g.tensor("y")), shape: [steps * B, T, 1] },
      { batchSize: B },
    );
    expect(accuracy).toBeCloseTo(g.tensor("accuracy")[0]!, 6);
    await kit.close();
  });
});
