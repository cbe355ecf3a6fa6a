import * as tf from "@tensorflow/tfjs";
import type { DenseLayer } from "../../src/layers/dense.ts";
import type { Layer } from "../../src/layers/public.ts";
import type { LossConfig } from "../../src/losses/index.ts";
import type { OptimizerConfig } from "../../src/optimizers/index.ts";
import { type Batch, weightTable } from "../reference/sequential.ts";
import { useWasmBackend } from "./backend.ts";
import { tfjsLayer } from "./layers.ts";

/** The network of test/reference/sequential.ts in TensorFlow.js: plain arrays in, plain arrays out. */
export interface TfjsNetwork {
  /** One array for each entry of `weightTable`, in its order; Keras and TensorFlow.js agree on it. */
  setWeights(weights: readonly ArrayLike<number>[]): void;
  weights(): Float32Array[];
  /** Outputs (B, units), or (B, T, units), without dropout. */
  predict(batch: Omit<Batch, "y">): Float32Array;
  /** The loss of a batch and its gradient with respect to every weight. */
  gradients(batch: Batch): { loss: number; gradients: Float32Array[] };
  /** One step of the optimiser for each batch, moments and all from the start: the loss before each step. */
  train(batches: readonly Batch[], optimizer: OptimizerConfig): number[];
  dispose(): void;
}

/** The losses that TensorFlow.js has as well. */
export type TfjsLoss = Exclude<LossConfig["name"], "logCosh" | "quantile" | "gaussianNegativeLogLikelihood">;

/** Of targets as the loss has them, and of logits where TensorFlow.js takes it from logits. */
const LOSSES: Readonly<Record<TfjsLoss, (y: tf.Tensor1D, z: tf.Tensor) => tf.Scalar>> = {
  binaryCrossentropy: (y, z) => tf.losses.sigmoidCrossEntropy(y.reshape(z.shape), z),
  categoricalCrossentropy: (y, z) => tf.losses.softmaxCrossEntropy(y.reshape(z.shape), z),
  // It has the loss of classes in fit() alone, from clipped probabilities.
  sparseCategoricalCrossentropy: (y, z) =>
    tf.losses.softmaxCrossEntropy(tf.oneHot(y.toInt(), z.shape.at(-1)!).reshape(z.shape), z),
  meanSquaredError: (y, z) => tf.losses.meanSquaredError(y.reshape(z.shape), z),
  meanAbsoluteError: (y, z) => tf.losses.absoluteDifference(y.reshape(z.shape), z),
  huber: (y, z) => tf.losses.huberLoss(y.reshape(z.shape), z),
};

/** What goes into the head's activation, which TensorFlow.js takes these losses from: all but those of errors. */
const FROM = { sigmoid: tf.sigmoid, softmax: tf.softmax, linear: <T extends tf.Tensor>(z: T) => z } as const;

/**
 * @param layers with their names, of which the last is dense; where the loss is a cross-entropy the head is a
 *   sigmoid or a softmax
 */
export async function tfjsNetwork(
  layers: readonly Layer[],
  loss: TfjsLoss = "binaryCrossentropy",
): Promise<TfjsNetwork> {
  await useWasmBackend();
  const table = weightTable(layers);
  const [first] = layers;
  const shape = first && "inputShape" in first ? first.inputShape : undefined;
  // What dropout keeps in the pass under way; the layers read it when they are called.
  let keepMasks: Batch["keepMasks"];
  const model = tf.sequential();
  // The loss and the probabilities are both taken from the logits, as Keras does behind a sigmoid.
  const last = layers.at(-1)! as DenseLayer;
  const activate = FROM[last.activation as keyof typeof FROM];
  const head: Layer = { ...last, activation: "linear" };
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
    return LOSSES[loss](tf.tensor1d(Float32Array.from(batch.y)), z);
  };

  return {
    setWeights(weights) {
      tf.tidy(() => {
        model.setWeights(table.map(({ shape }, k) => tf.tensor(Float32Array.from(weights[k]!), [...shape])));
      });
    },
    weights: () => variables.map((variable) => variable.dataSync<"float32">()),
    predict: (batch) => tf.tidy(() => activate(logits(batch)).dataSync<"float32">()),
    gradients(batch) {
      const { value, grads } = tf.variableGrads(lossOf(batch), variables);
      const gradients = variables.map(({ name }) => grads[name]!.dataSync<"float32">());
      const [loss] = value.dataSync<"float32">();
      tf.dispose([value, grads]);
      return { loss: loss!, gradients };
    },
    train(batches, description) {
      const optimizer = optimizerOf(description);
      const losses = batches.map((batch) => {
        const value = optimizer.minimize(lossOf(batch), true, variables)!;
        const [loss] = value.dataSync<"float32">();
        value.dispose();
        return loss!;
      });
      optimizer.dispose();
      return losses;
    },
    dispose() {
      model.dispose();
    },
  };
}

function optimizerOf(optimizer: OptimizerConfig): tf.Optimizer {
  const rate = optimizer.learningRate as number; // the peer has no schedules
  if (optimizer.name === "adam") return new KerasAdam(rate);
  if (optimizer.name !== "sgd") throw new Error(`The peer has no ${optimizer.name}.`);
  const { momentum = 0, nesterov = false } = optimizer;
  return momentum > 0 ? tf.train.momentum(rate, momentum, nesterov) : tf.train.sgd(rate);
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
