/**
 * The states that a model's stateful layers keep from batch to batch, and from call to call. They stay outside of any
 * plan: a batch is given a copy of them, and what it has made of that is kept once the batch is done wholly.
 */
import { LstmkitError } from "../errors.ts";
import { kindOf, type Layer } from "../layers/index.ts";
import { padded, type Rows } from "../layers/kind.ts";
import type { Plan } from "./plan.ts";

export class KeptStates {
  /** Of so many samples, as they lie in a plan; null where all are zeros, of as many samples as come next. */
  #kept: { readonly batchSize: number; readonly values: Float32Array } | null = null;

  /** For a file; null where all are zeros. */
  get values(): { readonly batchSize: number; readonly values: Float32Array } | null {
    return this.#kept;
  }

  /** Have every state begin as zeros again. */
  reset(): void {
    this.#kept = null;
  }

  /** @throws BAD_ARGUMENT where a batch of so many samples cannot go on from those of the batch before */
  check(batchSize: number): void {
    if (this.#kept === null || this.#kept.batchSize === batchSize) return;
    throw new LstmkitError(
      "BAD_ARGUMENT",
      `a batch of ${batchSize} cannot go on from the states of a batch of ${this.#kept.batchSize}, which stateful layers ` +
        "keep. Give that batchSize, and as many samples or a multiple of them; or call resetStates() before.",
    );
  }

  /** Copy them into a batch's memory. @throws as check */
  put(batchSize: number, to: Float32Array): void {
    this.check(batchSize);
    if (this.#kept && this.#kept.values.length !== to.length) {
      throw new LstmkitError(
        "BAD_MODEL_FILE",
        `the model's file has ${this.#kept.values.length} numbers of states for a batch of ${batchSize}, which has ${to.length}. ` +
          "Save the model again with lstmkit, or call resetStates().",
      );
    }
    if (this.#kept) to.set(this.#kept.values);
    else to.fill(0);
  }

  /** Keep what was kept before. */
  goBack(before: KeptStates["values"]): void {
    this.#kept = before;
  }

  /** Keep what stands in a batch's memory. */
  take(batchSize: number, from: Float32Array): void {
    this.#kept = { batchSize, values: from.slice() };
  }
}

/**
 * The samples of a batch of so many, all of which have to be alike.
 *
 * @param suffix of the name x
 * @throws BAD_ARGUMENT
 */
export function wholeBatches(samples: number, batchSize: number, suffix = ""): number {
  const size = Math.min(samples, batchSize);
  if (samples % size === 0) return size;
  throw new LstmkitError(
    "BAD_ARGUMENT",
    `x${suffix} has ${samples} samples, which are no whole batches of ${size}; stateful layers go on from each sample of ` +
      "the batch before. Give a multiple of batchSize, or another batchSize.",
  );
}

/** Whether a layer keeps states from batch to batch. */
export const isStateful = (layers: readonly Layer[]): boolean =>
  layers.some((layer) => kindOf(layer).stateful?.(layer) === true);

/** Where a plan that begins at `base` has the states that each layer keeps: single rows, (B, padded width). */
export function keptStates({ head, states }: Plan, base: number): Readonly<Record<string, Rows>>[] {
  return head.layers.map((layer, i) => {
    const widths = kindOf(layer).carried?.(layer) ?? {};
    const rowsOf = (place: number, width: number): Rows => ({
      at: ({ first }) => base + place + first * padded(width) * 4,
      stride: padded(width),
      sequence: padded(width),
      T: 1,
      width,
    });
    return Object.fromEntries(
      Object.entries(states[i]!).map(([name, place]) => [name, rowsOf(place, widths[name]!)]),
    );
  });
}
