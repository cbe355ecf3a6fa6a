/** Windows of series as the network reads them: cut as they are needed, never all at once. */
import { RandomState } from "../../data/random-state.ts";
import type { Batches, Tensor } from "../../index.ts";

/** A series to cut windows from. */
export interface Watched {
  readonly values: Float64Array;
  /** Of each row, a column each. */
  readonly calendar: readonly Float32Array[];
  /** What values are divided by once the window's mean is taken from them. */
  readonly unit: number;
}

/** Rows of series, two numbers each: the series' and the row's. */
export type Places = Int32Array;

/** Numbers that the network reads at each step. */
export const featuresOf = (calendar: number) => 1 + calendar;

/**
 * The window before a row, into x from `at` on: (W, 1 + calendar). A step has its value, less the mean of the window and in
 * units of the series, and the calendar of the step after it, so that the last one knows the calendar of the row that is to
 * be said.
 *
 * @param first the row that the window begins with
 * @returns the mean
 */
export function fillWindow(
  x: Float32Array,
  at: number,
  { values, calendar, unit }: Watched,
  first: number,
  window: number,
): number {
  let sum = 0;
  for (let t = 0; t < window; t++) sum += values[first + t]!;
  const mean = sum / window;
  let to = at;
  for (let t = 0; t < window; t++) {
    x[to++] = (values[first + t]! - mean) / unit;
    for (const column of calendar) x[to++] = column[first + t + 1]!;
  }
  return mean;
}

/**
 * The unit of a series: how far values are from the mean of the window before them, as a root of mean squares over the rows up to
 * `end`; 1 where they are all the same.
 */
export function unitOf(values: Float64Array, window: number, end: number): number {
  let squares = 0;
  for (let row = window; row < end; row++) {
    let sum = 0;
    for (let t = row - window; t < row; t++) sum += values[t]!;
    const far = values[row]! - sum / window;
    squares += far * far;
  }
  const unit = Math.sqrt(squares / Math.max(1, end - window));
  return unit > 0 && Number.isFinite(unit) ? unit : 1;
}

/** The windows before these rows, with what each is followed by. */
export function batchOf(
  series: readonly Watched[],
  places: Places,
  window: number,
): { x: Tensor<Float32Array>; y: Float32Array; means: Float64Array } {
  const n = places.length / 2;
  const features = featuresOf(series[0]!.calendar.length);
  const x = new Float32Array(n * window * features);
  const y = new Float32Array(n);
  const means = new Float64Array(n);
  for (let i = 0; i < n; i++) {
    const of = series[places[2 * i]!]!;
    const row = places[2 * i + 1]!;
    means[i] = fillWindow(x, i * window * features, of, row - window, window);
    y[i] = (of.values[row]! - means[i]!) / of.unit;
  }
  return { x: { data: x, shape: [n, window, features] }, y, means };
}

/** Batches of windows: in their order, or each pass a sample of `most` in another order. */
export function batchesOf(
  series: readonly Watched[],
  places: Places,
  { window, batchSize, seed, most }: { window: number; batchSize: number; seed?: number; most: number },
): Batches {
  return function* (pass) {
    const n = places.length / 2;
    // Another order each pass; a multiplier that is odd leaves no two seeds' passes the same.
    const order =
      seed === undefined
        ? null
        : new RandomState((seed + Math.imul(pass + 1, 0x9e3779b1)) >>> 0).permutation(n);
    for (let from = 0; from < Math.min(n, most); from += batchSize) {
      const to = Math.min(from + batchSize, n, most);
      const some = new Int32Array((to - from) * 2);
      for (let i = from; i < to; i++) {
        const place = order ? order[i]! : i;
        some[2 * (i - from)] = places[2 * place]!;
        some[2 * (i - from) + 1] = places[2 * place + 1]!;
      }
      const { x, y } = batchOf(series, some, window);
      yield [x, y];
    }
  };
}

/** Evenly spread, `most` of them at most. */
export function spread(places: Places, most: number): Places {
  const n = places.length / 2;
  if (n <= most) return places;
  const some = new Int32Array(most * 2);
  for (let i = 0; i < most; i++) {
    const place = Math.floor((i * n) / most);
    some[2 * i] = places[2 * place]!;
    some[2 * i + 1] = places[2 * place + 1]!;
  }
  return some;
}
