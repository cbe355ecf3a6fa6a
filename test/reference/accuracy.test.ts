import { expect, test } from "vitest";
import { binaryAccuracy, categoricalAccuracy, sparseCategoricalAccuracy } from "./accuracy.ts";

test("a probability of one half counts as class 0", () => {
  expect(binaryAccuracy(Float64Array.of(0.5, 0.5, 0.7, 0.2), [0, 1, 1, 1])).toBe(0.5);
});

test("of equal classes the first is the answer, and the target", () => {
  const y = Float64Array.of(0.2, 0.4, 0.4, 1, 0, 0, 1, 2, 3);
  expect(categoricalAccuracy(y, Float64Array.of(0.3, 0.35, 0.35, 0.5, 0.5, 0, 0, 1, 0), 3)).toBe(2 / 3);
  expect(sparseCategoricalAccuracy(y, [1, 0, 1], 3)).toBe(2 / 3);
});
