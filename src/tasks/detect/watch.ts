/** One series as it is watched: row by row, in memory that does not grow. */
import { type Grid, gridOf } from "../../data/series/frequency.ts";
import type { Frequency } from "../../data/series/series.ts";
import type { Zone } from "../../data/series/zone.ts";
import { groupOf, pValue, type Scales, scaleAt } from "./scales.ts";

/** What is remembered of a series: plain data. */
export interface WatchState {
  /** The number of the last row on the series' grid of times, counted from the first one of training. */
  readonly row: number;
  /** The last values, at most a window of them, with odd ones replaced by what was expected. */
  readonly values: readonly number[];
  /** The same as they came. */
  readonly raw: readonly number[];
  /** Rows in a row that were replaced, up to now. */
  readonly odd: number;
}

/** What is said of a row. */
export interface DetectResult {
  readonly series: string;
  /** Milliseconds since 1970, of the step that the row lies in; null where rows are numbered. */
  readonly time: number | null;
  readonly value: number | null;
  /** What was expected; null before there is a window. */
  readonly expected: number | null;
  /** The error in multiples of what is usual at such a time; null where there is nothing to compare. */
  readonly score: number | null;
  /** Of values as those of the validation part, this share is as odd or more so. */
  readonly p: number | null;
  /** p is alpha or less. */
  readonly alarm: boolean;
  /**
   * `scored`; `warming`: fewer rows than a window so far; `missing`: no value, what was expected stands in its place;
   * `late`: at or before the last row, left out; `unknown`: of a series that was not learnt, left out; `off`: at a
   * time that the frequency has not, left out.
   */
  readonly status: "scored" | "warming" | "missing" | "late" | "unknown" | "off";
  /** Rows before this one that did not come; what was expected stands in their places. */
  readonly filled: number;
  /** The gap before this row was longer than a window: the window begins anew with it. */
  readonly restarted: boolean;
  /** A whole window of odd values: from here on they are taken as they are, since the level has changed. */
  readonly settled: boolean;
}

/** What is known of a series from training. */
export interface WatchedSeries {
  readonly id: string;
  readonly unit: number;
  readonly scales: Scales;
  /** Times that say its grid: the first one, and as many as say the day of the month. */
  readonly anchor: readonly number[];
  /** Where training ended. */
  readonly end: WatchState;
}

/** What is the same for all series. */
export interface WatchRules {
  readonly frequency: Frequency | null;
  readonly zone: Zone | undefined;
  readonly window: number;
  readonly calibration: Float64Array;
  /** At which p-value there is an alarm. */
  readonly alpha: number;
  /** At which p-value a value is replaced before it enters the next windows. */
  readonly replace: number;
  /** What comes behind a window that ends before a row of the grid. */
  readonly expect: (
    series: WatchedSeries,
    grid: Grid | null,
    row: number,
    values: readonly number[],
  ) => Promise<number>;
}

/** Nothing is remembered. */
const NOTHING: WatchState = { row: Number.MIN_SAFE_INTEGER, values: [], raw: [], odd: 0 };

/** Watches a series. */
export class Watch {
  readonly #series: WatchedSeries;
  readonly #rules: WatchRules;
  readonly #grid: Grid | null;
  #state: WatchState;
  /** Whether nothing has come since training: rows from before its end begin anew then. */
  #isFresh: boolean;

  /** @param state where to go on; null for the end of training */
  constructor(series: WatchedSeries, rules: WatchRules, state: WatchState | null) {
    this.#series = series;
    this.#rules = rules;
    this.#grid = rules.frequency ? gridOf(rules.frequency, series.anchor) : null;
    this.#state = state ?? series.end;
    this.#isFresh = state === null;
  }

  /** A copy. */
  get state(): WatchState {
    const { row, values, raw, odd } = this.#state;
    return { row, values: [...values], raw: [...raw], odd };
  }

  /** Whether a row has come. */
  get hasBegun(): boolean {
    return !this.#isFresh;
  }

