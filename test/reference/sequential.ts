/** A model of layers, by their references. */
import type { Layer } from "../../src/layers/public.ts";
import { binaryAccuracy } from "./accuracy.ts";
import { type Activation, activationForward } from "./dense.ts";
import { referenceOf } from "./index.ts";
import type { ReferencePass, Signal, WeightGradient } from "./kind.ts";
import { crossentropyFromLogits } from "./loss.ts";
import type { Vector } from "./matrix.ts";
import { type AdamOptions, adamMoments, adamStep } from "./optimizer.ts";

/** Every weight, or every gradient, under its name and in the order of `weightTable`. */
export type Weights = Readonly<Record<string, Vector>>;

export interface WeightEntry {
  readonly name: string;
  readonly shape: readonly number[];
}

export interface Batch {
  /** Token ids (B, T) where the first layer is an embedding, else features (B, T, I). */
  readonly x: ArrayLike<number>;
  /** Targets, as many as there are logits. */
  readonly y: ArrayLike<number>;
  readonly B: number;
  readonly T: number;
  /** keepMasks[l], of 0 and 1, is what the dropout of layer l keeps; without one it drops nothing. */
  readonly keepMasks?: readonly (ArrayLike<number> | undefined)[];
}

export interface Evaluation {
  readonly loss: number;
  readonly accuracy: number;
  /** What the last layer gives without its activation, and with it. */
  readonly logits: Vector;
  readonly outputs: Vector;
}

/** Names, shapes and order of the weights of layers that have their names, as Keras has them. */
export function weightTable(layers: readonly Layer[]): WeightEntry[] {
  let width = features(layers);
  return layers.flatMap((layer) => {
    const weights = referenceOf(layer).weights(layer, width);
    const sizes = weights.map(([, shape]) => new Float64Array(shape.reduce((a, b) => a * b)));
    const values = new Float64Array(width);
    ({ width } = referenceOf(layer).forward(layer, sizes, { values, B: 1, T: 1, width }).y);
    return weights.map(([path, shape]) => ({ name: `${layer.name}/${path}`, shape }));
  });
}

/** The last axis of x; 1 of ids. */
const features = ([first]: readonly Layer[]): number =>
  first && "inputShape" in first ? (first.inputShape?.at(-1) ?? 1) : 1;

/** Puts copies of tensors under names, first to first. */
export function nameWeights(names: readonly string[], tensors: readonly ArrayLike<number>[]): Weights {
  return Object.fromEntries(names.map((name, i) => [name, Float64Array.from(tensors[i]!)]));
}

/**
 * The loss is binary cross-entropy on the logits of the last layer, which is dense, linear or sigmoid: Keras
 * computes the same for a sigmoid head as for a linear one with from_logits.
 */
export function evaluate(layers: readonly Layer[], weights: Weights, batch: Batch): Evaluation {
  const logits = forward(bare(layers), weights, batch).at(-1)!.y.values;
  return {
    loss: crossentropyFromLogits(logits, batch.y).loss,
    accuracy: binaryAccuracy(activationForward(logits, "sigmoid"), batch.y),
    logits,
    outputs: activationForward(logits, headActivation(layers)),
  };
}

const headActivation = (layers: readonly Layer[]): Activation => {
  const head = layers.at(-1)!;
  return head.type === "dense" ? (head.activation as Activation) : "linear";
};

/** The layers, the last without its activation. */
const bare = (layers: readonly Layer[]): Layer[] =>
  layers.map((layer, i) =>
    i === layers.length - 1 && layer.type === "dense" ? { ...layer, activation: "linear" } : layer,
  );

/** The gradient of the batch's loss with respect to every weight. */
export function gradients(layers: readonly Layer[], weights: Weights, batch: Batch): Weights {
  const found = backward(layers, weights, batch);
  return nameWeights(
    Object.keys(weights),
    found.map(({ dw }) => dw),
  );
}

export interface TrainOptions extends AdamOptions {
  /** The squares that Adam takes of an embedding's gradient: Keras's, read by read, or those of its sum. */
  readonly embeddingSquares?: "perRead" | "ofSum";
}

/** One step of Adam for each batch: the loss before each step, and the weights after the last. */
export function train(
  layers: readonly Layer[],
  initial: Weights,
  batches: readonly Batch[],
  { embeddingSquares = "perRead", ...adam }: TrainOptions,
): { losses: number[]; weights: Weights } {
  const weights = nameWeights(Object.keys(initial), Object.values(initial));
  const moments = Object.values(weights).map((w) => adamMoments(w.length));
  const losses: number[] = [];
  for (const batch of batches) {
    losses.push(evaluate(layers, weights, batch).loss);
    const found = backward(layers, weights, batch);
    Object.values(weights).forEach((w, k) => {
      const { dw, squares } = found[k]!;
      const asked = embeddingSquares === "perRead" ? squares : undefined;
      adamStep(w, moments[k]!, dw, losses.length, adam, asked);
    });
  }
  return { losses, weights };
}

/** Of the layers with states, bottom up: what trace gives of them; and the outputs. */
export function trace(
  layers: readonly Layer[],
  weights: Weights,
  batch: Omit<Batch, "y">,
): { states: NonNullable<ReferencePass["states"]>[]; outputs: Vector } {
  const passes = forward(layers, weights, batch);
  return {
    states: passes.flatMap(({ states }) => (states ? [states] : [])),
    outputs: passes.at(-1)!.y.values,
  };
}

/** The gradients of the states of the layers that have some, bottom up. */
export function stateGradients(
  layers: readonly Layer[],
  weights: Weights,
  batch: Batch,
): Readonly<Record<string, Vector>>[] {
  return wayBack(layers, weights, batch).flatMap(({ dstates }) => (dstates ? [dstates] : []));
}

/** In the order of the weights. */
function backward(layers: readonly Layer[], weights: Weights, batch: Batch): WeightGradient[] {
  return wayBack(layers, weights, batch).flatMap(({ dweights }) => dweights);
}

/** In the order of the layers. */
function wayBack(layers: readonly Layer[], weights: Weights, batch: Batch) {
  const passes = forward(bare(layers), weights, batch);
  let dy = crossentropyFromLogits(passes.at(-1)!.y.values, batch.y).gradient;
  const found: ReturnType<ReferencePass["backward"]>[] = [];
  for (const pass of passes.reverse()) {
    const gradients = pass.backward(dy);
    found.unshift(gradients);
    dy = gradients.dx;
  }
  return found;
}

function forward(layers: readonly Layer[], weights: Weights, { x, B, T, keepMasks }: Omit<Batch, "y">) {
  const tensors = Object.values(weights);
  let signal: Signal = { values: Float64Array.from(x), B, T, width: features(layers) };
  return layers.map((layer, l): ReferencePass => {
    const kind = referenceOf(layer);
    const own = tensors.splice(0, kind.weights(layer, signal.width).length);
    const pass = kind.forward(layer, own, signal, keepMasks?.[l]);
    signal = pass.y;
    return pass;
  });
}
