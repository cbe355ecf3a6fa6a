/** What a forecaster is made of and how it learns. What is left out goes by the data. */
import type { CalendarFeature } from "../../data/series/calendar.ts";
import type { Holidays } from "../../data/series/holiday-features.ts";
import { aString, isList, number, type OptionTable, oneOf, trueOrFalse, wholeNumber } from "../../options.ts";

/**
 * What is taken from a window before the network reads it, and given back to what it says. `none`; the `last` value; the
 * `mean`; `revin`, mean and standard deviation of the window (Kim et al. 2022, reversible instance normalization);
 * `seasonal`: the network learns what is left over the seasonal naive forecast, with the level's drift.
 */
export type Center = "none" | "last" | "mean" | "revin" | "seasonal";

/** A {@link Center}, whether over logarithms, and whether the network learns what is left over a ridge forecast. */
export interface Normalization {
  readonly center: Center;
  /** On logarithms: for data above 0. */
  readonly log: boolean;
  /** The forecast is that of a ridge regression and what the network adds to it (a linear skip). */
  readonly linear: boolean;
}

/** Options of `forecaster()`. */
export interface ForecasterOptions {
  /** Rows to forecast: 28 with daily rows are four weeks. */
  horizon: number;
  /** The columns to forecast. Default: the set's only column beside `known` and `past`. */
  target?: string | readonly string[];
  /** Columns that are known in advance, such as prices and holidays: predict() needs them for the rows of the horizon. */
  known?: string | readonly string[];
  /** Columns that are known for the past alone, such as temperatures. */
  past?: string | readonly string[];
  /** Rows that a forecast looks back on. Default: five of the shortest season, twice the horizon at least. */
  window?: number;
  /**
   * Rows after which things come round, such as 7 and 364 for days. Default: by the frequency, those that the training
   * part has twice at least. Where rows are numbered: none.
   */
  season?: number | readonly number[];
  /**
   * What to take of the calendar. Default true: what suits frequency and length, where forecasts before the test part are
   * better with it; nothing where rows are numbered. A list is taken as it is.
   */
  calendar?: boolean | readonly CalendarFeature[];
  /** Of a country, from `publicHolidays()` of lstmkit/holidays; they are kept in the file. Default none. */
  holidays?: Holidays;
  /**
   * So many rows earlier each, what the target was is given beside what is known in advance; from `horizon` on. Default:
   * the longest season that the training part has twice, where it is longer than the window and forecasts before the test part
   * are better with it.
   */
  lags?: readonly number[];
  /** Default `auto`: chosen before the test part, as the report says. A center alone: without logarithm and ridge. */
  normalization?: "auto" | Center | Partial<Normalization>;
  /** The recurrent layers. Default `lstm`. */
  cell?: "lstm" | "gru" | "peepholeLstm" | "layerNormLstm";
  /** Of each. Default 64; 32 below 1,500 windows to train on, 16 below 200. */
  units?: number;
  /** Recurrent layers, one above the other, in encoder and decoder each. Default 1. */
  layers?: number;
  /** Share of what comes out of a recurrent layer that is dropped in training. Default 0. */
  dropout?: number;
  /** At most; fewer where the validation part gets no better. Default by the number of windows. */
  epochs?: number;
  /** Epochs without an improvement after which training ends. Default by the number of windows. */
  patience?: number;
  /** Windows in a batch. Default by their number: 32 to 128. */
  batchSize?: number;
  /** Adam's, at the beginning. Default 0.001. */
  learningRate?: number;
  /** Default `meanSquaredError`; beside `quantiles` it is theirs. */
  loss?: "meanSquaredError" | "meanAbsoluteError";
  /** Learn these quantiles instead of a mean, such as [0.1, 0.5, 0.9]; 0.5 is added. Intervals are made conformal all the same. */
  quantiles?: readonly number[];
  /** Of the intervals, as shares. Default [0.8, 0.95]. */
  levels?: readonly number[];
  /** So many of the last errors, a step each, intervals are made of. Default 720. */
  calibration?: number;
  /** The part after the training part, to choose by: a share of the rows, or 1 and more of them. Default 0.1. */
  validation?: number;
  /** The last part, that nothing is chosen by: a share of the rows, or 1 and more of them; 0 for none. Default 0.2. */
  test?: number;
  /** Fixes the weights, byte for byte. Default 0. */
  seed?: number;
}

