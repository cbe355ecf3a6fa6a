/** A model of layers, by their references. A layer of type `input` begins with the next of the batch's inputs. */
import type { Layer } from "../../src/layers/public.ts";
import type { LossConfig } from "../../src/losses/index.ts";
import type { OptimizerConfig } from "../../src/optimizers/index.ts";
import { clipped } from "./clipping.ts";
import { lossReferenceOf, OPTIMIZER_REFERENCES, optimizerDefaults, referenceOf } from "./index.ts";
import type { OptimizerStep, ReferencePass, Signal, WeightGradient } from "./kind.ts";
import { row, type Vector } from "./matrix.ts";
import { isPenalized, type Penalized, penaltyOf, penaltyValue, withPenalty } from "./penalty.ts";
import { rateOf } from "./schedules.ts";
import { type RowsLoss, weighRows, weighTargets } from "./weights.ts";

/** Every weight, or every gradient, under its name and in the order of `weightTable`. */
export type Weights = Readonly<Record<string, Vector>>;

export interface WeightEntry {
  readonly name: string;
  readonly shape: readonly number[];
}

export interface Batch {
  /** Token ids (B, T) where the first layer is an embedding, else features (B, T, I). */
  readonly x: ArrayLike<number>;
  /** Targets: one for each output, or for each row where the loss takes classes. */
  readonly y: ArrayLike<number>;
  /** What each row of outputs counts for in the loss; all alike where there are none. */
  readonly weights?: ArrayLike<number>;
  /** What each target of a row counts for. */
  readonly lossWeights?: readonly number[];
  readonly B: number;
  readonly T: number;
  /** Of the inputs after the first. */
  readonly more?: readonly { readonly x: ArrayLike<number>; readonly T: number }[];
  /** keepMasks[l], of 0 and 1, is what the dropout of layer l keeps; without one it drops nothing. */
  readonly keepMasks?: readonly (ArrayLike<number> | undefined)[];
}

export interface Evaluation {
  readonly loss: number;
  readonly outputs: Vector;
  /** Outputs of a row. */
  readonly units: number;
  /** (B, T) of the outputs' rows: 0 where one is masked. */
  readonly mask?: ArrayLike<number> | undefined;
}

/** Names, shapes and order of the weights of layers that have their names, as Keras has them. */
export const weightTable = (layers: readonly Layer[]): WeightEntry[] =>
  eachWeight(layers).map(({ layer, path, shape }) => ({ name: `${layer.name}/${path}`, shape }));

function eachWeight(layers: readonly Layer[]): { layer: Layer; path: string; shape: readonly number[] }[] {
  let width = 0;
  // Where T is open any will do that is long enough.
  let T = stepsOf(layers) ?? 99;
  return layers.flatMap((layer, l) => {
    const fed = featuresOf(layers, l);
    if (l > 0 && fed !== undefined) T = 99;
    width = fed ?? width;
    const weights = referenceOf(layer).weights(layer, width);
    const sizes = weights.map(([, shape]) => new Float64Array(shape.reduce((a, b) => a * b)));
    const values = new Float64Array(T * width);
    ({ width, T } = referenceOf(layer).forward(layer, sizes, { values, B: 1, T, width }).y);
    return weights.map(([path, shape]) => ({ layer, path, shape }));
  });
}

/** Of each weight, in their order; of none where no layer asks for any. */
const penalties = (layers: readonly Layer[]): (Penalized | null)[] =>
  layers.some(isPenalized) ? eachWeight(layers).map(({ layer, path }) => penaltyOf(layer, path)) : [];

/** The last axis of the x that layer l is fed with, which is 1 of ids; undefined where it reads another layer. */
function featuresOf(layers: readonly Layer[], l: number): number | undefined {
  const [layer, next] = layers.slice(l) as [Layer, Layer?];
  if (l > 0 && layer.type !== "input") return undefined;
  const reader = layer.type === "input" ? next! : layer;
  if (reader.type === "embedding") return 1;
  return "inputShape" in layer ? layer.inputShape!.at(-1)! : undefined;
}

/** The place of the layer whose states layer l begins with; -1 for none. */
const originOf = (layers: readonly Layer[], l: number): number => {
  const layer = layers[l]!;
  const origin = "initialState" in layer ? layer.initialState : undefined;
  return layers.findIndex(({ name }) => origin !== undefined && name === origin);
};

/** The timesteps that the model is made for; undefined where their number is open. */
function stepsOf([first]: readonly Layer[]): number | undefined {
  if (first?.type === "embedding") return first.inputLength;
  const shape = first && "inputShape" in first ? first.inputShape : undefined;
  return shape?.length === 1 ? 1 : (shape?.[0] ?? undefined);
}

