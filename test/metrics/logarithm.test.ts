import { expect, test } from "vitest";
import { logarithm } from "../../src/metrics/logarithm.ts";
import { normals } from "../reference/sample.ts";

test("logarithm has relative error < 5e-16 away from 1, and absolute error < 1e-16 near it", () => {
  const near = [0.75, 1.3, 1 - 2 ** -53, 1 + 2 ** -52, 1.0001, 199 / 198];
  const far = [5e-324, 1e-310, 1e-7, 0.1, 0.5, 2, 3, 1e9, 1.7e308, ...normals(200, 1, 9).map(Math.abs)];
  for (const x of [...near, ...far]) {
    const expected = Math.log(x);
    expect(Math.abs(logarithm(x) - expected), `of ${x}`).toBeLessThan(
      Math.max(1e-16, 5e-16 * Math.abs(expected)),
    );
  }
});

test("what has no logarithm has Math.log's", () => {
  for (const x of [0, -0, -1, Infinity, -Infinity, Number.NaN, 1]) expect(logarithm(x)).toBe(Math.log(x));
});
