import { afterEach, describe, expect, test } from "vitest";
import { openBenches, pad, padded, unpad } from "../builds.ts";
import { normals } from "../reference/sample.ts";

describe.each(await openBenches())("$build build", (bench) => {
  afterEach(() => bench.finish());
  const run = (
    losses: ArrayLike<number>,
    dy: ArrayLike<number>,
    weights: readonly number[],
    units: number,
  ) => {
    const rows = losses.length;
    const ld = padded(units);
    const [l, d, w] = [bench.floats(losses), bench.floats(pad(dy, units)), bench.floats(weights)];
    bench.k.weighRows(l, d, w, rows, ld);
    return { losses: bench.read(l, rows), gradient: unpad(bench.read(d, rows * ld), units) };
  };

  test.each([1, 3, 8, 9])("each row of %i units is multiplied by its own weight", (units) => {
    const weights = [1, 2.5, 0, 0.3, -0].map(Math.fround);
    const [losses, dy] = [normals(5, 1), normals(5 * units, 2)];
    const found = run(losses, dy, weights, units);
    const times = (x: number, weight: number) => Math.fround(Math.fround(x) * weight);
    expect([...found.losses]).toEqual([...losses].map((l, m) => times(l, weights[m]!) || 0));
    expect([...found.gradient]).toEqual(
      [...dy].map((d, i) => times(d, weights[Math.floor(i / units)]!) || 0),
    );
  });

  test("a row of weight 0 counts for nothing, whatever it holds", () => {
    const { losses, gradient } = run([Number.NaN, Infinity, 1], [Number.NaN, Infinity, 2], [0, 0, 1], 1);
    expect([...losses]).toEqual([0, 0, 1]);
    expect([...gradient]).toEqual([0, 0, 2]);
  });

  test("what is not finite stays so in a row that counts", () => {
    const { losses, gradient } = run([Number.NaN, 1], [Number.NaN, Infinity], [2, 3], 1);
    expect([...losses]).toEqual([Number.NaN, 3]);
    expect([...gradient]).toEqual([Number.NaN, Infinity]);
  });

  test("without a place for the gradient only the losses are weighed", () => {
    const losses = bench.floats([1, 2]);
    bench.k.weighRows(losses, 0, bench.floats([3, 4]), 2, 8);
    expect([...bench.read(losses, 2)]).toEqual([3, 8]);
  });
});
