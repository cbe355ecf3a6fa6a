import { binaryAccuracy } from "./accuracy.ts";
import {
  type Activation,
  activationBackward,
  activationForward,
  denseBackward,
  denseForward,
} from "./dense.ts";
import { dropoutBackward, dropoutForward } from "./dropout.ts";
import { embeddingBackward, embeddingForward, embeddingSquaresPerRead } from "./embedding.ts";
import { crossentropyFromLogits } from "./loss.ts";
import { lstmBackward, lstmForward } from "./lstm.ts";
import { row, type Vector } from "./matrix.ts";
import { type AdamOptions, adamMoments, adamStep } from "./optimizer.ts";
import { rnnBackward, rnnForward } from "./rnn.ts";

export interface EmbeddingLayer {
  readonly type: "embedding";
  readonly inputDim: number;
  readonly outputDim: number;
}

export interface RecurrentLayer {
  readonly type: "lstm" | "simpleRNN";
  readonly units: number;
  readonly dropout?: number;
  readonly returnSequences?: boolean;
}

export interface DenseLayer {
  readonly type: "dense";
  readonly units: number;
  readonly activation?: Activation;
}

export type Layer = EmbeddingLayer | RecurrentLayer | DenseLayer;

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
  /** keepMasks[l] (B, I), of 0 and 1, is what the dropout of layer l keeps; without one it drops nothing. */
  readonly keepMasks?: readonly (ArrayLike<number> | undefined)[];
}

export interface Evaluation {
  readonly loss: number;
  readonly accuracy: number;
  /** (B, units), or (B, T, units) where the last recurrent layer returns sequences. */
  readonly logits: Vector;
  /** The logits' sigmoid, whatever the last layer's activation. */
  readonly probabilities: Vector;
}

/**
 * Names, shapes and order of a stack's weights, as Keras's `[w.path for w in model.weights]` has them
 * without the model's own name. `features` is the last axis of x, for a stack without an embedding.
 */
export function weightTable(layers: readonly Layer[], features = 0): WeightEntry[] {
  const table: WeightEntry[] = [];
  const earlier: string[] = [];
  let I = features;
  for (const layer of layers) {
    const kind = layer.type === "simpleRNN" ? "simple_rnn" : layer.type;
    const before = earlier.filter((other) => other === kind).length;
    earlier.push(kind);
    const path = before === 0 ? kind : `${kind}_${before}`;
    if (layer.type === "embedding") {
      table.push({ name: `${path}/embeddings`, shape: [layer.inputDim, layer.outputDim] });
      I = layer.outputDim;
    } else if (layer.type === "dense") {
      table.push({ name: `${path}/kernel`, shape: [I, layer.units] });
      table.push({ name: `${path}/bias`, shape: [layer.units] });
      I = layer.units;
    } else {
      const G = layer.type === "lstm" ? 4 * layer.units : layer.units;
      table.push({ name: `${path}/${kind}_cell/kernel`, shape: [I, G] });
      table.push({ name: `${path}/${kind}_cell/recurrent_kernel`, shape: [layer.units, G] });
      table.push({ name: `${path}/${kind}_cell/bias`, shape: [G] });
      I = layer.units;
    }
  }
  return table;
}

/** Puts copies of tensors under names, first to first. */
export function nameWeights(names: readonly string[], tensors: readonly ArrayLike<number>[]): Weights {
  return Object.fromEntries(names.map((name, i) => [name, Float64Array.from(tensors[i]!)]));
}

/**
 * The loss is binary cross-entropy on the logits of the last layer, which is dense, linear or sigmoid: Keras
 * computes the same for a sigmoid head as for a linear one with from_logits.
 */
export function evaluate(layers: readonly Layer[], weights: Weights, batch: Batch): Evaluation {
  const { logits } = forward(layers, weights, batch);
  const probabilities = activationForward(logits, "sigmoid");
  return {
    loss: crossentropyFromLogits(logits, batch.y).loss,
    accuracy: binaryAccuracy(probabilities, batch.y),
    logits,
    probabilities,
  };
}

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

/** What a recurrent layer has at every step: gates (B, T, 4H) and states (B, T, H), as lstmForward has them. */
export interface Steps {
  readonly h: Vector;
  readonly gates?: Vector;
  readonly c?: Vector;
}

/** The gradient of the batch's loss with respect to each of those states. */
export interface StepGradients {
  readonly dhs: Vector;
  readonly dcs?: Vector;
}

/** Of the recurrent layers, bottom up; and the head's outputs, activated. */
export function trace(
  layers: readonly Layer[],
  weights: Weights,
  batch: Omit<Batch, "y">,
): { steps: Steps[]; outputs: Vector } {
  const { logits, passes } = forward(layers, weights, batch);
  const { activation = "linear" } = layers.at(-1) as DenseLayer;
  return {
    steps: passes.flatMap(({ steps }) => steps ?? []),
    outputs: activationForward(logits, activation),
  };
}

/** Of the recurrent layers, bottom up. */
export function stepGradients(layers: readonly Layer[], weights: Weights, batch: Batch): StepGradients[] {
  return wayBack(layers, weights, batch).flatMap(({ dsteps }) => dsteps ?? []);
}

