import type { Vector } from "./matrix.ts";

export interface LionOptions {
  readonly learningRate: number;
  readonly beta1?: number;
  readonly beta2?: number;
}

/** One step of Keras's Lion, in place; m holds the momentum, zero before the first step. */
export function lionStep(
  w: Vector,
  m: Vector,
  dw: Vector,
  { learningRate, beta1 = 0.9, beta2 = 0.99 }: LionOptions,
): void {
  for (let i = 0; i < w.length; i++) {
    w[i]! -= learningRate * Math.sign(beta1 * m[i]! + (1 - beta1) * dw[i]!);
    m[i] = beta2 * m[i]! + (1 - beta2) * dw[i]!;
  }
}
