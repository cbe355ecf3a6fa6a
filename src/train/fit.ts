/** Training: epochs of batches, their logs, validation, callbacks. */
import { now } from "../clock.ts";
import { LstmkitError } from "../errors.ts";
import { metricKeys } from "../metrics/index.ts";
import type { Batch, BatchResult } from "../model/batch.ts";
import type { CompileConfig } from "../model/compile.ts";
import { wholeBatches } from "../model/kept-states.ts";
import type { Filled } from "../options.ts";
import type { Pauses } from "./access.ts";
import { dataOf, part, type Samples } from "./inputs.ts";
import { Listeners } from "./listeners.ts";
import type { EpochLogs, FitContext, FitOptions, History, Logs } from "./model.ts";
import type { FIT_OPTIONS } from "./options.ts";
import type { ClassWeights } from "./row-weights.ts";
import { addTo, logsOf, noSums, type RunState } from "./run-state.ts";

type Given = Filled<FitOptions, typeof FIT_OPTIONS>;

/** All that a fit works by: samples of our own, and what the options say. */
export interface FitPlan extends Given {
  readonly train: Samples;
  readonly validation: Samples | null;
  readonly listeners: Listeners;
  /** Batches in an epoch. */
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
  check: (data: NonNullable<FitOptions["validationData"]>) => Samples,
  weigh: (samples: Samples, classes: ClassWeights) => Samples,
): FitPlan {
  const { validationData, validationSplit, batchSize, dropRemainder, classWeight } = given;
  if (classWeight && all.weights) {
    throw new LstmkitError(
      "BAD_ARGUMENT",
      "fit() was given classWeight and sampleWeight: multiply each sample's weight by its class's, and give sampleWeight.",
    );
  }
  const [own, validation] = validationData ? [all, check(validationData)] : split(all, validationSplit);
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

/**
 * Of a model with stateful layers, where each sample goes on from that in the same place of the batch before.
 *
 * @returns the samples of a batch
 * @throws BAD_ARGUMENT
 */
export function checkStateful({
  train,
  validation,
  batchSize,
  batches,
  dropRemainder,
  shuffle,
}: FitPlan): number {
  if (shuffle) {
    throw new LstmkitError(
      "BAD_ARGUMENT",
      "shuffle is true, the default, and a stateful layer goes on from the sample in the same place of the batch before: " +
        "give shuffle: false.",
    );
  }
  const size = wholeBatches(dropRemainder ? batches * batchSize : train.samples, batchSize);
  if (validation && wholeBatches(validation.samples, batchSize, " to validate on") !== size) {
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
  /** Memory for the batches. @throws OUT_OF_MEMORY */
  open(): Batch;
  /** The order of samples in an epoch, or as they stand where it is null. */
  order(samples: number, epoch: number | null): Int32Array;
  /** A step with what `load` puts in. */
  step(load: () => { batch: Batch; count: number }, epoch: number, number: number): Promise<BatchResult>;
  measure(data: Samples): Promise<Logs>;
  /** After the last epoch: what an optimiser does to the weights then. */
  finish(): Promise<void>;
}

export async function fitModel(plan: FitPlan, host: FitHost): Promise<History> {
  const { epochs, validation, validationFreq, listeners } = plan;
  const { context } = host;
  const history: History = { epoch: [], history: {} };
  const batch = host.open();
  try {
    await host.until(listeners.tell("onTrainBegin", [], context));
    for (let epoch = 0; epoch < epochs && !host.stopped; epoch++) {
      await host.until(listeners.tell("onEpochBegin", [epoch], context));
      const logs = await fitEpoch(plan, host, batch);
      if (!logs) break;
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
    batch.free();
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

/** @returns null where it was stopped before its first batch, or by a batch that is not finite */
async function fitEpoch(plan: FitPlan, host: FitHost, batch: Batch): Promise<EpochLogs | null> {
  const { train, batchSize, batches, shuffle, listeners } = plan;
  const { state, config, context } = host;
  const start = now();
  const epoch = state.epochs++;
  const order = host.order(train.samples, shuffle ? epoch : null);
  state.sums = noSums();
  const hears = listeners.hears("onBatchEnd");
  for (state.batches = 0; state.batches < batches && !host.stopped; ) {
    await host.checkpoint();
    const number = state.batches;
    const from = number * batchSize;
    const count = Math.min(batchSize, train.samples - from);
    const load = () => {
      batch.load(dataOf(train), train.y.data, order, from, count, train.weights?.data);
      return { batch, count };
    };
    try {
      addTo(state.sums, await host.step(load, epoch, number));
    } catch (error) {
      if (await isAccepted(error, number, plan, host)) return null;
      throw error;
    }
    state.batches++;
    const logs = () => ({ ...logsOf(state.sums, config), size: count, batches });
    await host.until(hears ? listeners.tell("onBatchEnd", [number, logs()], context) : undefined);
  }
  if (state.batches === 0) return null;
  return { ...logsOf(state.sums, config), seconds: (now() - start) / 1000 };
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
