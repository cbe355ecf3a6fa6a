/**
 * Checkpoints of a fit: the state of a run as plain data, written now and then, and a run that goes on from it as if it
 * had never stopped. What a model has to remember is in the model's file; what the fit adds to it is here.
 */
import { now } from "../clock.ts";
import { LstmkitError } from "../errors.ts";
import type { TrainingState } from "../formats/training-state.ts";
import type { FeedPlace } from "./batches.ts";
import {
  type CallbackState,
  type CheckpointStore,
  type FitCheckpoint,
  lockStore,
  type Pace,
  type Pacing,
  paceOf,
  pacingOf,
} from "./checkpoint.ts";
import type { History } from "./model.ts";
import type { Sums } from "./run-state.ts";

/** The callbacks of a fit, wherever they are. */
export interface CallbackStates {
  read(): Promise<readonly (CallbackState | null)[]>;
  write(states: readonly (CallbackState | null)[]): Promise<void>;
}

/** Where a fit is. All of it is plain data. */
export interface Place {
  readonly epoch: number;
  /** Whether the epoch is to begin, was told to begin, or has batches that were done; its end was not told. */
  readonly at: "before" | "begun" | "batches";
  /** Whether a callback has called for the end. */
  readonly stopped: boolean;
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
  readonly #pacing: Pacing;
  #unlock: (() => Promise<void>) | null = null;
  /** The one that is being written. */
  #writing: Promise<void> | null = null;
  #failed: { readonly error: unknown } | null = null;

  constructor(given: FitCheckpoint, host: CheckpointHost, callbacks: CallbackStates) {
    this.#given = given;
    this.#host = host;
    this.#callbacks = callbacks;
    this.#pace = paceOf(given.every ?? "30s")!; // the table of options has seen it
    this.#pacing = (given as { pacing?: Pacing }).pacing ?? pacingOf(given.store);
  }

  /**
   * Have the store alone, and what to go on from, if that was asked for.
   *
   * @throws BUSY where another run has the store; BAD_CHECKPOINT where none is whole, or it is of another run
   */
  async find(): Promise<Found | null> {
    const { store, resume, onResume } = this.#given;
    this.#unlock = await lockStore(this.#given);
    if (!resume) return null;
    const found = await newestWhole(store, (bytes) => this.#host.open(bytes));
    if (!found) {
      await onResume?.(null);
      return null;
    }
    const { opened, bytes, damaged } = found;
    const place = this.#placeOf(opened);
    // As the newest, so that the next one takes the place of the damaged one and not of this.
    if (damaged.length > 0) this.#put(bytes.slice());
    await onResume?.({ epoch: place.epoch, batches: place.batches, steps: opened.steps, damaged });
    return { place, apply: () => this.#apply(opened) };
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
    this.#mark();
  }

  /** After each batch: writes one where it is time. @throws what the store throws, unless onError takes it */
  async tick(place: () => Place): Promise<void> {
    await this.#report();
    this.#pacing.batches++;
    if ("ms" in this.#pace) {
      if (this.#writing || now() - this.#pacing.last < this.#pace.ms) return;
    } else {
      if (this.#pacing.batches < this.#pace.batches) return;
      await this.settle();
    }
    this.#put(await this.encode(place()));
  }

  /** The last one, of a fit that is told to end. @throws as tick */
  async last(checkpoint: Uint8Array<ArrayBuffer>): Promise<void> {
    await this.settle();
    this.#put(checkpoint);
    await this.settle();
  }

  /** Leave the store to others. */
  async close(): Promise<void> {
    await this.#writing;
    await this.#unlock?.();
    this.#unlock = null;
  }

  /** Wait for what is being written. @throws as tick */
  async settle(): Promise<void> {
    await this.#writing;
    await this.#report();
  }

  /** A checkpoint of this moment. */
  async encode(place: Place): Promise<Uint8Array<ArrayBuffer>> {
    const states = await this.#callbacks.read();
    const tensors = states.flatMap((state, i) =>
      (state?.tensors ?? []).map((one) => ({ ...one, name: `callbacks/${i}/${one.name}` })),
    );
    const callbacks = states.map((state) => state && { values: state.values });
    const facts = { place, callbacks, identity: this.#host.identity } as unknown as TrainingState["facts"];
    return this.#host.save({ facts, tensors });
  }

  #mark(): void {
    this.#pacing.last = now();
    this.#pacing.batches = 0;
  }

  /** Written while the next batches are worked on. */
  #put(bytes: Uint8Array<ArrayBuffer>): void {
    this.#mark();
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

/**
 * The newest that can be opened; null where there is none at all.
 *
 * @throws BAD_CHECKPOINT where none is whole
 */
export async function newestWhole<T>(
  store: CheckpointStore,
  open: (bytes: Uint8Array) => T,
): Promise<{ readonly opened: T; readonly bytes: Uint8Array; readonly damaged: readonly string[] } | null> {
  const damaged: string[] = [];
  for (const bytes of await store.read()) {
    try {
      return { opened: open(bytes), bytes, damaged };
    } catch (error) {
      if (!(error instanceof LstmkitError && error.code === "BAD_MODEL_FILE")) throw error;
      damaged.push(error.message);
    }
  }
  if (damaged.length === 0) return null;
  throw new LstmkitError(
    "BAD_CHECKPOINT",
    `none of the ${damaged.length} checkpoints is whole (${damaged[0]}). Remove them, and begin anew without resume.`,
  );
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
  for (const what of Object.keys({ ...wanted, ...found })) {
    const [other, own] = [found[what] ?? "not given", wanted[what] ?? "not given"];
    if (other === own) continue;
    throw new LstmkitError(
      "BAD_CHECKPOINT",
      `the checkpoint is of another run: ${what} was ${clip(other)} there and is ${clip(own)} here. Give what the run was ` +
        "begun with, or begin anew without resume.",
    );
  }
}

const clip = (text: string) => (text.length > 300 ? `${text.slice(0, 300)}…` : text);
