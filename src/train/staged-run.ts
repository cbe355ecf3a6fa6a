/**
 * Several fits, one after the other, as one run with one store of checkpoints: candidates, folds, passes through a text. A
 * checkpoint is that of the fit under way; what the fits before it left is with it, as the state of a callback.
 */
import { sha256 } from "@noble/hashes/sha2.js";
import { bytesToHex } from "@noble/hashes/utils.js";
import { LstmkitError } from "../errors.ts";
import { decodeModel } from "../formats/model-file.ts";
import type { StateValue } from "../formats/training-state.ts";
import { aFunction, checkOptions } from "../options.ts";
import type { NamedTensor } from "../tensor.ts";
import { type CallbackState, type CheckpointStore, type FitCheckpoint, lockStore } from "./checkpoint.ts";
import type { Callback, FitOptions } from "./model.ts";
import { FIT_OPTIONS } from "./options.ts";
import { newestWhole, type Place, refuseOther } from "./run-checkpoints.ts";

/**
 * What has to be the same for a run to go on, under names for people: what a checkpoint of another one is refused with.
 * Strings are compared as they are, lists by a digest of all that is in them.
 */
export type RunIdentity = Readonly<Record<string, string | readonly (string | ArrayBufferView | null)[]>>;

/** Options of `stagedRun()`. */
export interface StagedRunOptions {
  /** As fit takes it; undefined for a run that keeps none. */
  checkpoint?: FitCheckpoint;
  /** Of the data and of all options. Default: nothing but what each fit itself compares. */
  identity?: RunIdentity;
  /** What the run itself has to remember at each checkpoint, beside callbacks and outcomes. */
  getState?: () => CallbackState;
}

const isEntry = (of: unknown) =>
  typeof of === "string" ||
  (Array.isArray(of) &&
    of.every((part) => part === null || typeof part === "string" || ArrayBuffer.isView(part)));

const OPTIONS = {
  checkpoint: FIT_OPTIONS.checkpoint,
  identity: {
    wanted: "an object of strings, and lists of strings and arrays",
    accepts: (value: unknown) =>
      Object.prototype.toString.call(value) === "[object Object]" &&
      Object.values(value as object).every(isEntry),
    fallback: {},
  },
  getState: { ...aFunction, fallback: undefined },
};

/** A run of several fits. {@link stagedRun} begins one. */
export interface StagedRun {
  /** What a stage left that was done before; it is not to be done again. */
  outcome(stage: string): CallbackState | undefined;
  /** A stage is done. */
  done(stage: string, outcome: CallbackState): void;
  /** For the fit of a stage, whose name is its own. */
  options(stage: string, callbacks?: readonly Callback[]): Pick<FitOptions, "checkpoint" | "callbacks">;
  /** The fit that the run goes on with is of this stage; null where it begins anew. */
  readonly resumes: { readonly stage: string; readonly state: CallbackState } | null;
  /** Leave the store to others. */
  close(): Promise<void>;
}

/** What is in a checkpoint beside that of the fit. */
interface Carried {
  readonly run: Readonly<Record<string, string>>;
  readonly stage: string;
  readonly outcomes: Readonly<Record<string, CallbackState["values"]>>;
  readonly own: CallbackState["values"];
}

/**
 * Have several fits, one after the other, be one run with one store: what `checkpoint` means for a forecaster's candidates,
 * for folds, or for passes through a text. A run that goes on skips the stages whose outcome it knows, and in the one that
 * was under way goes on from its batch. Stages and their order have to follow from identity and outcomes alone.
 *
 * @throws BAD_ARGUMENT, BUSY where another run has the store; BAD_CHECKPOINT where none is whole, or it is of another run
 */
