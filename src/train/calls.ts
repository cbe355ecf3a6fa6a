/** The calls of a model, in one table: what crosses to a worker, and how, is derived from it. */
import { EVALUATE_OPTIONS, FIT_OPTIONS, PREDICT_OPTIONS, QUANTIZE_OPTIONS, READ_OPTIONS } from "./options.ts";

/** What there is to know of a call. */
export interface CallKind {
  /** Works batch by batch: its last argument is options of this table, with a signal and perhaps callbacks. */
  readonly options?:
    | typeof FIT_OPTIONS
    | typeof EVALUATE_OPTIONS
    | typeof PREDICT_OPTIONS
    | typeof QUANTIZE_OPTIONS
    | typeof READ_OPTIONS;
  /** Arguments before the options. */
  readonly arguments: number;
  /** Takes batches that come one by one in place of these arguments, and its options behind them. */
  readonly batches?: true;
  /** Its result's arrays are the caller's, and may move. */
  readonly moves?: true;
  /** Its result is a stream, which stays in the worker: the host has its number. */
  readonly opens?: true;
}

export const MODEL_CALLS = {
  compile: { arguments: 1 },
  fit: { arguments: 2, batches: true, options: FIT_OPTIONS },
  evaluate: { arguments: 2, batches: true, options: EVALUATE_OPTIONS },
  predict: { arguments: 1, options: PREDICT_OPTIONS, moves: true },
  stream: { arguments: 1, opens: true },
  step: { arguments: 2, moves: true },
  trace: { arguments: 1, options: READ_OPTIONS, moves: true },
  gradientFlow: { arguments: 2, options: READ_OPTIONS, moves: true },
  resetStates: { arguments: 0 },
  summary: { arguments: 0 },
  countParams: { arguments: 0 },
  getWeights: { arguments: 0, moves: true },
  setWeights: { arguments: 1 },
  digest: { arguments: 0 },
  save: { arguments: 1, moves: true },
  quantize: { arguments: 0, options: QUANTIZE_OPTIONS, moves: true },
  dispose: { arguments: 0 },
} as const satisfies Readonly<Record<string, CallKind>>;

export type ModelCall = keyof typeof MODEL_CALLS;

/** The calls of a stream, but for the one that gives no promise. */
export const STREAM_CALLS = {
  step: { arguments: 1, moves: true },
  steps: { arguments: 1, moves: true },
  getState: { arguments: 0, moves: true },
  setState: { arguments: 1 },
  reset: { arguments: 0 },
  dispose: { arguments: 0 },
} as const satisfies Readonly<Record<string, CallKind>>;

export type StreamCall = keyof typeof STREAM_CALLS;
