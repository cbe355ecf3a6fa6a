import type { LossAndGradient } from "./loss.ts";
import type { Vector } from "./matrix.ts";

/** PyTorch's GaussianNLLLoss of outputs that are mean μ and log-variance s of each target in turn: v = eˢ + ε. */
export function gaussianNegativeLogLikelihood(
  y: Vector,
  t: ArrayLike<number>,
  epsilon = 1e-6,
): LossAndGradient {
  const n = y.length / 2;
  const gradient = new Float64Array(y.length);
  let sum = 0;
  for (let i = 0; i < n; i++) {
    const error = y[2 * i]! - t[i]!;
    const free = Math.exp(y[2 * i + 1]!);
    const v = free + epsilon;
    sum += 0.5 * (Math.log(v) + error ** 2 / v);
    gradient[2 * i] = error / v / n;
    gradient[2 * i + 1] = (0.5 * (1 / v - error ** 2 / v ** 2) * free) / n;
  }
  return { loss: sum / n, gradient };
}
