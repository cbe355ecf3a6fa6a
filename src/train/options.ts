/** What the calls of a model take. */
import { aFunction, aSignal, number, trueOrFalse, wholeNumber } from "../options.ts";

const SIGNAL = { signal: { ...aSignal, fallback: undefined } };
const BATCH_SIZE = { batchSize: { ...wholeNumber(1), fallback: 32 } };

export const READ_OPTIONS = SIGNAL;
export const EVALUATE_OPTIONS = { ...BATCH_SIZE, ...SIGNAL };

export const STREAM_OPTIONS = {
  batchSize: { ...wholeNumber(1), fallback: undefined },
  inputs: { wanted: "the data of all inputs but the last", accepts: () => true, fallback: undefined },
};

export const FIT_OPTIONS = {
  epochs: { ...wholeNumber(0), fallback: 1 },
  ...BATCH_SIZE,
  shuffle: { ...trueOrFalse, fallback: true },
  dropRemainder: { ...trueOrFalse, fallback: false },
  validationData: {
    wanted: "a pair [x, y]",
    accepts: (value: unknown) => Array.isArray(value) && value.length === 2,
    fallback: undefined,
  },
  validationSplit: { ...number("a share from 0 to below 1", (n) => n >= 0 && n < 1), fallback: 0 },
  validationFreq: { ...wholeNumber(1), fallback: 1 },
  onBatchEnd: { ...aFunction, fallback: undefined },
  onEpochEnd: { ...aFunction, fallback: undefined },
  ...SIGNAL,
};

export const SAVE_OPTIONS = {
  metadata: {
    wanted: "an object of strings",
    accepts: (value: unknown) => typeof value === "object" && value !== null && !Array.isArray(value),
    fallback: undefined,
  },
};
