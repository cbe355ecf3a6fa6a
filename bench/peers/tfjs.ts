/** TensorFlow.js on its wasm backend; one thread, as it has no other in Node. */
import * as tf from "@tensorflow/tfjs";
import { useWasmBackend } from "../../test/tfjs/backend.ts";
import { type CaseData, LEARNING_RATE, serve, type Work, weightShapes } from "../protocol.ts";

await useWasmBackend();

async function prepare({ setup, ids, labelsOf, weights }: CaseData): Promise<Work> {
  const { H, B, T, V, E, dropout } = setup;
  const shapes = weightShapes(setup);
  const zeros = { kernelInitializer: "zeros", recurrentInitializer: "zeros" } as const;
  const recurrent = {
    ...zeros,
    units: H,
    dropout,
    activation: "tanh",
    recurrentActivation: "sigmoid",
    unitForgetBias: false,
  } as const;
  const model = tf.sequential({
    layers: [
      tf.layers.embedding({
        inputDim: V,
        outputDim: E,
        inputShape: [null],
        embeddingsInitializer: "zeros",
      }),
      tf.layers.lstm({ ...recurrent, returnSequences: true }),
      tf.layers.lstm(recurrent),
      tf.layers.dense({ units: 1, kernelInitializer: "zeros" }),
    ],
  });
  tf.tidy(() => model.setWeights(weights.map((array, i) => tf.tensor(array, shapes[i]!))));
  const variables = model.trainableWeights.map((weight) => weight.read() as tf.Variable);
  const adam = tf.train.adam(LEARNING_RATE, 0.9, 0.999, 1e-7);
  const logits = (i: number, training: boolean) =>
    model.apply(tf.tensor2d(ids(i), [B, T], "int32"), { training }) as tf.Tensor;
  return {
    predict: (i) => tf.tidy(() => tf.sigmoid(logits(i, false)).dataSync<"float32">()),
    train(i) {
      const loss = () =>
        tf.losses.sigmoidCrossEntropy(tf.tensor2d(labelsOf(i), [B, 1]), logits(i, true)) as tf.Scalar;
      const value = adam.minimize(loss, true, variables)!;
      const [number] = value.dataSync<"float32">();
      value.dispose();
      return number!;
    },
    dispose() {
      adam.dispose();
      model.dispose();
    },
  };
}

await serve({ name: `tfjs-wasm ${tf.version_core}` }, prepare);
