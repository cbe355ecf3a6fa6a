import { afterEach, describe, expect, test } from "vitest";
import { openBenches, pad, padded } from "../builds.ts";
import { integers, normals } from "../reference/sample.ts";

type SumsOfOutputs = "sumByThreshold" | "sumConfusion" | "sumConfusionByUnit" | "sumDeviations";

describe.each(await openBenches())("$build build", (bench) => {
  afterEach(() => bench.finish());
  const { k, memory } = bench;

  /** Outputs are padded with numbers that count nowhere else. @param keep for each row, or none */
  const run = (
    kernel: SumsOfOutputs,
    length: number,
    outputs: ArrayLike<number>,
    targets: ArrayLike<number>,
    units: number,
    own: readonly number[] = [],
    keep?: readonly number[],
  ): number[] => {
    const sums = bench.floats(2 * length);
    const ld = padded(units);
    const y = bench.floats(pad(outputs, units).map((value, i) => (i % ld < units ? value : 1e3)));
    const add = k[kernel] as (...args: number[]) => void;
    add(
      sums,
      y,
      bench.floats(targets),
      keep ? bench.ints(keep) : 0,
      outputs.length / units,
      units,
      ld,
      ...own,
    );
    return [...memory.f64(sums, length)];
  };

  test("a threshold itself is not above it, and NaN is above none", () => {
    const y = [0.5, 0.500001, 0.4, Number.NaN, 0.9, 0.1];
    const t = [1, 1, 1, 1, 0, 0];
    expect(run("sumConfusion", 3, y, t, 1, [0.5, 0, 1])).toEqual([1, 1, 3]);
    expect(run("sumConfusion", 3, y, t, 2, [0.5, 1, 2])).toEqual([1, 0, 1]);
    expect(run("sumConfusionByUnit", 6, y, t, 2, [0.5])).toEqual([0, 1, 2, 1, 0, 1]);
  });

  test("of equal largest outputs all are found, and none where they are 0", () => {
    const y = [0.4, 0.4, 0.2, 0, 0, 0, -1, -2, -3];
    const t = [1, 0, 0, 1, 0, 0, 0, 1, 0];
    expect(run("sumConfusionByUnit", 9, y, t, 3, [-1])).toEqual([1, 1, 1, 0, 1, 1, 0, 0, 0]);
  });

  test("a target of ¼ counts a quarter to the score", () => {
    expect(run("sumConfusionByUnit", 3, [1, 0], [0.25, 0.25], 1, [0.5])).toEqual([0.25, 0.75, 0.25]);
  });

  test("an output on a threshold is counted below it, one beyond 0 or 1 at the end", () => {
    const y = [0, 0.25, 0.250001, 1, 2, -1, Number.NaN, Infinity];
    const bins = (t: number) => run("sumByThreshold", 10, y, Array(8).fill(t), 1, [5]);
    expect(bins(1)).toEqual([4, 1, 0, 3, 0, 0, 0, 0, 0, 0]);
    expect(bins(0)).toEqual([0, 0, 0, 0, 0, 4, 1, 0, 3, 0]);
  });

  test("R² has a count, and of each unit the sums of t, t² and (t - y)²", () => {
    expect(run("sumDeviations", 7, [1, 2, 3, 4], [2, 2, 4, 1], 2)).toEqual([2, 6, 20, 2, 3, 5, 9]);
  });

  test("of a mean: the values' sum, and the divisor for each row", () => {
    const values = bench.floats([1, 2, 4]);
    const sums = bench.floats(4);
    k.sumValues(sums, values, 0, 3, 2);
    k.sumValues(sums, values, bench.ints([0, 1, 1]), 3, 2);
    expect([...memory.f64(sums, 2)]).toEqual([13, 10]);
  });

  test("the sum of values is that of sumFloats, bit for bit", () => {
    const values = bench.floats(normals(1001, 1));
    const sums = bench.floats(4);
    k.sumValues(sums, values, 0, 1001, 1);
    expect(memory.f64(sums, 1)[0]).toBe(k.sumFloats(values, 1001));
  });

  test.each([
    { kernel: "sumByThreshold", length: () => 14, own: [7] },
    { kernel: "sumConfusion", length: () => 3, own: [0.2, 0, 3] },
    { kernel: "sumConfusionByUnit", length: () => 9, own: [-1] },
    { kernel: "sumDeviations", length: () => 10, own: [] },
  ] as const)(
    "$kernel leaves out rows that do not count, as if they were not there",
    ({ kernel, length, own }) => {
      const [rows, units] = [17, 3];
      const [y, t, keep] = [
        normals(rows * units, 1),
        integers(rows * units, 2, 2),
        [...integers(rows, 2, 3)],
      ];
      const kept = (values: ArrayLike<number>) =>
        Array.from(values).filter((_, i) => keep[Math.floor(i / units)] === 1);
      const found = run(kernel, length(), y, t, units, own, keep);
      expect(found).toEqual(run(kernel, length(), kept(y), kept(t), units, own));
      expect(found).not.toEqual(run(kernel, length(), y, t, units, own));
      expect(
        run(
          kernel,
          length(),
          y,
          t,
          units,
          own,
          keep.map(() => 0),
        ).every((sum) => sum === 0),
      ).toBe(true);
    },
  );
});
