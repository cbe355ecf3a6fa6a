/** A forecast as something to look at, whatever it is drawn with. */

/** One line of a chart, and what comes behind it. */
export interface ForecastPanel {
  /** Of the series and the target; empty where there is one of each. */
  readonly name: string;
  /** What has been, oldest first. */
  readonly past: readonly number[];
  /** What is forecast. */
  readonly values: readonly number[];
  /** Bands, each with two numbers a step; the wider ones first. */
  readonly bands: readonly Band[];
  /** In words, of a row: 0 is the first that is forecast, -1 the last of the past. */
  readonly labelOf: (row: number) => string;
}

/** An interval of a level, step by step. */
export interface Band {
  /** Such as 0.8. */
  readonly level: number;
  readonly lower: readonly number[];
  readonly upper: readonly number[];
}

/** Forecasts that are looked at together. */
export interface ForecastView {
  readonly title: string;
  readonly panels: readonly ForecastPanel[];
}

/** The least and the greatest number of a panel, apart from each other. */
export function rangeOf({ past, values, bands }: ForecastPanel): [low: number, high: number] {
  let [low, high] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (const list of [past, values, ...bands.flatMap(({ lower, upper }) => [lower, upper])]) {
    for (const value of list) {
      if (!Number.isFinite(value)) continue;
      low = Math.min(low, value);
      high = Math.max(high, value);
    }
  }
  if (low > high) return [0, 1];
  if (low < high) return [low, high];
  const around = low === 0 ? 1 : Math.abs(low) / 10;
  return [low - around, high + around];
}

/** Round numbers within a range: 1, 2 or 5 and noughts apart, `most` of them at most. */
export function ticksOf(low: number, high: number, most: number): number[] {
  const wanted = (high - low) / Math.max(1, most);
  let step = 1;
  while (step < wanted) step *= 10;
  while (step / 10 >= wanted) step /= 10;
  step = [step / 5, step / 2].find((smaller) => smaller >= wanted) ?? step;
  if (Math.max(Math.abs(low), Math.abs(high)) > step * 1e12) return [low]; // too near to each other to count through
  const ticks: number[] = [];
  for (let n = Math.ceil(low / step); n * step <= high; n++) ticks.push(Number((n * step).toPrecision(12)));
  return ticks;
}

/** A tick as text: short, and all of a scale alike. */
export function tickText(value: number): string {
  const size = Math.abs(value);
  if (size >= 1e6 || (size > 0 && size < 1e-4)) return value.toExponential(1).replace("e+", "e");
  return String(value);
}

/** `80 %`. */
export const levelText = (level: number) => `${Number((level * 100).toPrecision(6))} %`;
