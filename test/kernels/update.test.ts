/** The kernels of the optimisers beside Adam and SGD, and what is done to gradients and weights around a step. */
import { afterEach, describe, expect, test } from "vitest";
import { type Bench, openBenches } from "../builds.ts";
import { adagradStep } from "../reference/adagrad.ts";
import { expectClose } from "../reference/closeness.ts";
import { lionStep } from "../reference/lion.ts";
import { nadamStep } from "../reference/nadam.ts";
import { adamMoments, adamStep } from "../reference/optimizer.ts";
import { rmspropState, rmspropStep } from "../reference/rmsprop.ts";
import { normals } from "../reference/sample.ts";
import { TOLERANCES } from "../tolerances.ts";

const N = 23;
const PADDED = 24;
const RATE = 0.01;
type Step = (dw: Float64Array, t: number, squares: Float64Array | undefined) => void;

interface Case {
  readonly name: string;
  readonly slots: number;
  /** Whether it takes squares that are given. */
  readonly squares: boolean;
  run(bench: Bench, at: Record<"w" | "g" | "squares" | "t" | "clears", number>, slots: number[]): void;
  reference(w: Float64Array): Step;
}

const CASES: Case[] = [
  {
    name: "adam with the largest v",
    slots: 3,
    squares: true,
    run(bench, { w, g, squares, t, clears }, [m, v, most]) {
      bench.k.adam(w, m!, v!, most!, g, squares, PADDED, RATE, 0.9, 0.5, 1e-7, t);
      if (clears && !squares) bench.k.clear(g, PADDED);
    },
    reference(w) {
      const moments = adamMoments(N);
      const options = { learningRate: RATE, beta2: 0.5, amsgrad: true };
      return (dw, t, squares) => adamStep(w, moments, dw, t, options, squares);
    },
  },
  {
    name: "nadam",
    slots: 2,
    squares: true,
    run(bench, { w, g, squares, t, clears }, [m, v]) {
      bench.k.nadam(w, m!, v!, g, squares, PADDED, RATE, 0.9, 0.999, 1e-7, t, clears);
    },
    reference(w) {
      const moments = adamMoments(N);
      return (dw, t, squares) => nadamStep(w, moments, dw, t, { learningRate: RATE }, squares);
    },
  },
  {
    name: "rmsprop with momentum",
    slots: 2,
    squares: true,
    run(bench, { w, g, squares, clears }, [v, m]) {
      bench.k.rmsprop(w, v!, 0, m!, g, squares, PADDED, RATE, 0.9, 0.5, 1e-7, clears);
    },
    reference(w) {
      const state = rmspropState(N);
      const options = { learningRate: RATE, momentum: 0.5 };
      return (dw, _, squares) => rmspropStep(w, state, dw, options, squares);
    },
  },
  {
    name: "rmsprop, centered",
    slots: 2,
    squares: false,
    run(bench, { w, g, squares, clears }, [v, a]) {
      bench.k.rmsprop(w, v!, a!, 0, g, squares, PADDED, RATE, 0.9, 0, 1e-3, clears);
    },
    reference(w) {
      const state = rmspropState(N);
      const options = { learningRate: RATE, centered: true, epsilon: 1e-3 };
      return (dw) => rmspropStep(w, state, dw, options);
    },
  },
  {
    name: "adagrad",
    slots: 1,
    squares: true,
    run(bench, { w, g, squares, clears }, [a]) {
      bench.k.adagrad(w, a!, g, squares, PADDED, RATE, 0.1, 1e-7, clears);
    },
    reference(w) {
      const a = new Float64Array(N);
      return (dw, _, squares) => adagradStep(w, a, dw, { learningRate: RATE }, squares);
    },
  },
  {
    name: "lion",
    slots: 1,
    squares: false,
    run(bench, { w, g, clears }, [m]) {
      bench.k.lion(w, m!, g, PADDED, RATE, 0.9, 0.99, clears);
    },
    reference(w) {
      const m = new Float64Array(N);
      return (dw) => lionStep(w, m, dw, { learningRate: RATE });
    },
  },
];

