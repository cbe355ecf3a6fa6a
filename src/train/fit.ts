/**
 * Training: epochs of batches, their logs, validation, callbacks. Over 400 lines, because what a fit plans, runs and keeps of
 * itself is one thing: each part has the others' names.
 */
import { now } from "../clock.ts";
import { LstmkitError } from "../errors.ts";
import { metricKeys } from "../metrics/index.ts";
import type { Batch, BatchResult } from "../model/batch.ts";
import type { CompileConfig } from "../model/compile.ts";
import { wholeBatches } from "../model/kept-states.ts";
import type { Filled } from "../options.ts";
import type { Pauses } from "./access.ts";
import type { Feed } from "./batches.ts";
import { checksum, fingerprint } from "./fingerprint.ts";
import { dataOf, part, type Samples } from "./inputs.ts";
import { Listeners } from "./listeners.ts";
import type { EpochLogs, FitContext, FitOptions, History, Logs } from "./model.ts";
import type { FIT_OPTIONS } from "./options.ts";
import type { ClassWeights } from "./row-weights.ts";
import { type CallbackStates, type CheckpointHost, Checkpoints } from "./run-checkpoints.ts";
import { isPast, isSettled, placeOf, type Run, record, type Tell, tellerOf, tooFar } from "./run-place.ts";
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
  const { validationData, stepsPerEpoch } = given;
  const validation = validationData ? check(validationData) : null;
  const batches = stepsPerEpoch ?? train.facts.batches ?? Number.POSITIVE_INFINITY;
  return { ...given, train, validation, batches, listeners: new Listeners(given) };
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
  /** Where all of a group meet, which hears of a callback that has called for the end. */
  meet(): Promise<void> | undefined;
  readonly config: CompileConfig;
  readonly state: RunState;
  /** Memory for a batch of so many such samples, in place of the one before. @throws OUT_OF_MEMORY */
  open(data: Samples, size: number): Batch;
  /** Give it back. */
  free(): void;
  /** The order of samples in an epoch, or as they stand where it is null. */
  order(samples: number, epoch: number | null): Int32Array;
  /** A step with what `load` puts in; null where another of a group has stopped before it. */
  step(load: () => Loaded, epoch: number, number: number): Promise<BatchResult | null>;
  /** Before the first step, of a group: what has to be the same on all of it. */
  compare(facts: Readonly<Record<string, string>>): Promise<void> | undefined;
  /** Where it does not come to its end, what layers keep is that of before. */
  measure(data: Samples | Feed): Promise<Logs>;
  /** @param identity what has to be the same beside model and compile's options */
  checkpoints(identity: Readonly<Record<string, string>>): CheckpointHost;
  /** After the last epoch: what an optimiser does to the weights then. */
  finish(): Promise<void>;
}

/** A batch that has been put into memory. */
export interface Loaded {
  readonly batch: Batch;
  /** Samples. */
  readonly count: number;
  /** A number that others of a group have of the same batch; where nobody has seen the data before. */
  readonly check: (() => number) | null;
}

export async function fitModel(plan: FitPlan, host: FitHost): Promise<History> {
  const { epochs, train, validation, validationFreq, batchSize, listeners } = plan;
  const { context, state } = host;
  const run: Run = {
    epoch: 0,
    at: "before",
    history: { epoch: [], history: {} },
    batches: plan.batches,
    seconds: 0,
    feeds: [],
    isWhole: false,
    telling: null,
  };
  const feeds = [train, validation].filter((data): data is Feed => data !== null && !("samples" in data));
  const checkpoints =
    plan.checkpoint &&
    new Checkpoints(plan.checkpoint, host.checkpoints(identityOf(plan)), callbackStates(plan));
  const place = () => placeOf(run, state, host.stopped);
  const note = () => {
    run.feeds = feeds.map((feed) => feed.place);
  };
  const tell = tellerOf(listeners, host, run);
  /** Of before the weights became those of the end. */
  let atEnd: Uint8Array<ArrayBuffer> | null = null;
  try {
    await host.compare({ ...identityOf(plan), "the number of epochs": String(epochs) });
    const found = await checkpoints?.find();
    if (found && isPast(found.place, epochs)) throw tooFar(found.place.epoch, epochs);
    if ("samples" in train) host.open(train, batchSize);
    await host.until(listeners.tell("onTrainBegin", [], context));
    if (found) {
      await found.apply();
      const { epoch, at, history, batches, expected, sums, seconds, stopped } = found.place;
      Object.assign(run, { epoch, at, history, batches: expected, seconds });
      Object.assign(state, { batches, sums });
      if (stopped) context.stop();
      for (const [i, feed] of feeds.entries()) await feed.seek(found.place.feeds[i]!, host.until);
    }
    note();
    run.isWhole = true;
    while (run.epoch < epochs) {
      const { epoch } = run;
      if (run.at === "before") {
        await host.meet();
        if (host.stopped) break;
        await tell("onEpochBegin", [epoch], () => {
          run.at = "begun";
        });
      }
      const logs = await fitEpoch(plan, host, run, tell, note, async () => checkpoints?.tick(place));
      if (!logs) break;
      if (validation && (epoch + 1) % validationFreq === 0) {
        for (const [name, value] of Object.entries(await host.measure(validation))) {
          logs[ofValidation(name)] = value;
        }
      }
      await tell("onEpochEnd", [epoch, logs], () => {
        record(run.history, epoch, logs);
        run.batches = state.batches;
        run.epoch++;
        run.at = "before";
        note();
      });
    }
    run.isWhole = false;
    await checkpoints?.settle();
    if (plan.signal && run.at === "before" && run.epoch > 0) {
      atEnd = (await checkpoints?.encode(place())) ?? null;
    }
    if (epochs > 0) await host.finish(); // before its end is told, as in Keras: who puts weights back has the last word
    await host.until(listeners.tell("onTrainEnd", [], context));
    await host.meet(); // so that nobody is done where another fails
  } catch (error) {
    if (checkpoints && error instanceof LstmkitError && error.code === "ABORTED") {
      if (await isSettled(run)) await checkpoints.last(await checkpoints.encode(place()));
      else if (atEnd) await checkpoints.last(atEnd);
    }
    throw error;
  } finally {
    for (const feed of feeds) feed.close();
    host.free();
    await checkpoints?.close();
  }
  return run.history;
}

