/** The kinds that a Bidirectional may hold: one line each. */
import { type GruLayer, gruKind } from "./gru.ts";
import { type LstmLayer, lstmKind } from "./lstm.ts";
import { type SimpleRnnLayer, simpleRnnKind } from "./simple-rnn.ts";

/** By a description's `type`. */
export const RECURRENT_KINDS = { lstm: lstmKind, gru: gruKind, simpleRNN: simpleRnnKind } as const;

export type AnyRecurrentLayer = GruLayer | LstmLayer | SimpleRnnLayer;
