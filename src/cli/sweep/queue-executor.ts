/** Jobs given to a queue, and their results taken from it. What is there of an earlier call is taken up again. */
import { readBytes } from "../../disk/disk-node.ts";
import { LstmkitError } from "../../errors.ts";
import { fileName } from "./data-files.ts";
import type { Executor, JobOutcome } from "./executor.ts";
import type { DataFile, Failure, Job, JobResult } from "./jobs.ts";
import { KEPT_SECONDS, type QueuedJob, type QueueServer, serverBlobs } from "./queue-server.ts";
import type { JobProgress } from "./run-job.ts";

/** Jobs on the queue at a time: those of one sweep leave room for others', and few are to be taken back. */
const AT_A_TIME = 256;
/** Events tell what is done; what they missed is looked for this often, ms, of so many jobs in turn. */
const LOOK_EVERY = 2000;
const LOOK_AT = 16;
const BACKOFF = 500;

export interface QueueOf {
  /** Of the sweep; the same when it is called again. */
  readonly sweep: string;
  readonly retries: number;
  /** Data that go through the server. */
  readonly send: readonly DataFile[];
  /** Told of what a person should know. */
  readonly note: (line: string) => void;
}

interface Waiting {
  readonly job: Job;
  readonly settle: (outcome: JobOutcome) => void;
  readonly onProgress: (progress: JobProgress) => void;
}

