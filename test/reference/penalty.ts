/** What weights cost by their size, by the options of the layers that have them. */
import type { Layer, Regularizer } from "../../src/layers/public.ts";
import type { Vector } from "./matrix.ts";

export interface Penalized {
  readonly l1: number;
  readonly l2: number;
}

const OPTIONS = {
  kernel: "kernelRegularizer",
  recurrent_kernel: "recurrentRegularizer",
  bias: "biasRegularizer",
  embeddings: "embeddingsRegularizer",
} as const;

const ownerOf = (layer: Layer): Partial<Record<string, unknown>> => ({
  ...(layer.type === "bidirectional" ? layer.layer : layer),
});

export const isPenalized = (layer: Layer): boolean =>
  Object.values(OPTIONS).some((option) => ownerOf(layer)[option] !== undefined);

/** Of the layer's weight of that path, Keras's; null where it has no penalty. */
export function penaltyOf(layer: Layer, path: string): Penalized | null {
  const option = OPTIONS[path.split("/").at(-1) as keyof typeof OPTIONS];
  const regularizer = ownerOf(layer)[option] as Regularizer | undefined;
  if (regularizer === undefined) return null;
  if (typeof regularizer === "string") return { l1: 0, l2: 0, [regularizer]: 0.01 };
  return { l1: regularizer.l1 ?? 0, l2: regularizer.l2 ?? 0 };
}

export function penaltyValue(w: Vector, { l1, l2 }: Penalized): number {
  let sum = 0;
  for (const x of w) sum += l1 * Math.abs(x) + l2 * x * x;
  return sum;
}

/** dw and the gradient of the penalty. */
export const withPenalty = (dw: Vector, w: Vector, { l1, l2 }: Penalized): Vector =>
  dw.map((d, i) => d + l1 * Math.sign(w[i]!) + 2 * l2 * w[i]!);
