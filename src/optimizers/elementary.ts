/**
 * Powers and cosines by + - * / alone, which IEEE 754 leaves no engine a choice in: Math.exp, Math.pow and
 * Math.cos may differ from one to the next, and a learning rate is on the way to a weight. Series, since they
 * are taken once a step; the bounds below are asserted under the same words in test/optimizers/elementary.test.ts.
 */

/** ln 2 in two parts: the product of the first with a whole number below 2¹¹ is exact. */
const LN2_HIGH = 0.6931471803691238;
const LN2_LOW = 1.9082149292705877e-10;

/** x·2ⁿ; n whole. Steps of 2 are exact while the result is normal. */
function scaled(x: number, n: number): number {
  for (; n > 0; n--) x *= 2;
  for (; n < 0; n++) x /= 2;
  return x;
}

/** exp has relative error < 4e-16 where the result is normal; 0 below -745, Infinity above 710. x = n·ln 2 + r, |r| ≤ ln 2 / 2. */
export function exp(x: number): number {
  if (Number.isNaN(x)) return x;
  if (x < -745) return 0;
  if (x > 710) return Infinity;
  const n = Math.round(x / (LN2_HIGH + LN2_LOW));
  const r = x - n * LN2_HIGH - n * LN2_LOW;
  let sum = 0;
  for (let k = 16; k > 1; k--) sum = (r / k) * (1 + sum); // r/2·(1 + r/3·(1 + …))
  return scaled(1 + (r + r * sum), n);
}

/** log of a normal x > 0 has relative error < 5e-16. x = m·2ᵉ, m in [√½, √2); ln m = 2·artanh((m - 1) / (m + 1)). */
export function log(x: number): number {
  let [m, e] = [x, 0];
  for (; m >= Math.SQRT2; e++) m /= 2;
  for (; m < Math.SQRT1_2; e--) m *= 2;
  const s = (m - 1) / (m + 1);
  let sum = 0;
  for (let k = 25; k > 1; k -= 2) sum = s * s * (1 / k + sum);
  return e * LN2_HIGH + (e * LN2_LOW + 2 * (s + s * sum));
}

/** power has relative error < 1e-15·(1 + |y·ln x|), for x ≥ 0; exactly x for y = 1. */
export function power(x: number, y: number): number {
  if (y === 0 || x === 1) return 1;
  if (y === 1) return x;
  if (x === 0) return y > 0 ? 0 : Infinity;
  return exp(y * log(x));
}

/** cosPi has absolute error < 3e-16. cos πx for x in [0, 1]: sin π(½ - x). */
export function cosPi(x: number): number {
  const y = Math.PI * (0.5 - x);
  let sum = 0;
  for (let k = 25; k > 1; k -= 2) sum = ((-y * y) / (k * (k - 1))) * (1 + sum); // -y²/6·(1 - y²/20·(1 - …))
  return y + y * sum;
}
