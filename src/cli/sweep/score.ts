/** `lstmkit score`: what `lstmkit predict` gives for much data, cut into jobs, on this machine or through a queue. */
import { createHash } from "node:crypto";
import { setMaxListeners } from "node:events";
import { createReadStream, createWriteStream } from "node:fs";
import { open, rename, rm, stat } from "node:fs/promises";
import { availableParallelism } from "node:os";
import { basename, join } from "node:path";
import { pipeline } from "node:stream/promises";
import type { CAC, Command } from "cac";
import { checkWritable } from "../../disk/disk-node.ts";
import { LstmkitError } from "../../errors.ts";
import { type Arguments, UsageError } from "../arguments.ts";
import { classifierBytes } from "../classify-model.ts";
import { catchInterruption, INTERRUPTED } from "../interruption.ts";
import { declarePredict } from "../predict.ts";
import { count, duration, print, printJson, warn } from "../print.ts";
import { LiveLine, liveStream } from "../progress.ts";
import { declareStepFlags } from "../sequence-flags.ts";
import { declareEncoding } from "../text-flags.ts";
import { argumentsOf } from "../train-commands.ts";
import { buildId } from "./build-id.ts";
import { DataFinder, dataFile } from "./data-files.ts";
import { folderBlobs } from "./folder-blobs.ts";
import { type DataFile, errorOf, outputName, type ScoreJob, type Word } from "./jobs.ts";
import { openJobs } from "./open-jobs.ts";
import { declareQueueFlags, readQueueFlags } from "./queue-flags.ts";
import type { SweepRecord } from "./record.ts";
import { Limit } from "./run-sweep.ts";

const MEGABYTE = 2 ** 20;
const MOST_JOBS = 100_000;

export function declareScore(cli: CAC): Command {
  const command = cli
    .command(
      "score <model> <...data>",
      "What predict gives for files, cut into jobs: each file by itself, in their order",
    )
    .option("--out <path>", "Where the lines go; default: scores.tsv, or scores.ndjson with --ndjson")
    .option("--ndjson", "Lines of predict --json")
    .option("--piece <MB>", "Data of a job", { default: 4 })
    .option("--workers <n>", "Jobs at a time on this machine; default: one a processor")
    .option("--top <n>", "With a model of --task classify: so many classes, the likeliest first", {
      default: 1,
    });
  declareEncoding(
    declareStepFlags(command).option("--text <column>", "Column of a .csv file with the texts"),
    "Of the files",
  );
  return declareQueueFlags(command)
    .option("--json", "Events for programs on stdout, one JSON object a line")
    .example("lstmkit score model.safetensors mails-1.txt mails-2.txt --out scores.tsv")
    .example("lstmkit score model.safetensors sensors.csv --queue redis://host:6379");
}

/** Flags that are predict's own. */
const PREDICT_FLAGS = ["top", "id", "time", "features", "text", "encoding"];

