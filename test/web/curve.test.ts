import { expect, test } from "vitest";
import { Curve } from "../../web/src/curve.ts";

test("a curve keeps its points, and the means of them once they are many", () => {
  const curve = new Curve();
  for (let i = 1; i <= 5; i++) curve.add(i, 10 * i);
  expect(curve.x).toEqual([1, 2, 3, 4, 5]);
  expect(curve.y).toEqual([10, 20, 30, 40, 50]);
  expect(curve.last).toBe(50);
  for (let i = 6; i <= 10_000; i++) curve.add(i, 10 * i);
  expect(curve.x.length).toBeLessThanOrEqual(600);
  expect(curve.x.length).toBeGreaterThan(250);
  const step = curve.x[1]! - curve.x[0]!;
  curve.x.forEach((x, i) => {
    expect(x).toBe(step * (i + 1));
    expect(curve.y[i]).toBeCloseTo(10 * (x - (step - 1) / 2), 6);
  });
});
