import { type ConfusionConfig, confusion } from "./confusion.ts";
import { type MetricKind, share } from "./kind.ts";

export interface PrecisionConfig extends ConfusionConfig {
  name: "precision";
}

/**
 * Of the outputs that are positive, the share whose targets are; 0 where none is. A target counts as positive where it is not
 * 0. Counted in assembly/metric-sums.ts.
 */
export const precision: MetricKind<PrecisionConfig & { threshold: number }> = {
  ...confusion,
  result: ([hits, falsePositives]) => share(hits!, hits! + falsePositives!),
};