/** One layer's forward pass, and the way back through it. */
interface Pass {
  readonly y: Vector;
  /** Of a recurrent layer. */
  readonly steps?: Steps;
  readonly backward: (dy: Vector) => PassGradients;
}

interface PassGradients {
  readonly dx: Vector;
  readonly dweights: WeightGradient[];
  readonly dsteps?: StepGradients;
}

interface WeightGradient {
  readonly dw: Vector;
  /** Where they are not the squares of dw. */
  readonly squares?: Vector;
}

/** In the order of the weights. */
function backward(layers: readonly Layer[], weights: Weights, batch: Batch): WeightGradient[] {
  return wayBack(layers, weights, batch).flatMap(({ dweights }) => dweights);
}

/** In the order of the layers. */
function wayBack(layers: readonly Layer[], weights: Weights, batch: Batch): PassGradients[] {
  const { logits, passes } = forward(layers, weights, batch);
  let dy = crossentropyFromLogits(logits, batch.y).gradient;
  const found: PassGradients[] = [];
  for (const pass of passes.reverse()) {
    const gradients = pass.backward(dy);
    found.unshift(gradients);
    dy = gradients.dx;
  }
  return found;
}

function forward(layers: readonly Layer[], weights: Weights, batch: Omit<Batch, "y">) {
  const tensors = Object.values(weights);
  const passes: Pass[] = [];
  let values: Vector = Float64Array.from(batch.x);
  let features = values.length / (batch.B * batch.T);
  layers.forEach((layer, l) => {
    const pass =
      layer.type === "embedding"
        ? embeddingPass(layer, tensors.splice(0, 1), values)
        : layer.type === "dense"
          ? densePass(
              tensors.splice(0, 2),
              values,
              features,
              l < layers.length - 1 ? layer.activation : "linear",
            )
          : recurrentPass(layer, tensors.splice(0, 3), values, batch, batch.keepMasks?.[l]);
    passes.push(pass);
    values = pass.y;
    features = layer.type === "embedding" ? layer.outputDim : layer.units;
  });
  return { logits: values, passes };
}

function embeddingPass({ inputDim, outputDim }: EmbeddingLayer, weights: Vector[], tokens: Vector): Pass {
  return {
    y: embeddingForward(tokens, weights[0]!, outputDim),
    backward: (dy) => ({
      dx: new Float64Array(tokens.length),
      dweights: [
        {
          dw: embeddingBackward(dy, tokens, inputDim, outputDim),
          squares: embeddingSquaresPerRead(dy, tokens, inputDim, outputDim),
        },
      ],
    }),
  };
}

function densePass(weights: Vector[], x: Vector, I: number, activation: Activation = "linear"): Pass {
  const named = { W: weights[0]!, b: weights[1]! };
  const R = x.length / I;
  const y = activationForward(denseForward(x, named, R, I), activation);
  return {
    y,
    backward: (dy) => {
      const { dx, dW, db } = denseBackward(activationBackward(dy, y, activation), x, named, R, I);
      return { dx, dweights: [{ dw: dW }, { dw: db }] };
    },
  };
}

function recurrentPass(
  { type, units: H, dropout: rate = 0, returnSequences = false }: RecurrentLayer,
  weights: Vector[],
  x: Vector,
  { B, T }: Omit<Batch, "y">,
  keep: ArrayLike<number> | undefined,
): Pass {
  const I = x.length / (B * T);
  const kept = keep ? dropoutForward(x, keep, rate, B, T, I) : x;
  const named = { W: weights[0]!, U: weights[1]!, b: weights[2]! };
  const { h, hT, steps, layerBackward } = layerForward(type, kept, named, { B, T, I, H });
  return {
    y: returnSequences ? h : hT,
    steps,
    backward: (dy) => {
      const all = returnSequences ? dy : atLastTimestep(dy, B, T, H);
      const { dx, dW, dU, db, ...dsteps } = layerBackward(all);
      return {
        dsteps,
        dx: keep ? dropoutBackward(dx, keep, rate, B, T, I) : dx,
        dweights: [{ dw: dW }, { dw: dU }, { dw: db }],
      };
    },
  };
}

function layerForward(type: RecurrentLayer["type"], ...inputs: Parameters<typeof lstmForward>) {
  if (type === "lstm") {
    const result = lstmForward(...inputs);
    const { h, gates, cStates, T, H } = result;
    const c = cStates.filter((_, at) => Math.floor(at / H) % (T + 1) > 0);
    return { ...result, steps: { h, gates, c }, layerBackward: (dh: Vector) => lstmBackward(dh, result) };
  }
  const result = rnnForward(...inputs);
  return { ...result, steps: { h: result.h }, layerBackward: (dh: Vector) => rnnBackward(dh, result) };
}

/** dhT (B, H) as a gradient of all outputs (B, T, H), zero but at the last timestep. */
function atLastTimestep(dhT: Vector, B: number, T: number, H: number): Vector {
  const dh = new Float64Array(B * T * H);
  for (let b = 0; b < B; b++) row(dh, b * T + T - 1, H).set(row(dhT, b, H));
  return dh;
}
