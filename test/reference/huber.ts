import type { LossAndGradient } from "./loss.ts";
import type { Vector } from "./matrix.ts";

/** Keras's Huber: the mean of ½e² where |e| ≤ δ, and of δ|e| - ½δ² beyond. */
export function huber(y: Vector, t: ArrayLike<number>, delta = 1): LossAndGradient {
  const n = y.length;
  const errors = y.map((value, i) => value - t[i]!);
  const inside = (e: number) => Math.abs(e) <= delta;
  return {
    loss:
      errors.reduce(
        (sum, e) => sum + (inside(e) ? 0.5 * e * e : delta * Math.abs(e) - 0.5 * delta * delta),
        0,
      ) / n,
    gradient: errors.map((e) => (inside(e) ? e : delta * Math.sign(e)) / n),
  };
}
