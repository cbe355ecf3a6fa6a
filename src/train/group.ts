/** Ranks that train one model together: what a fit asks of the group that it is given. The work itself is the group's. */
import type { GroupStep } from "../model/group-step.ts";
import type { CheckpointStore } from "./checkpoint.ts";

/**
 * Processes, or runtimes of one, each with the same model and all of the same data, that train it together: `mpiGroup()` of
 * `lstmkit/mpi`, or `groupOf()` there over a transport of one's own.
 *
 * **The contract.** A batch is cut into shards of 16 samples, whatever trains it. Of S shards rank r of R works on those
 * from ⌊S·r/R⌋ to below ⌊S·(r + 1)/R⌋, perhaps none. Each rank then has the sum over all shards, added in their order and
 * in no other, and the rows that samples leave for it, and takes the step of the optimiser by itself. So weights, losses and
 * metrics are to the bit those of one process, for any number of ranks and of threads in each.
 *
 * Every rank calls its functions in the same order, as `fit` does; a rank that ends otherwise says so by `fail`.
 */
export interface Group {
  /** This process's number, from 0. */
  readonly rank: number;
  /** How many there are. */
  readonly size: number;
  /**
   * Before the first step.
   *
   * @param facts what has to be the same on all ranks: texts under names that tell a person what they are of
   * @throws GROUP_DIFFERS on every rank, with the names of those that are not; GROUP_FAILED, ABORTED
   */
  compare(facts: Readonly<Record<string, string>>): Promise<void>;
  /**
   * A point that all ranks come to: before each epoch, and at the end.
   *
   * @param stops whether this rank's callbacks have called for the end
   * @param check a number that has to be the same on all
   * @returns whether a rank stops
   * @throws GROUP_DIFFERS, GROUP_FAILED, ABORTED: on every rank
   */
  meet(stops: boolean, check?: number): Promise<boolean>;
  /**
   * The same in each step, once this rank's shards are done: then what they left goes to all ranks.
   *
   * @returns whether a rank has stopped before this step; nothing has been exchanged then
   */
  exchange(step: GroupStep): Promise<boolean>;
  /** This rank ends by an error: all others reject where they come next. Never rejects. */
  fail(error: unknown): Promise<void>;
  /** Checkpoints of all: rank 0 keeps and reads them in its store, the others go on from what it has read. */
  store(own: CheckpointStore): CheckpointStore;
}

const CALLS = ["compare", "meet", "exchange", "fail", "store"] as const satisfies readonly (keyof Group)[];

export function isGroup(value: unknown): value is Group {
  const own = Object(value) as Record<string, unknown>;
  const { rank, size } = own;
  return (
    CALLS.every((name) => typeof own[name] === "function") &&
    [rank, size].every(Number.isInteger) &&
    (rank as number) >= 0 &&
    (rank as number) < (size as number)
  );
}