/** @param server is closed with it */
export async function queueExecutor(server: QueueServer, of: QueueOf): Promise<Executor> {
  const { sweep, retries, note } = of;
  const { bull, connection, queueName, address, caution } = server;
  if (caution) note(caution);
  const blobs = serverBlobs(server, sweep);
  const queue = new bull.Queue<QueuedJob>(queueName, { connection });
  const own = connection.duplicate();
  own.on("error", () => undefined); // the other one has told it
  const events = new bull.QueueEvents(queueName, { connection: own });
  queue.on("error", () => undefined); // the connection has told it
  events.on("error", () => undefined);
  await events.waitUntilReady();
  await send(of.send, blobs);

  const waiting = new Map<string, Waiting>();
  const told = new Set<string>();
  const noteOnce = (line: string) => {
    if (told.has(line)) return;
    told.add(line);
    note(line);
  };
  const idOf = (job: Job) => `${sweep}-${job.id}`;
  const give = (job: Job) =>
    queue.add(
      job.kind,
      { sweep, job },
      {
        jobId: idOf(job),
        attempts: retries + 1,
        backoff: { type: "exponential", delay: BACKOFF },
        removeOnComplete: { age: KEPT_SECONDS },
        removeOnFail: { age: KEPT_SECONDS },
      },
    );
  const settle = (id: string, outcome: JobOutcome) => {
    const one = waiting.get(id);
    waiting.delete(id);
    one?.settle(outcome);
  };
  /** Whether it is done by now, whatever events said of it. */
  const look = async (id: string) => {
    const one = waiting.get(id);
    if (!one) return;
    // The state first: a job that is read before it is done has no result yet.
    const state = await queue.getJobState(id);
    const isOver = state === "completed" || state === "failed";
    const found = isOver ? await queue.getJob(id) : undefined;
    if (found && state === "completed") settle(id, { result: found.returnvalue as JobResult });
    else if (found) settle(id, { failure: failureFrom(found.failedReason) });
    else if ((isOver || state === "unknown") && waiting.has(id)) await give(one.job); // of a server that has lost it
  };
  const lookSoon = (id: string) => void look(id).catch(() => undefined);
  events.on("completed", ({ jobId }) => lookSoon(jobId));
  events.on("failed", ({ jobId }) => lookSoon(jobId));
  events.on("progress", ({ jobId, data }) => {
    const one = waiting.get(jobId);
    if (!one) return;
    const progress = Object(data) as Partial<JobProgress> & { refused?: string };
    if (progress.refused !== undefined) noteOnce(progress.refused);
    else if (progress.epoch !== undefined) one.onProgress(progress as JobProgress);
  });
  events.on("stalled", ({ jobId }) => {
    const one = waiting.get(jobId);
    if (one) note(`A worker was lost in the middle of ${one.job.id}; another takes it.`);
  });
  let isLooking = false;
  let looks = 0;
  let isBack = false; // a server that is back may have lost any of them
  connection.on("ready", () => {
    isBack = true;
  });
  const timer = setInterval(() => {
    if (isLooking || connection.status !== "ready") return;
    isLooking = true;
    void (async () => {
      const ids = [...waiting.keys()];
      const from = ids.length > LOOK_AT && !isBack ? (looks * LOOK_AT) % ids.length : 0;
      const end = isBack ? ids.length : from + LOOK_AT;
      isBack = false;
      for (const id of ids.slice(from, end)) await look(id);
      looks++;
      if (waiting.size > 0 && looks % 5 === 2 && (await queue.getWorkersCount()) === 0) {
        noteOnce(
          `No worker is at the queue ${queueName} of ${address}: start some with lstmkit work --queue …`,
        );
      }
    })()
      .catch(() => undefined)
      .finally(() => {
        isLooking = false;
      });
  }, LOOK_EVERY);

  return {
    capacity: AT_A_TIME,
    blobs,
    name: `the queue ${queueName} of ${address}`,
    async run(job, signal, onProgress) {
      const id = idOf(job);
      let take: (outcome: JobOutcome) => void = () => undefined;
      const outcome = new Promise<JobOutcome>((resolve) => {
        take = resolve;
      });
      waiting.set(id, { job, settle: take, onProgress });
      const stop = () => {
        waiting.delete(id);
        take({ failure: { code: "ABORTED", message: "the sweep was stopped; called again it goes on." } });
        // One that is under way is done by its worker, and its result waits for the next call.
        void queue
          .getJob(id)
          .then((found) => found?.remove())
          .catch(() => undefined);
      };
      const before = await queue.getJob(id);
      if (before && (await before.getState()) === "failed") await before.remove(); // in an earlier call: tried again
      if (signal.aborted) stop();
      else {
        signal.addEventListener("abort", stop, { once: true });
        await give(job);
        if (before) await look(id);
      }
      const found = await outcome;
      signal.removeEventListener("abort", stop);
      if (found.failure?.code === "ABORTED") throw new LstmkitError("ABORTED", found.failure.message);
      return found;
    },
    async release(job) {
      const found = await queue.getJob(idOf(job));
      await found?.remove();
    },
    async close() {
      clearInterval(timer);
      await new Promise((resolve) => setTimeout(resolve, 0));
      await events.close().catch(() => undefined);
      await queue.close().catch(() => undefined);
      own.disconnect(); // BullMQ leaves those that it is given
      connection.disconnect();
    },
  };
}

/** Files to the server, for workers that do not see them. */
async function send(data: readonly DataFile[], blobs: Executor["blobs"]): Promise<void> {
  for (const file of data) {
    if (file.isFolder) {
      throw new LstmkitError(
        "BAD_ARGUMENT",
        `--send is for files, and ${file.place} is a folder. Pack it into a file, or give workers the folder (lstmkit work --data).`,
      );
    }
    if (!/^https?:/i.test(file.place)) await blobs.put(fileName(file), await readBytes(file.place));
  }
}

/** What a worker threw, from the one line that BullMQ keeps of it. */
export function failureFrom(reason: string): Failure {
  const [, code, message] = /^([A-Z][A-Z_]+): (.*)$/s.exec(reason) ?? [];
  if (code !== undefined) return { code: code as Failure["code"], message: message! };
  if (/stalled more than allowable limit/.test(reason)) {
    return {
      code: "WORKER_DIED",
      message:
        "workers ended in the middle of this job again and again; it may want more memory than they have. Look at their machines, and call the sweep again.",
    };
  }
  return { code: "UNEXPECTED", message: reason };
}
