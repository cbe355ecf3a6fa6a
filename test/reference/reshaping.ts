import type { ReferenceKind } from "./kind.ts";
import { addTo, row } from "./matrix.ts";

/** Keras's Flatten: the same numbers in one row. */
export const flattenReference: ReferenceKind<object> = {
  weights: () => [],
  forward: (_, __, { values, B, T, width }) => ({
    y: { values, B, T: 1, width: T * width },
    backward: (dy) => ({ dx: dy, dweights: [] }),
  }),
};

/** Keras's RepeatVector. */
export const repeatVectorReference: ReferenceKind<{ readonly n: number }> = {
  weights: () => [],
  forward({ n }, _, { values, B, width }) {
    const y = new Float64Array(B * n * width);
    for (let r = 0; r < B * n; r++) row(y, r, width).set(row(values, Math.floor(r / n), width));
    return {
      y: { values: y, B, T: n, width },
      backward(dy) {
        const dx = new Float64Array(values.length);
        for (let r = 0; r < B * n; r++) addTo(row(dx, Math.floor(r / n), width), row(dy, r, width));
        return { dx, dweights: [] };
      },
    };
  },
};
