/** The kinds that make of a row what depends on it alone, and of a sequence the same at every step: one line each. */
import { type ActivationLayer, activationKind } from "./activation.ts";
import { type DenseLayer, denseKind } from "./dense.ts";
import { type DropoutLayer, dropoutKind } from "./dropout.ts";
import { type LayerNormalizationLayer, layerNormalizationKind } from "./layer-normalization.ts";

/** By a description's `type`. */
export const ROW_KINDS = {
  layerNormalization: layerNormalizationKind,
  dropout: dropoutKind,
  activation: activationKind,
  dense: denseKind,
} as const;

export type AnyRowLayer = LayerNormalizationLayer | DropoutLayer | ActivationLayer | DenseLayer;
