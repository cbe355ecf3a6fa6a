/** The kinds that a Bidirectional may hold: one line each. */
import { type GruLayer, gruKind } from "./gru.ts";
import { type LayerNormLstmLayer, layerNormLstmKind } from "./layer-norm-lstm.ts";
import { type LstmLayer, lstmKind } from "./lstm.ts";
import { type MinGruLayer, minGruKind } from "./min-gru.ts";
import { type MinLstmLayer, minLstmKind } from "./min-lstm.ts";
import { type PeepholeLstmLayer, peepholeLstmKind } from "./peephole-lstm.ts";
import { type SimpleRnnLayer, simpleRnnKind } from "./simple-rnn.ts";

/** By a description's `type`. */
export const RECURRENT_KINDS = {
  lstm: lstmKind,
  gru: gruKind,
  simpleRNN: simpleRnnKind,
  minGRU: minGruKind,
  minLSTM: minLstmKind,
  layerNormLSTM: layerNormLstmKind,
  peepholeLSTM: peepholeLstmKind,
} as const;

export type AnyRecurrentLayer =
  | GruLayer
  | LstmLayer
  | SimpleRnnLayer
  | MinGruLayer
  | MinLstmLayer
  | LayerNormLstmLayer
  | PeepholeLstmLayer;
