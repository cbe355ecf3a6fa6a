import type { Vector } from "./matrix.ts";

interface Auc {
  readonly curve: "ROC" | "PR";
  readonly numThresholds: number;
  readonly summationMethod: "interpolation" | "minoring" | "majoring";
}

const ratio = (a: number, b: number) => (b === 0 ? 0 : a / b);

/**
 * Keras's AUC, threshold by threshold: counts above each, a point of the curve for each, and the area between
 * neighbours. A precision that is interpolated is summed up here by its integral, over 20,000 steps.
 */
export function auc(y: Vector, t: ArrayLike<number>, { curve, numThresholds, summationMethod }: Auc): number {
  const last = numThresholds - 1;
  const isAbove = (value: number, i: number) => i === 0 || (i < last && Math.fround(value * last) > i);
  const points = Array.from({ length: numThresholds }, (_, i) => {
    const above = Array.from(y, (value) => isAbove(Math.min(value, 1), i));
    const tp = above.filter((is, j) => is && t[j] !== 0).length;
    return { tp, fp: above.filter((is) => is).length - tp };
  });
  const all = points[0]!;
  let area = 0;
  for (let i = 0; i < last; i++) {
    const [a, b] = [points[i]!, points[i + 1]!];
    if (curve === "PR" && summationMethod === "interpolation") {
      area += ratio(precisionArea(a, b), all.tp);
      continue;
    }
    const x = (p: typeof a) => (curve === "ROC" ? ratio(p.fp, all.fp) : ratio(p.tp, all.tp));
    const h = (p: typeof a) => (curve === "ROC" ? ratio(p.tp, all.tp) : ratio(p.tp, p.tp + p.fp));
    const [low, high] = [Math.min(h(a), h(b)), Math.max(h(a), h(b))];
    const height = { interpolation: (low + high) / 2, minoring: low, majoring: high }[summationMethod];
    area += (x(a) - x(b)) * height;
  }
  return area;
}

/** ∫ TP / (TP + FP) dTP from b to a, where both grow evenly: the midpoint rule. */
function precisionArea(a: { tp: number; fp: number }, b: { tp: number; fp: number }): number {
  const steps = 20_000;
  const [dtp, dfp] = [a.tp - b.tp, a.fp - b.fp];
  if (dtp === 0) return 0;
  let sum = 0;
  for (let s = 0; s < steps; s++) {
    const u = (s + 0.5) / steps;
    const [tp, fp] = [b.tp + u * dtp, b.fp + u * dfp];
    // As Keras: from nothing found on, the precision of the first that are.
    sum += b.tp + b.fp === 0 ? dtp / (dtp + dfp) : tp / (tp + fp);
  }
  return (sum / steps) * dtp;
}
