/** What the package exports of its layers: a line each. */
export type { Activation } from "./activation.ts";
export { type DenseConfig, dense } from "./dense.ts";
export { type EmbeddingConfig, embedding } from "./embedding.ts";
export type { Layer } from "./index.ts";
export type { Initializer } from "./kind.ts";
export { type LstmConfig, lstm } from "./lstm.ts";
export type { RecurrentConfig } from "./recurrent.ts";
export { simpleRNN } from "./simple-rnn.ts";
