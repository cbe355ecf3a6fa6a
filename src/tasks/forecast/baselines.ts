/** Forecasts that need no learning. A model that does no better is not worth its time. */
import type { Frame } from "./frame.ts";
import type { BaselineName } from "./report.ts";

/** Names of those that go by a season. */
export const isSeasonal = (name: BaselineName) => name === "seasonal" || name === "seasonalDrift";

/**
 * What one of them says of the rows behind an origin, in the scale that the frame is in: step by step, target by target.
 *
 * @param season rows, for those that go by one
 * @param window rows that a drift is taken over
 */
export function sayBaseline(
  name: Exclude<BaselineName, "ridge">,
  frame: Frame,
  origin: number,
  { season, window, horizon }: { readonly season: number; readonly window: number; readonly horizon: number },
  out: Float64Array,
  at: number,
): void {
  const targets = frame.targets.length;
  for (let k = 0; k < targets; k++) {
    const values = frame.targets[k]!;
    const last = values[origin - 1]!;
    const slope = window > 1 ? (last - values[origin - window]!) / (window - 1) : 0;
    const rise = isSeasonal(name) ? last - values[origin - 1 - season]! : 0;
    for (let j = 0; j < horizon; j++) {
      const place = at + j * targets + k;
      if (name === "last") out[place] = last;
      else if (name === "drift") out[place] = last + (j + 1) * slope;
      else {
        out[place] = values[origin - season + (j % season)]!;
        if (name === "seasonalDrift") out[place]! += (1 + Math.floor(j / season)) * rise;
      }
    }
  }
}
