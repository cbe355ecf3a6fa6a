/** Training a classifier on the command line: the job itself, and what is told of it. */

import type { SequenceSet } from "../data/labelled/set.ts";
import type { Finding } from "../data/series/series.ts";
import { writeWhole } from "../disk/disk-node.ts";
import { LstmkitError } from "../errors.ts";
import type { Runtime, RuntimeInfo } from "../runtime.ts";
import {
  type ClassifierOptions,
  type ClassifyEpoch,
  type ClassifyProgress,
  type ClassifyReport,
  type ClassifyStart,
  classifier,
  type SequenceClassifier,
} from "../tasks/index.ts";
import type { RunCheckpoints } from "./checkpoint-flags.ts";
import { evaluationLines, startLines } from "./classify-lines.ts";
import { writeReport } from "./classify-report-file.ts";
import { INTERRUPTED } from "./interruption.ts";
import { count, duration, print, printJson, warn } from "./print.ts";
import { epochLine, LiveLine, liveStream, timePerStep, wrapParts } from "./progress.ts";
import { onFirst } from "./ranks.ts";

/** What is to be done. */
export interface ClassifyJob {
  /** What the data are called. */
  readonly name: string;
  readonly train: SequenceSet;
  readonly test: SequenceSet | undefined;
  readonly options: ClassifierOptions;
  /** Where the model goes; null for nowhere. */
  readonly out: string | null;
  /** Where the report goes, besides. */
  readonly reportPath?: string | undefined;
  /** How to ask the model, for the last line. */
  readonly example?: string;
  readonly isJson: boolean;
  readonly checkpoints?: RunCheckpoints;
}

/** Columns of the terminal; of a file or a pipe as many as most have. */
export const terminalColumns = () => Math.max(process.stdout.columns || 80, 20);

/** The report of a job: call stopping() on the first Ctrl-C, and close() at the end. */
export class ClassifyJobReport {
  readonly #live: LiveLine;
  readonly #isJson: boolean;
  #began = performance.now();
  #epochBegan = performance.now();
  #batches = 1;
  #epochs = 0;
  #isStopping = false;

  constructor(isJson: boolean) {
    this.#isJson = isJson;
    this.#live = new LiveLine(isJson ? null : liveStream());
  }

  start({ name }: ClassifyJob, info: RuntimeInfo, start: ClassifyStart): void {
    const { version, engine, math, threads, vectors } = info;
    this.#began = performance.now();
    this.#epochBegan = this.#began;
    this.#epochs = start.settings.epochs;
    if (this.#isJson) {
      printJson({ event: "start", version, engine, math, threads, vectors, dataset: name, ...start });
      return;
    }
    print(
      `lstmkit ${version} on ${engine}, ${count(threads, "thread")}, ${vectors}-bit vectors, seed ${start.settings.seed}`,
    );
    for (const line of startLines(name, start, terminalColumns())) print(line);
    print("");
    tellFindings(name, start.findings);
  }

