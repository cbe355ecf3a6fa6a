import { oneOf, wholeNumber } from "../options.ts";
import { type MetricKind, share } from "./kind.ts";
import { logarithm } from "./logarithm.ts";

export interface AucConfig {
  name: "auc";
  /** `ROC`: recall over the share of false positives; `PR`: precision over recall. Default `ROC`. */
  curve?: "ROC" | "PR";
  /** Thresholds, evenly from 0 to 1, at which the curve is known. Default 200. */
  numThresholds?: number;
  /**
   * How the curve goes between two thresholds. `interpolation`: straight, and of `PR` as counts do that change evenly
   * (Davis and Goadrich, The relationship between precision-recall and ROC curves, 2006); `minoring` and `majoring`:
   * at the lower and at the higher of the two. Default `interpolation`.
   */
  summationMethod?: "interpolation" | "minoring" | "majoring";
}

type Auc = Required<AucConfig>;

/** Counts of what lies above a threshold: true positives, false positives. */
interface Above {
  readonly tp: number;
  readonly fp: number;
}

/** The area under a curve, as Keras sums it up; all outputs of a row count alike. Counted in assembly/metric-sums.ts. */
export const auc: MetricKind<Auc> = {
  options: {
    curve: { ...oneOf("ROC", "PR"), fallback: "ROC" },
    numThresholds: { ...wholeNumber(2, 100_000), fallback: 200 },
    summationMethod: { ...oneOf("interpolation", "minoring", "majoring"), fallback: "interpolation" },
  },
  targets: "outputs",
  sums: ({ numThresholds }) => 2 * numThresholds,
  add:
    (k, { numThresholds }) =>
    (sums, y, targets, keep, rows, units, ld) =>
      k.sumByThreshold(sums, y, targets, keep, rows, units, ld, numThresholds),
  result(sums, { curve, summationMethod }) {
    const counts = aboveThresholds(sums);
    const all = counts[0]!;
    if (curve === "PR" && summationMethod === "interpolation") {
      return sumSteps(counts, (at, next) => share(precisionArea(at, next), all.tp));
    }
    const point = ({ tp, fp }: Above): [x: number, y: number] =>
      curve === "ROC" ? [share(fp, all.fp), share(tp, all.tp)] : [share(tp, all.tp), share(tp, tp + fp)];
    const height = HEIGHTS[summationMethod];
    return sumSteps(counts, (at, next) => {
      const [[x, y], [nextX, nextY]] = [point(at), point(next)];
      return (x - nextX) * height(y, nextY);
    });
  },
};

const HEIGHTS: Readonly<Record<Auc["summationMethod"], (a: number, b: number) => number>> = {
  interpolation: (a, b) => (a + b) / 2,
  minoring: (a, b) => Math.min(a, b),
  majoring: (a, b) => Math.max(a, b),
};

/** Counts between thresholds → counts above each; above the first is everything. */
function aboveThresholds(sums: readonly number[]): Above[] {
  const n = sums.length / 2;
  const above: Above[] = [];
  let [tp, fp] = [0, 0];
  for (let i = n - 1; i >= 0; i--) {
    tp += sums[i]!;
    fp += sums[n + i]!;
    above.push({ tp, fp });
  }
  return above.reverse();
}

function sumSteps(counts: readonly Above[], area: (at: Above, next: Above) => number): number {
  let sum = 0;
  for (let i = 0; i + 1 < counts.length; i++) sum += area(counts[i]!, counts[i + 1]!);
  return sum;
}

/**
 * ∫ precision dTP between two thresholds, between which TP grows with all positives P by a constant slope:
 * slope · (ΔTP + (TP - slope · P) · ln(P' / P)), where P' is the larger.
 */
function precisionArea(at: Above, next: Above): number {
  const [p, nextP] = [at.tp + at.fp, next.tp + next.fp];
  const slope = share(at.tp - next.tp, p - nextP);
  const intercept = next.tp - slope * nextP;
  const ratio = p > 0 && nextP > 0 ? p / nextP : 1;
  return slope * (at.tp - next.tp + intercept * logarithm(ratio));
}
