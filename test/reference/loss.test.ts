import { expect, test } from "vitest";
import { TOLERANCES } from "../tolerances.ts";
import { expectClose } from "./closeness.ts";
import { activationBackward, activationForward } from "./dense.ts";
import { crossentropyFromLogits, crossentropyFromProbabilities } from "./loss.ts";
import { keepMask, normals } from "./sample.ts";

test("cross-entropy of probabilities is that of the logits behind them", () => {
  const logits = normals(9, 1, 3);
  const y = keepMask(9, 0.5, 2);
  const p = activationForward(logits, "sigmoid");
  const fromLogits = crossentropyFromLogits(logits, y);
  const fromProbabilities = crossentropyFromProbabilities(p, y);
  expect(fromProbabilities.loss).toBeCloseTo(fromLogits.loss, 12);
  const dlogits = activationBackward(fromProbabilities.gradient, p, "sigmoid");
  expectClose(dlogits, fromLogits.gradient, TOLERANCES.centralDifference, "dlogits");
});

test("cross-entropy of probabilities clips at 1e-7, with gradient 0 there", () => {
  const { loss, gradient } = crossentropyFromProbabilities(Float64Array.of(0, 1, 0.5), [1, 1, 1]);
  expect(loss).toBeCloseTo((-Math.log(1e-7) + Math.log(2)) / 3, 6);
  expect([...gradient]).toEqual([0, 0, -2 / 3]);
});

test("cross-entropy of logits keeps its gradient at any size", () => {
  const { loss, gradient } = crossentropyFromLogits(Float64Array.of(-800, 800), [1, 1]);
  expect(loss).toBe(400);
  expect([...gradient]).toEqual([-0.5, 0]);
});
