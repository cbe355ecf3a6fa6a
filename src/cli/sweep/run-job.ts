/** A job, from its data to what it leaves: the same in a sweep on this machine and in a worker of a queue. */
import { mkdir, mkdtemp, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { readBytes } from "../../disk/disk-node.ts";
import { LstmkitError } from "../../errors.ts";
import { folderCheckpoints } from "../../folder-checkpoints-node.ts";
import { INTERRUPTED } from "../interruption.ts";
import { argumentsOf } from "../train-commands.ts";
import { buildId } from "./build-id.ts";
import type { DataFinder } from "./data-files.ts";
import type { ThreadEnd, ThreadRun } from "./job-thread.ts";
import type { JobThreads } from "./job-threads.ts";
import {
  type Blobs,
  errorOf,
  type Job,
  type JobResult,
  modelName,
  outputName,
  type ScoreJob,
  type ScoreResult,
  stateName,
  type TrialJob,
  type TrialResult,
  type Word,
} from "./jobs.ts";
import { type EpochRecord, metricsOf } from "./measures.ts";
import { commandOf } from "./plan.ts";
import { decodeState, encodeState } from "./trial-state.ts";

/** What jobs are run with. */
export interface JobSite {
  readonly threads: JobThreads;
  readonly blobs: Blobs;
  readonly data: DataFinder;
  /** A folder for what is in work. */
  readonly folder: string;
  /** Of a trial under way the state is kept this often, ms. */
  readonly keepEvery: number;
}

/** Where a trial stands. */
export interface JobProgress {
  readonly epoch: number;
  readonly epochs: number;
}

/**
 * @throws ABORTED where the signal stopped it, and what was done is kept; OTHER_BUILD; what the command throws, and what
 * finding the data throws
 */
export async function runJob(
  job: Job,
  site: JobSite,
  signal: AbortSignal,
  onProgress: (progress: JobProgress) => void,
): Promise<JobResult> {
  const own = await buildId();
  if (job.build !== own) throw otherBuild(job.build, own);
  const paths = await Promise.all(job.data.map((file) => site.data.pathOf(file)));
  const argv = job.words.map((word) => wordOf(word, paths));
  return job.kind === "trial"
    ? runTrial(job, argv, site, signal, onProgress)
    : runScore(job, argv, paths, site, signal);
}

export const otherBuild = (wanted: string, own: string) =>
  new LstmkitError(
    "OTHER_BUILD",
    `the job was made by lstmkit ${wanted}, and this worker is ${own}, whose bits could differ. Install the same version in both places.`,
  );

const wordOf = (word: Word, paths: readonly string[]): string =>
  typeof word === "string" ? word : `${word.flag ?? ""}${paths[word.data]!}`;

async function runTrial(
  { task, trial, pauseAt, model }: TrialJob,
  words: readonly string[],
  { threads, blobs, folder: site, keepEvery }: JobSite,
  signal: AbortSignal,
  onProgress: (progress: JobProgress) => void,
): Promise<TrialResult> {
  const began = performance.now();
  const seconds = () => (performance.now() - began) / 1000;
  const kept = decodeState(await blobs.get(stateName(trial)));
  let epochs: Record<string, EpochRecord[string]> = { ...kept?.epochs };
  if (pauseAt !== null && epochs[pauseAt]) {
    // Done before, by a worker that could not say so any more.
    return {
      kind: "trial",
      digest: null,
      epochs: pauseAt,
      metrics: metricsOf(task, epochs, pauseAt, []),
      seconds: 0,
    };
  }
  await mkdir(site, { recursive: true });
  const folder = await mkdtemp(join(site, `${trial}-`));
  const out = join(folder, "model.safetensors");
  const checkpoints = join(folder, "checkpoints");
  const keepsState = hasFlag(task, "checkpoint");
  const run = (checkpoint: Uint8Array | null) => {
    const argv = [...words, `--out=${out}`, "--json"];
    if (!words.some((word) => /^--threads(=|$)/.test(word))) argv.push("--threads=1");
    if (keepsState) argv.push(`--checkpoint=${checkpoints}`, `--checkpoint-every=${keepEvery / 1000}s`);
    if (checkpoint) argv.push("--resume");
    const message: ThreadRun = { type: "run", argv, task, pauseAt, input: null };
    return threads.run(message, signal, ({ epoch, epochs: all, record }) => {
      epochs[epoch] = record;
      onProgress({ epoch, epochs: all });
    });
  };
  /** What has been done so far, for whoever goes on. */
  let last = 0;
  const keep = async () => {
    const newest = await newestCheckpoint(checkpoints);
    if (!newest || newest.changed === last) return;
    last = newest.changed;
    await blobs.put(stateName(trial), encodeState({ epochs, checkpoint: newest.bytes }));
  };
  let isKeeping: Promise<void> | null = null;
  const timer = setInterval(() => {
    isKeeping ??= keep()
      .catch(() => undefined) // it is tried again, and not needed for the result
      .finally(() => {
        isKeeping = null;
      });
  }, keepEvery);
  try {
    if (kept?.checkpoint && keepsState) await folderCheckpoints(checkpoints).write(kept.checkpoint as never);
    let end = await run(keepsState ? (kept?.checkpoint ?? null) : null);
    if (end.failure?.code === "BAD_CHECKPOINT" && kept) {
      // Of a file that is damaged: the trial begins anew, and comes to the same end.
      await rm(checkpoints, { recursive: true, force: true });
      epochs = {};
      end = await run(null);
    }
    clearInterval(timer);
    await isKeeping;
    if (end.failure) throw errorOf(end.failure);
    const done = Math.max(0, ...Object.keys(epochs).map(Number));
    const isPaused = pauseAt !== null && end.code === INTERRUPTED && epochs[pauseAt] !== undefined;
    if (end.code !== 0 && !isPaused) {
      await keep();
      throw new LstmkitError("ABORTED", "the trial was stopped.");
    }
    if (isPaused) {
      const newest = await newestCheckpoint(checkpoints);
      await blobs.put(stateName(trial), encodeState({ epochs, checkpoint: newest?.bytes ?? null }));
      const metrics = metricsOf(task, epochs, pauseAt, []);
      return { kind: "trial", digest: null, epochs: pauseAt, metrics, seconds: seconds() };
    }
    if (model) await blobs.put(modelName(trial), await readBytes(out));
    const metrics = metricsOf(task, epochs, done, end.events);
    return { kind: "trial", digest: digestOf(end), epochs: done, metrics, seconds: seconds() };
  } finally {
    clearInterval(timer);
    await rm(folder, { recursive: true, force: true });
  }
}

const digestOf = ({ events }: ThreadEnd): string =>
  String(events.findLast(({ event }) => event === "done")?.digest);

const hasFlag = (task: TrialJob["task"], name: string): boolean => {
  try {
    argumentsOf(commandOf(task), [`--${name}=x`]);
    return true;
  } catch {
    return false;
  }
};

async function newestCheckpoint(folder: string): Promise<{ bytes: Uint8Array; changed: number } | null> {
  const [bytes] = await folderCheckpoints(folder).read();
  if (!bytes || bytes.length === 0) return null;
  const { mtimeMs } = await stat(folder);
  return { bytes, changed: mtimeMs };
}

async function runScore(
  { id, input }: ScoreJob,
  argv: readonly string[],
  paths: readonly string[],
  { threads, blobs }: JobSite,
  signal: AbortSignal,
): Promise<ScoreResult> {
  const began = performance.now();
  const message: ThreadRun = {
    type: "run",
    argv,
    task: null,
    pauseAt: null,
    input: input && { path: paths[input.data]!, from: input.from, to: input.to },
  };
  const end = await threads.run(message, signal, () => undefined);
  if (end.failure) throw errorOf(end.failure);
  if (end.code !== 0) throw new LstmkitError("ABORTED", "the piece was stopped.");
  const bytes = end.output!;
  await blobs.put(outputName(id), bytes);
  return { kind: "score", bytes: bytes.length, seconds: (performance.now() - began) / 1000 };
}