/** @returns the exit code */
export async function score(args: Arguments): Promise<number> {
  const [model, ...places] = args.positionals as [string, ...string[]];
  const isNdjson = args.has("ndjson");
  const out = args.text("out") ?? (isNdjson ? "scores.ndjson" : "scores.tsv");
  const piece =
    args.number("piece", (size) => size > 0 && size <= 4096, "megabytes, a number above 0") * MEGABYTE;
  const queue = readQueueFlags(args);
  if (queue && args.has("workers")) {
    throw new UsageError(
      "--workers are threads on this machine, and with --queue its workers do the jobs: lstmkit work --workers <n>.",
    );
  }
  const workers = args.has("workers") ? args.wholeNumber("workers", 1, 1024) : availableParallelism();
  const retries = args.wholeNumber("retries", 0, 100);
  const isJson = args.has("json");
  const flags = PREDICT_FLAGS.filter((name) => args.has(name)).map((name) => `--${name}=${args.text(name)!}`);
  argumentsOf({ declare: declarePredict, run: async () => 0 }, ["model", ...flags]);
  await checkWritable(out);

  const data = [await dataFile(model), ...(await Promise.all(places.map((place) => dataFile(place))))];
  const finder = new DataFinder(null, folderBlobs(""));
  const isClassifier = (await classifierBytes(await finder.pathOf(data[0]!))) !== undefined;
  const build = await buildId();
  const jobs: ScoreJob[] = [];
  for (const [i, file] of data.entries()) {
    if (i === 0) continue;
    const path = await finder.pathOf(file);
    const words: Word[] = ["predict", { data: 0 }];
    const others = [...flags, ...(isNdjson ? ["--json"] : [])];
    const own = isClassifier ? partsOf(file, piece) : await piecesOf(path, piece, args.text("encoding"));
    for (const one of own) {
      const id = String(jobs.length + 1).padStart(6, "0");
      const job = { kind: "score" as const, id, build, data: [data[0]!, file] };
      if (typeof one === "string")
        jobs.push({ ...job, words: [...words, { data: 1 }, `--part=${one}`, ...others], input: null });
      else jobs.push({ ...job, words: [...words, ...others], input: { data: 1, ...one } });
      if (jobs.length > MOST_JOBS) {
        throw new UsageError(
          `--piece makes more than ${MOST_JOBS} jobs of these data; wanted larger pieces.`,
        );
      }
    }
  }
  const live = new LiveLine(isJson ? null : liveStream());
  const note = (line: string) => {
    live.clear();
    warn(line);
  };
  const folder = `${out}.score`;
  const what = { model: basename(model), data: places, flags, piece, isNdjson };
  const began = performance.now();
  const opened = await openJobs(
    folder,
    { build, what, data },
    {
      ...{ queue, workers: Math.min(workers, Math.max(jobs.length, 1)), retries, note },
      // The model goes with its jobs: a worker elsewhere has none of its own.
      send: args.has("send") ? data : data.slice(0, 1),
    },
  );
  const { record, executor } = opened;
  try {
    if (isJson) printJson({ event: "start", jobs: jobs.length, where: executor.name, out });
    else print(`${count(jobs.length, "job")} of ${count(places.length, "file")}; ${executor.name}`);
    const signal = catchInterruption(() =>
      note("Stopping; the same command goes on. Press Ctrl-C again to stop at once."),
    );
    const limit = new Limit(executor.capacity);
    const stop = new AbortController();
    const all = AbortSignal.any([signal, stop.signal]);
    setMaxListeners(0, all); // every job under way listens
    let done = 0;
    const run = async (job: ScoreJob): Promise<void> => {
      const known = record.of(job.id, 0)?.result;
      const bytes = known && (await keptPiece(record, job.id, known.digest));
      if (!bytes) {
        const release = await limit.take();
        try {
          if (all.aborted) throw new LstmkitError("ABORTED", "scoring was stopped; called again it goes on.");
          // What a queue knows to be done may have lost its lines, in an earlier call or for age: it is done again.
          for (let isKept = false; !isKept; ) {
            const outcome = await executor.run(job, all, () => undefined);
            if (outcome.failure) throw errorOf(outcome.failure);
            isKept = await keepPiece(record, executor.blobs, job.id, outcome.result!.seconds);
            await executor.release(job);
          }
        } finally {
          release();
        }
      }
      done++;
      live.draw(() => `${done}/${jobs.length} jobs`);
      if (isJson) printJson({ event: "piece", done, jobs: jobs.length });
    };
    const ended = await Promise.allSettled(
      jobs.map((job) =>
        run(job).catch((error: unknown) => {
          stop.abort();
          throw error;
        }),
      ),
    );
    const failed = ended.flatMap((one) => (one.status === "rejected" ? [one.reason as unknown] : []));
    const first =
      failed.find((error) => !(error instanceof LstmkitError && error.code === "ABORTED")) ?? failed[0];
    live.clear();
    if (first !== undefined) {
      if (!(first instanceof LstmkitError) || first.code !== "ABORTED") throw first;
      if (isJson) printJson({ event: "interrupted", done, jobs: jobs.length });
      else
        print(
          `Interrupted after ${done} of ${count(jobs.length, "job")}. The same command goes on; the state is in ${folder}.`,
        );
      return INTERRUPTED;
    }
    const bytes = await joined(record.folder, jobs, out);
    await opened.close();
    await rm(folder, { recursive: true, force: true });
    const seconds = (performance.now() - began) / 1000;
    if (isJson) printJson({ event: "done", seconds, jobs: jobs.length, bytes, out });
    else print(`${bytes} bytes in ${duration(seconds)}: ${out}`);
    return 0;
  } finally {
    live.clear();
    await opened.close();
  }
}

