/** `lstmkit work`: takes jobs of a queue, one a thread, until it is stopped. */
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { availableParallelism, tmpdir } from "node:os";
import { join } from "node:path";
import type { CAC, Command } from "cac";
import type { LstmkitError } from "../../errors.ts";
import { type Arguments, UsageError } from "../arguments.ts";
import { catchInterruption, INTERRUPTED } from "../interruption.ts";
import { duration, print, printJson, warn } from "../print.ts";
import { buildId } from "./build-id.ts";
import { DataFinder } from "./data-files.ts";
import { JobThreads } from "./job-threads.ts";
import { failureOf, isFinal, type JobResult } from "./jobs.ts";
import { KEEP_EVERY } from "./open-jobs.ts";
import { declareServerFlags, readQueueFlags, readSeconds } from "./queue-flags.ts";
import { openServer, type QueuedJob, serverBlobs } from "./queue-server.ts";
import { type JobProgress, otherBuild, runJob } from "./run-job.ts";

export function declareWork(cli: CAC): Command {
  const command = cli.command(
    "work",
    "Do the jobs of a queue: trials of lstmkit sweep, pieces of lstmkit score",
  );
  return declareServerFlags(command)
    .option("--workers <n>", "Jobs at a time, a thread each; default: one a processor")
    .option(
      "--data <folder>",
      "Where data lie here that are not at the path they have where the sweep was called",
    )
    .option("--lock <time>", "A job whose worker has not been heard of for so long counts as lost", {
      default: "30s",
    })
    .option("--stalled <time>", "Lost jobs are looked for this often, and given to another worker", {
      default: "15s",
    })
    .option("--max-stalled <n>", "A job that was lost more often than this fails", { default: 5 })
    .option("--idle <time>", "End after so long without a job; default: never")
    .option("--json", "Events for programs on stdout, one JSON object a line")
    .example("lstmkit work --queue redis://host:6379")
    .example("lstmkit work --queue redis://host:6379 --data /mnt/data --workers 4");
}

/** @returns the exit code */
export async function work(args: Arguments): Promise<number> {
  const flags = readQueueFlags(args);
  if (!flags)
    throw new UsageError(
      "--queue is missing; wanted the server of the queue, such as redis://127.0.0.1:6379.",
    );
  const count = args.has("workers") ? args.wholeNumber("workers", 1, 1024) : availableParallelism();
  const [lockDuration, stalledInterval] = [readSeconds(args, "lock"), readSeconds(args, "stalled")];
  const maxStalledCount = args.wholeNumber("max-stalled", 0, 1000);
  const idle = args.has("idle") ? readSeconds(args, "idle") : null;
  const isJson = args.has("json");
  const server = await openServer(flags, warn);
  const { bull, connection, queueName, address, caution } = server;
  if (caution) warn(caution);
  const build = await buildId();
  const folder = await ownFolder();
  const threads = new JobThreads(count);
  const stop = new AbortController();
  let isUnfit: LstmkitError | null = null;
  let under = 0;
  let lastJob = Date.now();

  const own = connection.duplicate();
  own.on("error", () => undefined); // the other one has told it
  const worker = new bull.Worker<QueuedJob, JobResult>(
    queueName,
    async (queued, token) => {
      const { sweep, job } = queued.data;
      under++;
      try {
        if (job.build !== build) {
          isUnfit ??= otherBuild(job.build, build);
          await queued.updateProgress({
            refused: `A worker on this queue refuses the jobs: ${isUnfit.message}`,
          });
          throw isUnfit;
        }
        let told = 0;
        const onProgress = (progress: JobProgress) => {
          if (Date.now() - told < 1000) return;
          told = Date.now();
          void queued.updateProgress({ ...progress }).catch(() => undefined);
        };
        const blobs = serverBlobs(server, sweep);
        const data = new DataFinder(args.text("data") ?? null, blobs);
        const result = await runJob(
          job,
          { threads, blobs, data, folder, keepEvery: KEEP_EVERY },
          stop.signal,
          onProgress,
        );
        if (isJson) printJson({ event: "job", id: job.id, sweep, ...result });
        else print(`${job.id}: done (${duration(result.seconds)})`);
        return result;
      } catch (error) {
        const failure = failureOf(error);
        if (stop.signal.aborted || failure.code === "ABORTED" || failure.code === "OTHER_BUILD") {
          // For another worker, at once.
          await queued.moveToWait(token);
          if (isUnfit) stop.abort();
          throw new bull.WaitingError();
        }
        const line = `${failure.code}: ${failure.message}`;
        if (isJson) printJson({ event: "job", id: job.id, sweep, error: failure });
        else print(`${job.id}: ${line}`);
        throw isFinal(failure) ? new bull.UnrecoverableError(line) : new Error(line);
      } finally {
        under--;
        lastJob = Date.now();
      }
    },
    {
      connection: own,
      concurrency: count,
      lockDuration,
      stalledInterval,
      maxStalledCount,
      autorun: false,
      drainDelay: 1,
    },
  );
  worker.on("error", () => undefined); // the connection has told it, or a job of another's by now
  await worker.waitUntilReady();
  if (isJson) printJson({ event: "ready", build, workers: count, queue: queueName, server: address });
  else
    print(
      `lstmkit ${build}: ${count === 1 ? "1 job" : `${count} jobs`} at a time of the queue ${queueName} of ${address}`,
    );
  const signal = catchInterruption(() => {
    warn("Stopping: jobs under way are given back after their batch. Press Ctrl-C again to stop at once.");
    stop.abort();
  });
  const running = worker.run();
  running.catch(() => undefined); // it ends when it is closed
  await new Promise<void>((resolve) => {
    stop.signal.addEventListener("abort", () => resolve(), { once: true });
    if (idle === null) return;
    const timer = setInterval(() => {
      if (under > 0 || Date.now() - lastJob < idle) return;
      clearInterval(timer);
      resolve();
    }, Math.min(idle, 1000) / 4);
    stop.signal.addEventListener("abort", () => clearInterval(timer), { once: true });
  });
  await worker.close();
  own.disconnect(); // BullMQ leaves those that it is given
  connection.disconnect();
  await threads.close();
  await rm(folder, { recursive: true, force: true });
  if (isUnfit) throw isUnfit;
  return signal.aborted ? INTERRUPTED : 0;
}

const FOLDER = /^lstmkit-work-(\d+)-/;

/** A folder of this process for what is in work; those of processes that are gone are removed. */
async function ownFolder(): Promise<string> {
  for (const name of await readdir(tmpdir()).catch(() => [])) {
    const pid = Number(FOLDER.exec(name)?.[1]);
    if (pid > 0 && isGone(pid))
      await rm(join(tmpdir(), name), { recursive: true, force: true }).catch(() => undefined);
  }
  return mkdtemp(join(tmpdir(), `lstmkit-work-${process.pid}-`));
}

function isGone(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return false;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "ESRCH";
  }
}
