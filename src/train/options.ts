/** What the calls of a model take. */
import { aWeight } from "../losses/targets.ts";
import { aFunction, aSignal, number, trueOrFalse, wholeNumber } from "../options.ts";
import { isBatches } from "./batches.ts";
import { paceOf } from "./checkpoint.ts";
import { isGroup } from "./group.ts";
import { EVENTS, isCallback } from "./listeners.ts";

const SIGNAL = { signal: { ...aSignal, fallback: undefined } };
const BATCH_SIZE = { batchSize: { ...wholeNumber(1), fallback: 32 } };

export const READ_OPTIONS = SIGNAL;
/** What it may be, and what it says, is checked as x and y are. */
const SAMPLE_WEIGHT = {
  sampleWeight: {
    wanted: "a weight for each sample, or step",
    accepts: (value: unknown) => value !== null,
    fallback: undefined,
  },
};

export const PREDICT_OPTIONS = {
  ...BATCH_SIZE,
  cacheTokens: {
    wanted: "true, false, or the most bytes, a whole number from 0 on",
    accepts: (value: unknown) => typeof value === "boolean" || wholeNumber(0).accepts(value),
    fallback: false,
  },
  ...SIGNAL,
};
export const EVALUATE_OPTIONS = { ...BATCH_SIZE, ...SAMPLE_WEIGHT, ...SIGNAL };

export const STREAM_OPTIONS = {
  batchSize: { ...wholeNumber(1), fallback: undefined },
  inputs: { wanted: "the data of all inputs but the last", accepts: () => true, fallback: undefined },
};

export const FIT_OPTIONS = {
  epochs: { ...wholeNumber(0), fallback: 1 },
  ...BATCH_SIZE,
  shuffle: { ...trueOrFalse, fallback: true },
  dropRemainder: { ...trueOrFalse, fallback: false },
  stepsPerEpoch: { ...wholeNumber(1), fallback: undefined },
  validationData: {
    wanted: "a pair [x, y], or [x, y, sampleWeight]; or batches of such",
    accepts: (value: unknown) =>
      isBatches(value) || (Array.isArray(value) && (value.length === 2 || value.length === 3)),
    fallback: undefined,
  },
  validationSplit: { ...number("a share from 0 to below 1", (n) => n >= 0 && n < 1), fallback: 0 },
  validationFreq: { ...wholeNumber(1), fallback: 1 },
  ...SAMPLE_WEIGHT,
  classWeight: {
    wanted: "an object of classes and their weights, from 0 on and finite in float32, such as { 0: 1, 1: 5 }",
    accepts: (value: unknown) =>
      Object.prototype.toString.call(value) === "[object Object]" &&
      Object.values(value as object).every(aWeight.accepts),
    fallback: undefined,
  },
  maxLoss: { ...number("a number", (n) => !Number.isNaN(n)), fallback: undefined },
  callbacks: {
    wanted: `a list of objects with functions: ${EVENTS.join(", ")}`,
    accepts: (value: unknown) => Array.isArray(value) && value.every(isCallback),
    fallback: undefined,
  },
  checkpoint: {
    wanted:
      'an object { store, every?, resume?, onResume?, onError? }, with every a number of batches or a time such as "30s"',
    accepts: isCheckpoint,
    fallback: undefined,
  },
  group: { wanted: "a group of ranks, such as mpiGroup() gives", accepts: isGroup, fallback: undefined },
  onBatchEnd: { ...aFunction, fallback: undefined },
  onEpochEnd: { ...aFunction, fallback: undefined },
  ...SIGNAL,
};

function isCheckpoint(value: unknown): boolean {
  if (typeof value !== "object" || value === null) return false;
  const { store, every = 1, resume = false, onResume, onError, ...rest } = value as Record<string, unknown>;
  const own = Object(store) as Record<string, unknown>;
  return (
    ["read", "write", "clear"].every((name) => typeof own[name] === "function") &&
    (own.lock === undefined || typeof own.lock === "function") &&
    paceOf(every) !== undefined &&
    typeof resume === "boolean" &&
    [onResume, onError].every((one) => one === undefined || typeof one === "function") &&
    Object.keys(rest).every((name) => name === "callbackStates" || name === "pacing") // of a fit in a worker
  );
}

export const QUANTIZE_OPTIONS = {
  calibration: {
    wanted: "some of the model's inputs, as predict takes them",
    accepts: (value: unknown) => value !== null,
    fallback: undefined,
  },
  ...SIGNAL,
};

export const SAVE_OPTIONS = {
  optimizer: { ...trueOrFalse, fallback: false },
  metadata: {
    wanted: "an object of strings",
    accepts: (value: unknown) => typeof value === "object" && value !== null && !Array.isArray(value),
    fallback: undefined,
  },
};
