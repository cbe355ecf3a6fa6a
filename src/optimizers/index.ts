/** The optimisers there are: one line each, and one in the union. */
import { type AdagradConfig, adagrad } from "./adagrad.ts";
import { type AdamConfig, adam } from "./adam.ts";
import { type AdamwConfig, adamw } from "./adamw.ts";
import type { AnyOptimizer, OptimizerKind } from "./kind.ts";
import { type LionConfig, lion } from "./lion.ts";
import { type NadamConfig, nadam } from "./nadam.ts";
import { type RmspropConfig, rmsprop } from "./rmsprop.ts";
import { type SgdConfig, sgd } from "./sgd.ts";

/** By their names. */
export const OPTIMIZERS = { sgd, rmsprop, adam, adamw, nadam, adagrad, lion } as const;

/** An optimiser with its options. */
export type OptimizerConfig =
  | SgdConfig
  | RmspropConfig
  | AdamConfig
  | AdamwConfig
  | NadamConfig
  | AdagradConfig
  | LionConfig;

export const optimizerKindOf = ({ name }: Pick<AnyOptimizer, "name">): OptimizerKind =>
  OPTIMIZERS[name as keyof typeof OPTIMIZERS] as unknown as OptimizerKind;
