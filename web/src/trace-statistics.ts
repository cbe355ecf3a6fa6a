/** What a trace of one text says in numbers: its order of units, what is erased, what moves the answer. */

/** How units are ordered from left to right. */
export type UnitOrder = "number" | "mean" | "change";

/**
 * The units in the order asked for, `order[column]` = unit; ties by number.
 *
 * @param state (rows, units): the cell state, or h where a layer has no cell
 */
export function orderUnits(state: Float32Array, rows: number, units: number, by: UnitOrder): Uint16Array {
  const order = Uint16Array.from({ length: units }, (_, u) => u);
  if (by === "number") return order;
  const score = new Float64Array(units);
  for (let row = 0; row < rows; row++) {
    for (let u = 0; u < units; u++) {
      const value = state[row * units + u]!;
      if (by === "mean") score[u]! += value;
      else if (row > 0) score[u]! += Math.abs(value - state[(row - 1) * units + u]!);
    }
  }
  return order.sort((a, b) => score[b]! - score[a]! || a - b);
}

/** What the forget gates of one step take out of the cell. */
export interface Erasure {
  /** Σ (1 − f)·|c₋| over the units. */
  readonly amount: number;
  /** The same as a share of Σ |c₋|; 0 where the cell was empty. */
  readonly share: number;
}

/** @param f, c (rows, units) of the whole row of words, padding included: c₋ of step 0 is 0 */
export function erasures(f: Float32Array, c: Float32Array, rows: number, units: number): Erasure[] {
  return Array.from({ length: rows }, (_, row) => {
    let amount = 0;
    let before = 0;
    for (let u = 0; row > 0 && u < units; u++) {
      const kept = Math.abs(c[(row - 1) * units + u]!);
      amount += (1 - f[row * units + u]!) * kept;
      before += kept;
    }
    return { amount, share: before > 0 ? amount / before : 0 };
  });
}

/** How far each step moves the answer from that of the step before; the first step moves nothing. */
export function moves(answers: ArrayLike<number>): number[] {
  return Array.from(answers, (answer, row) => (row > 0 ? answer - answers[row - 1]! : 0));
}

/** The places of the largest values from `first` on, largest first, those of at least `least` only. */
export function largest(values: readonly number[], count: number, least: number, first = 0): number[] {
  return values
    .map((value, place) => ({ value, place }))
    .filter(({ value, place }) => place >= first && value >= least)
    .sort((a, b) => b.value - a.value || a.place - b.place)
    .slice(0, count)
    .map(({ place }) => place);
}

/** The mean of each row. @param values (rows, units) */
export function rowMeans(values: Float32Array, rows: number, units: number): number[] {
  return Array.from({ length: rows }, (_, row) => {
    let sum = 0;
    for (let u = 0; u < units; u++) sum += values[row * units + u]!;
    return sum / units;
  });
}

/** The largest magnitude, and never 0: the end of a scale. */
export function largestMagnitude(values: Float32Array): number {
  let most = 0;
  for (const value of values) most = Math.max(most, Math.abs(value));
  return most || 1;
}
