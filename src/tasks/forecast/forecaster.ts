/** Forecasts of series: learnt from the past, with intervals, and beside simple forecasts. */
import type { Bytes } from "../../bytes.ts";
import type { SeriesSet } from "../../data/series/series.ts";
import { LstmkitError } from "../../errors.ts";
import { type Runtime, stagedRun } from "../../index.ts";
import { aFunction, aSignal, checkOptions, oneOf, wholeNumber } from "../../options.ts";
import { CHECKPOINT_OPTION, optionsIdentity, seriesIdentity } from "../run-identity.ts";
import { taskMetadata } from "../task-file.ts";
import { backtest } from "./backtest.ts";
import { Breath } from "./breath.ts";
import type { BacktestOptions, ForecastFitOptions, ForecastOptions } from "./calls.ts";
import { checkSet } from "./columns.ts";
import { study } from "./fit.ts";
import { forecast } from "./forecast.ts";
import { type Known, readRecord, recordOf } from "./record.ts";
import type { Backtest, Forecast, ForecastReport } from "./report.ts";
import { FORECASTER_OPTIONS, type ForecasterOptions } from "./settings.ts";

/** Learns series and forecasts them. Calls on a disposed one reject with DISPOSED, those before the first fit with NOT_FITTED. */
export interface Forecaster {
  /** Of the last fit, or the one that the file was saved after; null before the first. */
  readonly report: ForecastReport | null;

  /**
   * Learn a set, anew at each call. Rows are cut in three in the order of time, with a horizon between the parts: the
   * scaler and the weights are learnt on the first; what is read and the normalisation are chosen by stretches of both it and
   * the second, duration by the second; the third is measured alone. An epoch of a long series reads some of its windows,
   * others each time: the report's findings say how many (SAMPLED).
   *
   * @throws BAD_SERIES where columns are missing or there are too few rows, BAD_ARGUMENT, BAD_CHECKPOINT, BUSY, ABORTED, OUT_OF_MEMORY,
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

const MODELS = ["network", "last", "drift", "seasonal", "seasonalDrift", "ridge", "best"] as const;
const levels = { ...FORECASTER_OPTIONS.levels, fallback: undefined };
const signal = { ...aSignal, fallback: undefined };

const FIT_OPTIONS = {
  onEpochEnd: { ...aFunction, fallback: undefined },
  onBatchEnd: { ...aFunction, fallback: undefined },
  signal,
  checkpoint: CHECKPOINT_OPTION,
};

const PREDICT_OPTIONS = {
  horizon: { ...wholeNumber(1), fallback: undefined },
  origin: {
    wanted: "a number of rows, a Date, or a string of a date",
    accepts: (value: unknown) =>
      Number.isSafeInteger(value) || value instanceof Date || typeof value === "string",
    fallback: undefined,
  },
  model: { ...oneOf(...MODELS), fallback: "network" as const },
  levels,
  signal,
};

const EVALUATE_OPTIONS = {
  cuts: { ...wholeNumber(1), fallback: undefined },
  stride: { ...wholeNumber(1), fallback: undefined },
  model: PREDICT_OPTIONS.model,
  levels,
  signal,
};

/** A forecaster to be trained. @throws BAD_ARGUMENT */
export function forecaster(kit: Runtime, options: ForecasterOptions): Forecaster {
  checkOptions<ForecasterOptions, typeof FORECASTER_OPTIONS>("forecaster()", options, FORECASTER_OPTIONS);
  return new TrainedForecaster(kit, { ...options }, null);
}

/** A forecaster from the bytes of its file. @throws BAD_MODEL_FILE, OUT_OF_MEMORY, THREAD_FAILED */
export async function loadForecaster(kit: Runtime, file: Bytes): Promise<Forecaster> {
  const model = await kit.load(file);
  try {
    return new TrainedForecaster(kit, null, { model, facts: readRecord(model) });
  } catch (error) {
    await model.dispose();
    throw error;
  }
}

class TrainedForecaster implements Forecaster {
  readonly #kit: Runtime;
  /** Null where it was loaded: then fit goes by what the file was trained with. */
  readonly #options: ForecasterOptions | null;
  #known: Known | null;
  #isFitting = false;
  #isDisposed = false;

  constructor(kit: Runtime, options: ForecasterOptions | null, known: Known | null) {
    this.#kit = kit;
    this.#options = options;
    this.#known = known;
  }

  get report(): ForecastReport | null {
    return this.#known?.facts.report ?? null;
  }

  async fit(set: SeriesSet, options: ForecastFitOptions = {}): Promise<ForecastReport> {
    const hooks = checkOptions<ForecastFitOptions, typeof FIT_OPTIONS>("fit()", options, FIT_OPTIONS);
    checkSet(set, "fit()");
    this.#check();
    if (this.#isFitting) {
      throw new LstmkitError("BUSY", "another fit of this forecaster is running; wait for its promise.");
    }
    this.#isFitting = true;
    try {
      const known = await this.#study(set, hooks);
      if (this.#isDisposed) {
        await known.model.dispose();
        throw disposed();
      }
      await this.#known?.model.dispose();
      this.#known = known;
      return known.facts.report;
    } finally {
      this.#isFitting = false;
    }
  }

  async #study(set: SeriesSet, { checkpoint, ...hooks }: ForecastFitOptions): Promise<Known> {
    const given = this.#options ?? this.#asBefore();
    const identity = { "the data": seriesIdentity(set), ...optionsIdentity(given) };
    const run = await stagedRun(checkpoint ? { checkpoint, identity } : {});
    try {
      return await study(this.#kit, given, set, { ...hooks, run });
    } finally {
      await run.close();
    }
  }

  async predict(set?: SeriesSet, options: ForecastOptions = {}): Promise<Forecast> {
    const given = checkOptions<ForecastOptions, typeof PREDICT_OPTIONS>(
      "predict()",
      options,
      PREDICT_OPTIONS,
    );
    if (set !== undefined) checkSet(set, "predict()");
    return forecast(this.#kit, this.#fitted(), set, given, new Breath(given.signal));
  }

  async evaluate(set: SeriesSet, options: BacktestOptions = {}): Promise<Backtest> {
    const given = checkOptions<BacktestOptions, typeof EVALUATE_OPTIONS>(
      "evaluate()",
      options,
      EVALUATE_OPTIONS,
    );
    checkSet(set, "evaluate()");
    return backtest(this.#kit, this.#fitted(), set, given, new Breath(given.signal));
  }

  async save(): Promise<Uint8Array<ArrayBuffer>> {
    const { model, facts } = this.#fitted();
    return model.save({ metadata: taskMetadata(recordOf(facts)) });
  }

  async dispose(): Promise<void> {
    this.#isDisposed = true;
    await this.#known?.model.dispose();
  }

  /** The options that give another fit of the same kind. */
  #asBefore(): ForecasterOptions {
    const { columns, layout, levels: own, calibration, quantiles } = this.#fitted().facts;
    const { target, known, past, calendar, holidays } = columns;
    const { horizon, window, lags } = layout;
    return {
      ...{ target, known, past, calendar, horizon, window, lags, levels: own, calibration },
      ...(holidays && { holidays }),
      ...(quantiles && { quantiles }),
    };
  }

  #check(): void {
    if (this.#isDisposed) throw disposed();
  }

  #fitted(): Known {
    this.#check();
    if (this.#known) return this.#known;
    throw new LstmkitError(
      "NOT_FITTED",
      "the forecaster has learnt no series yet; call fit(), or loadForecaster() with a file.",
    );
  }
}

const disposed = () => new LstmkitError("DISPOSED", "the forecaster was disposed of; make another.");
