/** What numbers of optimisers take. */
import { number } from "../options.ts";

/** The kernels compute in float32: a value that becomes 0 or infinite there would make weights NaN. */
export const aRate = number(
  "above 0 and finite, in float32 too",
  (n) => Math.fround(n) > 0 && Math.fround(n) < Infinity,
);

export const aRateOrZero = number(
  "from 0 on and finite, in float32 too",
  (n) => n >= 0 && Math.fround(n) < Infinity,
);

/** A share of what was before. */
export const aDecay = number("from 0 to below 1", (n) => n >= 0 && n < 1);
