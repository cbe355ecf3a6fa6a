/** The state of a run, as data: what a run is at, and its sums so far. */
import { metricKeys, metricOf } from "../metrics/index.ts";
import type { BatchResult } from "../model/batch.ts";
import type { CompileConfig } from "../model/compile.ts";
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
