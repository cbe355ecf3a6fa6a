/** The losses there are: one line each, and one in the union. */
import { type BinaryCrossentropyConfig, binaryCrossentropy } from "./binary-crossentropy.ts";
import { type CategoricalCrossentropyConfig, categoricalCrossentropy } from "./categorical-crossentropy.ts";
import type { AnyLoss, LossKind } from "./kind.ts";
import { type MeanAbsoluteErrorConfig, meanAbsoluteError } from "./mean-absolute-error.ts";
import { type MeanSquaredErrorConfig, meanSquaredError } from "./mean-squared-error.ts";
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
} as const;

/** A loss with its options. */
export type LossConfig =
  | BinaryCrossentropyConfig
  | CategoricalCrossentropyConfig
  | SparseCategoricalCrossentropyConfig
  | MeanSquaredErrorConfig
  | MeanAbsoluteErrorConfig;

export const lossKindOf = (loss: AnyLoss): LossKind => LOSSES[loss.name as keyof typeof LOSSES] as LossKind;

/** Numbers of a target, for rows of so many outputs. */
export const targetWidthOf = (loss: AnyLoss, units: number): number =>
  lossKindOf(loss).targets === "class" ? 1 : units;
