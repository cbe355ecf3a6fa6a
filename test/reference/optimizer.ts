import type { Vector } from "./matrix.ts";

export interface AdamOptions {
  readonly learningRate: number;
  readonly beta1?: number;
  readonly beta2?: number;
  readonly epsilon?: number;
  readonly amsgrad?: boolean;
}

/** First and second moments of one tensor's gradient, both zero before step 1. */
export interface AdamMoments {
  readonly m: Vector;
  readonly v: Vector;
  /** The largest v so far. */
  readonly most: Vector;
}

export function adamMoments(size: number): AdamMoments {
  return { m: new Float64Array(size), v: new Float64Array(size), most: new Float64Array(size) };
}

/**
 * One step of Adam, in place, `step` counting from 1. Kingma and Ba, "Adam", 2015, in the form given
 * just before their section 2.1, which is Keras's: epsilon is added to √v before the bias correction.
 * `squares` is dw² but where the caller has another rule for it, as for an embedding (embeddingSquaresPerRead).
 */
export function adamStep(
  w: Vector,
  { m, v, most }: AdamMoments,
  dw: Vector,
  step: number,
  { learningRate, beta1 = 0.9, beta2 = 0.999, epsilon = 1e-7, amsgrad = false }: AdamOptions,
  squares: Vector = dw.map((d) => d * d),
): void {
  const alpha = (learningRate * Math.sqrt(1 - beta2 ** step)) / (1 - beta1 ** step);
  for (let i = 0; i < w.length; i++) {
    m[i]! += (dw[i]! - m[i]!) * (1 - beta1);
    v[i]! += (squares[i]! - v[i]!) * (1 - beta2);
    most[i] = Math.max(most[i]!, v[i]!);
    w[i]! -= (m[i]! * alpha) / (Math.sqrt((amsgrad ? most : v)[i]!) + epsilon);
  }
}
