import type { Vector } from "./matrix.ts";
import type { AdamMoments } from "./optimizer.ts";

export interface NadamOptions {
  readonly learningRate: number;
  readonly beta1?: number;
  readonly beta2?: number;
  readonly epsilon?: number;
}

/** One step of Keras's Nadam, in place, `step` counting from 1; `squares` as of adamStep. */
export function nadamStep(
  w: Vector,
  { m, v }: AdamMoments,
  dw: Vector,
  step: number,
  { learningRate, beta1 = 0.9, beta2 = 0.999, epsilon = 1e-7 }: NadamOptions,
  squares: Vector = dw.map((d) => d * d),
): void {
  const u = (t: number) => beta1 * (1 - 0.5 * 0.96 ** t);
  let product = 1;
  for (let t = 1; t <= step; t++) product *= u(t);
  for (let i = 0; i < w.length; i++) {
    m[i]! += (dw[i]! - m[i]!) * (1 - beta1);
    v[i]! += (squares[i]! - v[i]!) * (1 - beta2);
    const mean =
      (u(step + 1) * m[i]!) / (1 - product * u(step + 1)) + ((1 - u(step)) * dw[i]!) / (1 - product);
    w[i]! -= (learningRate * mean) / (Math.sqrt(v[i]! / (1 - beta2 ** step)) + epsilon);
  }
}
