import type { Vector } from "./matrix.ts";

export interface SgdOptions {
  readonly learningRate: number;
  readonly momentum?: number;
  readonly nesterov?: boolean;
}

/** One step of Keras's SGD, in place; m holds the momentum, zero before the first step. */
export function sgdStep(
  w: Vector,
  m: Vector,
  dw: Vector,
  { learningRate, momentum = 0, nesterov = false }: SgdOptions,
): void {
  for (let i = 0; i < w.length; i++) {
    const step = learningRate * dw[i]!;
    m[i] = momentum * m[i]! - step;
    w[i]! += nesterov && momentum > 0 ? momentum * m[i]! - step : m[i]!;
  }
}
