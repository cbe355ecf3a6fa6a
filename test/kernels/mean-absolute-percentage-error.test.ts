import { afterEach, describe, expect, test } from "vitest";
import { openBenches, pad, padded } from "../builds.ts";
import { expectClose } from "../reference/closeness.ts";
import { meanAbsolutePercentageError } from "../reference/mean-absolute-percentage-error.ts";
import { normals } from "../reference/sample.ts";
import { TOLERANCES } from "../tolerances.ts";

const SHAPES = [1, 3, 9].flatMap((rows) => [1, 2, 8, 9].map((units) => ({ rows, units })));

describe.each(await openBenches())("$build build", (bench) => {
  afterEach(() => bench.finish());

  const run = (outputs: ArrayLike<number>, targets: ArrayLike<number>, units: number) => {
    const rows = outputs.length / units;
    const ld = padded(units);
    const y = bench.floats(pad(outputs, units).map((value, i) => (i % ld < units ? value : 1e3)));
    const values = bench.floats(Array(rows).fill(-1));
    bench.k.meanAbsolutePercentageError(values, y, bench.floats(targets), rows, units, ld);
    return bench.read(values, rows);
  };

  test.each(SHAPES)("each row has the reference's: $rows × $units", ({ rows, units }) => {
    const [y, t] = [normals(rows * units, 1, 3), normals(rows * units, 2)];
    const expected = Array.from({ length: rows }, (_, r) => {
      const own = (values: Float64Array) => values.subarray(r * units, (r + 1) * units);
      return meanAbsolutePercentageError(own(y), own(t));
    });
    expectClose(run(y, t, units), expected, TOLERANCES.kernelLoss, "values");
  });

  test("a target of 0 is taken for 1e-7", () => {
    const [before, own, tiny] = run([2, -1, 1, 0, 0, 0], [1, -2, 0, 0, 0, 1e-9], 2);
    expect([before, own! / 1e9, tiny]).toEqual([75, expect.closeTo(0.5, 6), expect.closeTo(0.5, 6)]);
  });
});
