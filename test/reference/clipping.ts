/** How Keras clips gradients, those that reach it as lists of rows with them: found by running it, see test/fixtures/README.md. */
import type { OptimizerConfig } from "../../src/optimizers/index.ts";
import type { WeightGradient } from "./kind.ts";
import type { Vector } from "./matrix.ts";

const sum = (values: Iterable<number>) => {
  let total = 0;
  for (const value of values) total += value;
  return total;
};

/** ‖dw‖²; of a list of rows that of the rows, not of their sum. */
const squareNorm = ({ dw, squares }: WeightGradient) => sum(squares ?? dw.map((d) => d * d));

const times = (x: Vector, factor: number) => x.map((d) => d * factor);

export function clipped(
  gradients: readonly WeightGradient[],
  { clipvalue, clipnorm, globalClipnorm }: OptimizerConfig,
): readonly WeightGradient[] {
  if (clipvalue !== undefined) {
    const limit = (d: number) => Math.max(-clipvalue, Math.min(clipvalue, d));
    return gradients.map((own) => own.limited?.(limit) ?? { dw: own.dw.map(limit) });
  }
  if (clipnorm !== undefined) {
    return gradients.map((own) => {
      const factor = clipnorm / Math.max(clipnorm, Math.sqrt(squareNorm(own)));
      const { dw, squares } = own;
      return { dw: times(dw, factor), ...(squares && { squares: times(squares, factor ** 2) }) };
    });
  }
  if (globalClipnorm === undefined) return gradients;
  const norm = Math.sqrt(sum(gradients.map(squareNorm)));
  return gradients.map(({ dw }) => ({ dw: times(dw, globalClipnorm / Math.max(globalClipnorm, norm)) }));
}
