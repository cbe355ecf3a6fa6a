/** What a forecaster says of what it learnt: plain data. */
import type { CalendarFeature } from "../../data/series/calendar.ts";
import type { Finding, Frequency } from "../../data/series/series.ts";
import type { Normalization } from "./settings.ts";

/** Models that are always there beside the network, named in reports and for `predict({ model })`. */
export type BaselineName = "last" | "drift" | "seasonal" | "seasonalDrift" | "ridge";

/** The network, or what stands beside it. */
export type ForecastModel = "network" | BaselineName;

/** How far forecasts were from what came. */
export interface Scores {
  /** Of numbers standardised by the training part, a series and target each. */
  readonly mse: number;
  /** In the data's own unit, over all targets. */
  readonly mae: number;
  /** In the data's own unit. */
  readonly rmse: number;
}

/** A forecast beside which the network has to hold itself. */
export interface Baseline {
  readonly name: BaselineName;
  /** Rows of the season that it goes by, chosen on the validation part. */
  readonly season?: number;
  /** The ridge's penalty, as a share of the number of windows, chosen on the validation part. */
  readonly penalty?: number;
  readonly validation: Scores;
  readonly test: Scores | null;
}

/** A normalisation that was tried. */
export interface Candidate extends Normalization {
  /** Whether the calendar is read; of a forecaster whose calendar was given it always is. */
  readonly calendar: boolean;
  /** Whether it is read what the target was some rows earlier, beyond the window. */
  readonly lags: boolean;
  /**
   * Mean squared error of ridge regressions over several stretches before the test part, each learnt from what lies before,
   * standardised: the first round. Lower is better.
   */
  readonly ridge: number;
  /** The same of a network after a short training, on the validation part: the second round; null where it did not come so far. */
  readonly network: number | null;
}

/** What an interval did. */
export interface Coverage {
  /** Wanted: the share of what comes that is to lie in it. */
  readonly level: number;
  /** Had. */
  readonly coverage: number;
  /** Mean width, in the data's own unit. */
  readonly width: number;
}

/** A part of the data, of all series together. */
export interface PartReport {
  /** Rows that forecasts of the part are for. */
  readonly rows: number;
  /** Origins that it has: a forecast from each. */
  readonly windows: number;
  /** Time of its first and last row over all series; null where rows are numbered. */
  readonly from: number | null;
  readonly to: number | null;
}

/** How forecasts did on the test part, which nothing was chosen by. */
export interface TestReport {
  readonly network: Scores;
  readonly intervals: readonly Coverage[];
  /** The lowest MSE on the test part: said, and not chosen by. */
  readonly best: ForecastModel;
}

/** What `fit` gives, and what the file keeps. JSON holds all of it. */
export interface ForecastReport {
  readonly series: number;
  readonly columns: {
    readonly target: readonly string[];
    readonly known: readonly string[];
    readonly past: readonly string[];
    readonly calendar: readonly CalendarFeature[];
    /** The country that they are of; null for none. */
    readonly holidays: string | null;
    /** Rows that the target was looked up earlier. */
    readonly lags: readonly number[];
  };
  readonly frequency: Frequency | null;
  readonly horizon: number;
  readonly window: number;
  /** The seasons that there are; the first is the one of the seasonal normalisation. */
  readonly seasons: readonly number[];
  readonly parts: {
    readonly train: PartReport;
    readonly validation: PartReport;
    readonly test: PartReport | null;
  };
  /** Chosen before the test part, and all that were tried, that one first. */
  readonly normalization: Normalization;
  readonly candidates: readonly Candidate[];
  readonly network: {
    readonly cell: string;
    readonly units: number;
    readonly layers: number;
    /** Whether a second network reads what is known of the days to come. */
    readonly decoder: boolean;
    readonly parameters: number;
    readonly loss: string;
    readonly batchSize: number;
    /** Of what it adds to a ridge regression so much is taken: all, half, or nothing; 1 where it stands alone. */
    readonly share: number;
  };
  /** A number an epoch. */
  readonly history: { readonly loss: readonly number[]; readonly valLoss: readonly number[] };
  /** Epochs that the weights were trained for: those of the lowest valLoss. 0 where none was better than the ridge alone. */
  readonly bestEpoch: number;
  readonly validation: Scores;
  readonly test: TestReport | null;
  readonly baselines: readonly Baseline[];
  /** The lowest MSE on the validation part: what `predict({ model: "best" })` goes by. */
  readonly best: ForecastModel;
  readonly findings: readonly Finding[];
  /** Of the weights: the same wherever the same data, options and seed were trained. */
  readonly digest: string;
}

/** An interval of a forecast. */
export interface Interval {
  readonly level: number;
  readonly lower: number;
  readonly upper: number;
}

/** What is forecast for one row. */
export interface ForecastRow {
  /** Steps behind the origin, from 1. */
  readonly step: number;
  /** Milliseconds since 1970, as the times of a series are; null where rows are numbered. */
  readonly time: number | null;
  readonly target: string;
  /** The mean; the median where the network learnt absolute errors or quantiles. */
  readonly value: number;
  /** One a level, in the order of the levels. */
  readonly intervals: readonly Interval[];
}

/** The forecast of one series. */
export interface SeriesForecast {
  readonly id: string;
  /** The time of the last row that was looked at; null where rows are numbered. */
  readonly from: number | null;
  /** What has been of the targets before that, oldest first: three horizons and a window of it at most, to draw. */
  readonly past: {
    readonly times: readonly number[] | null;
    readonly columns: Readonly<Record<string, readonly number[]>>;
  };
  /** By step, and by target within a step. */
  readonly rows: readonly ForecastRow[];
}

/** What `predict` gives. */
export interface Forecast {
  readonly model: ForecastModel;
  readonly horizon: number;
  readonly levels: readonly number[];
  readonly series: readonly SeriesForecast[];
  readonly findings: readonly Finding[];
}

/** How forecasts did, so many steps ahead. */
export interface BacktestStep {
  /** From 1. */
  readonly step: number;
  readonly scores: Scores;
  readonly intervals: readonly Coverage[];
  readonly baselines: Readonly<Partial<Record<BaselineName, Scores>>>;
}

/** What `evaluate` gives: forecasts from several origins, and how they did. */
export interface Backtest {
  readonly model: ForecastModel;
  /** Origins, all series together, and rows from one to the next. */
  readonly cuts: number;
  readonly stride: number;
  /** Time of the first and the last row that was forecast; null where rows are numbered. */
  readonly from: number | null;
  readonly to: number | null;
  /** Over all steps. */
  readonly scores: Scores;
  readonly intervals: readonly Coverage[];
  readonly baselines: Readonly<Partial<Record<BaselineName, Scores>>>;
  /** The lowest MSE. */
  readonly best: ForecastModel;
  readonly steps: readonly BacktestStep[];
  readonly findings: readonly Finding[];
}
