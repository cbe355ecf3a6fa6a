import { describe, expect, it } from "vitest";
import { decades, medianCurve, scientific } from "../../web/src/gradient-statistics.ts";

describe("medianCurve", () => {
  const norms = Float32Array.of(0, 2, 4, /**/ 0, 8, 2, /**/ 1, 4, 1);

  it("takes the median at each step and ends where that is 0", () => {
    expect(medianCurve(norms, 3, 3, false)).toEqual([null, 4, 2]);
    expect(medianCurve(norms.subarray(0, 6), 2, 3, false)).toEqual([null, 5, 3]);
  });

  it("divides each sample by its last step, where asked", () => {
    expect(medianCurve(norms, 3, 3, true)).toEqual([null, 4, 1]);
  });

  it("leaves out samples whose last step is 0, and has no curve without samples", () => {
    expect(medianCurve(Float32Array.of(1, 0, 3, 2), 2, 2, true)).toEqual([1.5, 1]);
    expect(medianCurve(Float32Array.of(1, 0), 1, 2, true)).toEqual([null, null]);
  });
});

describe("decades", () => {
  it("are whole powers of ten around all curves", () => {
    expect(decades([[null, 0.02], [3]])).toEqual([0.01, 10]);
    expect(decades([[1], []])).toEqual([1, 10]);
    expect(decades([[null]])).toEqual([0.1, 1]);
  });
});

it("scientific writes small numbers with a power of ten", () => {
  expect([1, 0.37, 0.012, 1234, 2.34e-8, 1e-19, 98765, 0].map(scientific)).toEqual([
    "1",
    "0.37",
    "0.012",
    "1200",
    "2.3·10⁻⁸",
    "1·10⁻¹⁹",
    "9.9·10⁴",
    "0",
  ]);
});
