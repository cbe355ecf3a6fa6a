import type { RuntimeInfo } from "../runtime.ts";
import type { BatchLogs, EpochLogs, Logs } from "../train/model.ts";
import { countEvent, countLine, factLines } from "./part-lines.ts";
import { count, duration, lossAndMetrics, print, printJson, warn } from "./print.ts";
import { epochLine, FetchProgress, LiveLine, liveStream, timePerStep, wrapParts } from "./progress.ts";
import type { TrainingData } from "./training-data.ts";

/** What a training run begins with. */
export interface TrainStart {
  readonly info: RuntimeInfo;
  readonly data: Pick<TrainingData, "name" | "classes" | "overlap" | "counts">;
  readonly summary: string;
  readonly parameters: number;
  readonly seed: number;
  readonly epochs: number;
}

/** A model that was written: its digest, its path, and whose weights they are. */
export interface SavedAs {
  readonly digest: string;
  readonly out: string;
  /** In words, for a person. */
  readonly weights: string;
}

/** Tells of a training run while it goes on. Epochs count from 1. */
export interface TrainReport {
  /** A download is under way. */
  fetching(received: number, total: number): void;
  /** A file is read for the first time, in pieces. */
  reading(bytes: number, size: number): void;
  start(start: TrainStart): void;
  batch(epoch: number, batch: number, logs: BatchLogs): void;
  epoch(epoch: number, logs: EpochLogs, batches: number): void;
  evaluating(split: "train" | "test"): void;
  evaluated(split: "train" | "test", logs: Logs, samples: number): void;
  done(seconds: number, saved: SavedAs): void;
  /** Ctrl-C was pressed; what is running comes to the end of its batch. */
  stopping(): void;
  /** Null where nothing was learnt yet; then nothing is written. */
  interrupted(saved: SavedAs | null): void;
  /** Leaves the terminal as it was found; after an error, too. */
  close(): void;
}

/** One JSON object a line, and nothing else on stdout. */
export class JsonReport implements TrainReport {
  #epochs = 0;

  start({ info, data, parameters, seed, epochs }: TrainStart): void {
    const { version, engine, math, threads, vectors } = info;
    const { name: dataset, classes, overlap, counts } = data;
    const parts = { train: countEvent(counts.train), test: countEvent(counts.test) };
    this.#epochs = epochs;
    const run = { version, engine, math, threads, vectors, parameters, seed };
    printJson({ event: "start", ...run, dataset, classes, ...parts, overlap });
  }

  epoch(epoch: number, logs: EpochLogs, batches: number): void {
    const { loss, accuracy, valLoss, valAccuracy, seconds } = logs;
    const msPerStep = (seconds * 1000) / batches;
    const epochs = this.#epochs;
    // JSON leaves out what is undefined: an epoch without validation.
    printJson({ event: "epoch", epoch, epochs, loss, accuracy, valLoss, valAccuracy, seconds, msPerStep });
  }

  evaluated(split: "train" | "test", { loss, accuracy }: Logs, samples: number): void {
    printJson({ event: "evaluate", split, loss, accuracy, samples });
  }

  done(seconds: number, { digest, out }: SavedAs): void {
    printJson({ event: "done", seconds, digest, out });
  }

  interrupted(saved: SavedAs | null): void {
    printJson({ event: "interrupted", digest: saved?.digest ?? null, out: saved?.out ?? null });
  }

  fetching(): void {}
  reading(): void {}
  batch(): void {}
  evaluating(): void {}
  stopping(): void {}
  close(): void {}
}

const SETS = { train: "Training set", test: "Test set" } as const;

/** For a person: a live line where there is a terminal, and a line an epoch everywhere. */
export class TextReport implements TrainReport {
  readonly #live = new LiveLine(liveStream());
  readonly #fetching = new FetchProgress(this.#live);
  #epochs = 0;
  #epochBegan = 0;
  #isStopping = false;

  fetching(received: number, total: number): void {
    this.#fetching.show(received, total);
  }

  reading(bytes: number, size: number): void {
    const gigabytes = (n: number) => (n / 1e9).toFixed(2);
    this.#live.draw(() => `Reading: ${gigabytes(bytes)} of ${gigabytes(size)} GB`);
  }

  start({ info, data, summary, epochs, seed }: TrainStart): void {
    const { name, classes, counts } = data;
    this.#live.clear();
    const { version, engine, threads, vectors } = info;
    print(
      `lstmkit ${version} on ${engine}, ${count(threads, "thread")}, ${vectors}-bit vectors, seed ${seed}`,
    );
    print(`${name}: train ${countLine(counts.train, classes)}, test ${countLine(counts.test, classes)}`);
    for (const line of factLines(counts.test, classes, "the test part")) print(line);
    print(`\n${summary}\n`);
    this.#epochs = epochs;
    this.#epochBegan = performance.now();
  }

  batch(epoch: number, batch: number, logs: BatchLogs): void {
    if (this.#isStopping) return;
    const step = batch + 1;
    const msPerStep = (performance.now() - this.#epochBegan) / step;
    const progress = { epoch, epochs: this.#epochs, step, steps: logs.batches, msPerStep, logs };
    this.#live.draw((columns) => epochLine(progress, columns));
  }

  epoch(epoch: number, logs: EpochLogs, batches: number): void {
    const { seconds, loss, accuracy, valLoss, valAccuracy } = logs;
    const numbers = { loss, accuracy, val_loss: valLoss, val_accuracy: valAccuracy };
    const parts = [
      `Epoch ${epoch}/${this.#epochs}`,
      duration(seconds),
      timePerStep((seconds * 1000) / batches),
      ...Object.entries(numbers).flatMap(([name, n]) =>
        n === undefined ? [] : [`${name}: ${n.toFixed(4)}`],
      ),
    ];
    this.#live.clear();
    print(wrapParts(parts, process.stdout.columns || Number.POSITIVE_INFINITY));
    this.#epochBegan = performance.now();
  }

  evaluating(split: "train" | "test"): void {
    this.#live.draw(() => `${SETS[split]}: evaluating`);
  }

  evaluated(split: "train" | "test", logs: Logs, samples: number): void {
    this.#live.clear();
    print(`${SETS[split]}: ${lossAndMetrics(logs, samples)}`);
  }

  done(seconds: number, { digest, out }: SavedAs): void {
    print(`Elapsed time: ${duration(seconds)}`);
    print(`Digest: ${digest}`);
    print(`Model saved to ${out}`);
  }

  stopping(): void {
    this.#isStopping = true;
    this.#live.clear();
    warn("Stopping; press Ctrl-C again to stop at once.");
  }

  interrupted(saved: SavedAs | null): void {
    this.#live.clear();
    if (saved === null) print("Interrupted before the first batch; nothing was saved.");
    else {
      print(`Digest: ${saved.digest}`);
      print(`Interrupted. Model saved to ${saved.out}: ${saved.weights}.`);
    }
  }

  close(): void {
    this.#live.clear();
  }
}
