/** The reference of every kind of layer: one line each. */
import type { Layer } from "../../src/layers/public.ts";
import { denseReference } from "./dense.ts";
import { embeddingReference } from "./embedding.ts";
import type { ReferenceKind } from "./kind.ts";
import { lstmReference } from "./lstm.ts";
import { simpleRnnReference } from "./rnn.ts";

export const REFERENCES: { readonly [K in Layer["type"]]: ReferenceKind<Extract<Layer, { type: K }>> } = {
  embedding: embeddingReference,
  lstm: lstmReference,
  simpleRNN: simpleRnnReference,
  dense: denseReference,
};

export const referenceOf = (layer: Layer): ReferenceKind<Layer> =>
  REFERENCES[layer.type] as ReferenceKind<Layer>;
