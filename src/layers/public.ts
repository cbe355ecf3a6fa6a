/** What the package exports of its layers: a line each. */
export { type BidirectionalConfig, bidirectional, type MergeMode } from "./bidirectional.ts";
export { type DenseConfig, dense } from "./dense.ts";
export { type DropoutConfig, dropout } from "./dropout.ts";
export { type EmbeddingConfig, embedding } from "./embedding.ts";
export { type GruConfig, gru } from "./gru.ts";
export { type Layer, type StateName, statesOf } from "./index.ts";
export { type InputConfig, input } from "./input.ts";
export type { Activation, Initializer, LayerStates, StateKind } from "./kind.ts";
export { type LayerNormLstmConfig, layerNormLSTM } from "./layer-norm-lstm.ts";
export { type LayerNormalizationConfig, layerNormalization } from "./layer-normalization.ts";
export { type LstmConfig, lstm } from "./lstm.ts";
export { type MaskingConfig, masking } from "./masking.ts";
export { minGRU } from "./min-gru.ts";
export { type MinLstmConfig, minLSTM } from "./min-lstm.ts";
export { type PeepholeLstmConfig, peepholeLSTM } from "./peephole-lstm.ts";
export type { RecurrentConfig, SteppedConfig } from "./recurrent.ts";
export { simpleRNN } from "./simple-rnn.ts";
