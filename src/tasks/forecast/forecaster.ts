/** Forecasts of series: learnt from the past, with intervals, and beside simple forecasts. */
import type { Bytes } from "../../bytes.ts";
import type { SeriesSet } from "../../data/series/series.ts";
import { LstmkitError } from "../../errors.ts";
import type { Runtime } from "../../index.ts";
import { checkOptions } from "../../options.ts";
import type { Backtest, Forecast, ForecastModel, ForecastReport } from "./report.ts";
import { FORECASTER_OPTIONS, type ForecasterOptions, type Normalization } from "./settings.ts";

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
}

/** Options of `predict()`. */
export interface ForecastOptions {
  /** Rows. Default: what the forecaster was made for; more are forecast in turns, with the finding `LONG_HORIZON`. */
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
  /** Origins a series, at most; the last one leaves a horizon of rows behind it. Default: as many as lie in the last fifth. */
  cuts?: number;
  /** Rows from an origin to the next. Default: the horizon. */
  stride?: number;
  /** Default `network`. */
  model?: ForecastModel | "best";
  levels?: readonly number[];
  signal?: AbortSignal;
}

/** Learns series and forecasts them. Calls on a disposed one reject with DISPOSED, those before the first fit with NOT_FITTED. */
export interface Forecaster {
  /** Of the last fit, or the one that the file was saved after; null before the first. */
  readonly report: ForecastReport | null;

  /**
   * Learn a set, anew at each call. Rows are cut in three in the order of time, with a horizon between the parts: the
   * scaler and the weights are learnt on the first, normalisation and duration are chosen by the second, and the third is
   * measured alone.
   *
   * @throws BAD_SERIES where columns are missing or there are too few rows, BAD_ARGUMENT, BUSY, ABORTED, OUT_OF_MEMORY,
   *   THREAD_FAILED
   */
  fit(set: SeriesSet, options?: ForecastFitOptions): Promise<ForecastReport>;

  /**
   * Forecast what comes behind the last row: of the series that were learnt, or of others with the same columns and the
   * same frequency, such as the same ones with newer rows. Nothing is trained for that.
   *
   * @param set default: what fit was given; of a loaded forecaster the end of it, which the file keeps
   * @throws BAD_SERIES for a set that does not fit, and says what is needed; BAD_ARGUMENT, NOT_FITTED, ABORTED
   */
  predict(set?: SeriesSet, options?: ForecastOptions): Promise<Forecast>;

  /**
   * How forecasts would have done: from several origins in turn, each with what was known by then (a rolling origin).
   *
   * @throws as predict
   */
  evaluate(set: SeriesSet, options?: BacktestOptions): Promise<Backtest>;

  /** The bytes of a model file, for `loadForecaster` and, as a plain model, `kit.load`. @throws NOT_FITTED */
  save(): Promise<Uint8Array<ArrayBuffer>>;

  /** Give the memory back. */
  dispose(): Promise<void>;
}

/** A forecaster to be trained. @throws BAD_ARGUMENT */
export function forecaster(_kit: Runtime, options: ForecasterOptions): Forecaster {
  checkOptions<ForecasterOptions, typeof FORECASTER_OPTIONS>("forecaster()", options, FORECASTER_OPTIONS);
  throw new LstmkitError("NOT_FITTED", "the forecaster is not written yet.");
}

/** A forecaster from the bytes of its file. @throws BAD_MODEL_FILE, OUT_OF_MEMORY, THREAD_FAILED */
export async function loadForecaster(_kit: Runtime, _file: Bytes): Promise<Forecaster> {
  throw new LstmkitError("NOT_FITTED", "the forecaster is not written yet.");
}
