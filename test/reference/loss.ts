import { sigmoid, type Vector } from "./matrix.ts";

/** Keras's backend.epsilon(), and one minus it, as float32 has them: the ends that probabilities are clipped to. */
export const CLIP_LOW = Math.fround(1e-7);
export const CLIP_HIGH = Math.fround(1 - 1e-7);

/** Keras's label_smoothing: `share` of each target is given to all of so many classes alike. */
export const smoothed = (t: ArrayLike<number>, share = 0, classes = 2): Vector =>
  Float64Array.from(t, (value) => value * (1 - share) + share / classes);

export interface LossAndGradient {
  readonly loss: number;
  /** Of the loss with respect to what it was computed from. */
  readonly gradient: Vector;
}

/**
 * Binary cross-entropy of logits z against targets y, the mean over all elements:
 * max(z, 0) - z·y + log(1 + exp(-|z|)), TensorFlow's sigmoid_cross_entropy_with_logits.
 *
 * This is also what Keras's TensorFlow backend computes for a model that ends in a sigmoid: it finds the
 * logits behind the probabilities and never clips them.
 */
export function crossentropyFromLogits(logits: Vector, y: ArrayLike<number>): LossAndGradient {
  let sum = 0;
  for (let i = 0; i < logits.length; i++) {
    const z = logits[i]!;
    sum += Math.max(z, 0) - z * y[i]! + Math.log1p(Math.exp(-Math.abs(z)));
  }
  return {
    loss: sum / logits.length,
    gradient: logits.map((z, i) => (sigmoid(z) - y[i]!) / logits.length),
  };
}

/**
 * Binary cross-entropy of bare probabilities p against targets y, the mean over all elements, as Keras's
 * TensorFlow backend has it: p is clipped to [1e-7, 1 - 1e-7], and where it was clipped the gradient is 0.
 */
export function crossentropyFromProbabilities(probabilities: Vector, y: ArrayLike<number>): LossAndGradient {
  const clipped = probabilities.map((p) => Math.min(Math.max(p, CLIP_LOW), CLIP_HIGH));
  let sum = 0;
  for (let i = 0; i < clipped.length; i++) {
    sum -= y[i]! * Math.log(clipped[i]!) + (1 - y[i]!) * Math.log(1 - clipped[i]!);
  }
  return {
    loss: sum / clipped.length,
    gradient: clipped.map((p, i) =>
      p === probabilities[i] ? (p - y[i]!) / (p * (1 - p)) / clipped.length : 0,
    ),
  };
}
