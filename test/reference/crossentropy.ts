import { CLIP_HIGH, CLIP_LOW, type LossAndGradient } from "./loss.ts";
import { row, type Vector } from "./matrix.ts";

type RowLoss = (values: Vector, t: Vector) => LossAndGradient;

/** The mean over rows of `units`, each with a loss of its own. */
function meanOverRows(values: Vector, t: Vector, units: number, rowLoss: RowLoss): LossAndGradient {
  const rows = values.length / units;
  const gradient = new Float64Array(values.length);
  let sum = 0;
  for (let r = 0; r < rows; r++) {
    const found = rowLoss(row(values, r, units), row(t, r, units));
    sum += found.loss;
    row(gradient, r, units).set(found.gradient.map((d) => d / rows));
  }
  return { loss: sum / rows, gradient };
}

/** Classes (R) → one row (R, units) each, with 1 for the class and 0 for the rest. */
export function oneHot(classes: ArrayLike<number>, units: number): Vector {
  const rows = new Float64Array(classes.length * units);
  for (let r = 0; r < classes.length; r++) rows[r * units + classes[r]!] = 1;
  return rows;
}

const total = (x: Vector) => x.reduce((a, b) => a + b, 0);
const clip = (p: number) => Math.min(Math.max(p, CLIP_LOW), CLIP_HIGH);

/** Σ t·(log Σ e^z - z), TensorFlow's softmax_cross_entropy_with_logits; dz = softmax z · Σt - t. */
function fromLogits(z: Vector, t: Vector): LossAndGradient {
  const most = Math.max(...z);
  const logSum = most + Math.log(total(z.map((value) => Math.exp(value - most))));
  const mass = total(t);
  return {
    loss: t.reduce((sum, ti, i) => sum + ti * (logSum - z[i]!), 0),
    gradient: z.map((value, i) => Math.exp(value - logSum) * mass - t[i]!),
  };
}

/**
 * -Σ t·log q, q being p / Σp clipped to [1e-7, 1 - 1e-7], and no gradient through what was clipped. With
 * r = p / Σp and g = d/dr: dp = (g - Σ g·r) / Σp.
 */
function fromProbabilities(p: Vector, t: Vector): LossAndGradient {
  const sum = total(p);
  const r = p.map((value) => value / sum);
  const g = r.map((value, i) => (clip(value) === value ? -t[i]! / value : 0));
  const mean = g.reduce((a, gi, i) => a + gi * r[i]!, 0);
  return {
    loss: -r.reduce((a, value, i) => a + t[i]! * Math.log(clip(value)), 0),
    gradient: g.map((gi) => (gi - mean) / sum),
  };
}

/** The cross-entropy of the logarithms of p, clipped to [1e-7, 1 - 1e-7], as logits. */
function fromClippedLogarithms(p: Vector, t: Vector): LossAndGradient {
  const { loss, gradient } = fromLogits(
    p.map((value) => Math.log(clip(value))),
    t,
  );
  return { loss, gradient: gradient.map((d, i) => (clip(p[i]!) === p[i] ? d / p[i]! : 0)) };
}

/** Keras's CategoricalCrossentropy(from_logits=True) of z (R, units) and t (R, units). */
export function categoricalCrossentropyLogits(z: Vector, t: Vector, units: number): LossAndGradient {
  return meanOverRows(z, t, units, fromLogits);
}

/** Keras's SparseCategoricalCrossentropy(from_logits=True); classes (R). */
export function sparseCategoricalCrossentropyLogits(
  z: Vector,
  classes: ArrayLike<number>,
  units: number,
): LossAndGradient {
  return meanOverRows(z, oneHot(classes, units), units, fromLogits);
}

/** Keras's CategoricalCrossentropy() of probabilities that no softmax made. */
export function categoricalCrossentropyProbabilities(p: Vector, t: Vector, units: number): LossAndGradient {
  return meanOverRows(p, t, units, fromProbabilities);
}

/** Keras's SparseCategoricalCrossentropy() of probabilities that no softmax made. */
export function sparseCategoricalCrossentropyProbabilities(
  p: Vector,
  classes: ArrayLike<number>,
  units: number,
): LossAndGradient {
  return meanOverRows(p, oneHot(classes, units), units, fromClippedLogarithms);
}
