import { afterEach, describe, expect, test } from "vitest";
import { openBenches, pad, padded } from "../builds.ts";
import { binaryAccuracy, categoricalAccuracy, sparseCategoricalAccuracy } from "../reference/accuracy.ts";
import { oneHot } from "../reference/crossentropy.ts";
import { integers, keepMask, normals } from "../reference/sample.ts";

const SHAPES = [1, 3, 9].flatMap((rows) => [1, 2, 8, 9].map((units) => ({ rows, units })));

describe.each(await openBenches())("$build build", (bench) => {
  afterEach(() => bench.finish());
  const { k } = bench;

  /** Outputs (R, units) are padded with numbers larger than all of them. */
  const run = (
    kernel: "binaryAccuracy" | "categoricalAccuracy" | "sparseCategoricalAccuracy",
    outputs: ArrayLike<number>,
    targets: ArrayLike<number>,
    units: number,
    threshold = 0.5,
  ) => {
    const rows = outputs.length / units;
    const ld = padded(units);
    const y = bench.floats(pad(outputs, units).map((value, i) => (i % ld < units ? value : 1e3)));
    const values = bench.floats(Array(rows).fill(-1));
    k[kernel](values, y, bench.floats(targets), rows, units, ld, threshold);
    return [...bench.read(values, rows)];
  };
  const sum = (values: number[]) => values.reduce((a, b) => a + b);

  test.each(SHAPES)("each accuracy counts what the reference does: $rows × $units", ({ rows, units }) => {
    const n = rows * units;
    const y = normals(n, 1);
    const sides = keepMask(n, 0.5, 2);
    for (const threshold of [0.5, 0, -0.25]) {
      const share = sum(run("binaryAccuracy", y, sides, units, threshold)) / n;
      expect(share).toBe(binaryAccuracy(y, sides, threshold));
    }
    const classes = integers(rows, units, 3);
    const soft = normals(n, 4);
    for (const targets of [soft, oneHot(classes, units)]) {
      const share = sum(run("categoricalAccuracy", y, targets, units)) / rows;
      expect(share).toBe(categoricalAccuracy(y, targets, units));
    }
    const share = sum(run("sparseCategoricalAccuracy", y, classes, units)) / rows;
    expect(share).toBe(sparseCategoricalAccuracy(y, classes, units));
  });

  test("binaryAccuracy counts a row's units; the threshold itself counts as class 0", () => {
    expect(run("binaryAccuracy", [0.5, 0.5, 0.7, 0.2, 0.9, 0.1], [0, 1, 1, 1, 1, 0], 2)).toEqual([1, 1, 2]);
    expect(run("binaryAccuracy", [0, 0, 1e-3], [0, 1, 1], 1, 0)).toEqual([1, 0, 1]);
  });

  test("of equal classes the first is the answer, and the target", () => {
    const y = [0.2, 0.4, 0.4, 1, 0, 0, 1, 2, 3];
    expect(run("categoricalAccuracy", y, [0.3, 0.35, 0.35, 0.5, 0.5, 0, 0, 1, 0], 3)).toEqual([1, 1, 0]);
    expect(run("sparseCategoricalAccuracy", y, [1, 0, 1], 3)).toEqual([1, 1, 0]);
    expect(run("sparseCategoricalAccuracy", [0, 0], [0], 2)).toEqual([1]);
  });

  test("logits below 0 have a largest too, and so have -∞", () => {
    expect(run("sparseCategoricalAccuracy", [-3, -1, -2, -Infinity, -9, -Infinity], [1, 1], 3)).toEqual([
      1, 1,
    ]);
  });

  test("a class that is not there is never right", () => {
    expect(run("sparseCategoricalAccuracy", [1, 2, 3, 4], [-1, 2], 2)).toEqual([0, 0]);
  });
});