  /** The next row. @param time milliseconds, as series have them; null where rows are numbered @param value NaN for none */
  async step(time: number | null, value: number): Promise<DetectResult> {
    const row = this.#rowOf(time);
    if (Number.isNaN(row)) return this.#said(time, value, { status: "off" });
    if (this.#isFresh && row <= this.#state.row) this.#state = NOTHING;
    const at = this.#grid ? this.#grid.timeAt(row) : null;
    if (row <= this.#state.row) return this.#said(at, value, { status: "late" });
    this.#isFresh = false;
    const { filled, restarted } = await this.#bridge(row);
    const { window } = this.#rules;
    if (this.#state.values.length < window) {
      const { values } = this.#state;
      const known = Number.isNaN(value) ? values.at(-1) : value;
      if (known !== undefined) this.#push(row, known, known, 0);
      const status = Number.isNaN(value) ? "missing" : "warming";
      return this.#said(at, value, { status, filled, restarted });
    }
    const expected = await this.#expected(row);
    if (Number.isNaN(value)) {
      this.#push(row, expected, expected, this.#state.odd);
      return this.#said(at, value, { status: "missing", expected, filled, restarted });
    }
    return this.#score(row, at, value, expected, { filled, restarted });
  }

  #score(
    row: number,
    time: number | null,
    value: number,
    expected: number,
    before: { filled: number; restarted: boolean },
  ): DetectResult {
    const { frequency, zone, calibration, alpha, replace, window } = this.#rules;
    const scale = scaleAt(this.#series.scales, groupOf(frequency, zone, time));
    const score = Math.abs(value - expected) / scale;
    const p = pValue(calibration, score);
    const isOdd = p <= replace;
    const odd = isOdd ? this.#state.odd + 1 : 0;
    this.#push(row, isOdd ? expected : value, value, odd);
    const settled = odd >= window;
    if (settled) this.#state = { ...this.#state, values: this.#state.raw, odd: 0 };
    return this.#said(time, value, {
      status: "scored",
      expected,
      score,
      p,
      alarm: p <= alpha,
      settled,
      ...before,
    });
  }

  /** The row of a time; those in between count for the step that they lie in. NaN for none. */
  #rowOf(time: number | null): number {
    if (!this.#grid) return this.#state.row + 1;
    return time === null ? Number.NaN : Math.floor(this.#grid.indexOf(time));
  }

  /** Rows that did not come, up to this one. */
  async #bridge(row: number): Promise<{ filled: number; restarted: boolean }> {
    const missing = this.#state.values.length === 0 ? 0 : row - this.#state.row - 1;
    if (missing > this.#rules.window) {
      this.#state = NOTHING;
      return { filled: 0, restarted: true };
    }
    for (let next = row - missing; next < row; next++) {
      const isWarm = this.#state.values.length === this.#rules.window;
      const filled = isWarm ? await this.#expected(next) : this.#state.values.at(-1)!;
      this.#push(next, filled, filled, this.#state.odd);
    }
    return { filled: missing, restarted: false };
  }

  #expected(row: number): Promise<number> {
    return this.#rules.expect(this.#series, this.#grid, row, this.#state.values);
  }

  #push(row: number, value: number, raw: number, odd: number): void {
    const { window } = this.#rules;
    const kept = (list: readonly number[], next: number) =>
      list.length < window ? [...list, next] : [...list.slice(1), next];
    this.#state = { row, values: kept(this.#state.values, value), raw: kept(this.#state.raw, raw), odd };
  }

  #said(
    time: number | null,
    value: number,
    what: Partial<DetectResult> & Pick<DetectResult, "status">,
  ): DetectResult {
    return {
      series: this.#series.id,
      time,
      value: Number.isNaN(value) ? null : value,
      expected: null,
      score: null,
      p: null,
      alarm: false,
      filled: 0,
      restarted: false,
      settled: false,
      ...what,
    };
  }
}
