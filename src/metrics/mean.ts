import { type AnyMetric, type MetricKind, share } from "./kind.ts";

/** What a mean says of itself. */
type Mean<M extends AnyMetric> = Required<Pick<MetricKind<M>, "values">> &
  Partial<MetricKind<M>> & {
    readonly targets: MetricKind["targets"];
    /** What the sum of rows' values is divided by, beside their number: units, or 1. Default 1. */
    divisor?(units: number): number;
  };

/** A metric that is a mean over rows of a value that each has: the values' sum and what to divide it by are kept. */
export function mean<M extends AnyMetric>({ divisor = () => 1, ...own }: Mean<M>): MetricKind<M> {
  return {
    options: {},
    sums: () => 2,
    add: (k) => (sums, values, _, keep, rows, units) => k.sumValues(sums, values, keep, rows, divisor(units)),
    result: ([sum, count]) => share(sum!, count!),
    ...own,
  };
}
