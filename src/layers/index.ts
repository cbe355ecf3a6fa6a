/** The kinds of layers there are: one line each. What a model may hold, and what the package exports. */
import { type DenseLayer, denseKind } from "./dense.ts";
import { type EmbeddingLayer, embeddingKind } from "./embedding.ts";
import type { AnyLayer, LayerKind } from "./kind.ts";
import { type LstmLayer, lstmKind } from "./lstm.ts";
import { type SimpleRnnLayer, simpleRnnKind } from "./simple-rnn.ts";

/** By a description's `type`. */
export const LAYERS = {
  embedding: embeddingKind,
  lstm: lstmKind,
  simpleRNN: simpleRnnKind,
  dense: denseKind,
} as const;

/** One layer of a model, with every default filled in; `name` is "" until the model gives it one. */
export type Layer = DenseLayer | EmbeddingLayer | LstmLayer | SimpleRnnLayer;

/** Names of the states that some kind has at every step. */
export type StateName = NameOf<(typeof LAYERS)[keyof typeof LAYERS]>;
type NameOf<K> = K extends { readonly states: infer S } ? keyof S & string : never;

/** The kind of a layer. */
export const kindOf = (layer: AnyLayer): LayerKind => LAYERS[layer.type as keyof typeof LAYERS] as LayerKind;
