import type { ReferenceKind, WeightGradient } from "./kind.ts";
import { addTo, row, type Vector } from "./matrix.ts";

/** A lookup: row r of the result (R, E) is row tokens[r] of the embeddings (V, E). */
export function embeddingForward(tokens: ArrayLike<number>, embeddings: Vector, E: number): Vector {
  const x = new Float64Array(tokens.length * E);
  for (let r = 0; r < tokens.length; r++) row(x, r, E).set(row(embeddings, tokens[r]!, E));
  return x;
}

/** The gradient of the embeddings (V, E): each token's row collects every dx (R, E) row it was read for. */
export function embeddingBackward(dx: Vector, tokens: ArrayLike<number>, V: number, E: number): Vector {
  const dembeddings = new Float64Array(V * E);
  for (let r = 0; r < tokens.length; r++) addTo(row(dembeddings, tokens[r]!, E), row(dx, r, E));
  return dembeddings;
}

/**
 * The squared gradient (V, E) that Keras's TensorFlow backend gives the optimiser: the gradient arrives there
 * as tf.IndexedSlices, one slice for each read, and `ops.square` squares the slices before they are summed.
 * A token read twice in a batch counts dx₁² + dx₂², where a dense gradient counts (dx₁ + dx₂)².
 */
export function embeddingSquaresPerRead(dx: Vector, tokens: ArrayLike<number>, V: number, E: number): Vector {
  return embeddingBackward(
    dx.map((d) => d * d),
    tokens,
    V,
    E,
  );
}

/** Keras's Embedding; its x are ids. */
export const embeddingReference: ReferenceKind<{
  readonly inputDim: number;
  readonly outputDim: number;
  readonly maskZero: boolean;
}> = {
  weights: ({ inputDim, outputDim }) => [["embeddings", [inputDim, outputDim]]],
  forward({ inputDim: V, outputDim: E, maskZero }, [table], { values: tokens, B, T }) {
    const mask = maskZero ? Uint8Array.from(tokens, (id) => (id === 0 ? 0 : 1)) : undefined;
    const gradient = (dy: Vector): WeightGradient => ({
      dw: embeddingBackward(dy, tokens, V, E),
      squares: embeddingSquaresPerRead(dy, tokens, V, E),
      limited: (limit) => gradient(dy.map(limit)),
    });
    return {
      y: { values: embeddingForward(tokens, table!, E), B, T, width: E, mask },
      backward: (dy) => ({ dx: new Float64Array(tokens.length), dweights: [gradient(dy)] }),
    };
  },
};
