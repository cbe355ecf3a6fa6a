import { describe, expect, test } from "vitest";
import { createRuntime, dense, embedding, gru, type Layer, lstm, simpleRNN } from "../../src/index.ts";
import { CLOSE_BUILDS, kernelBytes } from "../builds.ts";
import { goldens } from "../fixtures/goldens.ts";
import { expectClose } from "../reference/closeness.ts";
import { TOLERANCES } from "../tolerances.ts";

/** The recurrent layers of a run, by its label. */
const RECURRENT: Record<string, (units: number) => Layer[]> = {
  lstm: (units) => [lstm({ units, returnSequences: true }), lstm({ units })],
  rnn: (units) => [simpleRNN({ units, returnSequences: true }), simpleRNN({ units })],
  backwards: (units) => [lstm({ units, returnSequences: true, goBackwards: true }), gru({ units })],
};

describe.each(CLOSE_BUILDS)("%s build", (build) => {
  test.each([...goldens("train"), ...goldens("trainBackwards")])(
    "fit trains as Keras does: $name",
    async (g) => {
      const [V, E, H, B, T] = ["V", "E", "H", "B", "T"].map(g.setting) as [
        number,
        number,
        number,
        number,
        number,
      ];
      const steps = g.setting("steps");
      const learningRate = g.setting("learning_rate");
      const kit = await createRuntime({ kernels: kernelBytes(build) });
      const model = await kit.sequential([
        embedding({ inputDim: V, outputDim: E }),
        ...RECURRENT[g.label("kind")]!(H),
        dense({ units: 1, activation: "sigmoid" }),
      ]);
      const stage = (key: string) => g.weightNames.map((_, i) => g.tensor(`${key}${i}`));
      await model.setWeights(
        stage("before").map((data, i) => ({ data: Float32Array.from(data), shape: g.shape(`before${i}`) })),
      );
      await model.compile({ optimizer: { name: "adam", learningRate }, loss: "binaryCrossentropy" });
      const losses: number[] = [];
      let sum = 0;
      await model.fit(
        { data: Int32Array.from(g.tensor("x")), shape: [steps * B, T] },
        { data: Uint8Array.from(g.tensor("y")), shape: [steps * B, 1] },
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
      expectClose(losses, g.tensor("losses"), TOLERANCES.kerasTrainingLosses, "losses");
      const trained = await model.getWeights();
      for (const [i, after] of stage("after").entries()) {
        const { name, data } = trained[i]!;
        expectClose(data, after, TOLERANCES.kerasFinalWeights, name, learningRate);
      }
      await kit.close();
    },
  );
});
