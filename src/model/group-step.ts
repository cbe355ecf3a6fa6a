/** What a step of several processes is exchanged by: plain, so that who makes a group needs nothing else of the model. */

/** A step of several processes: what this one has of it, in memory that grows. Views hold until something is awaited. */
export interface GroupStep {
  /** Of rank r: shards from cut[r] to below cut[r + 1]. */
  readonly cut: readonly number[];
  /** What samples leave one after the other, those of each rank's shards at their places: all ranks need all of it. */
  readonly rows: readonly {
    /** Its bytes as they stand now, all ranks' places. */
    view(): Uint8Array;
    /** Bytes of a shard; the last of all may have fewer. */
    readonly shard: number;
  }[];
  /** Floats of a shard's partial, 0 where nothing is trained: all ranks need the sum over shards, in their order. */
  readonly floats: number;
  /** So many floats of a shard's partial, from one on. */
  partial(shard: number, from: number, floats: number): Uint8Array;
  /** Sum the partials of shards `first` to below `end` over those floats, a multiple of 16, into that of shard 0. */
  sum(first: number, end: number, from: number, floats: number): void;
  /** A number that has to be the same on all ranks. */
  readonly check?: number;
}
