import { afterEach, describe, expect, test } from "vitest";
import { openBenches } from "../builds.ts";
import { golden } from "../fixtures/goldens.ts";
import { expectClose } from "../reference/closeness.ts";
import { huber } from "../reference/huber.ts";
import { normals } from "../reference/sample.ts";
import { TOLERANCES } from "../tolerances.ts";
import { runLossKernel } from "./row-loss.ts";

const SHAPES = [1, 3, 9].flatMap((rows) => [1, 2, 8, 9].map((units) => ({ rows, units })));

describe.each(await openBenches())("$build build", (bench) => {
  afterEach(() => bench.finish());
  const run = (y: ArrayLike<number>, t: ArrayLike<number>, units: number, delta = 1) =>
    runLossKernel(bench, (...args) => bench.k.huber(...args, delta), y, t, units, units);

  test.each(SHAPES)("huber computes what the reference does: $rows × $units", ({ rows, units }) => {
    const [y, t] = [normals(rows * units, 1, 3), normals(rows * units, 2)];
    for (const delta of [1, 0.25, 100]) {
      const expected = huber(y, t, delta);
      const found = run(y, t, units, delta);
      expectClose([found.loss], [expected.loss], TOLERANCES.kernelLoss, "loss");
      expectClose(found.gradient, expected.gradient, TOLERANCES.kernelLoss, "dy");
    }
  });

  test.each(["huber", "huberDelta"] as const)("huber computes what Keras does: %s", (family) => {
    const g = golden(family);
    const { loss, gradient } = run(g.tensor("prediction"), g.tensor("target"), 4, g.setting("delta"));
    expectClose([loss], g.tensor("loss"), TOLERANCES.kerasLoss, "loss");
    expectClose(gradient, g.tensor("dprediction"), TOLERANCES.kerasLoss, "gradient");
  });

  test("the gradient is the error up to delta, and delta beyond", () => {
    const { losses, gradient } = run([0, 1, -2, 4, -8, 2], [0, 0, 0, 0, 0, 0], 1, 2);
    expect([...losses]).toEqual([0, 0.5, 2, 6, 14, 2]);
    expect([...gradient]).toEqual([0, 1, -2, 2, -2, 2].map((d) => Math.fround(d * Math.fround(1 / 6))));
  });

  test("what is not finite makes a loss that is not, in its row alone", () => {
    const { losses, gradient } = run([Number.NaN, Infinity, -Infinity, 1e30], [0, 0, 0, 0], 1);
    expect([...losses]).toEqual([Number.NaN, Infinity, Infinity, Math.fround(1e30)]);
    expect(gradient[0]).toBeNaN();
  });
});
