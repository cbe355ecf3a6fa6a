import { row, type Vector } from "./matrix.ts";

/** True positives, false positives, false negatives of pairs (is it found, is it there). */
function count(pairs: readonly (readonly [boolean, boolean])[]): readonly [number, number, number] {
  const of = (found: boolean, there: boolean) => pairs.filter(([f, t]) => f === found && t === there).length;
  return [of(true, true), of(true, false), of(false, true)];
}

interface Confusion {
  readonly threshold: number;
  readonly classId?: number;
}

/** Of outputs (R, units): what is above the threshold, and what is there. */
function pairsOf(y: Vector, t: ArrayLike<number>, units: number, { threshold, classId }: Confusion) {
  return Array.from(y, (value, i) => [value > Math.fround(threshold), t[i] !== 0] as const).filter(
    (_, i) => classId === undefined || i % units === classId,
  );
}

/** Keras's Precision: TP / (TP + FP), 0 where nothing is found. */
export function precision(y: Vector, t: ArrayLike<number>, units: number, options: Confusion): number {
  const [tp, fp] = count(pairsOf(y, t, units, options));
  return tp === 0 ? 0 : tp / (tp + fp);
}

/** Keras's Recall: TP / (TP + FN), 0 where nothing is there. */
export function recall(y: Vector, t: ArrayLike<number>, units: number, options: Confusion): number {
  const [tp, , fn] = count(pairsOf(y, t, units, options));
  return tp === 0 ? 0 : tp / (tp + fn);
}

/** Keras's F1Score of targets 0 and 1: without a threshold the largest of a row is found. */
export function f1Score(
  y: Vector,
  t: ArrayLike<number>,
  units: number,
  { average, threshold }: { readonly average: string; readonly threshold?: number },
): number {
  const found = Array.from(y, (value, i) =>
    threshold === undefined
      ? value === Math.max(...row(y, Math.floor(i / units), units)) && Math.abs(value) > 1e-9
      : value > Math.fround(threshold),
  );
  const pairs = found.map((isFound, i) => [isFound, t[i] !== 0] as const);
  const score = (own: typeof pairs) => {
    const [tp, fp, fn] = count(own);
    const [p, r] = [tp / (tp + fp + 1e-7), tp / (tp + fn + 1e-7)];
    return (2 * p * r) / (p + r + 1e-7);
  };
  if (average === "micro") return score(pairs);
  const columns = Array.from({ length: units }, (_, j) => pairs.filter((__, i) => i % units === j));
  const there = columns.map((own) => own.filter(([, isThere]) => isThere).length);
  const all = there.reduce((a, b) => a + b) + 1e-7;
  const weights = there.map((n) => (average === "weighted" ? n / all : 1 / units));
  return columns.reduce((sum, own, j) => sum + weights[j]! * score(own), 0);
}
