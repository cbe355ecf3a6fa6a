import { afterEach, describe, expect, test } from "vitest";
import { type Bench, openBenches } from "../builds.ts";
import { golden } from "../fixtures/goldens.ts";
import { expectClose } from "../reference/closeness.ts";
import { adamMoments, adamStep } from "../reference/optimizer.ts";
import { normals } from "../reference/sample.ts";
import { TOLERANCES } from "../tolerances.ts";

/** Adam on one tensor, whose length is rounded up to 4. */
function adamOf(bench: Bench, initial: ArrayLike<number>, learningRate: number) {
  const n = Math.ceil(initial.length / 4) * 4;
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
    bench.k.adam(w, m, v, g, squares ? q : 0, n, learningRate, 0.9, 0.999, 1e-7, t);
    return bench.read(w, initial.length);
  };
}

describe.each(await openBenches())("$build build", (bench) => {
  afterEach(() => bench.finish());
  const { k } = bench;

  test("adam takes the steps that Keras takes", () => {
    const g = golden("adam");
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

  test.each([1, 2, 5])("sumShards adds %i partials in their order", (shards) => {
    const n = 12;
    const partials = Float32Array.from(normals(shards * n, 1));
    const g = bench.floats(n);
    k.sumShards(g, bench.floats(partials), shards, n, n);
    const expected = partials.slice(0, n);
    for (let s = 1; s < shards; s++) {
      for (let i = 0; i < n; i++) expected[i]! += partials[s * n + i]!;
    }
    expect(bench.read(g, n)).toEqual(expected);
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
