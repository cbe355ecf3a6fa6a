/** Rows of a table, as columns: times, numbers, and which series each row is of. */
export interface Rows {
  /** Milliseconds since 1970; NaN for rows that are left out. */
  readonly times: Float64Array;
  readonly areDays: boolean;
  readonly timeZone: string | null;
  /** The series of every row; null where there is one. */
  readonly series: Int32Array | null;
  readonly ids: readonly string[];
  /** A number a row. */
  readonly columns: Readonly<Record<string, Float64Array>>;
  readonly place: (row: number) => string;
  /** The column of times. */
  readonly timeName: string;
  /** Columns that could tell several series apart, where none is named. */
  readonly seriesCandidates: readonly string[];
}
