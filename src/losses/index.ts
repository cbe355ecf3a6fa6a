/** The losses there are: one line each. */
import { binaryCrossentropy } from "./binary-crossentropy.ts";
import type { AnyLoss, LossKind } from "./kind.ts";

/** By their names. */
export const LOSSES = { binaryCrossentropy } as const;

export const lossKindOf = (loss: AnyLoss): LossKind => LOSSES[loss.name as keyof typeof LOSSES] as LossKind;
