/** What a caller says and gives of a fit's checkpoints, and what callbacks add to them. */
import { now } from "../clock.ts";
import { LstmkitError } from "../errors.ts";
import type { StateValue } from "../formats/training-state.ts";
import { show } from "../options.ts";
import type { NamedTensor } from "../tensor.ts";

/** Where checkpoints are kept: `folderCheckpoints` in Node, Deno and Bun, or one of your own. */
export interface CheckpointStore {
  /** What is kept, the newest first; what cannot be read is left out. An empty list where there is nothing. */
  read(): Promise<readonly Uint8Array[]>;
  /**
   * Keep it as the newest, and the one before it. It has to be there wholly or not at all, whatever happens meanwhile.
   * One call at a time.
   */
  write(checkpoint: Uint8Array<ArrayBuffer>): Promise<void>;
  /** Keep none: the run is done. */
  clear(): Promise<void>;
  /**
   * Have it for one run alone, where a store can tell of another run that uses it; fit calls it first.
   *
   * @returns what ends that
   * @throws BUSY
   */
  lock?(): Promise<() => Promise<void>>;
}

/** Where a fit went on from. */
export interface ResumedFrom {
  /** The epoch under way, from 0, and its batches that were done. */
  readonly epoch: number;
  readonly batches: number;
  /** Steps of the optimiser that were taken. */
  readonly steps: number;
  /** Of each newer checkpoint that was passed over, what is wrong with it. */
  readonly damaged: readonly string[];
  /** Of a run of several fits, such as a task's, which of them. */
  readonly stage?: string;
}

/** How a fit keeps checkpoints. */
export interface FitCheckpoint {
  store: CheckpointStore;
  /** So many batches, or so much time: `"30s"`. Default `"30s"`. */
  every?: number | `${number}s`;
  /**
   * Go on from the newest checkpoint that is whole; begin anew where there is none. Data, layers, compile's and fit's
   * options have to be those of the run that wrote it; `epochs` may be more. Default false.
   */
  resume?: boolean;
  /** Told once, before the first batch; null where there was no checkpoint to go on from. */
  onResume?: (from: ResumedFrom | null) => void | Promise<void>;
  /** Told when one could not be written, and the fit goes on. Default: fit rejects with that error. */
  onError?: (error: unknown) => void | Promise<void>;
}

/** Of fits that write to one store, one after the other: how long it was not written to. */
export interface Pacing {
  /** By the clock of {@link now}. */
  last: number;
  batches: number;
}

const pacings = new WeakMap<CheckpointStore, Pacing>();

/** That of a store; begun where it is seen for the first time. */
export function pacingOf(store: CheckpointStore): Pacing {
  let found = pacings.get(store);
  if (!found) {
    found = { last: now(), batches: 0 };
    pacings.set(store, found);
  }
  return found;
}

/**
 * Have a store for one run alone, where it knows how.
 *
 * @returns what ends that
 * @throws BUSY where another run has it; else what the store throws, unless onError takes it
 */
export async function lockStore({ store, onError }: FitCheckpoint): Promise<() => Promise<void>> {
  try {
    return (await store.lock?.()) ?? (async () => {});
  } catch (error) {
    if (!onError || (error instanceof LstmkitError && error.code === "BUSY")) throw error;
    await onError(error);
    return async () => {};
  }
}

/** What a callback has to remember, as plain data. */
export interface CallbackState {
  /** JSON; numbers may be NaN and infinite. */
  readonly values: { readonly [name: string]: StateValue };
  readonly tensors?: readonly NamedTensor[];
}

/** How often, as numbers. */
export type Pace = { readonly batches: number } | { readonly ms: number };

/** Undefined for what says no pace. */
export function paceOf(every: unknown): Pace | undefined {
  if (typeof every === "number") return Number.isInteger(every) && every > 0 ? { batches: every } : undefined;
  const [, seconds] = typeof every === "string" ? (/^(\d+(?:\.\d+)?)s$/.exec(every) ?? []) : [];
  return seconds !== undefined && Number(seconds) > 0 ? { ms: Number(seconds) * 1000 } : undefined;
}

/** A list of callbacks' states that fits no list of callbacks. */
export const otherCallbacks = (found: number, wanted: number) =>
  new LstmkitError(
    "BAD_CHECKPOINT",
    `the checkpoint has the states of ${show(found)} callbacks, and this fit has ${show(wanted)}. Give the callbacks that the ` +
      "run was begun with, in their order.",
  );