/** Puts copies of tensors under names, first to first. */
export function nameWeights(names: readonly string[], tensors: readonly ArrayLike<number>[]): Weights {
  return Object.fromEntries(names.map((name, i) => [name, Float64Array.from(tensors[i]!)]));
}

/** Binary cross-entropy of the head's logits: of what goes into a sigmoid, or of what any other gives. */
const crossentropyOf = (layers: readonly Layer[]): LossConfig => ({
  name: "binaryCrossentropy",
  fromLogits: activationOf(layers.at(-1)!) !== "sigmoid",
});

/** What the outputs go through last. */
function activationOf(layer: Layer): string {
  if (layer.type === "timeDistributed") return activationOf(layer.layer);
  const { type } = layer;
  return type === "dense" || type === "conv1d" || type === "activation" ? layer.activation : "linear";
}

/** The layer without it. */
const bareOf = (layer: Layer): Layer =>
  (layer.type === "timeDistributed"
    ? { ...layer, layer: bareOf(layer.layer) }
    : { ...layer, activation: "linear" }) as Layer;

/** The model as it is trained and evaluated: the loss of its outputs, and the penalty of its weights. */
export function evaluate(
  layers: readonly Layer[],
  weights: Weights,
  batch: Batch,
  loss: LossConfig = crossentropyOf(layers),
): Evaluation {
  const { values, width, mask } = forward(layers, weights, batch).at(-1)!.y;
  const { found } = lossOf(layers, weights, batch, loss);
  let penalty = 0;
  for (const [k, of] of penalties(layers).entries()) {
    if (of) penalty += penaltyValue(Object.values(weights)[k]!, of);
  }
  return { loss: found.loss + penalty, outputs: values, units: width, mask };
}

/**
 * The loss, its gradient, and the passes that led there. As Keras does, the loss of a sigmoid's or a softmax's
 * cross-entropy is taken from its logits, by a head that is linear.
 */
function lossOf(layers: readonly Layer[], weights: Weights, batch: Batch, loss: LossConfig) {
  const { from, ofLogits, ofOutputs } = lossReferenceOf(loss);
  const head = layers.at(-1)!;
  const fused = from !== undefined && activationOf(head) === from;
  const bare = fused ? [...layers.slice(0, -1), bareOf(head)] : layers;
  const passes = forward(bare, weights, batch);
  const { values, width, mask } = passes.at(-1)!.y;
  const logits = fused || ("fromLogits" in loss && loss.fromLogits === true);
  const plain = logits ? ofLogits! : ofOutputs;
  const own: RowsLoss = (outputs, targets, units) => plain(outputs, targets, units, loss);
  const weighed = batch.lossWeights ? weighTargets(own, batch.lossWeights) : own;
  const counting = countingRows(mask, values.length / width);
  const rows = (all: ArrayLike<number>) =>
    rowsOf(Float64Array.from(all), counting, all.length / (values.length / width));
  const lossOfRows = batch.weights ? weighRows(weighed, rows(batch.weights)) : weighed;
  const found = lossOfRows(rows(values), rows(batch.y), width);
  const gradient = new Float64Array(values.length);
  for (const [i, r] of counting.entries()) row(gradient, r, width).set(row(found.gradient, i, width));
  return { passes, found: { loss: counting.length === 0 ? 0 : found.loss, gradient } };
}

/** The numbers of the rows that are not masked: Keras's loss and metrics are means over these. */
export const countingRows = (mask: ArrayLike<number> | undefined, rows: number): number[] =>
  Array.from({ length: rows }, (_, r) => r).filter((r) => mask?.[r] !== 0);

/** Some of the rows of `width` numbers. */
export const rowsOf = (all: Vector, rows: readonly number[], width: number): Vector =>
  Float64Array.from(rows.flatMap((r) => Array.from(row(all, r, width))));

/** The gradient of the batch's loss with respect to every weight. */
export function gradients(
  layers: readonly Layer[],
  weights: Weights,
  batch: Batch,
  loss: LossConfig = crossentropyOf(layers),
): Weights {
  const found = backward(layers, weights, batch, loss);
  return nameWeights(
    Object.keys(weights),
    found.map(({ dw }) => dw),
  );
}

export interface TrainOptions {
  /** Default binary cross-entropy of the head's logits. */
  readonly loss?: LossConfig;
  readonly optimizer: OptimizerConfig;
  /** The squares that Adam takes of an embedding's gradient: Keras's, read by read, or those of its sum. */
  readonly embeddingSquares?: "perRead" | "ofSum";
}

