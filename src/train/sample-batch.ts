/** Batches as a caller gives them. */
import type { Inputs, SampleWeights, Targets } from "./inputs.ts";

/** x and y of a batch, and what its samples count for, as fit takes them. */
export type SampleBatch = readonly [Inputs, Targets] | readonly [Inputs, Targets, SampleWeights];

/** Batches, one after the other. */
export type BatchSequence = Iterable<SampleBatch> | AsyncIterable<SampleBatch>;

/**
 * Batches that are made as they are needed, from what is too large to be held in arrays: an iterable that can be begun
 * anew, or a function that gives one. The function is told which pass it is for, from 0: the epoch of this fit.
 *
 * One is asked for ahead of the one that is worked on, and its arrays are copied as it comes, so they may be filled
 * again for the next.
 */
export type Batches = BatchSequence | ((pass: number) => BatchSequence);
