/** The optimisers there are: one line each. */
import { adam } from "./adam.ts";
import type { AnyOptimizer, OptimizerKind } from "./kind.ts";

/** By their names. */
export const OPTIMIZERS = { adam } as const;

export const optimizerKindOf = (optimizer: AnyOptimizer): OptimizerKind =>
  OPTIMIZERS[optimizer.name as keyof typeof OPTIMIZERS] as OptimizerKind;
