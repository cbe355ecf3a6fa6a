/** The optimisers there are: one line each, and one in the union. */
import { type AdamConfig, adam } from "./adam.ts";
import type { AnyOptimizer, OptimizerKind } from "./kind.ts";
import { type SgdConfig, sgd } from "./sgd.ts";

/** By their names. */
export const OPTIMIZERS = { sgd, adam } as const;

/** An optimiser with its options. */
export type OptimizerConfig = SgdConfig | AdamConfig;

export const optimizerKindOf = (optimizer: AnyOptimizer): OptimizerKind =>
  OPTIMIZERS[optimizer.name as keyof typeof OPTIMIZERS] as OptimizerKind;
