import type { ReferenceKind } from "./kind.ts";

/** Keras's Input: data as they are. */
export const inputReference: ReferenceKind<object> = {
  weights: () => [],
  forward: (_, __, x) => ({ y: x, backward: (dy) => ({ dx: dy, dweights: [] }) }),
};
