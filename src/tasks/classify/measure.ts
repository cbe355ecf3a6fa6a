/** How well answers fit the truth: counts and ratios alone. */
import type { LabelKind } from "../../data/labelled/set.ts";
import type { CalibrationBin, ClassifyEvaluation, ClassResult, ClassScores } from "./report.ts";

/** Answers with a probability from here on are yes, where a sequence has several labels. */
export const YES = 0.5;

const BINS = 10;

/** Place of the largest, of equals the first. */
export function largest(probabilities: ArrayLike<number>, from = 0, count = probabilities.length): number {
  let best = 0;
  for (let c = 1; c < count; c++) if (probabilities[from + c]! > probabilities[from + best]!) best = c;
  return best;
}

/** What is measured, but for what a network has to compute. */
export type Measured = Omit<ClassifyEvaluation, "loss" | "baselines" | "words">;

/**
 * @param outputs of each sequence: (classes), or (steps, classes)
 * @param labels of each sequence
 */
export function measure(
  kind: LabelKind,
  names: readonly string[],
  outputs: readonly Float32Array[],
  labels: readonly Int32Array[],
): Measured {
  return kind === "many" ? measureMany(names, outputs, labels) : measureOne(kind, names, outputs, labels);
}

function measureOne(
  kind: LabelKind,
  names: readonly string[],
  outputs: readonly Float32Array[],
  labels: readonly Int32Array[],
): Measured {
  const C = names.length;
  const confusion = names.map(() => new Array<number>(C).fill(0));
  const bins = new Bins();
  let [rows, right] = [0, 0];
  for (const [i, own] of labels.entries()) {
    const probabilities = outputs[i]!;
    for (const [t, truth] of own.entries()) {
      const answer = largest(probabilities, t * C, C);
      confusion[truth]![answer]!++;
      bins.add(probabilities[t * C + answer]!, answer === truth);
      rows++;
      if (answer === truth) right++;
    }
  }
  const classes = names.map((name, c) => {
    const support = confusion[c]!.reduce((sum, n) => sum + n, 0);
    const predicted = confusion.reduce((sum, row) => sum + row[c]!, 0);
    return resultOf(name, support, predicted, confusion[c]![c]!);
  });
  return {
    labels: kind,
    sequences: labels.length,
    rows,
    accuracy: ratio(right, rows),
    classes,
    ...averages(classes),
    confusion,
    calibration: bins.calibration(),
  };
}

function measureMany(
  names: readonly string[],
  outputs: readonly Float32Array[],
  labels: readonly Int32Array[],
): Measured {
  const counts = names.map(() => ({ support: 0, predicted: 0, right: 0 }));
  const bins = new Bins();
  let [right, single] = [0, 0];
  for (const [i, own] of labels.entries()) {
    const truth = new Set(own);
    let wrong = 0;
    for (const [c, count] of counts.entries()) {
      const probability = outputs[i]![c]!;
      const [yes, isTrue] = [probability >= YES, truth.has(c)];
      if (isTrue) count.support++;
      if (yes) count.predicted++;
      if (yes && isTrue) count.right++;
      if (yes !== isTrue) wrong++;
      bins.add(probability, isTrue);
    }
    if (wrong === 0) right++;
    single += names.length - wrong;
  }
  const classes = names.map((name, c) =>
    resultOf(name, counts[c]!.support, counts[c]!.predicted, counts[c]!.right),
  );
  const all = counts.reduce((a, b) => ({
    support: a.support + b.support,
    predicted: a.predicted + b.predicted,
    right: a.right + b.right,
  }));
  const { precision, recall, f1 } = resultOf("", all.support, all.predicted, all.right);
  return {
    labels: "many",
    sequences: labels.length,
    rows: labels.length,
    accuracy: ratio(right, labels.length),
    labelAccuracy: ratio(single, labels.length * names.length),
    classes,
    ...averages(classes),
    micro: { precision, recall, f1 },
    calibration: bins.calibration(),
  };
}

const ratio = (part: number, whole: number): number => (whole === 0 ? 0 : part / whole);

function resultOf(name: string, support: number, predicted: number, right: number): ClassResult {
  return {
    ...{ name, support, predicted, right },
    precision: ratio(right, predicted),
    recall: ratio(right, support),
    f1: ratio(2 * right, support + predicted),
  };
}

function averages(classes: readonly ClassResult[]): { macro: ClassScores; weighted: ClassScores } {
  const there = classes.filter(({ support, predicted }) => support + predicted > 0);
  const mean = (weight: (one: ClassResult) => number): ClassScores => {
    const total = there.reduce((sum, one) => sum + weight(one), 0);
    const of = (score: keyof ClassScores) =>
      ratio(
        there.reduce((sum, one) => sum + weight(one) * one[score], 0),
        total,
      );
    return { precision: of("precision"), recall: of("recall"), f1: of("f1") };
  };
  return { macro: mean(() => 1), weighted: mean(({ support }) => support) };
}

/** Expected calibration error, by bins of equal width (Naeini et al., 2015; Guo et al., 2017). */
class Bins {
  readonly #bins = Array.from({ length: BINS }, () => ({ count: 0, confidence: 0, right: 0 }));
  #count = 0;

  add(confidence: number, isRight: boolean): void {
    const bin = this.#bins[Math.min(Math.floor(confidence * BINS), BINS - 1)]!;
    bin.count++;
    bin.confidence += confidence;
    if (isRight) bin.right++;
    this.#count++;
  }

  calibration(): { error: number; bins: CalibrationBin[] } {
    const bins = this.#bins.map(({ count, confidence, right }, b) => ({
      ...{ from: b / BINS, to: (b + 1) / BINS, count },
      confidence: ratio(confidence, count),
      accuracy: ratio(right, count),
    }));
    const error = bins.reduce(
      (sum, bin) => sum + (bin.count / Math.max(this.#count, 1)) * Math.abs(bin.confidence - bin.accuracy),
      0,
    );
    return { error, bins };
  }
}

/** The accuracy of what is most frequent, given as the answer to all. */
export function majority(
  kind: LabelKind,
  names: readonly string[],
  labels: readonly Int32Array[],
): { name: string; accuracy: number } {
  const counts = new Map<string, number>();
  let rows = 0;
  for (const own of labels) {
    const answers =
      kind === "many"
        ? [
            [...own]
              .sort((a, b) => a - b)
              .map((c) => names[c])
              .join(" and ") || "no label",
          ]
        : Array.from(own, (c) => names[c]!);
    for (const answer of answers) {
      counts.set(answer, (counts.get(answer) ?? 0) + 1);
      rows++;
    }
  }
  const [name = "", count = 0] = [...counts].reduce(
    (best, next) => (next[1] > best[1] ? next : best),
    ["", 0],
  );
  return { name: `always ${name}`, accuracy: ratio(count, rows) };
}
