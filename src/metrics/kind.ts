/** What a metric says of itself. */
import type { Option } from "../options.ts";
import type { Kernels } from "../wasm/kernels.ts";

/** A metric's description: plain data with every default filled in. */
export interface AnyMetric {
  readonly name: string;
}

/**
 * Of every row of outputs: its value, made by the thread that has the row.
 *
 * values (rows) assigned; y (rows, ld), activated; targets (rows, target width)
 */
export type ValuesKernel = (
  values: number,
  y: number,
  targets: number,
  rows: number,
  units: number,
  ld: number,
) => void;

/**
 * What the rows of a batch add to the metric's sums, once all of them are done, in their order.
 *
 * sums (f64) added to; from: the rows' values (rows), or, of a metric that has none, the outputs (rows, ld) as
 * probabilities; targets (rows, target width); keep (rows): a word that is 0 for each row that does not count,
 * or 0 for an address where all of them do
 */
export type SumsKernel = (
  sums: number,
  from: number,
  targets: number,
  keep: number,
  rows: number,
  units: number,
  ld: number,
) => void;

/**
 * A metric is what a row contributes, a fixed number of sums in f64, and a result of those. Sums are plain numbers:
 * a run adds up those of its batches. Counts are whole, and so depend on no order, no batch size and no thread.
 */
export interface MetricKind<M extends AnyMetric = AnyMetric> {
  readonly options: Readonly<Record<string, Option>>;
  /** What it compares with: a target for each output, or the number of a class. */
  readonly targets: "outputs" | "class";
  /** Whether a head of so many outputs can have it: what is wrong, in words. */
  unfit?(metric: M, units: number): string | undefined;
  /**
   * Where a row's contribution is a value of its own. Such a metric sees the outputs as they are, logits as well; one
   * without sums up outputs, and sees logits as the probabilities that they stand for.
   *
   * @param logits the outputs are logits, not probabilities
   */
  values?(k: Kernels, metric: M, logits: boolean): ValuesKernel;
  /** How many sums it keeps, of so many outputs a row. */
  sums(metric: M, units: number): number;
  add(k: Kernels, metric: M): SumsKernel;
  /** As Keras says it where there is nothing to divide by. */
  result(sums: readonly number[], metric: M): number;
}

/** A quotient, and 0 where there is nothing to divide by, as Keras has it. */
export const share = (part: number, whole: number): number => (whole === 0 ? 0 : part / whole);
