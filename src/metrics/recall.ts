import { type ConfusionConfig, confusion } from "./confusion.ts";
import { type MetricKind, share } from "./kind.ts";

export interface RecallConfig extends ConfusionConfig {
  name: "recall";
}

/**
 * Of the targets that are positive, the share whose outputs are; 0 where none is. A target counts as positive where it is not
 * 0. Counted in assembly/metric-sums.ts.
 */
export const recall: MetricKind<RecallConfig & { threshold: number }> = {
  ...confusion,
  result: ([hits, , missed]) => share(hits!, hits! + missed!),
};
