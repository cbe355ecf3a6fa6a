/** The metrics there are: one line each, and one in the union where it has options. */
import { type AucConfig, auc } from "./auc.ts";
import { type BinaryAccuracyConfig, binaryAccuracy } from "./binary-accuracy.ts";
import { categoricalAccuracy } from "./categorical-accuracy.ts";
import { type F1ScoreConfig, f1Score } from "./f1-score.ts";
import type { AnyMetric, MetricKind } from "./kind.ts";
import { meanAbsoluteError } from "./mean-absolute-error.ts";
import { meanAbsolutePercentageError } from "./mean-absolute-percentage-error.ts";
import { meanSquaredError } from "./mean-squared-error.ts";
import { type PrecisionConfig, precision } from "./precision.ts";
import { type R2ScoreConfig, r2Score } from "./r2-score.ts";
import { type RecallConfig, recall } from "./recall.ts";
import { rootMeanSquaredError } from "./root-mean-squared-error.ts";
import { sparseCategoricalAccuracy } from "./sparse-categorical-accuracy.ts";
import {
  type SparseTopKCategoricalAccuracyConfig,
  sparseTopKCategoricalAccuracy,
} from "./sparse-top-k-categorical-accuracy.ts";
import { type TopKCategoricalAccuracyConfig, topKCategoricalAccuracy } from "./top-k-categorical-accuracy.ts";

/** By their names; `accuracy` stands for the one that goes with the loss. */
export const METRICS = {
  binaryAccuracy,
  categoricalAccuracy,
  sparseCategoricalAccuracy,
  topKCategoricalAccuracy,
  sparseTopKCategoricalAccuracy,
  precision,
  recall,
  f1Score,
  auc,
  meanSquaredError,
  rootMeanSquaredError,
  meanAbsoluteError,
  meanAbsolutePercentageError,
  r2Score,
} as const;

/** A metric by its name. */
export type MetricName = "accuracy" | keyof typeof METRICS;

/** A metric by its name, or with its options. */
export type MetricConfig =
  | MetricName
  | BinaryAccuracyConfig
  | TopKCategoricalAccuracyConfig
  | SparseTopKCategoricalAccuracyConfig
  | PrecisionConfig
  | RecallConfig
  | F1ScoreConfig
  | AucConfig
  | R2ScoreConfig
  | { name: MetricName };

/** What `accuracy` is with each loss that has one, as Keras chooses it. */
const ACCURACY: Readonly<Record<string, keyof typeof METRICS>> = {
  binaryCrossentropy: "binaryAccuracy",
  categoricalCrossentropy: "categoricalAccuracy",
  sparseCategoricalCrossentropy: "sparseCategoricalAccuracy",
};

/** A metric's kind, and its description with every default. */
export interface ChosenMetric {
  readonly kind: MetricKind;
  readonly metric: AnyMetric;
}

export const nameOf = (given: MetricConfig): MetricName => (typeof given === "string" ? given : given.name);

/**
 * @param given checked, or a name
 * @param loss the model's, by name
 * @returns undefined for `accuracy` where the loss has none
 */
export function metricOf(given: MetricConfig, loss: string): ChosenMetric | undefined {
  const name = nameOf(given);
  const own = name === "accuracy" ? ACCURACY[loss] : name;
  if (!own) return undefined;
  const kind = METRICS[own] as MetricKind;
  const defaults = Object.entries(kind.options).flatMap(([option, { fallback }]) =>
    fallback === undefined ? [] : [[option, fallback]],
  );
  const options = typeof given === "string" ? {} : given;
  return { kind, metric: { ...Object.fromEntries(defaults), ...options, name: own } };
}

/** Their names in logs: one that comes again has a number behind it, such as `precision1`, as Keras's `precision_1`. */
export function metricKeys(metrics: readonly MetricConfig[]): string[] {
  const names = metrics.map(nameOf);
  return names.map((name, i) => {
    const before = names.slice(0, i).filter((other) => other === name).length;
    return before === 0 ? name : `${name}${before}`;
  });
}
