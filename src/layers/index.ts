/** The kinds of layers there are: one line each, and one in the union. */
import { LstmkitError } from "../errors.ts";
import { show } from "../options.ts";
import { type AveragePooling1dLayer, averagePooling1dKind } from "./average-pooling1d.ts";
import { type BidirectionalLayer, bidirectionalKind } from "./bidirectional.ts";
import { type Conv1dLayer, conv1dKind } from "./conv1d.ts";
import { type EmbeddingLayer, embeddingKind } from "./embedding.ts";
import { type FlattenLayer, flattenKind } from "./flatten.ts";
import { type GlobalAveragePooling1dLayer, globalAveragePooling1dKind } from "./global-average-pooling1d.ts";
import { type GlobalMaxPooling1dLayer, globalMaxPooling1dKind } from "./global-max-pooling1d.ts";
import { type InputLayer, inputKind } from "./input.ts";
import type { AnyLayer, LayerKind, LayerStates } from "./kind.ts";
import { type MaskingLayer, maskingKind } from "./masking.ts";
import { type MaxPooling1dLayer, maxPooling1dKind } from "./max-pooling1d.ts";
import { describeLayer } from "./options.ts";
import { type AnyRecurrentLayer, RECURRENT_KINDS } from "./recurrent-kinds.ts";
import { type RepeatVectorLayer, repeatVectorKind } from "./repeat-vector.ts";
import { type AnyRowLayer, ROW_KINDS } from "./row-kinds.ts";
import { type TimeDistributedLayer, timeDistributedKind } from "./time-distributed.ts";

/** By a description's `type`. */
export const LAYERS = {
  input: inputKind,
  embedding: embeddingKind,
  masking: maskingKind,
  ...RECURRENT_KINDS,
  bidirectional: bidirectionalKind,
  conv1d: conv1dKind,
  maxPooling1d: maxPooling1dKind,
  averagePooling1d: averagePooling1dKind,
  globalMaxPooling1d: globalMaxPooling1dKind,
  globalAveragePooling1d: globalAveragePooling1dKind,
  flatten: flattenKind,
  repeatVector: repeatVectorKind,
  ...ROW_KINDS,
  timeDistributed: timeDistributedKind,
} as const;

/** One layer of a model, with every default filled in; `name` is "" until the model gives it one. */
export type Layer =
  | InputLayer
  | EmbeddingLayer
  | MaskingLayer
  | AnyRecurrentLayer
  | BidirectionalLayer
  | Conv1dLayer
  | MaxPooling1dLayer
  | AveragePooling1dLayer
  | GlobalMaxPooling1dLayer
  | GlobalAveragePooling1dLayer
  | FlattenLayer
  | RepeatVectorLayer
  | AnyRowLayer
  | TimeDistributedLayer;

/** Names of the states that some kind has at every step. */
export type StateName = NameOf<(typeof LAYERS)[keyof typeof LAYERS]>;
type NameOf<K> = K extends { states(layer: never): { kinds: infer S } } ? keyof S & string : never;

/** The kind of a layer. */
export const kindOf = (layer: AnyLayer): LayerKind => LAYERS[layer.type as keyof typeof LAYERS] as LayerKind;

/**
 * What a layer has at every step, under the names that trace gives it; null for one that has nothing.
 *
 * @throws BAD_LAYER
 */
export function statesOf(layer: AnyLayer): LayerStates | null {
  const whole = complete(layer);
  return kindOf(whole).states?.(whole) ?? null;
}

/**
 * A description that may come from a file: checked, its defaults filled in.
 *
 * @param called what the error calls it
 * @throws BAD_LAYER
 */
export function complete(layer: AnyLayer, called = "the layer"): Layer {
  const type: unknown = layer?.type;
  if (typeof type !== "string" || !Object.hasOwn(LAYERS, type)) {
    throw new LstmkitError(
      "BAD_LAYER",
      `${called} has type ${show(type)}; it must be one of ${Object.keys(LAYERS).join(", ")}.`,
    );
  }
  const kind = kindOf(layer);
  const described = describeLayer<AnyLayer>(layer.type, kind.options, layer);
  return (kind.complete?.(described) ?? described) as Layer;
}
