/** The bounds that src/optimizers/elementary.ts states, against the engine's own functions and identities. */
import { expect, test } from "vitest";
import { cosPi, exp, log, power } from "../../src/optimizers/elementary.ts";
import { integers } from "../reference/sample.ts";

/** The engine's functions may be off by a unit in the last place themselves. */
const OWN = 2.3e-16;

const uniforms = (length: number, seed: number, from: number, to: number) =>
  Array.from(integers(length, 2 ** 31, seed), (n) => from + (n / 2 ** 31) * (to - from));

const relative = (found: number, expected: number) => Math.abs(found - expected) / Math.abs(expected);

test("exp has relative error < 4e-16 where the result is normal", () => {
  for (const x of [...uniforms(20_000, 1, -708, 709), ...uniforms(20_000, 2, -2, 2), 0, 1, -1, 1e-300]) {
    expect(relative(exp(x), Math.exp(x)), `exp ${x}`).toBeLessThan(4e-16 + OWN);
  }
});

test("exp of what is beyond is 0 and Infinity, and of NaN NaN", () => {
  expect([exp(-1e4), exp(-Infinity), exp(1e4), exp(Infinity)]).toEqual([0, 0, Infinity, Infinity]);
  expect(exp(Number.NaN)).toBeNaN();
});

test("log of a normal x > 0 has relative error < 5e-16", () => {
  const sizes = uniforms(20_000, 3, -307, 308).map((e) => 10 ** e);
  for (const x of [...sizes, ...uniforms(20_000, 4, 0.5, 2), 2, 0.5, 1 + 2 ** -52, 1 - 2 ** -53]) {
    expect(relative(log(x), Math.log(x)), `log ${x}`).toBeLessThan(5e-16 + OWN);
  }
  expect(log(1)).toBe(0);
});

test("power has relative error < 1e-15·(1 + |y·ln x|)", () => {
  const bases = [...uniforms(300, 5, 0, 2), 0.96, 0.5, 1e-30, 1e30];
  const exponents = [...uniforms(50, 6, -20, 20), 0.5, 2, 3, 60, 1e-3];
  for (const x of bases) {
    for (const y of exponents) {
      const bound = 1e-15 * (1 + Math.abs(y * Math.log(x))) + OWN;
      const expected = x ** y;
      if (expected > 1e-307 && expected < 1e308) {
        expect(relative(power(x, y), expected), `${x} ** ${y}`).toBeLessThan(bound);
      }
    }
  }
});

test.each([
  [0, 0, 1],
  [0, 2, 0],
  [1, 1e300, 1],
  [0.3, 1, 0.3],
  [0.3, 0, 1],
  [0.5, 1e6, 0],
])("%d to the power %d is %d", (x, y, expected) => expect(power(x, y)).toBe(expected));

test("cosPi has absolute error < 3e-16", () => {
  for (const x of [...uniforms(50_000, 7, 0, 1), 0, 0.25, 1 / 3, 0.75, 1]) {
    expect(Math.abs(cosPi(x) - Math.cos(Math.PI * x)), `cosPi ${x}`).toBeLessThan(3e-16 + OWN);
  }
  expect(cosPi(0.5)).toBe(0);
});
