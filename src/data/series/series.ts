/** Series as numbers at equal distances of time: what readers of files give, and what tasks learn from. */

/** The distance from row to row. */
export interface Frequency {
  /** `weekday`: Monday to Friday. */
  readonly unit: "second" | "minute" | "hour" | "day" | "weekday" | "week" | "month" | "quarter" | "year";
  /** So many of them; 15 with `minute` is a quarter of an hour. */
  readonly every: number;
}

/** One series, without a gap. */
export interface Series {
  /** Which of several it is: what stands in the column that tells them apart. `""` where there is one. */
  readonly id: string;
  /** Rows with a target: the past. */
  readonly length: number;
  /** All rows. Those from `length` on are of the future, and only columns that are known in advance have numbers there. */
  readonly rows: number;
  /**
   * When each of `rows` begins: milliseconds since 1970. With a time zone they are instants; without one, and where
   * rows are days or longer, what a clock or a calendar shows, read as UTC. Null where rows are only numbered.
   */
  readonly times: Float64Array | null;
  /** By its name, `rows` numbers of each; NaN where nothing is known. */
  readonly columns: Readonly<Record<string, Float64Array>>;
}

/** Something about the data that a reader of them has to know, and that was handled by a rule. */
export interface Finding {
  /** Stable: `GAPS`, `DUPLICATES`, `UNSORTED`, … */
  readonly code: string;
  readonly count: number;
  /** A sentence: what was found, where, and what was done about it. */
  readonly message: string;
}

/** Series of the same columns and the same frequency. */
export interface SeriesSet {
  readonly series: readonly Series[];
  /** Null where rows are only numbered. */
  readonly frequency: Frequency | null;
  /** By its IANA name, where rows are shorter than a day and a zone is known; null elsewhere. */
  readonly timeZone: string | null;
  readonly findings: readonly Finding[];
}
