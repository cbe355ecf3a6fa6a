/**
 * `train` as one of several processes that mpirun or srun has started: all read the data and train one model, rank 0
 * speaks and writes.
 */
import { availableParallelism, cpus } from "node:os";
import { LstmkitError } from "../errors.ts";
import { launched } from "../mpi/launcher-node.ts";
import { type MpiGroup, mpiGroup } from "../mpi/mpi-node.ts";
import type { Runtime } from "../runtime.ts";
import { isBatches } from "../train/batches.ts";
import type { CheckpointStore } from "../train/checkpoint.ts";
import type { FitOptions, Model } from "../train/model.ts";
import { UsageError } from "./arguments.ts";
import { INTERRUPTED } from "./interruption.ts";
import { hush, print, printJson } from "./print.ts";

let start: ReturnType<typeof launched> = null;
let group: MpiGroup | null = null;

/** Whether this process is to speak and to write: alone, or rank 0. */
export const isFirst = (): boolean => !start || start.rank === 0;

/** Something that rank 0 does for all. */
export async function onFirst(work: () => unknown): Promise<void> {
  if (isFirst()) await work();
}

/** Find out whether there are others, and leave the word to rank 0. */
export function findRanks(): void {
  start = launched();
  if (start && start.rank > 0) hush();
}

/** Meet the others, if there are any. @throws MPI_UNAVAILABLE */
export async function joinRanks(isJson: boolean): Promise<void> {
  if (!start) return;
  group = await mpiGroup();
  const { size, library } = group;
  if (isJson) printJson({ event: "group", ranks: size, library });
  else print(`${size} ranks by ${library}`);
}

/** What `auto` is for a rank: no more threads than processors that it may use, or than its share of the machine's. */
export function autoThreads(): number | "auto" {
  if (!start) return "auto";
  return Math.max(1, Math.min(availableParallelism(), Math.floor(cpus().length / start.local), MOST_THREADS));
}

/** As in a runtime that chooses by itself. */
const MOST_THREADS = 8;

/** Checkpoints that rank 0 keeps and reads for all. */
export const ofRanks = (store: CheckpointStore): CheckpointStore => group?.store(store) ?? store;

/** A runtime whose models train with the others. */
export function withRanks(runtime: Runtime): Runtime {
  const own = group;
  if (!own) return runtime;
  const join = async (made: Promise<Model>): Promise<Model> => {
    const model = await made;
    const alone = model.fit.bind(model) as (...args: unknown[]) => ReturnType<Model["fit"]>;
    const together = (...args: unknown[]) => {
      const at = isBatches(args[0]) ? 1 : 2;
      args[at] = { ...(args[at] as FitOptions), group: own };
      return alone(...args);
    };
    return Object.assign(model, { fit: together });
  };
  return {
    sequential: (layers, options) => join(runtime.sequential(layers, options)),
    load: (file) => join(runtime.load(file)),
    elementwise: (name, values) => runtime.elementwise(name, values),
    info: () => runtime.info(),
    close: () => runtime.close(),
  };
}

/**
 * The command has failed here: the others hear of it where they next meet.
 *
 * @returns whether to tell of it: what all ranks know, rank 0 says for them
 */
export async function failRanks(error: unknown): Promise<boolean> {
  await group?.fail(error);
  if (isFirst()) return true;
  return !(error instanceof UsageError || (error instanceof LstmkitError && error.code.startsWith("GROUP_")));
}

/** Who says it, in front of a message; empty where nobody else could. */
export const rankPrefix = (): string => (start ? `[rank ${start.rank}] ` : "");

/** The command is done, or has failed: leave when the others do. @param code its exit code. @returns that to end with */
export async function leaveRanks(code: number): Promise<number> {
  const own = group;
  if (!own) return code;
  let last = code;
  // Whoever failed has met the others already.
  if (code === 0 || code === INTERRUPTED) {
    last = await own.meet(true).then(
      () => code,
      (error: unknown) => (error instanceof LstmkitError && error.code === "ABORTED" ? INTERRUPTED : 1),
    );
  }
  await own.close();
  return last;
}
