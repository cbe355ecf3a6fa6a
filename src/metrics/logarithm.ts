/** Terms of the series: the last is below 2⁻⁶⁰ of the first. */
const TERMS = 12;

/**
 * ln x, within 2 units in the last place where it is not near 0; by + - * / alone, so that it is the same on every
 * engine, which Math.log is not. x = 2ᵏ·m with m in [√½, √2]; ln m = 2·artanh s, s = (m - 1) / (m + 1).
 */
export function logarithm(x: number): number {
  if (!(x > 0 && x < Infinity)) return x === 0 ? -Infinity : x === Infinity ? x : Number.NaN;
  let exponent = 0;
  let m = x;
  for (; m > Math.SQRT2; m /= 2) exponent++;
  for (; m < Math.SQRT1_2; m *= 2) exponent--;
  const s = (m - 1) / (m + 1);
  let sum = 0;
  for (let term = TERMS - 1; term >= 0; term--) sum = sum * s * s + 1 / (2 * term + 1);
  return exponent * Math.LN2 + 2 * s * sum;
}
