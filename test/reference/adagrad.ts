import type { Vector } from "./matrix.ts";

export interface AdagradOptions {
  readonly learningRate: number;
  readonly initialAccumulatorValue?: number;
  readonly epsilon?: number;
}

/** One step of Keras's Adagrad, in place; `a`, zero before the first, is what was added to the initial value. */
export function adagradStep(
  w: Vector,
  a: Vector,
  dw: Vector,
  { learningRate, initialAccumulatorValue = 0.1, epsilon = 1e-7 }: AdagradOptions,
  squares: Vector = dw.map((d) => d * d),
): void {
  for (let i = 0; i < w.length; i++) {
    a[i]! += squares[i]!;
    w[i]! -= (learningRate * dw[i]!) / Math.sqrt(initialAccumulatorValue + a[i]! + epsilon);
  }
}