export async function stagedRun(options: StagedRunOptions): Promise<StagedRun> {
  const {
    checkpoint: given,
    identity,
    getState = () => ({ values: {} }),
  } = checkOptions<StagedRunOptions, typeof OPTIONS>("stagedRun()", options, OPTIONS);
  const outcomes = new Map<string, CallbackState>();
  if (!given) return unkept(outcomes);
  const run = Object.fromEntries(Object.entries(identity).map(([name, of]) => [name, inWords(of)]));
  const unlock = await lockStore(given);
  try {
    const found = given.resume ? await goOn(given, run, outcomes) : null;
    let bytes = found ? [found.bytes] : [];
    // One store for all of the fits, so that they keep one pace.
    const store: CheckpointStore = {
      read: async () => bytes,
      write: (checkpoint) => given.store.write(checkpoint),
      clear: async () => {},
    };
    const every = given.every === undefined ? {} : { every: given.every };
    return {
      outcome: (stage) => outcomes.get(stage),
      done: (stage, outcome) => void outcomes.set(stage, outcome),
      resumes: found && { stage: found.stage, state: found.own },
      options(stage, callbacks = []) {
        const resume = found?.stage === stage && bytes.length > 0;
        const carrier: Callback = {
          getState: () => carry(run, stage, outcomes, getState()),
          setState: () => {
            bytes = []; // they are in the model now
          },
        };
        const { onError } = given;
        return {
          checkpoint: { store, ...every, resume, ...(onError && { onError }) },
          callbacks: [carrier, ...callbacks],
        };
      },
      close: unlock,
    };
  } catch (error) {
    await unlock();
    throw error;
  }
}

/** A run without checkpoints. */
const unkept = (outcomes: Map<string, CallbackState>): StagedRun => ({
  outcome: (stage) => outcomes.get(stage),
  done: (stage, outcome) => void outcomes.set(stage, outcome),
  options: (_, callbacks = []) => ({ callbacks: [...callbacks] }),
  resumes: null,
  close: async () => {},
});

function inWords(of: RunIdentity[string]): string {
  if (typeof of === "string") return of;
  const hash = sha256.create();
  for (const part of of) {
    // With its length, so that no part can be taken for two.
    const bytes =
      typeof part === "string"
        ? new TextEncoder().encode(part)
        : part && new Uint8Array(part.buffer, part.byteOffset, part.byteLength);
    hash.update(new TextEncoder().encode(`${bytes?.length ?? "none"};`));
    if (bytes) hash.update(bytes);
  }
  return bytesToHex(hash.digest()).slice(0, 32);
}

function carry(
  run: Carried["run"],
  stage: string,
  outcomes: ReadonlyMap<string, CallbackState>,
  own: CallbackState,
): CallbackState {
  const named = (of: string, tensors: readonly NamedTensor[] = []) =>
    tensors.map((tensor) => ({ ...tensor, name: `${of}/${tensor.name}` }));
  const carried: Carried = {
    run,
    stage,
    outcomes: Object.fromEntries([...outcomes].map(([name, { values }]) => [name, values])),
    own: own.values,
  };
  return {
    values: carried as unknown as { readonly [name: string]: StateValue },
    tensors: [
      ...named("own", own.tensors),
      ...[...outcomes.values()].flatMap(({ tensors }, i) => named(`outcome ${i}`, tensors)),
    ],
  };
}

/** @throws BAD_CHECKPOINT */
async function goOn(
  { store, onResume }: FitCheckpoint,
  run: Carried["run"],
  outcomes: Map<string, CallbackState>,
) {
  const found = await newestWhole(store, (bytes) => decodeModel(bytes).training ?? null);
  if (!found) {
    await onResume?.(null);
    return null;
  }
  const { opened, bytes, damaged } = found;
  const { callbacks, place, iterations } = Object(opened?.facts) as {
    callbacks?: readonly ({ values: unknown } | null)[];
    place?: Place;
    iterations?: number;
  };
  const carried = callbacks?.[0]?.values as Partial<Carried> | undefined;
  if (!opened || !place || typeof carried?.stage !== "string" || !carried.run || !carried.outcomes) {
    throw new LstmkitError(
      "BAD_CHECKPOINT",
      "the checkpoint is of another kind of run than this one, which is of several fits. Give the folder of this run, or begin " +
        "anew without resume.",
    );
  }
  refuseOther(carried.run, run);
  const tensorsOf = (of: string) =>
    opened.tensors.flatMap(({ name, ...rest }) => {
      const prefix = `callbacks/0/${of}/`;
      return name.startsWith(prefix) ? [{ ...rest, name: name.slice(prefix.length) }] : [];
    });
  for (const [i, [name, values]] of Object.entries(carried.outcomes).entries()) {
    outcomes.set(name, { values, tensors: tensorsOf(`outcome ${i}`) });
  }
  const { epoch, batches } = place;
  await onResume?.({ epoch, batches, steps: iterations ?? 0, damaged, stage: carried.stage });
  if (damaged.length > 0) await store.write(bytes.slice());
  const own: CallbackState = { values: carried.own ?? {}, tensors: tensorsOf("own") };
  return { stage: carried.stage, bytes, own };
}
