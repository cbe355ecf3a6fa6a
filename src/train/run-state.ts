/** The state of a run, as data: what a run is at, and its sums so far. */
import type { BatchResult } from "../model/batch.ts";
import type { CompileConfig } from "../model/compile.ts";
import type { Logs } from "./model.ts";

/** Sums over batches; the same order on every engine. */
export interface Sums {
  loss: number;
  rows: number;
  readonly metrics: { sum: number; count: number }[];
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
  for (const [i, { sum, count }] of metrics.entries()) {
    sums.metrics[i] ??= { sum: 0, count: 0 };
    sums.metrics[i].sum += sum;
    sums.metrics[i].count += count;
  }
}

/** Means under the metrics' names. */
export function logsOf(sums: Sums, { metrics }: CompileConfig): Logs {
  const means = sums.metrics.map(({ sum, count }, i) => [metrics[i]!, count === 0 ? 0 : sum / count]); // 0, as Keras says, where all is masked
  return { loss: sums.loss / sums.rows, ...Object.fromEntries(means) };
}