const none = undefined;
const CENTERS = ["none", "last", "mean", "revin", "seasonal"] as const;
const isShare = (n: number) => n > 0 && n < 1;

const aPart = (least: number) =>
  number(
    `a share of the rows below 1, or a whole number of rows${least === 0 ? "; or 0" : ""}`,
    (n) => isShare(n) || (Number.isSafeInteger(n) && n >= least),
  );

const names = {
  wanted: "the name of a column, or several",
  accepts: (value: unknown) =>
    typeof value === "string" ||
    (Array.isArray(value) && value.length > 0 && value.every((item) => typeof item === "string")),
};

/** A list of numbers, ascending or not, none twice. */
const numbers = (wanted: string, fits: (value: number) => boolean, least = 0) => ({
  wanted,
  accepts: (value: unknown) =>
    Array.isArray(value) &&
    value.length >= least &&
    new Set(value).size === value.length &&
    value.every((item) => typeof item === "number" && fits(item)),
});

const wholeFrom = (least: number) => (n: number) => Number.isSafeInteger(n) && n >= least && n <= 1e6;
const someSeasons = numbers("a whole number of rows from 2 on, or several", wholeFrom(2));

export const FORECASTER_OPTIONS = {
  horizon: wholeNumber(1, 10_000),
  target: { ...names, fallback: none },
  known: { ...names, fallback: none },
  past: { ...names, fallback: none },
  window: { ...wholeNumber(1, 100_000), fallback: none },
  season: {
    wanted: someSeasons.wanted,
    accepts: (value: unknown) => someSeasons.accepts(typeof value === "number" ? [value] : value),
    fallback: none,
  },
  calendar: {
    wanted: "true, false or a list of features",
    accepts: (value: unknown) =>
      trueOrFalse.accepts(value) || (isList(value) && Array.from(value).every(aString.accepts)),
    fallback: true,
  },
  holidays: {
    wanted: 'what publicHolidays("US", { from: 2000, to: 2030 }) gives',
    accepts: (value: unknown) => typeof value === "object" && value !== null,
    fallback: none,
  },
  lags: { ...numbers("a list of whole numbers of rows from 1 on", wholeFrom(1)), fallback: none },
  normalization: {
    wanted: `"auto", ${CENTERS.map((name) => JSON.stringify(name)).join(", ")} or { center, log, linear }`,
    accepts: isNormalization,
    fallback: "auto" as const,
  },
  cell: { ...oneOf("lstm", "gru", "peepholeLstm", "layerNormLstm"), fallback: "lstm" as const },
  units: { ...wholeNumber(1, 4096), fallback: none },
  layers: { ...wholeNumber(1, 8), fallback: 1 },
  dropout: { ...number("a number from 0 to below 1", (n) => n >= 0 && n < 1), fallback: 0 },
  epochs: { ...wholeNumber(1), fallback: none },
  patience: { ...wholeNumber(1), fallback: none },
  batchSize: { ...wholeNumber(1, 65_536), fallback: none },
  learningRate: { ...number("a number above 0", (n) => n > 0 && n < Infinity), fallback: 0.001 },
  loss: { ...oneOf("meanSquaredError", "meanAbsoluteError"), fallback: "meanSquaredError" as const },
  quantiles: { ...numbers("a list of numbers between 0 and 1", isShare, 1), fallback: none },
  levels: { ...numbers("a list of numbers between 0 and 1", isShare), fallback: [0.8, 0.95] as const },
  calibration: { ...wholeNumber(20, 100_000), fallback: 720 },
  validation: { ...aPart(1), fallback: 0.1 },
  test: { ...aPart(0), fallback: 0.2 },
  seed: { ...wholeNumber(0, 2 ** 32 - 1), fallback: 0 },
} satisfies OptionTable<ForecasterOptions>;

function isNormalization(value: unknown): boolean {
  if (typeof value === "string") return value === "auto" || (CENTERS as readonly string[]).includes(value);
  if (typeof value !== "object" || value === null || Array.isArray(value)) return false;
  const { center = "last", log = false, linear = false, ...others } = value as Partial<Normalization>;
  return (
    CENTERS.includes(center) &&
    typeof log === "boolean" &&
    typeof linear === "boolean" &&
    Object.keys(others).length === 0
  );
}
