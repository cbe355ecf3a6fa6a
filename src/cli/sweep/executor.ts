/** Who runs the jobs: threads of this process, or the workers of a queue. */

import { JobThreads } from "./job-threads.ts";
import type { Blobs, Failure, Job, JobResult } from "./jobs.ts";
import { errorOf, failureOf, isFinal } from "./jobs.ts";
import { type JobProgress, type JobSite, runJob } from "./run-job.ts";

export type JobOutcome =
  | { readonly result: JobResult; readonly failure?: never }
  | { readonly failure: Failure; readonly result?: never };

export interface Executor {
  /** Jobs that it takes at a time. */
  readonly capacity: number;
  readonly blobs: Blobs;
  /** Who that is, in words. */
  readonly name: string;
  /** @throws ABORTED where the signal fired; what ends the sweep as a whole, such as QUEUE_REFUSED */
  run(job: Job, signal: AbortSignal, onProgress: (progress: JobProgress) => void): Promise<JobOutcome>;
  /** What it kept of a job whose outcome is safe elsewhere. */
  release(job: Job): Promise<void>;
  /** After the last job, or where there will be none. */
  close(): Promise<void>;
}

/** On this machine. @param retries of a job that failed by what may not come again */
export function localExecutor(site: Omit<JobSite, "threads">, count: number, retries: number): Executor {
  const threads = new JobThreads(count);
  return {
    capacity: count,
    blobs: site.blobs,
    name: `${count} ${count === 1 ? "thread" : "threads"} here`,
    async run(job, signal, onProgress) {
      for (let tries = 0; ; tries++) {
        try {
          return { result: await runJob(job, { ...site, threads }, signal, onProgress) };
        } catch (error) {
          const failure = failureOf(error);
          if (failure.code === "ABORTED" || signal.aborted) throw errorOf({ ...failure, code: "ABORTED" });
          if (isFinal(failure) || tries >= retries) return { failure };
        }
      }
    },
    release: async () => undefined,
    close: () => threads.close(),
  };
}
