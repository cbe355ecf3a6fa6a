/** A set cut in three by time: to learn from, to choose by, and to be measured on. */
import type { Series, SeriesSet } from "../../data/series/series.ts";

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
  const { length } = longestOf(series);
  const rowsOf = (part: number) => Math.max(part < 1 ? Math.floor(part * length) : part, least);
  const testFrom = length - (test === 0 ? 0 : rowsOf(test));
  const [from, to] = [edgeAt(series, testFrom - rowsOf(validation)), edgeAt(series, testFrom)];
  return series.map((_, s) => ({ validation: from[s]!, test: to[s]! }));
}

const longestOf = (series: readonly Series[]): Series =>
  series.reduce((one, other) => (other.length > one.length ? other : one));

/** Where the same moment is in each series: the row of the longest, and the rows of the others at its time. */
function edgeAt(series: readonly Series[], row: number): number[] {
  const longest = longestOf(series);
  const { times } = longest;
  if (times === null) return series.map(({ length }) => Math.max(0, Math.min(length, row)));
  const time = row < longest.length ? times[Math.max(0, row)]! : Infinity;
  return series.map(({ times: own, length }) => placeOf(own!, length, time));
}

/** Stretches of time that lie one behind the other: where each begins, and the last one ends, in each series. */
export type Edges = readonly (readonly number[])[];

/** What choices are judged over: all of it before the test part. */
export interface Stretches {
  /** As long each: some before the validation part, and those that it is cut into. */
  readonly edges: Edges;
  /** How many of them lie before the validation part. */
  readonly earlier: number;
  /** The validation part in finer pieces, for what is not fitted anew for each. */
  readonly pieces: Edges;
}

/** Stretches that there are to be, where the data have so many; and at most. */
const ENOUGH_STRETCHES = 6;
const MOST_STRETCHES = 8;

/**
 * Stretches of at least two horizons each, of which none begins in the first half of what is before the test part: so that
 * what is fitted on the rows before a stretch has as many to learn from as are behind.
 */
export function stretchesOf(
  series: readonly Series[],
  cuts: readonly Cut[],
  { needed, horizon }: { readonly needed: number; readonly horizon: number },
): Stretches {
  const { validation, test } = cuts[series.indexOf(longestOf(series))]!;
  const first = Math.max(Math.ceil(test / 2), needed + 2 * horizon);
  const rows = test - validation;
  const most = Math.max(1, Math.min(ENOUGH_STRETCHES, Math.floor(rows / (2 * horizon))));
  const earlierOf = (parts: number) =>
    Math.max(
      0,
      Math.min(MOST_STRETCHES - parts, Math.floor((validation - first) / Math.floor(rows / parts))),
    );
  let parts = 1;
  while (parts < most && parts + earlierOf(parts) < ENOUGH_STRETCHES) parts++;
  const earlier = earlierOf(parts);
  const size = Math.floor(rows / parts);
  const split = (count: number) =>
    Array.from({ length: count + 1 }, (_, i) => validation + Math.floor((i * rows) / count));
  const before = Array.from({ length: earlier }, (_, i) => validation - (earlier - i) * size);
  const edges = (all: readonly number[]) => all.map((row) => edgeAt(series, row));
  return { edges: edges([...before, ...split(parts)]), earlier, pieces: edges(split(most)) };
}

/** The origins of each stretch whose targets all lie in it. @param most of a stretch */
export function originsWithin(
  edges: Edges,
  { needed, horizon, most }: { readonly needed: number; readonly horizon: number; readonly most: number },
): Origins[] {
  return edges.slice(1).map((to, i) =>
    originsIn(
      to.map((row, s) => ({ from: edges[i]![s]!, to: row })),
      { needed, horizon, most },
    ),
  );
}

/** Those whose targets all lie before an edge, and not all before an earlier one. */
export function originsUntil(
  { series, at }: Origins,
  horizon: number,
  edge: readonly number[],
  earlier?: readonly number[],
): Origins {
  const isTaken = (i: number) =>
    at[i]! + horizon <= edge[series[i]!]! &&
    (earlier === undefined || at[i]! + horizon > earlier[series[i]!]!);
  const taken = Int32Array.from(at.keys()).filter((i) => isTaken(i));
  return { series: taken.map((i) => series[i]!), at: taken.map((i) => at[i]!) };
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