describe.each(await openBenches())("$build build", (bench) => {
  afterEach(() => bench.finish());
  const { k } = bench;

  describe.each(CASES)("$name", ({ slots: count, squares: takes, run, reference }) => {
    const blocks = () => Array.from({ length: count }, () => bench.floats(PADDED));

    test.each(takes ? [false, true] : [false])(
      "takes the reference's steps, squares given: %s; gradients are left zero where that is asked for",
      (given) => {
        const w = normals(N, 1, 0.4);
        const step = reference(w);
        const [at, g, q, slots] = [
          bench.floats(PADDED),
          bench.floats(PADDED),
          bench.floats(PADDED),
          blocks(),
        ];
        bench.memory.f32(at, N).set(w);
        for (let t = 1; t <= 20; t++) {
          const dw = normals(N, 10 + t, 0.01);
          const squares = given ? normals(N, 50 + t, 0.01).map((x) => Math.fround(x * x)) : undefined;
          bench.memory.f32(g, N).set(dw);
          if (squares) bench.memory.f32(q, N).set(squares);
          step(dw, t, squares);
          const clears = given || t % 2 === 0 ? 1 : 0;
          run(bench, { w: at, g, squares: given ? q : 0, t, clears }, slots);
          expectClose(bench.read(at, N), w, TOLERANCES.kernelAdam, `step ${t}`, RATE);
          expect(bench.read(g, N).every((x) => x === 0)).toBe(clears === 1);
          expect(bench.read(q, N).every((x) => x === 0)).toBe(true);
        }
      },
    );

    test("a weight of 0 whose gradient is 0 stays exactly 0, and so does what is kept of it", () => {
      const [w, g, slots] = [bench.floats(PADDED), bench.floats(PADDED), blocks()];
      for (let t = 1; t <= 3; t++) run(bench, { w, g, squares: 0, t, clears: 0 }, slots);
      for (const block of [w, ...slots]) expect(bench.read(block, PADDED).every((x) => x === 0)).toBe(true);
    });

    test("a gradient below 2⁻⁵⁸ counts as 0, and NaN stays NaN", () => {
      const [w, g, slots] = [bench.floats(PADDED), bench.floats(PADDED), blocks()];
      bench.memory.f32(g, 4).set([2 ** -59, -(2 ** -59), 1e-45, Number.NaN]);
      run(bench, { w, g, squares: 0, t: 1, clears: 0 }, slots);
      expect([...bench.read(w, 4)]).toEqual([0, 0, 0, Number.NaN]);
    });

    test("what decays ends at exactly 0, not as subnormal numbers", () => {
      const [w, g, slots] = [
        bench.floats(PADDED),
        bench.floats([1, 1e-14, -1, 1e-9, ...Array(20)]),
        blocks(),
      ];
      let smallest = Infinity;
      for (let t = 1; t <= 3000; t++) {
        run(bench, { w, g, squares: 0, t, clears: 1 }, slots);
        for (const block of slots) {
          for (const x of bench.read(block, 4)) if (x !== 0) smallest = Math.min(smallest, Math.abs(x));
        }
      }
      expect(smallest).toBeGreaterThanOrEqual(2 ** -116);
    });
  });

  test("nadam's corrections are right at step 100 000", () => {
    const w = Float64Array.of(0.5, ...Array(7).fill(0));
    const dw = Float64Array.of(0.25, ...Array(7).fill(0));
    const [at, g] = [bench.floats([...w]), bench.floats([...dw])];
    nadamStep(w, adamMoments(8), dw, 100_000, { learningRate: RATE });
    k.nadam(at, bench.floats(8), bench.floats(8), g, 0, 8, RATE, 0.9, 0.999, 1e-7, 100_000, 0);
    expectClose(bench.read(at, 1), w.subarray(0, 1), TOLERANCES.kernelAdam, "w", RATE);
  });

  test("a centered variance that rounding carries below 0 counts as 0", () => {
    const [w, v, a] = [bench.floats(8), bench.floats(8), bench.floats([1e3, 0, 0, 0, 0, 0, 0, 0])];
    k.rmsprop(w, v, a, 0, bench.floats(8), 0, 8, RATE, 0.9, 0, 1e-7, 0);
    expect(bench.read(w, 8).every(Number.isFinite)).toBe(true);
  });

  test("lion's sign of 0 is 0, and it takes that of the momentum before the step", () => {
    const [w, m, g] = [
      bench.floats(8),
      bench.floats([1, -1, 0, 1, 0, 0, 0, 0]),
      bench.floats([0, 0, 0, -8, 0, 0, 0, 0]),
    ];
    k.lion(w, m, g, 8, 0.5, 0.9, 0.5, 0);
    expect([...bench.read(w, 4)]).toEqual([-0.5, 0.5, 0, -0.5]); // by 0.9·1 - 0.1·8
    expect([...bench.read(m, 4)]).toEqual([0.5, -0.5, 0, -3.5]);
  });

  test("scale, limit and decay change n numbers, and no more", () => {
    const x = bench.floats([1, -2, 3, Number.NaN, 0, 0, 0, 4, 5, 6, 7, 8]);
    k.scale(x, 8, 0.5);
    expect([...bench.read(x, 12)]).toEqual([0.5, -1, 1.5, Number.NaN, 0, 0, 0, 2, 5, 6, 7, 8]);
    k.limit(x, 8, 0.75);
    expect([...bench.read(x, 12)]).toEqual([0.5, -0.75, 0.75, Number.NaN, 0, 0, 0, 0.75, 5, 6, 7, 8]);
    k.decay(x, 8, 0.25);
    expect([...bench.read(x, 12)]).toEqual([0.375, -0.5625, 0.5625, Number.NaN, 0, 0, 0, 0.5625, 5, 6, 7, 8]);
    const ends = bench.floats([Infinity, -Infinity, 0, -0, 1, 3, -1, -3]);
    k.limit(ends, 8, 2);
    expect([...bench.read(ends, 8)]).toEqual([2, -2, 0, -0, 1, 2, -1, -2]);
  });

  test("average is momentum·a + (1 - momentum)·w", () => {
    const [a, w] = [bench.floats([1, 2, 3, 4, 5, 6, 7, 8, 9]), bench.floats([5, 6, 7, 8, 1, 2, 3, 4, 9])];
    k.average(a, w, 8, 0.75);
    expect([...bench.read(a, 9)]).toEqual([2, 3, 4, 5, 4, 5, 6, 7, 9]);
    k.average(a, w, 8, 0);
    expect([...bench.read(a, 8)]).toEqual([5, 6, 7, 8, 1, 2, 3, 4]);
  });

  test("sumSquares and penalty add in float64, in one order, without overflow", () => {
    const x = Float32Array.from(normals(1000, 3, 1e3));
    let [even, odd, sizes] = [0, 0, [0, 0] as [number, number]];
    x.forEach((value, i) => {
      if (i % 2 === 0) even += value * value;
      else odd += value * value;
      sizes[i % 2]! += Math.abs(value);
    });
    const at = bench.floats(x);
    expect(k.sumSquares(at, 1000)).toBe(even + odd);
    expect(k.penalty(at, 1000, 0.25, 0.5)).toBe(0.25 * (sizes[0] + sizes[1]) + 0.5 * (even + odd));
    expect(k.sumSquares(bench.floats([3e38, 3e38, -3e38, 0]), 4)).toBe(3 * Math.fround(3e38) ** 2);
    expect(k.sumSquares(at, 0)).toBe(0);
  });
});
