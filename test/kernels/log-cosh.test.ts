import { afterEach, describe, expect, test } from "vitest";
import { openBenches } from "../builds.ts";
import { golden } from "../fixtures/goldens.ts";
import { expectClose } from "../reference/closeness.ts";
import { logCosh } from "../reference/log-cosh.ts";
import { normals } from "../reference/sample.ts";
import { TOLERANCES } from "../tolerances.ts";
import { runRowLoss } from "./row-loss.ts";

const SHAPES = [1, 3, 9].flatMap((rows) => [1, 2, 8, 9].map((units) => ({ rows, units })));

describe.each(await openBenches())("$build build", (bench) => {
  afterEach(() => bench.finish());
  const run = (y: ArrayLike<number>, t: ArrayLike<number>, units: number) =>
    runRowLoss(bench, "logCosh", y, t, units);

  test.each(SHAPES)("logCosh computes what the reference does: $rows × $units", ({ rows, units }) => {
    const [y, t] = [normals(rows * units, 1, 3), normals(rows * units, 2)];
    const expected = logCosh(y, t);
    const found = run(y, t, units);
    expectClose([found.loss], [expected.loss], TOLERANCES.kernelLoss, "loss");
    expectClose(found.gradient, expected.gradient, TOLERANCES.kernelLoss, "dy");
  });

  test("logCosh computes what Keras does in float64", () => {
    const g = golden("logCosh");
    const { loss, gradient } = run(g.tensor("prediction"), g.tensor("target"), 4);
    expectClose([loss], g.tensor("loss"), TOLERANCES.kerasLoss, "loss");
    expectClose(gradient, g.tensor("dprediction"), TOLERANCES.kerasLoss, "gradient");
  });

  test("each loss has relative error < 1.2e-6, from errors of 1e-18 to where float32 ends", () => {
    const sizes = Array.from({ length: 4000 }, (_, i) => Math.fround(10 ** (-18 + (i * 56) / 3999)));
    const errors = sizes.flatMap((e) => [e, -e]);
    const { losses } = run(errors, new Float64Array(errors.length), 1);
    for (const [i, found] of losses.entries()) {
      const exact = logCosh(Float64Array.of(errors[i]!), [0]).loss;
      expect(Math.abs(found - exact) / exact, `at ${errors[i]}`).toBeLessThan(1.2e-6);
    }
    expect([...run([0, -0], [0, 0], 1).losses]).toEqual([0, 0]);
  });

  test("what is not finite makes a loss that is not, in its row alone", () => {
    const { losses, gradient } = run([Number.NaN, Infinity, -Infinity, 3e38], [0, 0, 0, 0], 1);
    expect([...losses]).toEqual([Number.NaN, Infinity, Infinity, Math.fround(3e38)]);
    expect(gradient[0]).toBeNaN();
  });
});
