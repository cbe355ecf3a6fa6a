/**
 * The states that a model's stateful layers keep from batch to batch, and from call to call. They stay outside of any
 * plan: a batch is given a copy of them, and what it has made of that is kept once the batch is done wholly.
 */
import { LstmkitError } from "../errors.ts";

export class KeptStates {
  /** Of so many samples, as they lie in a plan; null where all are zeros, of as many samples as come next. */
  #kept: { readonly batchSize: number; readonly values: Float32Array } | null = null;

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
    if (this.#kept) to.set(this.#kept.values);
    else to.fill(0);
  }

  /** Keep what stands in a batch's memory. */
  take(batchSize: number, from: Float32Array): void {
    this.#kept = { batchSize, values: from.slice() };
  }
}