/**
 * One step of the optimiser for each batch: the loss before each step, and the weights after the last, which are
 * their average where one is kept.
 */
export function train(
  layers: readonly Layer[],
  initial: Weights,
  batches: readonly Batch[],
  { loss = crossentropyOf(layers), optimizer, embeddingSquares = "perRead" }: TrainOptions,
): { losses: number[]; weights: Weights } {
  const weights = nameWeights(Object.keys(initial), Object.values(initial));
  const stepsOf = OPTIMIZER_REFERENCES[optimizer.name] as (of: OptimizerConfig, n: number) => OptimizerStep;
  const steps = Object.values(weights).map((w) => stepsOf(optimizer, w.length));
  const averages = Object.values(weights).map((w) => new Float64Array(w.length));
  const { learningRate, weightDecay } = { ...optimizerDefaults(optimizer.name), ...optimizer };
  const { useEma = false, emaMomentum = 0.99, emaOverwriteFrequency = Infinity } = optimizer;
  const losses: number[] = [];
  for (const [t, batch] of batches.entries()) {
    losses.push(evaluate(layers, weights, batch, loss).loss);
    const found = clipped(backward(layers, weights, batch, loss), optimizer);
    const share = weightDecay * rateOf(learningRate, t + 1);
    Object.values(weights).forEach((w, k) => {
      const { dw, squares } = found[k]!;
      const asked = embeddingSquares === "perRead" ? squares : undefined;
      for (const [i, x] of w.entries()) w[i] = x - x * share;
      steps[k]!(w, dw, t + 1, asked);
      const old = t === 0 ? 0 : emaMomentum;
      const average = averages[k]!;
      for (const [i, a] of average.entries()) average[i] = old * a + (1 - old) * w[i]!;
      const isLast = t === batches.length - 1;
      if (useEma && ((t + 1) % emaOverwriteFrequency === 0 || isLast)) w.set(average);
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
  loss: LossConfig = crossentropyOf(layers),
): Readonly<Record<string, Vector>>[] {
  return wayBack(layers, weights, batch, loss).flatMap(({ dstates }) => (dstates ? [dstates] : []));
}

/** In the order of the weights, the penalties' gradients with them: a list of rows is none any more then. */
function backward(
  layers: readonly Layer[],
  weights: Weights,
  batch: Batch,
  loss: LossConfig,
): WeightGradient[] {
  const found = wayBack(layers, weights, batch, loss).flatMap(({ dweights }) => dweights);
  const added = penalties(layers);
  return found.map((own, k) => {
    const penalty = added[k];
    return penalty ? { dw: withPenalty(own.dw, Object.values(weights)[k]!, penalty) } : own;
  });
}

/** In the order of the layers. */
function wayBack(layers: readonly Layer[], weights: Weights, batch: Batch, loss: LossConfig) {
  const { passes, found } = lossOf(layers, weights, batch, loss);
  let dy: Vector = found.gradient;
  const gradients: ReturnType<ReferencePass["backward"]>[] = [];
  const dfinals: Record<string, Vector>[] = layers.map(() => ({}));
  for (let l = layers.length - 1; l >= 0; l--) {
    const own = passes[l]!.backward(dy, dfinals[l]);
    gradients.unshift(own);
    // Nobody reads the outputs of the branch below.
    dy = layers[l]!.type === "input" && l > 0 ? passes[l - 1]!.y.values.map(() => 0) : own.dx;
    const heir = dfinals[originOf(layers, l)];
    for (const [name, d] of Object.entries(heir ? own.dinitial! : {})) {
      heir![name] = d.map((value, i) => value + (heir![name]?.[i] ?? 0));
    }
  }
  return gradients;
}

function forward(layers: readonly Layer[], weights: Weights, batch: Omit<Batch, "y">) {
  const { x, B, T, more = [], keepMasks } = batch;
  const tensors = Object.values(weights);
  const inputs = [{ x, T }, ...more].values();
  let signal!: Signal;
  const passes: ReferencePass[] = [];
  for (const [l, layer] of layers.entries()) {
    const width = featuresOf(layers, l);
    if (width !== undefined) {
      const input = inputs.next().value!;
      signal = { values: Float64Array.from(input.x), B, T: input.T, width };
    }
    const kind = referenceOf(layer);
    const own = tensors.splice(0, kind.weights(layer, signal.width).length);
    const pass = kind.forward(layer, own, signal, keepMasks?.[l], passes[originOf(layers, l)]?.final);
    signal = pass.y;
    passes.push(pass);
  }
  return passes;
}
