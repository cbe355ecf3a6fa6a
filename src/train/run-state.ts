/** The state of a run, as data: what a run is at, and its sums so far. */
import { LstmkitError } from "../errors.ts";
import type { TrainingState } from "../formats/training-state.ts";
import { metricKeys, metricOf } from "../metrics/index.ts";
import type { BatchResult } from "../model/batch.ts";
import type { CompileConfig } from "../model/compile.ts";
import type { SavedOptimizer } from "../model/optimizer-memory.ts";
import { show } from "../options.ts";
import type { Logs } from "./model.ts";

/** Sums over batches; the same order on every engine. */
export interface Sums {
  loss: number;
  rows: number;
  /** Of each metric, as many as its kind keeps. */
  readonly metrics: number[][];
}

export interface RunState {
  /** Epochs begun since the model was made: another epoch, other random numbers. */
  epochs: number;
  /** Steps that the optimiser has taken. */
  iterations: number;
  /** Of the epoch that goes on: batches done, and their sums. */
  batches: number;
  sums: Sums;
}

export const noSums = (): Sums => ({ loss: 0, rows: 0, metrics: [] });

export const newRun = (): RunState => ({ epochs: 0, iterations: 0, batches: 0, sums: noSums() });

export function addTo(sums: Sums, { loss, rows, metrics }: BatchResult): void {
  sums.loss += loss * rows;
  sums.rows += rows;
  for (const [i, own] of metrics.entries()) {
    const before = sums.metrics[i];
    sums.metrics[i] = own.map((sum, j) => (before?.[j] ?? 0) + sum);
  }
}

/** The mean loss, and what metrics make of their sums under the metrics' names. */
export function logsOf(sums: Sums, { metrics, loss }: Pick<CompileConfig, "metrics" | "loss">): Logs {
  const keys = metricKeys(metrics);
  const results = sums.metrics.map((own, i) => {
    const { kind, metric } = metricOf(metrics[i]!, loss.name)!;
    return [keys[i]!, kind.result(own, metric)];
  });
  return { loss: sums.loss / sums.rows, ...Object.fromEntries(results) };
}

/** What a model's file says of its training, beside tensors. */
export interface TrainingFacts {
  readonly epochs: number;
  readonly iterations: number;
  /** That a callback has set; null where it is compile's. */
  readonly rate: number | null;
  /** Null before the first step. */
  readonly optimizer: Omit<SavedOptimizer, "blocks"> | null;
  /** Samples of which stateful layers keep states; null where these are zeros. */
  readonly keptBatch: number | null;
}

/** A checksum says that a file is whole, not who wrote it. @throws BAD_MODEL_FILE */
export function checkFacts(facts: TrainingState["facts"]): TrainingFacts {
  const isCount = (value: unknown) => Number.isSafeInteger(value) && (value as number) >= 0;
  const isSize = (value: unknown) => Number.isFinite(value) && (value as number) >= 0;
  const want = (name: string, holds: boolean) => {
    if (holds) return;
    throw new LstmkitError(
      "BAD_MODEL_FILE",
      `the file's state of training has ${show(facts[name])} for ${name}. Save the model again with lstmkit.`,
    );
  };
  const { epochs, iterations, rate, optimizer, keptBatch } = facts;
  want("epochs", isCount(epochs));
  want("iterations", isCount(iterations));
  want("rate", rate === null || isSize(rate));
  want("keptBatch", keptBatch === null || (isCount(keptBatch) && keptBatch !== 0));
  const { peak, fastest, learningRate } = Object(optimizer) as Record<string, unknown>;
  want("optimizer", optimizer === null || [peak, fastest, learningRate].every(isSize));
  return facts as unknown as TrainingFacts;
}
