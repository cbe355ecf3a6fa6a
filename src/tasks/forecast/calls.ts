/** What the calls of a forecaster take, and what they tell. */
import type { FitCheckpoint, StagedRun } from "../../index.ts";
import type { ForecastModel } from "./report.ts";
import type { Normalization } from "./settings.ts";

/** What `fit` is at. */
export interface ForecastProgress {
  /** `search`: short trainings, to choose the normalisation by; `train`: the one that counts. */
  readonly stage: "search" | "train";
  readonly normalization: Normalization;
  /** From 0, and how many there are at most. */
  readonly epoch: number;
  readonly epochs: number;
  /** Of the candidates that are trained in the search, which one, from 0; 0 in `train`. */
  readonly candidate: number;
  readonly candidates: number;
  readonly loss: number;
  /** On the validation part. */
  readonly valLoss: number;
  /** The lowest so far of this training. */
  readonly isBest: boolean;
  readonly seconds: number;
}

/** Options of `fit()`. */
export interface ForecastFitOptions {
  /** Told after each epoch of each stage, awaited. */
  onEpochEnd?: (progress: ForecastProgress) => void | Promise<void>;
  /** Told after each batch, awaited; from a runtime in a worker at most 20 times a second. */
  onBatchEnd?: (progress: {
    readonly stage: ForecastProgress["stage"];
    readonly epoch: number;
    readonly batch: number;
    readonly batches: number;
    readonly loss: number;
  }) => void | Promise<void>;
  /** Ends training: fit rejects with ABORTED, and the forecaster is what it was before. */
  signal?: AbortSignal;
  /** As in a model's fit. Candidates that are done are not trained again; what is no training is done anew. */
  checkpoint?: FitCheckpoint;
}

/** The same, with the run that it is. */
export interface ForecastHooks extends Omit<ForecastFitOptions, "checkpoint"> {
  readonly run: StagedRun;
}

/** Options of `predict()`. */
export interface ForecastOptions {
  /** Rows, as many as the forecaster was made for at most, which is the default. */
  horizon?: number;
  /**
   * Forecast as if only the rows before this one were known: a number of rows, or, in a set with times, a Date or a string
   * of a date, the first time to forecast. Default: behind the last row with a target.
   */
  origin?: number | Date | string;
  /** Default `network`; `best`: the one of the lowest error on the validation part. */
  model?: ForecastModel | "best";
  /** Default: those that the forecaster was made with. */
  levels?: readonly number[];
  signal?: AbortSignal;
}

/** Options of `evaluate()`. */
export interface BacktestOptions {
  /** Origins a series, at most; the last one leaves a horizon of rows behind it. Default: all behind the training part, 200 at most. */
  cuts?: number;
  /** Rows from an origin to the next. Default: the horizon. */
  stride?: number;
  /** Default `network`. */
  model?: ForecastModel | "best";
  levels?: readonly number[];
  signal?: AbortSignal;
}
