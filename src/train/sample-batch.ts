/** Batches as a caller gives them. */
import type { Inputs, SampleWeights, Targets } from "./inputs.ts";

/** x and y of a batch, and what its samples count for, as fit takes them. */
export type SampleBatch = readonly [Inputs, Targets] | readonly [Inputs, Targets, SampleWeights];

/** Batches, one after the other. */
export type BatchSequence = Iterable<SampleBatch> | AsyncIterable<SampleBatch>;

/**
 * Batches that can be begun in the middle: a fit that goes on from a checkpoint asks for those that are left of its epoch,
 * and none before them is made again. Other batches are asked for all the same, and let go.
 */
export interface BatchSource {
  /**
   * The batches of a pass, from number `from` on: those that a whole pass would have given there.
   *
   * @param pass from 0: the epoch of this fit
   * @param from 0 for a whole pass
   */
  begin(pass: number, from: number): BatchSequence;
  /** How many a whole pass has, where that is known: progress is told of it from the first epoch on. */
  readonly batches?: number;
  /** Tells these data from others: a checkpoint is gone on from where it is the same. */
  readonly fingerprint?: string;
}

/**
 * Batches that are made as they are needed, from what is too large to be held in arrays: an iterable that can be begun
 * anew, or a function that gives one, or a source that can be begun anywhere. The function is told which pass it is for,
 * from 0: the epoch of this fit.
 *
 * One is asked for ahead of the one that is worked on, and its arrays are copied as it comes, so they may be filled
 * again for the next.
 */
export type Batches = BatchSequence | ((pass: number) => BatchSequence) | BatchSource;
