/** Where a fit is, and whether it could go on from there: what its checkpoints are made of. */
import { within } from "../clock.ts";
import { LstmkitError } from "../errors.ts";
import type { Pauses } from "./access.ts";
import type { FeedPlace } from "./batches.ts";
import type { FitEvent, Listeners, Said } from "./listeners.ts";
import type { EpochLogs, FitContext, History } from "./model.ts";
import type { Place } from "./run-checkpoints.ts";
import type { RunState } from "./run-state.ts";

/** What a fit knows of itself beside the model's state. */
export interface Run {
  epoch: number;
  at: Place["at"];
  history: History;
  /** Batches of the epoch, as far as is known. */
  batches: number;
  /** Of the epoch, spent before this process. */
  seconds: number;
  /** Of the batch that was done last. */
  feeds: readonly FeedPlace[];
  /** Whether a run could go on from what there is at this moment: not while callbacks are told of something. */
  isWhole: boolean;
  /** What callbacks are at, and what is to be done behind it. */
  telling: { readonly answer: void | Promise<void>; readonly behind: () => void } | null;
}

export type Tell = <E extends FitEvent>(event: E, said: Said<E>, behind?: () => void) => Promise<void>;

/** Tells callbacks; what they are told of counts as told once all of them are done with it. */
export function tellerOf(
  listeners: Listeners,
  { context, until }: Pick<Pauses, "until"> & { readonly context: FitContext },
  run: Run,
): Tell {
  return async (event, said, behind = () => {}) => {
    run.isWhole = false;
    const answer = listeners.tell(event, said, context);
    run.telling = { answer, behind };
    await until(answer);
    run.telling = null;
    behind();
    run.isWhole = true;
  };
}

/** Milliseconds that callbacks have, in a fit that is told to end, before it is given up that they are done. */
const GRACE = 2000;

/** Whether a run could go on from here; callbacks that are at work are waited for. */
export async function isSettled({ telling, isWhole }: Run): Promise<boolean> {
  if (!telling) return isWhole;
  const done = Promise.resolve(telling.answer).then(
    () => true,
    () => false,
  );
  const isDone = await within(GRACE, done, () => false);
  if (isDone) telling.behind();
  return isDone;
}

export const placeOf = (
  { epoch, at, history, batches: expected, seconds, feeds }: Run,
  { batches, sums }: RunState,
  stopped: boolean,
): Place => ({ epoch, at, stopped, batches, expected, sums, seconds, history, feeds });

/** Between epochs there may be none left: then the end is told. */
export const isPast = ({ epoch, at }: Place, epochs: number) =>
  epoch > epochs || (epoch === epochs && at !== "before");

export const tooFar = (epoch: number, epochs: number) =>
  new LstmkitError(
    "BAD_CHECKPOINT",
    `the checkpoint is of epoch ${epoch} (from 0), and this fit ends after ${epochs}. Give the epochs that the run was begun ` +
      "with, or more.",
  );

export function record(
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
