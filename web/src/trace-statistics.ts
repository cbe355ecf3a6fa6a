/** What a trace of one text says in numbers: its order of units, what is erased, what moves the answer. */

/** How units are ordered from left to right. */
export type UnitOrder = "number" | "mean" | "change";

/**
 * The units in the order asked for, `order[column]` = unit; ties by number.
 *
 * @param state (rows, units): what the layer carries on, such as the cell state
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

/**
 * The share of the cell that the forget gates of each step erase: Σ (1 − f)·|c₋| over Σ |c₋|, and 0 where the
 * cell was empty.
 *
 * @param f, c (rows, units), from the first step on: before it the cell is 0
 */
export function erasures(f: Float32Array, c: Float32Array, rows: number, units: number): number[] {
  return Array.from({ length: rows }, (_, row) => {
    let erased = 0;
    let before = 0;
    for (let u = 0; row > 0 && u < units; u++) {
      const held = Math.abs(c[(row - 1) * units + u]!);
      erased += (1 - f[row * units + u]!) * held;
      before += held;
    }
    return before > 0 ? erased / before : 0;
  });
}

/** How far each step moves the answer from that of the step before; the first step moves nothing. */
export function moves(answers: ArrayLike<number>): number[] {
  return Array.from(answers, (answer, row) => (row > 0 ? answer - answers[row - 1]! : 0));
}

/** The places of the largest values, largest first, those of at least `least` only. */
export function largest(values: readonly number[], count: number, least: number): number[] {
  return values
    .map((value, place) => ({ value, place }))
    .filter(({ value }) => value >= least)
    .sort((a, b) => b.value - a.value || a.place - b.place)
    .slice(0, count)
    .map(({ place }) => place);
}

/** The middle value, or the upper one of two; 0 of none. */
export function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1] ?? 0;
}

/** The mean of each row. @param values (rows, units) */
export function rowMeans(values: Float32Array, rows: number, units: number): number[] {
  return Array.from({ length: rows }, (_, row) => {
    let sum = 0;
    for (let u = 0; u < units; u++) sum += values[row * units + u]!;
    return sum / units;
  });
}

/** The least and the largest value. */
export function extent(values: Float32Array): [least: number, most: number] {
  let least = Number.POSITIVE_INFINITY;
  let most = Number.NEGATIVE_INFINITY;
  for (const value of values) {
    least = Math.min(least, value);
    most = Math.max(most, value);
  }
  return [least, most];
}
