/** The metrics there are: one line each. */
import { binaryAccuracy } from "./binary-accuracy.ts";
import { categoricalAccuracy } from "./categorical-accuracy.ts";
import type { MetricKind } from "./kind.ts";
import { meanAbsoluteError } from "./mean-absolute-error.ts";
import { meanSquaredError } from "./mean-squared-error.ts";
import { sparseCategoricalAccuracy } from "./sparse-categorical-accuracy.ts";

/** By their names; `accuracy` stands for the one that goes with the loss. */
export const METRICS = {
  binaryAccuracy,
  categoricalAccuracy,
  sparseCategoricalAccuracy,
  meanAbsoluteError,
  meanSquaredError,
} as const;

/** A metric by its name. */
export type MetricName = "accuracy" | keyof typeof METRICS;

/** What `accuracy` is with each loss that has one, as Keras chooses it. */
const ACCURACY: Readonly<Record<string, keyof typeof METRICS>> = {
  binaryCrossentropy: "binaryAccuracy",
  categoricalCrossentropy: "categoricalAccuracy",
  sparseCategoricalCrossentropy: "sparseCategoricalAccuracy",
};

/**
 * @param loss the model's, by name
 * @returns undefined for `accuracy` where the loss has none
 */
export function metricKindOf(name: MetricName, loss: string): MetricKind | undefined {
  const own = name === "accuracy" ? ACCURACY[loss] : name;
  return own && METRICS[own];
}
