/** What a command that gives jobs has: the folder of what is done, and who does the rest. */
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { DataFinder } from "./data-files.ts";
import { type Executor, localExecutor } from "./executor.ts";
import { folderBlobs } from "./folder-blobs.ts";
import type { DataFile } from "./jobs.ts";
import { queueExecutor } from "./queue-executor.ts";
import type { QueueFlags } from "./queue-flags.ts";
import { openServer } from "./queue-server.ts";
import { type SweepIdentity, SweepRecord } from "./record.ts";

/** A trial under way keeps its state this often, ms. */
export const KEEP_EVERY = 30_000;

export interface JobsOptions {
  /** Undefined for this machine's processors. */
  readonly queue: QueueFlags | undefined;
  /** Jobs at a time on this machine. */
  readonly workers: number;
  readonly retries: number;
  /** Data that go through the server, where there is one. */
  readonly send: readonly DataFile[];
  readonly note: (line: string) => void;
}

export interface OpenJobs {
  readonly record: SweepRecord;
  readonly executor: Executor;
  /** Nothing is to be gone on with: the state of trials may go. */
  finished(): Promise<void>;
  close(): Promise<void>;
}

/** @throws what openServer(), SweepRecord.open() and sending data throw */
export async function openJobs(
  folder: string,
  identity: SweepIdentity,
  { queue, workers, retries, send, note }: JobsOptions,
): Promise<OpenJobs> {
  // Before anything is written.
  const server = queue && (await openServer(queue, note));
  let record: SweepRecord | undefined;
  try {
    record = await SweepRecord.open(folder, identity);
    const state = join(folder, "state");
    const work = join(state, "work");
    await rm(work, { recursive: true, force: true }); // of one that was killed
    const blobs = folderBlobs(state);
    const site = { blobs, data: new DataFinder(null, blobs), folder: work, keepEvery: KEEP_EVERY };
    const executor = server
      ? await queueExecutor(server, { sweep: record.id, retries, send, note })
      : localExecutor(site, workers, retries);
    const own = record;
    let isClosed = false;
    return {
      record,
      executor,
      finished: () => rm(state, { recursive: true, force: true }),
      async close() {
        if (isClosed) return;
        isClosed = true;
        await executor.close();
        await own.close();
      },
    };
  } catch (error) {
    await record?.close();
    server?.connection.disconnect();
    throw error;
  }
}
