import { afterEach, describe, expect, test } from "vitest";
import { lossKindOf } from "../../src/losses/index.ts";
import { openBenches } from "../builds.ts";
import { golden } from "../fixtures/goldens.ts";
import { expectClose } from "../reference/closeness.ts";
import { quantile } from "../reference/quantile.ts";
import { normals } from "../reference/sample.ts";
import { TOLERANCES } from "../tolerances.ts";
import { runLossKernel } from "./row-loss.ts";

const SHAPES = [1, 3, 9].flatMap((rows) => [1, 2, 5].map((targets) => ({ rows, targets })));

describe.each(await openBenches())("$build build", (bench) => {
  afterEach(() => bench.finish());
  const run = (y: ArrayLike<number>, t: ArrayLike<number>, targets: number, quantiles: readonly number[]) => {
    const loss = { name: "quantile", quantiles };
    const units = targets * quantiles.length;
    return runLossKernel(bench, lossKindOf(loss).kernel(bench.k, loss, false), y, t, units, units);
  };

  test.each(SHAPES)("quantile computes what the reference does: $rows × $targets", ({ rows, targets }) => {
    for (const quantiles of [[0.5], [0.1, 0.9], [0.01, 0.25, 0.5, 0.75, 0.99]]) {
      const t = normals(rows * targets, 2);
      const y = normals(t.length * quantiles.length, 1, 3);
      const expected = quantile(y, t, quantiles);
      const found = run(y, t, targets, quantiles);
      expectClose([found.loss], [expected.loss], TOLERANCES.kernelLoss, "loss");
      expectClose(found.gradient, expected.gradient, TOLERANCES.kernelLoss, "dy");
    }
  });

  test("quantile computes what the formula does in float64", () => {
    const g = golden("quantile");
    const found = run(g.tensor("prediction"), g.tensor("target"), 2, Array.from(g.tensor("quantiles")));
    expectClose([found.loss], g.tensor("loss"), TOLERANCES.kerasLoss, "loss");
    expectClose(found.gradient, g.tensor("dprediction"), TOLERANCES.kerasLoss, "gradient");
  });

  test("for each target its quantiles: below it the gradient is -q, above it 1 - q, at it 0", () => {
    const { losses, gradient } = run([0, 2, 4, 2, 3, 1], [2, 3], 2, [0.25, 0.5, 0.75]);
    expectClose(losses, [(0.5 + 0 + 0.5 + 0.25 + 0 + 1.5) / 6], TOLERANCES.kernelLoss, "loss");
    expectClose(
      gradient,
      [-0.25, 0, 0.25, -0.25, 0, -0.75].map((d) => d / 6),
      TOLERANCES.kernelLoss,
      "dy",
    );
    expect(gradient[1]).toBe(0);
  });

  test("what is not finite makes a loss that is not, in its row alone", () => {
    const { losses, gradient } = run([0, Number.NaN, 0, Infinity, 0, 0], [0, 0, 0], 1, [0.2, 0.8]);
    expect([...losses]).toEqual([Number.NaN, Infinity, 0]);
    expect(gradient[1]).toBeNaN();
  });
});
