import { afterEach, describe, expect, test } from "vitest";
import { openBenches } from "../builds.ts";
import { golden } from "../fixtures/goldens.ts";
import { expectClose } from "../reference/closeness.ts";
import { meanSquaredError } from "../reference/mean-squared-error.ts";
import { normals } from "../reference/sample.ts";
import { TOLERANCES } from "../tolerances.ts";
import { rowLossAlone, runRowLoss } from "./row-loss.ts";

const SHAPES = [1, 3, 9].flatMap((rows) => [1, 2, 8, 9].map((units) => ({ rows, units })));

describe.each(await openBenches())("$build build", (bench) => {
  afterEach(() => bench.finish());
  const run = (y: ArrayLike<number>, t: ArrayLike<number>, units: number) =>
    runRowLoss(bench, "meanSquaredError", y, t, units);

  test.each(SHAPES)(
    "meanSquaredError computes what the reference does: $rows × $units",
    ({ rows, units }) => {
      const [y, t] = [normals(rows * units, 1, 3), normals(rows * units, 2)];
      const expected = meanSquaredError(y, t);
      const found = run(y, t, units);
      expectClose([found.loss], [expected.loss], TOLERANCES.kernelLoss, "loss");
      expectClose(found.gradient, expected.gradient, TOLERANCES.kernelLoss, "dy");
      expect(rowLossAlone(bench, "meanSquaredError", y, t, units)).toEqual(found.losses);
    },
  );

  test("meanSquaredError computes what Keras does", () => {
    const g = golden("meanSquaredError");
    const { loss, gradient } = run(g.tensor("prediction"), g.tensor("target"), 4);
    expectClose([loss], g.tensor("loss"), TOLERANCES.kerasLoss, "loss");
    expectClose(gradient, g.tensor("dprediction"), TOLERANCES.kerasLoss, "gradient");
  });

  test("each row has the mean over its own units", () => {
    const { losses, gradient } = run([1, 2, 3, 4, 5, 6], [1, 2, 1, 4, 4, 4], 2);
    expect([...losses]).toEqual([0, 2, 2.5]);
    expectClose(gradient, [0, 0, 4 / 6, 0, 2 / 6, 4 / 6], TOLERANCES.kernelLoss, "dy");
  });

  test("what is not finite makes a loss that is not, in its row alone", () => {
    for (const at of [0, 1, 2]) {
      for (const bad of [Number.NaN, Infinity, -Infinity]) {
        const y = [1, 2, 3].map((value, i) => (i === at ? bad : value));
        const { losses } = run([...y, 1, 1, 1], [1, 2, 3, 1, 1, 1], 3);
        expect([...losses]).toEqual([Number.isNaN(bad) ? Number.NaN : Infinity, 0]);
      }
    }
    expect(run([0], [Number.NaN], 1).loss).toBeNaN();
    expect(run([1e30], [0], 1).loss).toBe(Infinity);
  });
});
