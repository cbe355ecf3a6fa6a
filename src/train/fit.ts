/** Training: epochs of batches, their logs, validation, callbacks. */
import { now } from "../clock.ts";
import { LstmkitError } from "../errors.ts";
import { metricKeys } from "../metrics/index.ts";
import type { Batch, BatchResult } from "../model/batch.ts";
import type { CompileConfig } from "../model/compile.ts";
import { wholeBatches } from "../model/kept-states.ts";
import type { Filled } from "../options.ts";
import type { Pauses } from "./access.ts";
import type { Feed } from "./batches.ts";
import { dataOf, part, type Samples } from "./inputs.ts";
import { Listeners } from "./listeners.ts";
import type { EpochLogs, FitContext, FitOptions, History, Logs } from "./model.ts";
import type { FIT_OPTIONS } from "./options.ts";
import type { ClassWeights } from "./row-weights.ts";
import { addTo, logsOf, noSums, type RunState } from "./run-state.ts";

type Given = Filled<FitOptions, typeof FIT_OPTIONS>;

/** All that a fit works by: samples of our own, or where they come from, and what the options say. */
export interface FitPlan extends Given {
  readonly train: Samples | Feed;
  readonly validation: Samples | Feed | null;
  readonly listeners: Listeners;
  /** Batches in an epoch; Infinity where nobody knows yet. */
  readonly batches: number;
}

/**
 * @param check of what was given for validation
 * @param weigh samples by their classes
 * @throws BAD_ARGUMENT where there is nothing to train or to validate on; what `check` and `weigh` throw
 */
export function planFit(
  all: Samples,
  given: Given,
  check: (data: NonNullable<FitOptions["validationData"]>) => Samples | Feed,
  weigh: (samples: Samples, classes: ClassWeights) => Samples,
): FitPlan {
  const { validationData, validationSplit, batchSize, dropRemainder, classWeight, stepsPerEpoch } = given;
  if (stepsPerEpoch !== undefined) {
    throw new LstmkitError(
      "BAD_ARGUMENT",
      "fit() was given stepsPerEpoch beside arrays, whose batches are counted. Leave it out, or give batches.",
    );
  }
  if (classWeight && all.weights) {
    throw new LstmkitError(
      "BAD_ARGUMENT",
      "fit() was given classWeight and sampleWeight: multiply each sample's weight by its class's, and give sampleWeight.",
    );
  }
  const [own, validation]: [Samples, Samples | Feed | null] = validationData
    ? [all, check(validationData)]
    : split(all, validationSplit);
  const train = classWeight ? weigh(own, classWeight) : own;
  const batches = dropRemainder
    ? Math.floor(train.samples / batchSize)
    : Math.ceil(train.samples / batchSize);
  if (batches === 0) {
    throw new LstmkitError(
      "BAD_ARGUMENT",
      `${train.samples} samples make no whole batch of ${batchSize}, and dropRemainder is set. Lower batchSize.`,
    );
  }
  return { ...given, train, validation, batches, listeners: new Listeners(given) };
}

/** The same for batches that come one by one. @param check as above */
export function planFeed(train: Feed, given: Given, check: Parameters<typeof planFit>[2]): FitPlan {
  const { validationData, stepsPerEpoch = Number.POSITIVE_INFINITY } = given;
  const validation = validationData ? check(validationData) : null;
  return { ...given, train, validation, batches: stepsPerEpoch, listeners: new Listeners(given) };
}

/**
 * Of a model with stateful layers, where each sample goes on from that in the same place of the batch before.
 *
 * @returns the samples of a batch
 * @throws BAD_ARGUMENT
 */
export function checkStateful(
  train: Samples,
  { validation, batchSize, batches, dropRemainder, shuffle }: FitPlan,
): number {
  if (shuffle) {
    throw new LstmkitError(
      "BAD_ARGUMENT",
      "shuffle is true, the default, and a stateful layer goes on from the sample in the same place of the batch before: " +
        "give shuffle: false.",
    );
  }
  const size = wholeBatches(dropRemainder ? batches * batchSize : train.samples, batchSize);
  if (
    validation &&
    "samples" in validation &&
    wholeBatches(validation.samples, batchSize, " to validate on") !== size
  ) {
    throw new LstmkitError(
      "BAD_ARGUMENT",
      `there are ${validation.samples} samples to validate on, fewer than in a batch of ${size}, from which stateful layers ` +
        "go on. Give more of them, or a smaller batchSize.",
    );
  }
  return size;
}

/** As Keras: the last samples; none for a share of 0. */
function split(all: Samples, share: number): [Samples, Samples | null] {
  if (share === 0) return [all, null];
  const cut = Math.floor(all.samples * (1 - share));
  if (cut === 0 || cut === all.samples) {
    throw new LstmkitError(
      "BAD_ARGUMENT",
      `validationSplit is ${share} of ${all.samples} samples; it must leave samples on both sides.`,
    );
  }
  return [part(all, 0, cut), part(all, cut, all.samples)];
}

