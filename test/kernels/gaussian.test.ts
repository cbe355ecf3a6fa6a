import { afterEach, describe, expect, test } from "vitest";
import { openBenches } from "../builds.ts";
import { golden } from "../fixtures/goldens.ts";
import { expectClose } from "../reference/closeness.ts";
import { gaussianNegativeLogLikelihood } from "../reference/gaussian.ts";
import { normals } from "../reference/sample.ts";
import { TOLERANCES } from "../tolerances.ts";
import { runLossKernel } from "./row-loss.ts";

const SHAPES = [1, 3, 9].flatMap((rows) => [1, 2, 4, 5].map((targets) => ({ rows, targets })));

describe.each(await openBenches())("$build build", (bench) => {
  afterEach(() => bench.finish());
  const run = (y: ArrayLike<number>, t: ArrayLike<number>, targets = 1, epsilon = 1e-6) =>
    runLossKernel(
      bench,
      (...args) => bench.k.gaussianNegativeLogLikelihood(...args, epsilon),
      y,
      t,
      targets * 2,
      targets,
    );

  test.each(SHAPES)("it computes what the reference does: $rows × $targets", ({ rows, targets }) => {
    for (const epsilon of [1e-6, 0.5]) {
      const [y, t] = [normals(rows * targets * 2, 1), normals(rows * targets, 2)];
      const expected = gaussianNegativeLogLikelihood(y, t, epsilon);
      const found = run(y, t, targets, epsilon);
      expectClose([found.loss], [expected.loss], TOLERANCES.kernelLoss, "loss", 1);
      expectClose(found.gradient, expected.gradient, TOLERANCES.kernelGradient, "dy");
    }
  });

  test("it computes what PyTorch does in float64", () => {
    const g = golden("gaussian");
    const found = run(g.tensor("prediction"), g.tensor("target"), 2, g.setting("epsilon"));
    expectClose([found.loss], g.tensor("loss"), TOLERANCES.kerasLoss, "loss");
    expectClose(found.gradient, g.tensor("dprediction"), TOLERANCES.kerasGradient, "gradient");
  });

  test("a variance neither vanishes nor overflows, and no gradient is NaN", () => {
    for (const s of [-1e30, -200, -87, 0, 87, 200, 1e30]) {
      const { losses, gradient } = run([1, s, 0, s], [0, 0], 1);
      expect([...losses].every(Number.isFinite), `losses at ${s}`).toBe(true);
      expect([...gradient].every(Number.isFinite), `gradient at ${s}`).toBe(true);
    }
    // A mean that is met draws the variance down, to epsilon and no further.
    expectClose(run([0, -60], [0]).losses, [0.5 * Math.log(1e-6)], TOLERANCES.kernelLoss, "loss");
    expect(run([0, 0], [0]).gradient[1]).toBeGreaterThan(0);
    expect(run([3, 0], [0]).gradient[1]).toBeLessThan(0);
  });

  test("what is not finite makes a loss that is not, in its row alone", () => {
    for (const bad of [Number.NaN, Infinity, -Infinity]) {
      const { losses } = run([bad, 0, 0, bad, 0, 0], [0, 0, 0]);
      expect([...losses].map(Number.isFinite)).toEqual([false, false, true]);
    }
  });
});
