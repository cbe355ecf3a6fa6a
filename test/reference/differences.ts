import { TOLERANCES } from "../tolerances.ts";
import { expectClose } from "./closeness.ts";
import type { Vector } from "./matrix.ts";

/**
 * The gradient of `loss` with respect to each element of `w`, by central differences. `loss` reads `w`
 * itself, which holds its first values again afterwards. At h = 1e-5 the truncation error, about h²,
 * and the rounding error, about 1e-16/h, are both near 1e-10 for a loss of size 1.
 */
export function centralDifferences(loss: () => number, w: Vector, h = 1e-5): Vector {
  return Float64Array.from(w, (before, i) => {
    w[i] = before + h;
    const above = loss();
    w[i] = before - h;
    const below = loss();
    w[i] = before;
    return (above - below) / (2 * h);
  });
}

/** Every gradient against the central differences of the loss with respect to the tensor of that name. */
export function expectGradients(
  loss: () => number,
  tensors: Record<string, Vector>,
  gradients: Record<string, Vector>,
): void {
  for (const [name, w] of Object.entries(tensors)) {
    expectClose(
      gradients[`d${name}`]!,
      centralDifferences(loss, w),
      TOLERANCES.centralDifference,
      `d${name}`,
    );
  }
}

/** Σ aᵢ·bᵢ: a loss whose gradient with respect to a is b. */
export function dot(a: Vector, b: Vector): number {
  return a.reduce((sum, value, i) => sum + value * b[i]!, 0);
}
