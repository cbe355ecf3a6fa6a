/** What a detector keeps in its model's file. */
import type { CalendarFeature } from "../../data/series/calendar.ts";
import { parseFrequency } from "../../data/series/frequency.ts";
import type { Finding, Frequency } from "../../data/series/series.ts";
import type { Model } from "../../index.ts";
import { show } from "../../options.ts";
import { damaged, readTask, type TaskRecord } from "../task-file.ts";
import type { WatchedSeries, WatchState } from "./watch.ts";
import { featuresOf } from "./windows.ts";

/** What `fit` gives, and what the file keeps. JSON holds all of it. */
export interface DetectReport {
  readonly target: string;
  readonly series: number;
  readonly frequency: Frequency | null;
  readonly window: number;
  readonly calendar: readonly CalendarFeature[];
  /** Rows to learn from, and of the validation part behind them, over all series. */
  readonly rows: { readonly train: number; readonly validation: number };
  /** Errors that p-values go by; none can be below 1 / (calibration + 1). */
  readonly calibration: number;
  /** Mean absolute errors on the validation part, in the data's own unit. */
  readonly errors: {
    readonly network: number;
    /** By the value before, and by the one a season before. */
    readonly last: number;
    readonly seasonal: number;
    /** Rows of that season; 1 where none is known. */
    readonly season: number;
  };
  readonly parameters: number;
  readonly history: { readonly loss: readonly number[]; readonly valLoss: readonly number[] };
  readonly bestEpoch: number;
  readonly findings: readonly Finding[];
  /** Of the weights. */
  readonly digest: string;
}

/** What a detector knows beside its model. */
export interface DetectFacts {
  readonly target: string;
  readonly frequency: Frequency | null;
  readonly timeZone: string | null;
  readonly window: number;
  readonly calendar: readonly CalendarFeature[];
  readonly series: readonly WatchedSeries[];
  /** Ascending. */
  readonly calibration: Float64Array;
  readonly report: DetectReport;
}

interface DetectRecord extends TaskRecord, Omit<DetectFacts, "calibration"> {
  readonly task: "detect";
  readonly calibration: readonly number[];
}

/** The record of a detector, plain data. */
export function recordOf(facts: DetectFacts): DetectRecord {
  return { task: "detect", version: 1, ...facts, calibration: [...facts.calibration] };
}

/** @throws BAD_MODEL_FILE for a model of another task, of none, or whose record contradicts its layers */
export function readRecord(model: Model): DetectFacts {
  const record = readTask(model) as Partial<DetectRecord> | undefined;
  if (record?.task !== "detect") {
    const found = record ? `names the task ${show(record.task)}` : "is not there";
    throw damaged(`${found}; wanted a file of train --task detect, or of detector().save()`);
  }
  if (record.version !== 1) throw damaged(`has the version ${show(record.version)}; this release reads 1`);
  const { target, frequency, timeZone, window, calendar, series, calibration, report } = record;
  if (
    typeof target !== "string" ||
    !isFrequency(frequency) ||
    !(timeZone === null || typeof timeZone === "string") ||
    !Number.isSafeInteger(window) ||
    !isListOf(calendar, (feature) => typeof feature === "string") ||
    !isListOf(series, (one) => isWatched(one, window!)) ||
    series.length === 0 ||
    !isListOf(calibration, isNumber) ||
    calibration.length === 0 ||
    typeof report !== "object" ||
    report === null
  ) {
    throw damaged("lacks what a detector keeps");
  }
  const [reads] = model.layers;
  const shape = reads?.type === "lstm" ? reads.inputShape : undefined;
  if (shape?.[0] !== window || !(Number(shape?.[1]) >= featuresOf(0)))
    throw damaged(`has a window of ${show(window)} rows, and the model reads ${show(shape)}`);
  const sorted = Float64Array.from(calibration).sort();
  return { target, frequency, timeZone, window: window!, calendar, series, calibration: sorted, report };
}

const isNumber = (value: unknown) => typeof value === "number" && Number.isFinite(value);

const isListOf = <T>(value: readonly T[] | undefined, fits: (item: T) => boolean): value is readonly T[] =>
  Array.isArray(value) && value.every(fits);

function isFrequency(value: unknown): value is Frequency | null {
  if (value === null) return true;
  try {
    return typeof value === "object" && parseFrequency(value as Frequency) !== null;
  } catch {
    return false;
  }
}

function isWatched({ id, unit, scales, anchor, end }: WatchedSeries, window: number): boolean {
  return (
    typeof id === "string" &&
    isNumber(unit) &&
    unit > 0 &&
    isNumber(scales?.all) &&
    scales.all > 0 &&
    isListOf(scales.groups, (scale) => scale === null || (isNumber(scale) && scale > 0)) &&
    isListOf(anchor, isNumber) &&
    isState(end, window)
  );
}

/** Whether it is what a stream remembers of a series. */
export function isState(state: unknown, window: number): state is WatchState {
  const { row, values, raw, odd } = Object(state) as Partial<WatchState>;
  return (
    Number.isSafeInteger(row) &&
    isListOf(values, isNumber) &&
    isListOf(raw, isNumber) &&
    values.length === raw.length &&
    values.length <= window &&
    Number.isSafeInteger(odd) &&
    odd! >= 0 &&
    odd! <= window
  );
}
