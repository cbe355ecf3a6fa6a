/**
 * What the parts of the page share: a few values, each of which can be listened to, and the moments of a
 * training run.
 *
 *     const off = page.on("models", (models) => draw(models)); // after each change; page.models is the value
 *     page.on("epoch", async ({ cell, model, epoch }) => {      // after each epoch of each model
 *       const weights = await model.getWeights();               // that model waits until this resolves
 *     });
 *
 * A part is a function `mount…(section, page)` that fills its section once. It adds its own `<h2>`, whose id is
 * the section's with `-title` behind it. It keeps nothing that belongs to a model after the model has left
 * `page.models`: the model's runtime is closed then, and calls reject with DISPOSED.
 */
import { type Model, type Runtime, statesOf, type Tensor } from "lstmkit";
import type { Split, Vocabulary } from "lstmkit/data";

export type Language = "en" | "ko";
export type Theme = "light" | "dark";
export type Cell = "lstm" | "rnn";

/** What training is at. `preparing`: data are read and workers start. */
export type Phase = "idle" | "preparing" | "training" | "paused" | "stopping";

/** A model that the page holds: in training, trained, or from a file. */
export interface LiveModel {
  /** Of its first recurrent layer; of a file's, what is drawn in the colour of an LSTM may be another. */
  readonly cell: Cell;
  readonly model: Model;
  /** The model's own, in a worker of its own. */
  readonly kit: Runtime;
  readonly source: "run" | "file";
  /**
   * An untrained model of the same layers, compiled alike, in the same runtime; for a model of a run, with the
   * weights that the run began with. Whoever asks for it disposes of it.
   */
  twin(): Promise<Model>;
}

/** What the first of a model's layers that has states is called, in every language. */
export const titleOf = ({ layers }: Model): string =>
  layerTitle(layers.find((layer) => statesOf(layer))?.type ?? "");

/** A layer's type, as Keras's class is called. */
export const layerTitle = (type: string): string =>
  type === "lstm" || type === "gru" ? type.toUpperCase() : type.slice(0, 1).toUpperCase() + type.slice(1);

/** How the models read text, and what they say. */
export interface Reading {
  /** Absent where only ids are known; then there is no text to predict. */
  readonly vocabulary?: Vocabulary;
  /** Names of class 0 and class 1. */
  readonly classes: readonly [string, string];
  /** Ids in a row. */
  readonly maxLen: number;
  readonly dataset: string;
  /** The first rows of the test part, at most 128; null where the model came from a file without its data. */
  readonly sample: Split | null;
}

/** The text in the field of the prediction, as the models read it. */
export interface EncodedText {
  readonly text: string;
  /** Words of the text, those that were cut off included. */
  readonly total: number;
  /** ids (1, maxLen) */
  readonly x: Tensor<Int32Array>;
  /** One for each id of x. */
  readonly steps: readonly Step[];
}

/** A time step of a row. */
export interface Step {
  readonly id: number;
  /** What stands there in the text; empty for padding and for the start id. */
  readonly word: string;
  readonly kind: "padding" | "start" | "known" | "unknown";
}

/** The end of a batch or of an epoch. Listeners are awaited before that model trains on. */
export interface Moment extends LiveModel {
  /** From 1. */
  readonly epoch: number;
  readonly epochs: number;
  /** From 1; in an `epoch`, the last. */
  readonly batch: number;
  readonly batches: number;
  /** Means over the epoch so far. */
  readonly loss: number;
  readonly accuracy: number;
  /** In an `epoch` that validated. */
  readonly valLoss?: number;
  readonly valAccuracy?: number;
}

/** The values. Each is replaced as a whole, never changed. */
export interface PageState {
  readonly phase: Phase;
  /** None, one, or one of each cell; replaced when a run begins, a file is loaded, or a worker dies. */
  readonly models: readonly LiveModel[];
  /** Goes with the models; null before there are any. */
  readonly reading: Reading | null;
  /** Null where there is no model, or none that reads text. */
  readonly text: EncodedText | null;
  readonly language: Language;
  /** The one that is seen, also where the visitor leaves it to the system. */
  readonly theme: Theme;
}

/** What can be listened to. */
export interface PageEvents extends PageState {
  /** At most 20 times a second for each model, and for the last batch of every epoch. */
  readonly batch: Moment;
  /** After every epoch of each model, its validation included. */
  readonly epoch: Moment;
}

type Listener<T> = (value: T) => void | Promise<void>;

export class Page {
  #state: PageState;
  readonly #listeners: { [K in keyof PageEvents]?: Set<Listener<PageEvents[K]>> } = {};

  constructor(first: Pick<PageState, "language" | "theme">) {
    this.#state = { phase: "idle", models: [], reading: null, text: null, ...first };
  }

  get phase(): Phase {
    return this.#state.phase;
  }
  get models(): readonly LiveModel[] {
    return this.#state.models;
  }
  get reading(): Reading | null {
    return this.#state.reading;
  }
  get text(): EncodedText | null {
    return this.#state.text;
  }
  get language(): Language {
    return this.#state.language;
  }
  get theme(): Theme {
    return this.#state.theme;
  }

  /** Listen, from the next change on. @returns a function that ends it */
  on<K extends keyof PageEvents>(event: K, listener: Listener<PageEvents[K]>): () => void {
    const listeners = this.#of(event);
    listeners.add(listener);
    return () => listeners.delete(listener);
  }

  /** Replace values, all before the first listener hears of one. */
  set(changes: Partial<PageState>): void {
    this.#state = { ...this.#state, ...changes };
    for (const key of Object.keys(changes) as (keyof PageState)[]) void this.#tell(key, this.#state[key]);
  }

  /** Tell of a moment. Resolves when every listener is done; what one throws is reported and harms no other. */
  moment(event: "batch" | "epoch", moment: Moment): Promise<void> {
    return this.#tell(event, moment);
  }

  async #tell<K extends keyof PageEvents>(event: K, value: PageEvents[K]): Promise<void> {
    await Promise.all(
      [...this.#of(event)].map(async (listener) => {
        try {
          await listener(value);
        } catch (error) {
          reportError(error);
        }
      }),
    );
  }

  #of<K extends keyof PageEvents>(event: K): Set<Listener<PageEvents[K]>> {
    this.#listeners[event] ??= new Set() as never;
    return this.#listeners[event] as Set<Listener<PageEvents[K]>>;
  }
}
