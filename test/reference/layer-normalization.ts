import type { ReferenceKind } from "./kind.ts";
import { row, type Vector } from "./matrix.ts";

/** Keras's gamma (n) and beta (n); 1 and 0 where not given. */
export interface LayerNormWeights {
  readonly gamma?: Vector;
  readonly beta?: Vector;
}

export interface LayerNormResult {
  readonly weights: LayerNormWeights;
  /** (rows, n). */
  readonly y: Vector;
  /** (rows, n): x at mean 0 and variance 1. */
  readonly xhat: Vector;
  /** (rows): 1 / √(variance + ε). */
  readonly inverse: Vector;
}

export interface LayerNormGradients {
  readonly dx: Vector;
  readonly dgamma: Vector;
  readonly dbeta: Vector;
}

const mean = (values: Vector) => values.reduce((sum, value) => sum + value, 0) / values.length;

/**
 * Layer normalization of rows of n (Ba, Kiros and Hinton), as Keras's LayerNormalization:
 *
 *     μ = mean(x)     s = 1/√(mean((x − μ)²) + ε)     x̂ = s·(x − μ)     y = γ·x̂ + β
 */
export function layerNormForward(
  x: Vector,
  weights: LayerNormWeights,
  n: number,
  epsilon = 1e-3,
): LayerNormResult {
  const { gamma, beta } = weights;
  const y = new Float64Array(x.length);
  const xhat = new Float64Array(x.length);
  const inverse = new Float64Array(x.length / n);
  for (let r = 0; r < inverse.length; r++) {
    const values = row(x, r, n);
    const mu = mean(values);
    const s = 1 / Math.sqrt(mean(values.map((value) => (value - mu) ** 2)) + epsilon);
    inverse[r] = s;
    row(xhat, r, n).set(values.map((value) => s * (value - mu)));
    row(y, r, n).set(row(xhat, r, n).map((hat, j) => (gamma?.[j] ?? 1) * hat + (beta?.[j] ?? 0)));
  }
  return { weights, y, xhat, inverse };
}

/** From dy (rows, n). dgamma and dbeta are those of weights that may not be there. */
export function layerNormBackward(dy: Vector, forward: LayerNormResult): LayerNormGradients {
  const { weights, xhat, inverse } = forward;
  const n = dy.length / inverse.length;
  const dx = new Float64Array(dy.length);
  const dgamma = new Float64Array(n);
  const dbeta = new Float64Array(n);
  inverse.forEach((s, r) => {
    const hat = row(xhat, r, n);
    const d = row(dy, r, n);
    const dhat = d.map((value, j) => (weights.gamma?.[j] ?? 1) * value);
    const through = mean(dhat.map((value, j) => value * hat[j]!));
    row(dx, r, n).set(dhat.map((value, j) => s * (value - mean(dhat) - hat[j]! * through)));
    for (let j = 0; j < n; j++) {
      dgamma[j]! += d[j]! * hat[j]!;
      dbeta[j]! += d[j]!;
    }
  });
  return { dx, dgamma, dbeta };
}

/** Keras's LayerNormalization over the last axis. */
export const layerNormalizationReference: ReferenceKind<{
  readonly epsilon: number;
  readonly center: boolean;
  readonly scale: boolean;
}> = {
  weights: ({ center, scale }, width) => [
    ...(scale ? [["gamma", [width]] as const] : []),
    ...(center ? [["beta", [width]] as const] : []),
  ],
  forward({ epsilon, center, scale }, tensors, { values, B, T, width, mask }) {
    const rest = [...tensors];
    const gamma = scale ? rest.shift() : undefined;
    const beta = center ? rest.shift() : undefined;
    const named = { ...(gamma && { gamma }), ...(beta && { beta }) };
    const result = layerNormForward(values, named, width, epsilon);
    return {
      y: { values: result.y, B, T, width, mask },
      backward(dy) {
        const { dx, dgamma, dbeta } = layerNormBackward(dy, result);
        return { dx, dweights: [...(scale ? [{ dw: dgamma }] : []), ...(center ? [{ dw: dbeta }] : [])] };
      },
    };
  },
};