  batch({ epoch, epochs, batch, batches, loss, accuracy }: ClassifyProgress): void {
    this.#batches = batches;
    if (this.#isStopping) return;
    const msPerStep = (performance.now() - this.#epochBegan) / batch;
    const progress = {
      epoch: epoch + 1,
      epochs,
      step: batch,
      steps: batches,
      msPerStep,
      logs: { loss, accuracy },
    };
    this.#live.draw((columns) => epochLine(progress, columns));
  }

  epoch(epoch: number, logs: ClassifyEpoch & { seconds: number; isBest: boolean }): void {
    const { loss, accuracy, valLoss, valAccuracy, seconds, isBest } = logs;
    this.#epochBegan = performance.now();
    if (this.#isJson) {
      printJson({
        event: "epoch",
        epoch: epoch + 1,
        epochs: this.#epochs,
        loss,
        accuracy,
        valLoss,
        valAccuracy,
        seconds,
        isBest,
      });
      return;
    }
    const numbers = { loss, accuracy, val_loss: valLoss, val_accuracy: valAccuracy };
    const parts = [
      `Epoch ${epoch + 1}/${this.#epochs}`,
      duration(seconds),
      timePerStep((seconds * 1000) / this.#batches),
      ...Object.entries(numbers).flatMap(([name, n]) =>
        n === undefined ? [] : [`${name}: ${n.toFixed(4)}`],
      ),
    ];
    this.#live.clear();
    print(wrapParts(parts, process.stdout.columns || Number.POSITIVE_INFINITY));
  }

  stopping(): void {
    this.#isStopping = true;
    this.#live.clear();
    if (!this.#isJson) warn("Stopping; press Ctrl-C again to stop at once.");
  }

  ended(
    report: ClassifyReport,
    saved: { digest: string; out: string | null },
    job: ClassifyJob,
    isComplete: boolean,
  ): void {
    this.#live.clear();
    const seconds = (performance.now() - this.#began) / 1000;
    const { digest, out } = saved;
    if (this.#isJson) {
      printJson({
        event: isComplete ? "done" : "interrupted",
        seconds,
        ...report,
        digest,
        ...(out !== null && { out }),
      });
      return;
    }
    const { history, bestEpoch, scaling, temperature, test, parts } = report;
    print("");
    if (parts.validation && history.length > 0)
      print(`Best epoch: ${bestEpoch + 1} of ${history.length}, by the validation part`);
    if (scaling && scaling.tried.length > 0) {
      const tried = scaling.tried
        .map(({ kind, valLoss }) => `${SCALED[kind]} ${valLoss.toFixed(4)}`)
        .join(", ");
      print(`Scaling: ${SCALED[scaling.kind]} (validation loss when tried: ${tried})`);
    }
    if (temperature !== 1)
      print(`Temperature of the probabilities: ${temperature.toFixed(2)}, by the validation part`);
    if (test) for (const line of evaluationLines("Test part", test, terminalColumns())) print(line);
    print("");
    print(`Elapsed time: ${duration(seconds)}`);
    print(`Digest: ${digest}`);
    if (job.reportPath !== undefined && test) print(`Report written to ${job.reportPath}`);
    if (out === null) return;
    print(`${isComplete ? "" : "Interrupted. "}Model saved to ${out}`);
    if (isComplete) print(`Go on: lstmkit predict ${out} ${job.example ?? "…"}`);
  }

  /** Ended before there was anything to keep. */
  interrupted(): void {
    this.#live.clear();
    if (this.#isJson) printJson({ event: "interrupted", digest: null, out: null });
    else print("Interrupted before the first batch; nothing was saved.");
  }

  close(): void {
    this.#live.clear();
  }
}

const SCALED = {
  features: "each feature by itself",
  all: "all features alike",
  sequence: "each sequence by itself",
};

/** What was found in data, for the person. */
export function tellFindings(name: string, findings: readonly Finding[]): void {
  for (const { message } of findings) warn(`${name}: ${message}.`);
}

/** Train, and write the model. @returns the classifier, and the exit code */
export async function runClassifyJob(
  kit: Runtime,
  job: ClassifyJob,
  report: ClassifyJobReport,
  signal: AbortSignal,
): Promise<{ classifier: SequenceClassifier; code: number }> {
  const made = classifier(kit, job.options);
  const info = await kit.info();
  let isComplete = true;
  try {
    await made.fit(job.train, {
      signal,
      ...(job.test && { test: job.test }),
      ...job.checkpoints?.option(),
      onStart: (start) => report.start(job, info, start),
      onBatchEnd: (progress) => report.batch(progress),
      onEpochEnd: (epoch, logs) => report.epoch(epoch, logs),
    });
  } catch (error) {
    if (!(error instanceof LstmkitError) || error.code !== "ABORTED") throw error;
    isComplete = false;
  }
  if (!made.report) {
    report.interrupted();
    job.checkpoints?.interrupted();
    return { classifier: made, code: INTERRUPTED };
  }
  const { out, reportPath } = job;
  if (out !== null) await onFirst(async () => writeWhole(out, await made.save()));
  const { test } = made.report;
  const { report: of } = made;
  if (reportPath !== undefined && test) {
    await onFirst(() =>
      writeReport(reportPath, { title: `${job.name}: test part`, evaluation: test, report: of }),
    );
  }
  report.ended(made.report, { digest: await made.digest(), out: job.out }, job, isComplete);
  if (isComplete) await onFirst(() => job.checkpoints?.done());
  else job.checkpoints?.interrupted();
  return { classifier: made, code: isComplete ? 0 : INTERRUPTED };
}
