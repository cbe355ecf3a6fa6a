/** The calls of a model, in one table: what crosses to a worker, and how, is derived from it. */
import { checkMetadata } from "../formats/model-file.ts";
import type { Layer } from "../layers/index.ts";
import { type CompileOptions, checkCompile } from "../model/compile.ts";
import { checkOptions } from "../options.ts";
import type { SaveOptions } from "./model.ts";
import { numbersOf } from "./numbers.ts";
import { EVALUATE_OPTIONS, FIT_OPTIONS, READ_OPTIONS, SAVE_OPTIONS } from "./options.ts";

/** What there is to know of a call. */
export interface CallKind {
  /** Works batch by batch: its last argument is options of this table, with a signal and perhaps callbacks. */
  readonly options?: typeof FIT_OPTIONS | typeof EVALUATE_OPTIONS | typeof READ_OPTIONS;
  /** Arguments before the options. */
  readonly arguments: number;
  /** Its result's arrays are the caller's, and may move. */
  readonly moves?: true;
  /** Finds what is wrong with arguments that no message can hold, in the words of a model that needs no message. */
  readonly look?: (args: readonly unknown[], layers: readonly Layer[]) => void;
}

/** A number behind every place of x and y, and of those of validation. @throws BAD_SHAPE, BAD_VALUE */
function lookAtArrays([x, y, options]: readonly unknown[]): void {
  const { validationData: pair } = Object(options) as { validationData?: readonly unknown[] };
  const named = { x, y, "x of validationData": pair?.[0], "y of validationData": pair?.[1] };
  for (const [name, given] of Object.entries(named)) {
    if (given !== undefined) numbersOf(given, name).each(() => {});
  }
}

function lookAtMetadata(options: unknown): void {
  const { metadata } = checkOptions<SaveOptions, typeof SAVE_OPTIONS>(
    "save()",
    options as SaveOptions,
    SAVE_OPTIONS,
  );
  if (metadata) checkMetadata(metadata);
}

export const MODEL_CALLS = {
  compile: {
    arguments: 1,
    look: ([options], layers) => void checkCompile(options as CompileOptions, layers),
  },
  fit: { arguments: 2, options: FIT_OPTIONS, look: lookAtArrays },
  evaluate: { arguments: 2, options: EVALUATE_OPTIONS, look: lookAtArrays },
  predict: { arguments: 1, options: EVALUATE_OPTIONS, moves: true, look: ([x]) => lookAtArrays([x]) },
  trace: { arguments: 1, options: READ_OPTIONS, moves: true, look: ([x]) => lookAtArrays([x]) },
  gradientFlow: { arguments: 2, options: READ_OPTIONS, moves: true, look: lookAtArrays },
  summary: { arguments: 0 },
  countParams: { arguments: 0 },
  getWeights: { arguments: 0, moves: true },
  setWeights: { arguments: 1 },
  digest: { arguments: 0 },
  save: { arguments: 1, moves: true, look: ([options]) => lookAtMetadata(options) },
  dispose: { arguments: 0 },
} as const satisfies Readonly<Record<string, CallKind>>;

export type ModelCall = keyof typeof MODEL_CALLS;
