/** The losses there are: one line each, and one in the union. */
import { type BinaryCrossentropyConfig, binaryCrossentropy } from "./binary-crossentropy.ts";
import { type CategoricalCrossentropyConfig, categoricalCrossentropy } from "./categorical-crossentropy.ts";
import {
  type GaussianNegativeLogLikelihoodConfig,
  gaussianNegativeLogLikelihood,
} from "./gaussian-negative-log-likelihood.ts";
import { type HuberConfig, huber } from "./huber.ts";
import type { AnyLoss, LossKind } from "./kind.ts";
import { type LogCoshConfig, logCosh } from "./log-cosh.ts";
import { type MeanAbsoluteErrorConfig, meanAbsoluteError } from "./mean-absolute-error.ts";
import { type MeanSquaredErrorConfig, meanSquaredError } from "./mean-squared-error.ts";
import { type QuantileConfig, quantile } from "./quantile.ts";
import {
  type SparseCategoricalCrossentropyConfig,
  sparseCategoricalCrossentropy,
} from "./sparse-categorical-crossentropy.ts";

/** By their names. */
export const LOSSES = {
  binaryCrossentropy,
  categoricalCrossentropy,
  sparseCategoricalCrossentropy,
  meanSquaredError,
  meanAbsoluteError,
  huber,
  logCosh,
  quantile,
  gaussianNegativeLogLikelihood,
} as const;

/** A loss with its options. */
export type LossConfig =
  | BinaryCrossentropyConfig
  | CategoricalCrossentropyConfig
  | SparseCategoricalCrossentropyConfig
  | MeanSquaredErrorConfig
  | MeanAbsoluteErrorConfig
  | HuberConfig
  | LogCoshConfig
  | QuantileConfig
  | GaussianNegativeLogLikelihoodConfig;

export const lossKindOf = (loss: AnyLoss): LossKind => LOSSES[loss.name as keyof typeof LOSSES] as LossKind;

/** Outputs that stand for one number of the targets, where no class does. */
export const outputsPerTargetOf = (loss: AnyLoss): number => lossKindOf(loss).outputsPerTarget?.(loss) ?? 1;

/** Numbers of a target, for rows of so many outputs. */
export const targetWidthOf = (loss: AnyLoss, units: number): number =>
  lossKindOf(loss).targets === "class" ? 1 : units / outputsPerTargetOf(loss);
