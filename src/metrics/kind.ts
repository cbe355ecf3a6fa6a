/** What a metric says of itself. */
import type { Kernels } from "../wasm/kernels.ts";

/**
 * Of every row of outputs: its share of the metric, summed over rows in f64 in their order.
 *
 * values (rows) assigned; y (rows, ld), activated; targets (rows, target width)
 */
export type MetricKernel = (
  values: number,
  y: number,
  targets: number,
  rows: number,
  units: number,
  ld: number,
) => void;

export interface MetricKind {
  /** What it compares with: a target for each output, or the number of a class. */
  readonly targets: "outputs" | "class";
  /** What the sum of rows' values is divided by, beside their number: units, or 1. */
  divisor(units: number): number;
  /** @param logits the outputs are logits, not probabilities */
  kernel(k: Kernels, logits: boolean): MetricKernel;
}