/** Parts of a classifier's file, by its size. */
function partsOf({ bytes }: DataFile, piece: number): string[] {
  const of = Math.max(1, Math.ceil(bytes / piece));
  return Array.from({ length: of }, (_, i) => `${i + 1}/${of}`);
}

/** Pieces of a file of lines, each behind a line's end. Text of two bytes a letter is not cut. */
async function piecesOf(
  path: string,
  piece: number,
  encoding: string | undefined,
): Promise<{ from: number; to: number }[]> {
  const { size } = await stat(path);
  const file = await open(path);
  try {
    const head = Buffer.alloc(2);
    await file.read(head, 0, 2, 0);
    const isWide = /utf-?16/i.test(encoding ?? "") || ["feff", "fffe"].includes(head.toString("hex"));
    if (isWide || size <= piece) return size > 0 ? [{ from: 0, to: size }] : [];
    const cuts = [0];
    const window = Buffer.alloc(2 ** 16);
    for (let at = Math.ceil(piece); at < size; ) {
      const { bytesRead } = await file.read(window, 0, window.length, at);
      const end = window.subarray(0, bytesRead).indexOf(10);
      if (end < 0) {
        at += bytesRead;
        continue;
      }
      if (at + end + 1 < size) cuts.push(at + end + 1);
      at += end + 1 + Math.ceil(piece);
    }
    return cuts.map((from, i) => ({ from, to: cuts[i + 1] ?? size }));
  } finally {
    await file.close();
  }
}

const piecePath = (folder: string, id: string) => join(folder, "pieces", id);

const sha256 = (bytes: Uint8Array) => createHash("sha256").update(bytes).digest("hex");

/** What a job has left, kept here. @returns false where it is gone */
async function keepPiece(
  record: SweepRecord,
  blobs: { get(name: string): Promise<Uint8Array | null>; remove(name: string): Promise<void> },
  id: string,
  seconds: number,
): Promise<boolean> {
  const bytes = await blobs.get(outputName(id));
  if (!bytes) return false;
  await folderBlobs(join(record.folder, "pieces")).put(id, bytes);
  const result = { kind: "trial" as const, digest: sha256(bytes), epochs: 0, metrics: {}, seconds };
  await record.add({ trial: id, rung: 0, result });
  await blobs.remove(outputName(id)); // not before it is known here: who is killed in between goes on
  return true;
}

/** What an earlier call kept of a job, where it is whole. */
async function keptPiece(
  { folder }: SweepRecord,
  id: string,
  digest: string | null,
): Promise<Uint8Array | undefined> {
  const bytes = await folderBlobs(join(folder, "pieces")).get(id);
  return bytes && sha256(bytes) === digest ? bytes : undefined;
}

/** All pieces in their order, as one file that is there wholly or not at all. @returns its bytes */
async function joined(folder: string, jobs: readonly ScoreJob[], out: string): Promise<number> {
  const whole = join(folder, "whole");
  await rm(whole, { force: true });
  for (const { id } of jobs)
    await pipeline(createReadStream(piecePath(folder, id)), createWriteStream(whole, { flags: "a" }));
  const file = await open(whole, "a+");
  await file.sync();
  const { size } = await file.stat();
  await file.close();
  await rename(whole, out);
  return size;
}
