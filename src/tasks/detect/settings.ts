/** What a detector is made of and how it learns. What is left out goes by the data. */
import type { CalendarFeature } from "../../data/series/calendar.ts";
import type { Frequency } from "../../data/series/series.ts";
import { aString, isList, number, type OptionTable, trueOrFalse, wholeNumber } from "../../options.ts";

/** Options of `detector()`. */
export interface DetectorOptions {
  /** The column to watch. Default: the set's only column. */
  target?: string;
  /** Rows that a value is expected by. Default by the frequency: 28 days, 48 hours, 60 minutes, 24 months, … */
  window?: number;
  /** What to take of the calendar. Default true: what suits frequency and length; nothing where rows are numbered. */
  calendar?: boolean | readonly CalendarFeature[];
  /** Of the LSTM. Default 64; 32 below 1,500 windows to learn from, 16 below 300. */
  units?: number;
  /** At most; fewer where the validation part gets no better. Default 30. */
  epochs?: number;
  /** Epochs without an improvement after which training ends. Default 5. */
  patience?: number;
  /** Windows in a batch. Default 32; 64 from 10,000 windows on, 128 from 50,000. */
  batchSize?: number;
  /** Adam's, at the beginning; it falls along half a cosine. Default 0.002. */
  learningRate?: number;
  /** The last part, by which training ends and values are called odd: a share of the rows, or 1 and more of them. Default 0.2. */
  validation?: number;
  /** Fixes the weights, byte for byte. Default 0. */
  seed?: number;
}

/** What holds for all detectors. Chosen by bench/accuracy/detect.ts, on years before those that figures are told of. */
export interface Tuning {
  /** Values with a p-value of this or less are replaced, be alpha lower: what is a little odd draws the next windows too. */
  readonly replace: number;
  /** A group's scale is this share of that of all at least: small errors are not odd because they come at a calm time. */
  readonly leastShare: number;
  /** Of the learning rate at the beginning, what it is at the end. */
  readonly lastRate: number;
}

export const TUNING: Tuning = { replace: 0.05, leastShare: 1, lastRate: 0.5 };

const none = undefined;

export const DETECTOR_OPTIONS = {
  target: { ...aString, wanted: "the name of a column", fallback: none },
  window: { ...wholeNumber(2, 10_000), fallback: none },
  calendar: {
    wanted: "true, false or a list of features",
    accepts: (value: unknown) =>
      trueOrFalse.accepts(value) || (isList(value) && Array.from(value).every(aString.accepts)),
    fallback: true,
  },
  units: { ...wholeNumber(1, 4096), fallback: none },
  epochs: { ...wholeNumber(1), fallback: 30 },
  patience: { ...wholeNumber(1), fallback: 5 },
  batchSize: { ...wholeNumber(1, 65_536), fallback: none },
  learningRate: { ...number("a number above 0", (n) => n > 0 && n < Infinity), fallback: 0.002 },
  validation: {
    ...number(
      "a share of the rows below 1, or a whole number of rows",
      (n) => (n > 0 && n < 1) || (Number.isSafeInteger(n) && n >= 1),
    ),
    fallback: 0.2,
  },
  seed: { ...wholeNumber(0, 2 ** 32 - 1), fallback: 0 },
} satisfies OptionTable<DetectorOptions>;

/** By the length of a row: rows that a value is expected by, and rows after which things come round. */
const BY_UNIT: Readonly<Record<Frequency["unit"], { readonly window: number; readonly season: number }>> = {
  second: { window: 60, season: 60 },
  minute: { window: 60, season: 1440 },
  hour: { window: 48, season: 24 },
  day: { window: 28, season: 7 },
  weekday: { window: 20, season: 5 },
  week: { window: 26, season: 52 },
  month: { window: 24, season: 12 },
  quarter: { window: 12, season: 4 },
  year: { window: 8, season: 1 },
};

/** Rows of a window by default. */
export const windowFor = (frequency: Frequency | null): number =>
  frequency ? BY_UNIT[frequency.unit].window : 32;

/** Rows after which things come round; 1 where that is not known. */
export function seasonFor(frequency: Frequency | null): number {
  if (!frequency) return 1;
  return Math.max(1, Math.round(BY_UNIT[frequency.unit].season / frequency.every));
}

/** Those that go by the number of windows. */
export function sizesFor(windows: number, { units, batchSize }: DetectorOptions) {
  return {
    units: units ?? (windows < 300 ? 16 : windows < 1500 ? 32 : 64),
    batchSize: batchSize ?? (windows < 10_000 ? 32 : windows < 50_000 ? 64 : 128),
  };
}
