import { afterEach, describe, expect, test } from "vitest";
import { type Bench, openBenches } from "../builds.ts";
import { goldens } from "../fixtures/goldens.ts";
import { expectClose } from "../reference/closeness.ts";
import { adamMoments, adamStep } from "../reference/optimizer.ts";
import { normals } from "../reference/sample.ts";
import { TOLERANCES } from "../tolerances.ts";

/** Adam on one tensor, whose length is rounded up to 8. */
function adamOf(bench: Bench, initial: ArrayLike<number>, learningRate: number) {
  const n = Math.ceil(initial.length / 8) * 8;
  const [w, m, v, g, q] = Array.from({ length: 5 }, () => bench.floats(n)) as [
    number,
    number,
    number,
    number,
    number,
  ];
  const write = (address: number, values: ArrayLike<number>) => bench.memory.f32(address, n).set(values);
  write(w, initial);
  return (t: number, gradient: ArrayLike<number>, squares?: ArrayLike<number>) => {
    write(g, gradient);
    if (squares) write(q, squares);
    bench.k.adam(w, m, v, 0, g, squares ? q : 0, n, learningRate, 0.9, 0.999, 1e-7, t);
    return bench.read(w, initial.length);
  };
}

describe.each(await openBenches())("$build build", (bench) => {
  afterEach(() => bench.finish());
  const { k } = bench;

  test("adam takes the steps that Keras takes", () => {
    const g = goldens("adam").find(({ name }) => name === "optimizer_adam")!;
    const learningRate = g.setting("learning_rate");
    const step = adamOf(bench, g.tensor("w0"), learningRate);
    const size = g.tensor("w0").length;
    const steps = g.tensor("steps").length / size;
    for (let s = 0; s < steps; s++) {
      const slice = (key: string) => g.tensor(key).subarray(s * size, (s + 1) * size);
      const found = step(s + 1, slice("grads"));
      expectClose(found, slice("steps"), TOLERANCES.kerasAdam, `step ${s + 1}`, learningRate);
    }
  });

  test.each([
    { name: "squares of the gradient", given: false },
    { name: "squares that are given", given: true },
  ])("adam takes the reference's steps with $name", ({ given }) => {
    const learningRate = 0.01;
    const w = normals(23, 1, 0.4);
    const moments = adamMoments(23);
    const step = adamOf(bench, w, learningRate);
    for (let t = 1; t <= 20; t++) {
      const gradient = normals(23, 10 + t, 0.01);
      const squares = given ? normals(23, 50 + t, 0.01).map((q) => Math.fround(q * q)) : undefined;
      adamStep(w, moments, gradient, t, { learningRate }, squares);
      expectClose(step(t, gradient, squares), w, TOLERANCES.kernelAdam, `step ${t}`, learningRate);
    }
  });

  test("adam's bias correction is right at step 100 000", () => {
    const learningRate = 1e-3;
    const w = Float64Array.of(0.5);
    adamStep(w, adamMoments(1), Float64Array.of(0.25), 100_000, { learningRate });
    expectClose(
      adamOf(bench, [0.5], learningRate)(100_000, [0.25]),
      w,
      TOLERANCES.kernelAdam,
      "w",
      learningRate,
    );
  });

  test("adam leaves a weight of 0 whose gradient is 0 exactly 0", () => {
    const step = adamOf(bench, [0, 0, 0, 0], 0.01);
    for (let t = 1; t <= 3; t++) expect([...step(t, [0, 0, 0, 0])]).toEqual([0, 0, 0, 0]);
  });

  test("adam's moments end at exactly 0, not as subnormal numbers", () => {
    const [w, m, v, g] = [1, 1, 1, 1].map((n) => bench.floats(n * 8)) as [number, number, number, number];
    const gradient = bench.memory.f32(g, 4);
    gradient.set([1, 1e-14, 1e-18, Number.NaN]); // the third is too small to count
    /** Steps after which a moment is 0, for good. */
    const lasted = { m: [0, 0, 0], v: [0, 0, 0] };
    let smallest = Number.POSITIVE_INFINITY;
    for (let t = 1; t <= 80_000; t++) {
      k.adam(w, m, v, 0, g, 0, 8, 1e-3, 0.9, 0.999, 1e-7, t);
      gradient.fill(0);
      const moments = { m: bench.memory.f32(m, 3), v: bench.memory.f32(v, 3) };
      for (const name of ["m", "v"] as const) {
        for (let i = 0; i < 3; i++) {
          const moment = moments[name][i]!;
          if (moment === 0) continue;
          lasted[name][i] = t;
          smallest = Math.min(smallest, moment);
        }
      }
    }
    expect(smallest).toBeGreaterThanOrEqual(2 ** -116);
    // By logarithms: from 0.1·g, times 0.9 a step, to 2⁻⁵⁸; from 0.001·g², times 0.999 a step, to 2⁻¹¹⁶.
    expect(lasted).toEqual({
      m: [expect.closeTo(361, -1), expect.closeTo(55, -1), 0],
      v: [expect.closeTo(73_460, -2), expect.closeTo(9023, -2), 0],
    });
    expect(bench.read(m, 4)[3]).toBeNaN();
  });

  test.each([1, 2, 5])("sumShards adds %i partials in their order", (shards) => {
    const n = 24;
    const partials = Float32Array.from(normals(shards * n, 1));
    const g = bench.floats(n);
    k.sumShards(g, bench.floats(partials), shards, n, n);
    const expected = partials.slice(0, n);
    for (let s = 1; s < shards; s++) {
      for (let i = 0; i < n; i++) expected[i]! += partials[s * n + i]!;
    }
    expect(bench.read(g, n)).toEqual(expected);
  });

  test("peak is the largest size of a number, wherever it stands, and NaN where one is not finite", () => {
    for (let at = 0; at < 24; at++) {
      for (const [value, expected] of [
        [-7.5, 7.5],
        [Number.NaN, Number.NaN],
        [-Infinity, Number.NaN],
      ] as const) {
        const x = bench.floats(Float32Array.from({ length: 24 }, (_, i) => (i === at ? value : i / 8)));
        expect(k.peak(x, 24)).toBe(expected);
      }
    }
  });

  test("allFinite finds what is not finite, wherever it stands", () => {
    const x = bench.floats(24);
    expect(k.allFinite(x, 24)).toBe(1);
    expect(k.allFinite(bench.floats([3.4e38, -3.4e38, 1e-45, -0]), 4)).toBe(1);
    for (const bad of [Number.NaN, Infinity, -Infinity]) {
      for (let i = 0; i < 24; i++) {
        bench.memory.f32(x, 24)[i] = bad;
        expect(k.allFinite(x, 24), `${bad} at ${i}`).toBe(0);
        bench.memory.f32(x, 24)[i] = 0;
      }
    }
  });
});
