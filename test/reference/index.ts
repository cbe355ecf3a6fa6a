/** The reference of every kind of layer: one line each. */
import type { Layer } from "../../src/layers/public.ts";
import { bidirectionalReference } from "./bidirectional.ts";
import { denseReference } from "./dense.ts";
import { dropoutReference } from "./dropout.ts";
import { embeddingReference } from "./embedding.ts";
import { gruReference } from "./gru.ts";
import type { ReferenceKind } from "./kind.ts";
import { layerNormalizationReference } from "./layer-normalization.ts";
import { lstmReference } from "./lstm.ts";
import { simpleRnnReference } from "./rnn.ts";

export const REFERENCES: { readonly [K in Layer["type"]]: ReferenceKind<Extract<Layer, { type: K }>> } = {
  embedding: embeddingReference,
  lstm: lstmReference,
  gru: gruReference,
  simpleRNN: simpleRnnReference,
  bidirectional: bidirectionalReference((layer) => referenceOf(layer) as never),
  layerNormalization: layerNormalizationReference,
  dropout: dropoutReference,
  dense: denseReference,
};

export const referenceOf = (layer: Layer): ReferenceKind<Layer> =>
  REFERENCES[layer.type] as ReferenceKind<Layer>;
