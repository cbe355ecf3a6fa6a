/**
 * Checkpoints of a fit: the state of a run as plain data, written now and then, and a run that goes on from it as if it
 * had never stopped. What a model has to remember is in the model's file; what the fit adds to it is here.
 */
import { now } from "../clock.ts";
import { LstmkitError } from "../errors.ts";
import type { StateValue, TrainingState } from "../formats/training-state.ts";
import { show } from "../options.ts";
import type { NamedTensor } from "../tensor.ts";
import type { History } from "./model.ts";
import type { Sums } from "./run-state.ts";

/** Where checkpoints are kept: {@link folderCheckpoints} in Node, Deno and Bun, or one of your own. */
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

/** The callbacks of a fit, wherever they are. */
export interface CallbackStates {
  read(): Promise<readonly (CallbackState | null)[]>;
  write(states: readonly (CallbackState | null)[]): Promise<void>;
}

/** Where a fit is. All of it is plain data. */
export interface Place {
  readonly epoch: number;
  /** Batches done of it, and expected. */
  readonly batches: number;
  readonly expected: number;
  readonly sums: Sums;
  /** Time that the epoch has taken so far. */
  readonly seconds: number;
  readonly history: History;
  /** Of batches that come one by one: the pass and what was taken of it. */
  readonly feeds: readonly FeedPlace[];
}

export interface FeedPlace {
  readonly pass: number;
  readonly taken: number;
}

/** What a fit's checkpoints ask of its model. */
export interface CheckpointHost {
  /** The model file as of now, with what its training goes on from and more tensors and facts. */
  save(more: TrainingState): Uint8Array<ArrayBuffer>;
  /** What such a file has in it, if it was made of this model. @throws BAD_MODEL_FILE; BAD_CHECKPOINT */
  open(bytes: Uint8Array): OpenedCheckpoint;
  /** Of the data and of what else decides what is learnt: texts under names that tell a person what they are of. */
  readonly identity: Readonly<Record<string, string>>;
}

export interface OpenedCheckpoint {
  readonly state: TrainingState;
  readonly steps: number;
  /** Take it over. */
  apply(): void;
}

/** Of a fit. */
export class Checkpoints {
  readonly #given: FitCheckpoint;
  readonly #host: CheckpointHost;
  readonly #callbacks: CallbackStates;
  readonly #pace: Pace;
  #last = now();
  #since = 0;
  /** The one that is being written. */
  #writing: Promise<void> | null = null;
  #failed: { readonly error: unknown } | null = null;

  constructor(given: FitCheckpoint, host: CheckpointHost, callbacks: CallbackStates) {
    this.#given = given;
    this.#host = host;
    this.#callbacks = callbacks;
    this.#pace = paceOf(given.every ?? "30s")!; // the table of options has seen it
  }

  /**
   * What to go on from, if that was asked for.
   *
   * @throws BAD_CHECKPOINT where none is whole, or it is of another run
   */
  async find(): Promise<Found | null> {
    const { store, resume, onResume } = this.#given;
    if (!resume) return null;
    const kept = await store.read();
    const damaged: string[] = [];
    for (const bytes of kept) {
      let opened: OpenedCheckpoint;
      try {
        opened = this.#host.open(bytes);
      } catch (error) {
        if (!(error instanceof LstmkitError && error.code === "BAD_MODEL_FILE")) throw error;
        damaged.push(error.message);
        continue;
      }
      const place = this.#placeOf(opened);
      await onResume?.({ epoch: place.epoch, batches: place.batches, steps: opened.steps, damaged });
      return { place, apply: () => this.#apply(opened) };
    }
    if (damaged.length > 0) {
      throw new LstmkitError(
        "BAD_CHECKPOINT",
        `none of the ${damaged.length} checkpoints is whole (${damaged[0]}). Remove them, and begin anew without resume.`,
      );
    }
    await onResume?.(null);
    return null;
  }

  /** @throws BAD_CHECKPOINT */
  #placeOf({ state: { facts } }: OpenedCheckpoint): Place {
    const { place, identity } = facts as unknown as { place?: Place; identity?: Record<string, string> };
    if (!place || !identity) {
      throw new LstmkitError(
        "BAD_CHECKPOINT",
        "the file is a model with its optimiser, and no checkpoint of a fit. Load it with load(), and fit without resume.",
      );
    }
    refuseOther(identity, this.#host.identity);
    return place;
  }

  async #apply({ state: { facts, tensors }, apply }: OpenedCheckpoint): Promise<void> {
    apply();
    const states = facts.callbacks as unknown as readonly ({ values: CallbackState["values"] } | null)[];
    const all = states.map((state, i): CallbackState | null => {
      const prefix = `callbacks/${i}/`;
      const own = tensors.filter(({ name }) => name.startsWith(prefix));
      return (
        state && { ...state, tensors: own.map((one) => ({ ...one, name: one.name.slice(prefix.length) })) }
      );
    });
    await this.#callbacks.write(all);
    this.#last = now();
  }

