import * as tf from "@tensorflow/tfjs";
import type { Layer } from "../../src/layers/public.ts";
import { type Batch, weightTable } from "../reference/sequential.ts";
import { useWasmBackend } from "./backend.ts";
import { tfjsLayer } from "./layers.ts";

/** The network of test/reference/sequential.ts in TensorFlow.js: plain arrays in, plain arrays out. */
export interface TfjsNetwork {
  /** One array for each entry of `weightTable`, in its order; Keras and TensorFlow.js agree on it. */
  setWeights(weights: readonly ArrayLike<number>[]): void;
  weights(): Float32Array[];
  /** Probabilities (B, units), without dropout. */
  predict(batch: Omit<Batch, "y">): Float32Array;
  /** The loss of a batch and its gradient with respect to every weight. */
  gradients(batch: Batch): { loss: number; gradients: Float32Array[] };
  /** One step of Adam for each batch, moments and all from the start: the loss before each step. */
  train(batches: readonly Batch[], options: { learningRate: number }): number[];
  dispose(): void;
}

/** @param layers with their names */
export async function tfjsNetwork(layers: readonly Layer[]): Promise<TfjsNetwork> {
  await useWasmBackend();
  const table = weightTable(layers);
  const [first] = layers;
  const shape = first && "inputShape" in first ? first.inputShape : undefined;
  // What dropout keeps in the pass under way; the layers read it when they are called.
  let keepMasks: Batch["keepMasks"];
  const model = tf.sequential();
  // The loss and the probabilities are both taken from the logits, as Keras does behind a sigmoid.
  const head = { ...layers.at(-1)!, activation: "linear" } as Layer;
  [...layers.slice(0, -1), head].forEach((layer, l) => {
    const inputShape = l > 0 ? {} : { inputShape: [...(shape ?? [null])] };
    const dropoutFunc = (ones: tf.Tensor, rate: number) => maskOf(ones, rate, keepMasks?.[l]);
    model.add(tfjsLayer(layer, { ...inputShape, dropoutFunc }));
  });
  const variables = model.trainableWeights.map((weight) => weight.read() as tf.Variable);

  const logits = ({ x, B, T, keepMasks: masks }: Omit<Batch, "y">): tf.Tensor => {
    keepMasks = masks;
    const input = shape
      ? tf.tensor3d(Float32Array.from(x), [B, T, shape.at(-1)!])
      : tf.tensor2d(Int32Array.from(x), [B, T]);
    return model.apply(input, { training: masks !== undefined }) as tf.Tensor;
  };
  const lossOf = (batch: Batch) => (): tf.Scalar => {
    const z = logits(batch);
    return tf.losses.sigmoidCrossEntropy(tf.tensor(Float32Array.from(batch.y), z.shape), z);
  };

  return {
    setWeights(weights) {
      tf.tidy(() => {
        model.setWeights(table.map(({ shape }, k) => tf.tensor(Float32Array.from(weights[k]!), [...shape])));
      });
    },
    weights: () => variables.map((variable) => variable.dataSync<"float32">()),
    predict: (batch) => tf.tidy(() => tf.sigmoid(logits(batch)).dataSync<"float32">()),
    gradients(batch) {
      const { value, grads } = tf.variableGrads(lossOf(batch), variables);
      const gradients = variables.map(({ name }) => grads[name]!.dataSync<"float32">());
      const [loss] = value.dataSync<"float32">();
      tf.dispose([value, grads]);
      return { loss: loss!, gradients };
    },
    train(batches, { learningRate }) {
      const adam = new KerasAdam(learningRate);
      const losses = batches.map((batch) => {
        const value = adam.minimize(lossOf(batch), true, variables)!;
        const [loss] = value.dataSync<"float32">();
        value.dispose();
        return loss!;
      });
      adam.dispose();
      return losses;
    },
    dispose() {
      model.dispose();
    },
  };
}

/**
 * TensorFlow.js divides by √v̂ + ε, where v̂ = v/(1 - β₂ᵗ) is the corrected moment; Keras by √v + ε before the
 * correction. Keras's quotient is that of TensorFlow.js for ε/√(1 - β₂ᵗ), another ε at each step.
 */
class KerasAdam extends tf.AdamOptimizer {
  private step = 0;

  constructor(learningRate: number) {
    super(learningRate, 0.9, 0.999, 1e-7);
  }

  override applyGradients(gradients: Parameters<tf.AdamOptimizer["applyGradients"]>[0]): void {
    this.step++;
    this.epsilon = 1e-7 / Math.sqrt(1 - 0.999 ** this.step);
    super.applyGradients(gradients);
  }
}

/** `ones` (B, I) with what is kept scaled up and the rest 0, in place of the layer's own unseeded draw. */
function maskOf(ones: tf.Tensor, rate: number, keep: ArrayLike<number> | undefined): tf.Tensor {
  if (!keep) return ones;
  return tf.tensor(
    Float32Array.from(keep, (kept) => kept / (1 - rate)),
    ones.shape,
  );
}
