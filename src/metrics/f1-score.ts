import { oneOf } from "../options.ts";
import type { MetricKind } from "./kind.ts";
import { aThreshold } from "./options.ts";

export interface F1ScoreConfig {
  name: "f1Score";
  /**
   * `macro`: the mean of the units' scores; `weighted`: the same, by how many positives each has; `micro`: the score
   * of all outputs together. Default `macro`. Keras's default, a score for each unit, is no number.
   */
  average?: "macro" | "micro" | "weighted";
  /**
   * An output above it is a positive; a probability. Default none: the largest output of a row is its one positive.
   * A head of one unit wants a threshold, or all is positive.
   */
  threshold?: number;
}

/** Keras's fuzz factor, by which it keeps divisors from 0. */
const EPSILON = 1e-7;

/** What the kernel takes for no threshold: the largest of a row. */
const LARGEST = -1;

/** 2·p·r / (p + r) of precision p and recall r, as Keras rounds it off near 0. Counted in assembly/metric-sums.ts. */
export const f1Score: MetricKind<F1ScoreConfig & { average: string }> = {
  options: {
    average: { ...oneOf("macro", "micro", "weighted"), fallback: "macro" },
    threshold: { ...aThreshold, fallback: undefined },
  },
  targets: "outputs",
  sums: (_, units) => 3 * units,
  add:
    (k, { threshold = LARGEST }) =>
    (sums, y, targets, keep, rows, units, ld) =>
      k.sumConfusionByUnit(sums, y, targets, keep, rows, units, ld, threshold),
  result(sums, { average }) {
    const units = Array.from({ length: sums.length / 3 }, (_, j) => sums.slice(3 * j, 3 * j + 3));
    if (average === "micro") return score([0, 1, 2].map((i) => sum(units.map((unit) => unit[i]!))));
    if (average === "macro") return sum(units.map(score)) / units.length;
    const positives = units.map(([hits, , missed]) => hits! + missed!);
    const all = sum(positives) + EPSILON;
    return sum(units.map((unit, j) => (score(unit) * positives[j]!) / all));
  },
};

function score(counts: readonly number[]): number {
  const [hits, falsePositives, missed] = counts as [number, number, number];
  const precision = hits / (hits + falsePositives + EPSILON);
  const recall = hits / (hits + missed + EPSILON);
  return (2 * precision * recall) / (precision + recall + EPSILON);
}

const sum = (numbers: readonly number[]) => numbers.reduce((a, b) => a + b, 0);