  /** After each batch: writes one where it is time. @throws what the store throws, unless onError takes it */
  async tick(place: () => Place): Promise<void> {
    await this.#report();
    this.#since++;
    if ("ms" in this.#pace) {
      if (this.#writing || now() - this.#last < this.#pace.ms) return;
    } else {
      if (this.#since < this.#pace.batches) return;
      await this.settle();
    }
    await this.#begin(place());
  }

  /** The last one, of a fit that is told to end. @throws as tick */
  async last(place: Place): Promise<void> {
    await this.settle();
    await this.#begin(place);
    await this.settle();
  }

  /** Wait for what is being written. @throws as tick */
  async settle(): Promise<void> {
    await this.#writing;
    await this.#report();
  }

  async #begin(place: Place): Promise<void> {
    const states = await this.#callbacks.read();
    const tensors = states.flatMap((state, i) =>
      (state?.tensors ?? []).map((one) => ({ ...one, name: `callbacks/${i}/${one.name}` })),
    );
    const callbacks = states.map((state) => state && { values: state.values });
    const facts = { place, callbacks, identity: this.#host.identity } as unknown as TrainingState["facts"];
    const bytes = this.#host.save({ facts, tensors });
    this.#last = now();
    this.#since = 0;
    // Written while the next batches are worked on.
    this.#writing = (async () => this.#given.store.write(bytes))()
      .catch((error: unknown) => {
        this.#failed = { error };
      })
      .finally(() => {
        this.#writing = null;
      });
  }

  async #report(): Promise<void> {
    const failed = this.#failed;
    this.#failed = null;
    if (!failed) return;
    if (!this.#given.onError) throw failed.error;
    await this.#given.onError(failed.error);
  }
}

export interface Found {
  readonly place: Place;
  /** Have model and callbacks go on from there. */
  apply(): Promise<void>;
}

/** @throws BAD_CHECKPOINT */
export function refuseOther(
  found: Readonly<Record<string, string>>,
  wanted: Readonly<Record<string, string>>,
): void {
  for (const [what, own] of Object.entries(wanted)) {
    const other = found[what] ?? "not known";
    if (other === own) continue;
    throw new LstmkitError(
      "BAD_CHECKPOINT",
      `the checkpoint is of another run: ${what} was ${clip(other)} there and is ${clip(own)} here. Give what the run was ` +
        "begun with, or begin anew without resume.",
    );
  }
}

const clip = (text: string) => (text.length > 300 ? `${text.slice(0, 300)}…` : text);

/** A list of callbacks' states that fits no list of callbacks. */
export const otherCallbacks = (found: number, wanted: number) =>
  new LstmkitError(
    "BAD_CHECKPOINT",
    `the checkpoint has the states of ${show(found)} callbacks, and this fit has ${show(wanted)}. Give the callbacks that the ` +
      "run was begun with, in their order.",
  );