/** What a fit asks of its model. */
export interface FitHost extends Pauses {
  readonly context: FitContext;
  /** Whether a callback has called for the end. */
  readonly stopped: boolean;
  readonly config: CompileConfig;
  readonly state: RunState;
  /** Memory for a batch of so many such samples, in place of the one before. @throws OUT_OF_MEMORY */
  open(data: Samples, size: number): Batch;
  /** Give it back. */
  free(): void;
  /** The order of samples in an epoch, or as they stand where it is null. */
  order(samples: number, epoch: number | null): Int32Array;
  /** A step with what `load` puts in. */
  step(load: () => { batch: Batch; count: number }, epoch: number, number: number): Promise<BatchResult>;
  measure(data: Samples | Feed): Promise<Logs>;
  /** After the last epoch: what an optimiser does to the weights then. */
  finish(): Promise<void>;
}

export async function fitModel(plan: FitPlan, host: FitHost): Promise<History> {
  const { epochs, train, validation, validationFreq, batchSize, listeners } = plan;
  const { context } = host;
  const history: History = { epoch: [], history: {} };
  try {
    if ("samples" in train) host.open(train, batchSize);
    await host.until(listeners.tell("onTrainBegin", [], context));
    let { batches } = plan;
    for (let epoch = 0; epoch < epochs && !host.stopped; epoch++) {
      await host.until(listeners.tell("onEpochBegin", [epoch], context));
      const logs = await fitEpoch(plan, host, batches);
      if (!logs) break;
      batches = host.state.batches;
      if (validation && (epoch + 1) % validationFreq === 0) {
        for (const [name, value] of Object.entries(await host.measure(validation))) {
          logs[ofValidation(name)] = value;
        }
      }
      record(history, epoch, logs);
      await host.until(listeners.tell("onEpochEnd", [epoch, logs], context));
    }
    if (epochs > 0) await host.finish(); // before its end is told, as in Keras: who puts weights back has the last word
    await host.until(listeners.tell("onTrainEnd", [], context));
  } finally {
    for (const data of [train, validation]) if (data && !("samples" in data)) data.close();
    host.free();
  }
  return history;
}

/** What the logs of epochs hold. */
export function logged({ metrics }: CompileConfig, validates: boolean): string[] {
  const names = ["loss", ...metricKeys(metrics)];
  return validates ? [...names, ...names.map(ofValidation)] : names;
}

/** The name of what is measured in validation. */
const ofValidation = (name: string) => `val${name[0]!.toUpperCase()}${name.slice(1)}`;

/** Samples that are a batch: `order[from … from + count)` of data. */
interface Portion {
  readonly data: Samples;
  readonly order: Int32Array;
  readonly from: number;
  readonly count: number;
  /** Samples that a batch has at most. */
  readonly size: number;
}

/**
 * @param expected batches, as far as is known
 * @returns null where it was stopped before its first batch, or by a batch that is not finite
 */
async function fitEpoch(plan: FitPlan, host: FitHost, expected: number): Promise<EpochLogs | null> {
  const { stepsPerEpoch, listeners } = plan;
  const { state, config, context } = host;
  const start = now();
  const epoch = state.epochs++;
  const take = portions(plan, host, epoch);
  state.sums = noSums();
  const hears = listeners.hears("onBatchEnd");
  let batches = expected;
  for (state.batches = 0; state.batches < batches && !host.stopped; ) {
    await host.checkpoint();
    const number = state.batches;
    const { data, order, from, count, size } = await take(number);
    const load = () => {
      const batch = host.open(data, size);
      batch.load(dataOf(data), data.y.data, order, from, count, data.weights?.data);
      return { batch, count };
    };
    try {
      addTo(state.sums, await host.step(load, epoch, number));
    } catch (error) {
      if (await isAccepted(error, number, plan, host)) return null;
      throw error;
    }
    state.batches++;
    if (!("samples" in plan.train) && stepsPerEpoch === undefined) {
      // The epoch before may have had more batches, or fewer.
      if (await plan.train.ended(host.until)) batches = state.batches;
      else if (state.batches >= batches) batches = Number.POSITIVE_INFINITY;
    }
    const logs = () => ({ ...logsOf(state.sums, config), size: count, batches });
    await host.until(hears ? listeners.tell("onBatchEnd", [number, logs()], context) : undefined);
  }
  if (state.batches === 0) return null;
  return { ...logsOf(state.sums, config), seconds: (now() - start) / 1000 };
}

/** Gives the batches of an epoch by their numbers. */
function portions(
  { train, batchSize, shuffle }: FitPlan,
  host: FitHost,
  epoch: number,
): (number: number) => Portion | Promise<Portion> {
  if ("samples" in train) {
    const order = host.order(train.samples, shuffle ? epoch : null);
    return (number) => {
      const from = number * batchSize;
      const count = Math.min(batchSize, train.samples - from);
      return { data: train, order, from, count, size: batchSize };
    };
  }
  return async () => {
    const data = await train.take(host.until);
    const count = data.samples;
    return { data, order: host.order(count, null), from: 0, count, size: count };
  };
}

/** Whether a callback wants a batch that is not finite to be the end, and not an error. */
async function isAccepted(
  error: unknown,
  batch: number,
  { listeners }: FitPlan,
  host: FitHost,
): Promise<boolean> {
  if (!(error instanceof LstmkitError && error.code === "LOSS_NOT_FINITE")) return false;
  await host.until(listeners.tell("onNotFinite", [batch, error.message], host.context));
  return host.stopped;
}

function record(
  { epoch: epochs, history }: History,
  epoch: number,
  { seconds: _, ...logs }: EpochLogs,
): void {
  epochs.push(epoch);
  for (const [key, value] of Object.entries(logs)) {
    history[key] ??= [];
    history[key].push(value!);
  }
}
