import { describe, expect, it } from "vitest";
import {
  erasures,
  extent,
  largest,
  median,
  moves,
  orderUnits,
  rowMeans,
} from "../../web/src/trace-statistics.ts";

describe("orderUnits", () => {
  const state = Float32Array.of(0, 1, -1, /**/ 0, 2, 1, /**/ 0, 3, -1);

  it("keeps the numbers, or puts the largest mean or the most change first, ties by number", () => {
    expect([...orderUnits(state, 3, 3, "number")]).toEqual([0, 1, 2]);
    expect([...orderUnits(state, 3, 3, "mean")]).toEqual([1, 0, 2]);
    expect([...orderUnits(state, 3, 3, "change")]).toEqual([2, 1, 0]);
    expect([...orderUnits(new Float32Array(3), 1, 3, "mean")]).toEqual([0, 1, 2]);
  });
});

describe("erasures", () => {
  it("says how much of the cell the forget gates take out, and nothing at an empty cell", () => {
    const f = Float32Array.of(0.1, 0.1, /**/ 0.5, 1, /**/ 0, 0.75);
    const c = Float32Array.of(-2, 4, /**/ 0, 0, /**/ 1, 1);
    expect(erasures(f, c, 3, 2)).toEqual([0, 1 / 6, 0]);
  });
});

it("moves are differences from the step before", () => {
  expect(moves([0.5, 0.75, 0.25])).toEqual([0, 0.25, -0.5]);
  expect(moves([])).toEqual([]);
});

it("largest gives places, largest first, of what is large enough", () => {
  expect(largest([1, 3, 2, 3], 2, 1.5)).toEqual([1, 3]);
  expect(largest([0, 0.1], 3, 0.5)).toEqual([]);
});

it("rowMeans, median and extent", () => {
  expect(rowMeans(Float32Array.of(1, 2, 3, -1, -2, -6), 2, 3)).toEqual([2, -3]);
  expect([median([3, 1, 2]), median([4, 1]), median([])]).toEqual([2, 4, 0]);
  expect(extent(Float32Array.of(1, -6, 2))).toEqual([-6, 2]);
});