/** What has to be the same for a run to go on, in words for who gave something else. */
function identityOf({ train, validation, batchSize, shuffle, dropRemainder, ...plan }: FitPlan) {
  const { stepsPerEpoch = null, validationFreq, maxLoss = null } = plan;
  const print = (data: Samples | Feed | null) =>
    data === null
      ? "none"
      : "samples" in data
        ? fingerprint(data)
        : (data.facts.fingerprint ?? "batches that come one by one");
  return {
    "the training data": print(train),
    "the validation data": print(validation),
    "what fit was given": JSON.stringify({
      batchSize,
      shuffle,
      dropRemainder,
      stepsPerEpoch,
      validationFreq,
      maxLoss,
    }),
  };
}

/** Those of the callbacks here, or of another thread's. */
function callbackStates({ checkpoint, listeners }: FitPlan): CallbackStates {
  const elsewhere = (checkpoint as { callbackStates?: CallbackStates }).callbackStates;
  return (
    elsewhere ?? {
      read: async () => listeners.states(),
      write: async (states) => listeners.setStates(states),
    }
  );
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
 * @param note called as soon as a batch is done. @param tick after it was told
 * @returns null where it was stopped before its first batch, or by a batch that is not finite
 */
async function fitEpoch(
  plan: FitPlan,
  host: FitHost,
  run: Run,
  tell: Tell,
  note: () => void,
  tick: () => Promise<void>,
): Promise<EpochLogs | null> {
  const { stepsPerEpoch, listeners } = plan;
  const { state, config } = host;
  // Else it was begun by a run that was stopped.
  if (run.at !== "batches") {
    state.epochs++;
    state.sums = noSums();
    state.batches = 0;
    run.seconds = 0;
    run.at = "batches";
  }
  const start = now() - run.seconds * 1000;
  const epoch = state.epochs - 1;
  const take = portions(plan, host, epoch);
  const hears = listeners.hears("onBatchEnd");
  while (state.batches < run.batches) {
    if (host.stopped) {
      await host.meet(); // in the place of the step
      break;
    }
    await host.checkpoint();
    const number = state.batches;
    const { data, order, from, count, size } = await take(number);
    const load = () => {
      const batch = host.open(data, size);
      batch.load(dataOf(data), data.y.data, order, from, count, data.weights?.data);
      return { batch, count, check: "samples" in plan.train ? null : () => checksum(data) };
    };
    try {
      const result = await host.step(load, epoch, number);
      if (!result) break;
      addTo(state.sums, result);
    } catch (error) {
      if (!(error instanceof LstmkitError && error.code === "ABORTED")) run.isWhole = false;
      if (await isAccepted(error, number, plan, host)) return null;
      throw error;
    }
    state.batches++;
    note();
    if (!("samples" in plan.train) && stepsPerEpoch === undefined) {
      // The epoch before may have had more batches, or fewer.
      if (await plan.train.ended(host.until)) run.batches = state.batches;
      else if (state.batches >= run.batches) run.batches = Number.POSITIVE_INFINITY;
    }
    const logs = () => ({ ...logsOf(state.sums, config), size: count, batches: run.batches });
    if (hears) await tell("onBatchEnd", [number, logs()]);
    else await host.until();
    run.seconds = (now() - start) / 1000;
    if (!host.stopped) await tick();
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
