import { afterEach, describe, expect, test } from "vitest";
import { openBenches, pad, padded, unpad } from "../builds.ts";
import { expectClose } from "../reference/closeness.ts";
import { embeddingBackward, embeddingForward, embeddingSquaresPerRead } from "../reference/embedding.ts";
import { integers, normals } from "../reference/sample.ts";
import { TOLERANCES } from "../tolerances.ts";

const V = 9;
const SHAPES = [1, 3].flatMap((B) => [1, 7].flatMap((T) => [3, 5, 12].map((E) => ({ B, T, E }))));

describe.each(await openBenches())("$build build", (bench) => {
  afterEach(() => bench.finish());
  const { k } = bench;

  test.each(SHAPES)("embeddingForward reads a row for each place: B $B, T $T, E $E", ({ B, T, E }) => {
    const [table, ids] = [normals(V * E, 1), integers(B * T, V, 2)];
    const x = bench.floats(B * T * padded(E));
    k.embeddingForward(x, bench.ints(ids), bench.floats(pad(table, E)), B * T, padded(E), 1);
    expect(Float64Array.from(unpad(bench.read(x, B * T * padded(E)), E))).toEqual(
      embeddingForward(ids, table, E),
    );
  });

  test.each(SHAPES)(
    "embeddingBackward sums gradients and their squares, place by place: B $B, T $T, E $E",
    ({ B, T, E }) => {
      const [dx, ids] = [normals(B * T * E, 3), integers(B * T, V, 4)];
      const [dTable, squares] = [bench.floats(V * padded(E)), bench.floats(V * padded(E))];
      const [from, at] = [bench.floats(pad(dx, E)), bench.ints(ids)];
      const peaks = [0, 1, 2].map((part) =>
        k.embeddingBackward(dTable, squares, from, at, B * T, padded(E), part, 3),
      );
      expect(Math.max(...peaks)).toBe(Math.fround(Math.max(...dx.map(Math.abs))));
      const read = (address: number) => unpad(bench.read(address, V * padded(E)), E);
      expectClose(read(dTable), embeddingBackward(dx, ids, V, E), TOLERANCES.kernelGradient, "dTable");
      const expected = embeddingSquaresPerRead(dx, ids, V, E);
      expectClose(read(squares), expected, TOLERANCES.kernelGradient, "squares");
    },
  );

  test.each(SHAPES)("addRows sums the rows of one place, in their order: B $B, T $T, E $E", ({ B, T, E }) => {
    const [x, places] = [normals(B * T * E, 5), integers(B * T, V, 6)];
    const sums = bench.floats(pad(normals(V * E, 7), E));
    const expected = bench.read(sums, V * padded(E));
    k.addRows(sums, bench.floats(pad(x, E)), bench.ints(places), B * T, padded(E), 1);
    places.forEach((place, t) => {
      for (let e = 0; e < E; e++) expected[place * padded(E) + e]! += Math.fround(x[t * E + e]!);
    });
    expect(bench.read(sums, V * padded(E))).toEqual(expected);
  });

  test("a token read twice counts the sum of squares, not the square of the sum", () => {
    const [dTable, squares] = [bench.floats(16), bench.floats(16)];
    k.embeddingBackward(
      dTable,
      squares,
      bench.floats(pad([1, 2, 3, 4], 1)),
      bench.ints([1, 1, 0, 1]),
      4,
      8,
      0,
      1,
    );
    expect([...unpad(bench.read(dTable, 16), 1)]).toEqual([3, 7]);
    expect([...unpad(bench.read(squares, 16), 1)]).toEqual([9, 21]);
  });

  test("without a place for the squares only the gradient is summed", () => {
    const dTable = bench.floats(16);
    const dx = bench.floats(pad([1, 2, 3, 4], 1));
    expect(k.embeddingBackward(dTable, 0, dx, bench.ints([1, 1, 0, 1]), 4, 8, 0, 1)).toBe(4);
    expect([...unpad(bench.read(dTable, 16), 1)]).toEqual([3, 7]);
  });

  test("limitPlaces limits the places of its own part, and leaves none that is not finite", () => {
    const dx = bench.floats(pad([1, -2, 3, 0.5, Infinity, -Infinity, Number.NaN], 1));
    k.limitPlaces(dx, bench.ints([1, 1, 0, 1, 1, 3, 1]), 7, 8, 1, 2, 0.75);
    const found = [...unpad(bench.read(dx, 56), 1)];
    expect(found).toEqual([0.75, -0.75, 3, 0.5, Number.NaN, Number.NaN, Number.NaN]);
  });

  test("of several callers each adds the ids of its own remainder", () => {
    const [dTable, squares] = [bench.floats(24), bench.floats(24)];
    const dx = bench.floats(pad([1, 2, 3, 4], 1));
    k.embeddingBackward(dTable, squares, dx, bench.ints([1, 2, 0, 1]), 4, 8, 1, 2);
    expect([...unpad(bench.read(dTable, 24), 1)]).toEqual([0, 5, 0]);
  });

  test.each([Number.NaN, Infinity])("a gradient of %d is told", (bad) => {
    const [dTable, squares] = [bench.floats(16), bench.floats(16)];
    const dx = bench.floats(pad([1, bad], 1));
    expect(k.embeddingBackward(dTable, squares, dx, bench.ints([0, 1]), 2, 8, 0, 1)).toBeNaN();
  });
});
