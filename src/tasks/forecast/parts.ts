/** A set cut in three by time: to learn from, to choose by, and to be measured on. */
import type { SeriesSet } from "../../data/series/series.ts";

/** Rows of a series at which a part ends and the next one begins. */
export interface Cut {
  /** The first row of the validation part: the training part has the rows before. */
  readonly validation: number;
  /** The first row of the test part; the series' length where there is none. */
  readonly test: number;
}

/** Origins of windows: of which series, and the row of the first step that is forecast. */
export interface Origins {
  readonly series: Int32Array;
  readonly at: Int32Array;
}

/**
 * Cut every series at the same times, which the longest one decides by its rows; where rows are numbered, at the same rows.
 *
 * @param validation rows, or a share of them
 * @param test the same
 * @param least rows that a part has, where it is there at all
 */
export function cutsOf(
  { series }: SeriesSet,
  { validation, test }: { readonly validation: number; readonly test: number },
  least: number,
): Cut[] {
  const longest = series.reduce((one, other) => (other.length > one.length ? other : one));
  const rowsOf = (part: number) => Math.max(part < 1 ? Math.floor(part * longest.length) : part, least);
  const testFrom = longest.length - (test === 0 ? 0 : rowsOf(test));
  const validationFrom = testFrom - rowsOf(validation);
  if (longest.times === null) {
    return series.map(({ length }) => ({
      validation: Math.max(0, Math.min(length, validationFrom)),
      test: Math.max(0, Math.min(length, testFrom)),
    }));
  }
  const { times } = longest;
  const timeOf = (row: number) => (row < longest.length ? times[Math.max(0, row)]! : Infinity);
  return series.map(({ times: own, length }) => ({
    validation: placeOf(own!, length, timeOf(validationFrom)),
    test: placeOf(own!, length, timeOf(testFrom)),
  }));
}

/** How many of the first `length` times are before this one. */
export function placeOf(times: Float64Array, length: number, time: number): number {
  let [low, high] = [0, length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (times[middle]! < time) low = middle + 1;
    else high = middle;
  }
  return low;
}

/**
 * Origins whose `horizon` targets all lie in rows from … to of their series, and which have `needed` rows before them. So
 * between the origins of two parts that meet there is a horizon, and no target is in both.
 *
 * @param most of them; where there are more, every second, third, … one, counted from the last
 */
export function originsIn(
  ranges: readonly { readonly from: number; readonly to: number }[],
  { needed, horizon, most = Infinity }: { needed: number; horizon: number; most?: number },
): Origins {
  const spans = ranges.map(({ from, to }) => ({ first: Math.max(from, needed), last: to - horizon }));
  const count = (stride: number) =>
    spans.reduce((sum, { first, last }) => sum + Math.max(0, Math.floor((last - first) / stride) + 1), 0);
  const stride = Math.max(1, Math.ceil(count(1) / most));
  const n = count(stride);
  const origins = { series: new Int32Array(n), at: new Int32Array(n) };
  let i = 0;
  for (const [s, { first, last }] of spans.entries()) {
    const own = last < first ? 0 : Math.floor((last - first) / stride) + 1;
    for (let j = own - 1; j >= 0; j--) {
      origins.series[i] = s;
      origins.at[i++] = last - j * stride;
    }
  }
  return origins;
}

/** Some of them, evenly: all where there are no more than `most`. */
export function thinned({ series, at }: Origins, most: number): Origins {
  if (at.length <= most) return { series, at };
  const pick = (i: number) => Math.floor((i * at.length) / most);
  return {
    series: Int32Array.from({ length: most }, (_, i) => series[pick(i)]!),
    at: Int32Array.from({ length: most }, (_, i) => at[pick(i)]!),
  };
}
