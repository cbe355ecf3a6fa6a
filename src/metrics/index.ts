/** The metrics there are: one line each. */
import { binaryAccuracy } from "./binary-accuracy.ts";
import type { MetricKind } from "./kind.ts";

/** By their names; `accuracy` stands for the one that goes with the loss. */
export const METRICS = { binaryAccuracy } as const;

export type MetricName = "accuracy" | keyof typeof METRICS;

/** What `accuracy` is with each loss, as Keras chooses it. */
const ACCURACY: Readonly<Record<string, keyof typeof METRICS>> = { binaryCrossentropy: "binaryAccuracy" };

/** @param loss the model's, by name */
export const metricKindOf = (name: MetricName, loss: string): MetricKind =>
  METRICS[name === "accuracy" ? ACCURACY[loss]! : name];
