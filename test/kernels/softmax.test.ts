import { afterEach, describe, expect, test } from "vitest";
import { openBenches, pad, padded, unpad } from "../builds.ts";
import { golden } from "../fixtures/goldens.ts";
import { expectClose } from "../reference/closeness.ts";
import { normals } from "../reference/sample.ts";
import { softmaxBackward, softmaxForward } from "../reference/softmax.ts";
import { TOLERANCES } from "../tolerances.ts";

const SHAPES = [1, 3, 9].flatMap((rows) => [1, 2, 5, 8, 9, 31].map((units) => ({ rows, units })));

describe.each(await openBenches())("$build build", (bench) => {
  afterEach(() => bench.finish());
  const { k } = bench;

  /** Padded with numbers that must not count. */
  const stray = (values: ArrayLike<number>, units: number) =>
    pad(values, units).map((value, i) => (i % padded(units) < units ? value : 1e3));
  const forward = (z: ArrayLike<number>, units: number) => {
    const rows = z.length / units;
    const at = bench.floats(stray(z, units));
    k.softmaxForward(at, rows, units, padded(units));
    return unpad(bench.read(at, rows * padded(units)), units);
  };
  const backward = (dy: ArrayLike<number>, y: ArrayLike<number>, units: number) => {
    const rows = y.length / units;
    const at = bench.floats(stray(dy, units));
    k.softmaxBackward(at, bench.floats(pad(y, units)), rows, units, padded(units));
    return unpad(bench.read(at, rows * padded(units)), units);
  };

  test.each(SHAPES)("softmax computes what the reference does: $rows × $units", ({ rows, units }) => {
    const [z, dy] = [normals(rows * units, 1, 3), normals(rows * units, 2)];
    const y = softmaxForward(z, units);
    expectClose(forward(z, units), y, TOLERANCES.kernelForward, "y");
    expectClose(backward(dy, y, units), softmaxBackward(dy, y, units), TOLERANCES.kernelForward, "dz", 1);
  });

  test("softmax computes what Keras does", () => {
    const g = golden("softmax");
    expectClose(forward(g.tensor("x"), 6), g.tensor("y"), TOLERANCES.kerasForward, "y");
    const dx = backward(g.tensor("dy"), g.tensor("y"), 6);
    expectClose(dx, g.tensor("dx"), TOLERANCES.kerasGradient, "dx");
  });

  test("probabilities far out are exactly 0 and 1, never subnormal", () => {
    expect([...forward([1e4, 0, -1e4], 3)]).toEqual([1, 0, 0]);
    expect([...forward([3e38, -3e38], 2)]).toEqual([1, 0]);
    expect([...forward([-Infinity, 2, 2], 3)]).toEqual([0, 0.5, 0.5]);
    expect([...forward([5], 1)]).toEqual([1]);
    for (let z = 60; z < 110; z += 0.25) {
      const least = forward([z, ...Array(30).fill(z), 0], 32)[31]!;
      expect(least === 0 || least > 1.2e-38, `${least} at ${z}`).toBe(true);
      expect(least === 0).toBe(z > 70);
    }
  });

  test.each([Number.NaN, Infinity])("a row with %f is NaN, and no other row is", (bad) => {
    for (let at = 0; at < 5; at++) {
      const z = [0, 1, 2, 3, 4].map((value, i) => (i === at ? bad : value));
      const y = [...forward([...z, 0, 0, 0, 0, 0], 5)];
      expect(y.slice(0, 5)).toEqual(Array(5).fill(Number.NaN));
      expectClose(y.slice(5), Array(5).fill(0.2), TOLERANCES.kernelForward, "y");
    }
    expect(forward([-Infinity, -Infinity], 2)[0]).toBeNaN();
  });

  test("NaN in a gradient reaches its row, and no other", () => {
    const dz = [...backward([1, Number.NaN, 1, 2], [0.5, 0.5, 0.25, 0.75], 2)];
    expect(dz).toEqual([Number.NaN, Number.NaN, -0.1875, 0.1875]);
  });
});
