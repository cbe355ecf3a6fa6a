/** Series as the numbers that models read: scaled, with calendar and holidays. */
import { calendar, type Elementwise } from "../../data/series/calendar.ts";
import { holidayFeatures } from "../../data/series/holiday-features.ts";
import type { Series, SeriesSet } from "../../data/series/series.ts";
import { timesAfter } from "../../data/series/times-after.ts";
import { LstmkitError } from "../../errors.ts";
import { type Columns, seriesName } from "./columns.ts";
import { type Scale, scaled, scaleOf, scaleOfCovariate } from "./scaler.ts";

/** What a runtime is used for beside models: logarithms, sines and their like, with the same bits everywhere. */
export interface Kit {
  elementwise(name: "sin" | "cos" | "log" | "exp", values: Float64Array): Promise<Float64Array>;
}

/** How the columns of one series are scaled: learnt from its training part, and kept. */
export interface Scales {
  readonly target: readonly Scale[];
  /** Of logarithms; null where a target is not above 0 throughout the part. */
  readonly log: readonly Scale[] | null;
  /** What takes the place of values at 0 and below before logarithms are taken: half of the least. */
  readonly floor: readonly number[];
  readonly known: readonly Scale[];
  readonly past: readonly Scale[];
}

/** One series, ready to be cut into windows. */
export interface Frame {
  readonly id: string;
  /** Rows with targets. */
  readonly length: number;
  /** Rows for which everything is there that is known in advance. */
  readonly rows: number;
  /** Of `rows`; null where they are numbered. */
  readonly times: Float64Array | null;
  readonly scales: Scales;
  /** As they came. */
  readonly raw: readonly Float64Array[];
  /** Scaled; on logarithms where the forecaster is. */
  readonly targets: readonly Float64Array[];
  readonly past: readonly Float64Array[];
  /** Known in advance: those of the data, scaled, then the calendar's, then the holidays'. */
  readonly known: readonly ArrayLike<number>[];
  /** Which of `known` are the calendar's: the first, and the one behind the last. */
  readonly calendar: readonly [number, number];
  /** Values that the floor took the place of. */
  readonly floored: number;
}

/**
 * Learn scales from the rows before `to`.
 *
 * @throws BAD_SERIES for a value that is no number
 */
export async function learnScales(kit: Kit, series: Series, columns: Columns, to: number): Promise<Scales> {
  const of = (name: string) => series.columns[name]!;
  for (const name of columns.target) checkNumbers(series, name, to);
  for (const name of [...columns.known, ...columns.past]) checkNumbers(series, name, to);
  const least = columns.target.map((name) => {
    let lowest = Infinity;
    for (let i = 0; i < to; i++) lowest = Math.min(lowest, of(name)[i]!);
    return lowest;
  });
  const isPositive = least.every((value) => value > 0);
  const log: Scale[] = [];
  if (isPositive) {
    for (const name of columns.target) {
      const values = await kit.elementwise("log", of(name).slice(0, to));
      log.push(scaleOf(values, 0, to));
    }
  }
  return {
    target: columns.target.map((name) => scaleOf(of(name), 0, to)),
    log: isPositive ? log : null,
    floor: least.map((value) => value / 2),
    known: columns.known.map((name) => scaleOfCovariate(of(name), 0, to)),
    past: columns.past.map((name) => scaleOfCovariate(of(name), 0, to)),
  };
}

/**
 * A series as a forecaster reads it.
 *
 * @param ahead rows behind the last target that what is known in advance is wanted for, where the data go so far
 * @throws BAD_SERIES for a value that is no number; BAD_ARGUMENT for years that holidays are not known for
 */
export async function frameOf(
  kit: Kit,
  set: Pick<SeriesSet, "frequency" | "timeZone">,
  series: Series,
  columns: Columns,
  scales: Scales,
  { log, ahead }: { readonly log: boolean; readonly ahead: number },
): Promise<Frame> {
  const { id, length } = series;
  const raw = columns.target.map((name) => checkNumbers(series, name, length).subarray(0, length));
  let floored = 0;
  const targets: Float64Array[] = [];
  for (const [k, values] of raw.entries()) {
    if (!log) {
      targets.push(scaled(values, scales.target[k]!, length));
      continue;
    }
    const above = values.slice();
    for (let i = 0; i < length; i++) {
      if (above[i]! > 0) continue;
      above[i] = scales.floor[k]!;
      floored++;
    }
    targets.push(scaled(await kit.elementwise("log", above), scales.log![k]!, length));
  }
  const past = columns.past.map((name, i) =>
    scaled(checkNumbers(series, name, length), scales.past[i]!, length),
  );
  const rows =
    columns.known.length > 0 ? Math.min(knownRows(series, columns), length + ahead) : length + ahead;
  const times = timesTo(set, series, rows);
  const known: ArrayLike<number>[] = columns.known.map((name, i) =>
    scaled(checkNumbers(series, name, rows), scales.known[i]!, rows),
  );
  if (times && columns.calendar.length > 0) {
    known.push(...(await calendar(kit as Elementwise, set, times, columns.calendar)).columns);
  }
  const ofCalendar = [columns.known.length, known.length] as const;
  if (times && columns.holidays)
    known.push(...holidayFeatures(set, times, columns.holidays, { each: true }).columns);
  return { id, length, rows, times, scales, raw, targets, past, known, calendar: ofCalendar, floored };
}

/** Rows for which every column that is known in advance has a number. */
export function knownRows(series: Series, { known }: Pick<Columns, "known">): number {
  let rows = series.rows;
  for (const name of known) {
    const values = series.columns[name]!;
    let last = series.length;
    while (last < rows && Number.isFinite(values[last])) last++;
    rows = Math.min(rows, last);
  }
  return rows;
}

/** The times of the first `rows` rows: those that the series has, and those behind them. */
function timesTo(
  set: Pick<SeriesSet, "frequency" | "timeZone">,
  { times, length, rows: there }: Series,
  rows: number,
): Float64Array | null {
  if (!times) return null;
  if (rows <= there) return times.subarray(0, rows);
  const more = timesAfter(set, { times, length }, rows - there, there);
  if (!more) return null;
  const all = new Float64Array(rows);
  all.set(times.subarray(0, there));
  all.set(more, there);
  return all;
}

/** @throws BAD_SERIES */
function checkNumbers(series: Series, name: string, to: number): Float64Array {
  const values = series.columns[name]!;
  for (let i = 0; i < to; i++) {
    if (Number.isFinite(values[i])) continue;
    throw new LstmkitError(
      "BAD_SERIES",
      `row ${i} of ${show(name)} in ${seriesName(series.id)} is ${values[i]}; wanted a number in each row of the past. Fill gaps when the data are read (gaps: "interpolate").`,
    );
  }
  return values;
}

const show = (name: string) => JSON.stringify(name);
