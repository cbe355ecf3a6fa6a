/** Columns brought to one size by their mean and their standard deviation in the training part. */

/** What is subtracted, and what it is divided by then. */
export interface Scale {
  readonly mean: number;
  readonly deviation: number;
}

/** A column of numbers from -1 to 1, such as one of 0 and 1, is left as it is. */
const AS_IT_IS: Scale = { mean: 0, deviation: 1 };

/** Of rows from … to. A column that does not vary is divided by 1. */
export function scaleOf(values: ArrayLike<number>, from: number, to: number): Scale {
  const n = Math.max(1, to - from);
  let sum = 0;
  for (let i = from; i < to; i++) sum += values[i]!;
  const mean = sum / n;
  let squares = 0;
  for (let i = from; i < to; i++) squares += (values[i]! - mean) * (values[i]! - mean);
  const deviation = Math.sqrt(squares / n);
  // A column that says one number has rounding errors for a deviation.
  return { mean, deviation: deviation > 1e-12 * Math.max(1, Math.abs(mean)) ? deviation : 1 };
}

/** The same of a covariate, which may be a mark of 0 and 1. */
export function scaleOfCovariate(values: ArrayLike<number>, from: number, to: number): Scale {
  for (let i = from; i < to; i++) {
    if (values[i]! < -1 || values[i]! > 1) return scaleOf(values, from, to);
  }
  return AS_IT_IS;
}

/** Rows up to `to`, scaled. */
export function scaled(values: ArrayLike<number>, { mean, deviation }: Scale, to: number): Float64Array {
  const out = new Float64Array(to);
  for (let i = 0; i < to; i++) out[i] = (values[i]! - mean) / deviation;
  return out;
}
