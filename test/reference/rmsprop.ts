import type { Vector } from "./matrix.ts";

export interface RmspropOptions {
  readonly learningRate: number;
  readonly rho?: number;
  readonly momentum?: number;
  readonly epsilon?: number;
  readonly centered?: boolean;
}

export const rmspropState = (size: number) => ({
  v: new Float64Array(size),
  a: new Float64Array(size),
  m: new Float64Array(size),
});

/** One step of Keras's RMSprop, in place. `squares` as of adamStep; what is centred takes those of dw. */
export function rmspropStep(
  w: Vector,
  { v, a, m }: ReturnType<typeof rmspropState>,
  dw: Vector,
  { learningRate, rho = 0.9, momentum = 0, epsilon = 1e-7, centered = false }: RmspropOptions,
  squares?: Vector,
): void {
  for (let i = 0; i < w.length; i++) {
    const g = dw[i]!;
    const square = centered ? g * g : (squares?.[i] ?? g * g);
    v[i] = rho * v[i]! + (1 - rho) * square;
    a[i] = rho * a[i]! + (1 - rho) * g;
    const variance = centered ? v[i]! - a[i]! ** 2 : v[i]!;
    m[i] = momentum * m[i]! + (learningRate * g) / Math.sqrt(variance + epsilon);
    w[i]! -= m[i]!;
  }
}
