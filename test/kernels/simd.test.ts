import { readFileSync } from "node:fs";
import { afterEach, describe, expect, test } from "vitest";
import { type Bench, openBenches } from "../builds.ts";

type Kernel = "mapExp" | "mapLog" | "mapLog1p" | "mapTanh" | "mapSigmoid" | "mapCosTurns";

const BITS = new Uint32Array(1);
const FLOAT = new Float32Array(BITS.buffer);

const floatOf = (bits: number): number => {
  BITS[0] = bits;
  return FLOAT[0]!;
};

const bitsOf = (value: number): number => {
  FLOAT[0] = value;
  return BITS[0]!;
};

/** The unit in the last place of float32 at the size of `exact`. */
const ulp = (exact: number): number => 2 ** (Math.max((bitsOf(exact) >>> 23) & 255, 1) - 150);

/** Some 10⁵ float32, evenly spaced by their bits, from `first` > 0 to `last`, and `last` itself. */
function sweep(first: number, last: number): number[] {
  const [from, to] = [bitsOf(first), bitsOf(last)];
  const stride = Math.max(1, Math.floor((to - from) / 100_003));
  const xs = [last];
  for (let bits = from; bits < to; bits += stride) xs.push(floatOf(bits));
  return xs;
}

/** From `low` < 0 to `high` > 0, the denormals and both zeros with them. */
const sweepAround = (low: number, high: number): number[] => [
  0,
  -0,
  ...sweep(2 ** -149, high),
  ...sweep(2 ** -149, -low).map((x) => -x),
];

function run(bench: Bench, kernel: Kernel, xs: ArrayLike<number>): Float32Array {
  const n = Math.ceil(xs.length / 8) * 8;
  const x = bench.floats(n);
  bench.memory.f32(x, xs.length).set(xs);
  const y = bench.floats(n);
  bench.k[kernel](y, x, n);
  return bench.read(y, xs.length);
}

/** Evenly spaced by value. */
const dense = (low: number, high: number): number[] =>
  Array.from({ length: 200_000 }, (_, i) => Math.fround(low + ((high - low) * i) / 199_999));

const largest = (xs: number[], ys: Float32Array, errorAt: (x: number, y: number) => number) =>
  xs.reduce(
    (sofar, x, i) => {
      const error = errorAt(x, ys[i]!);
      return error <= sofar.error ? sofar : { error, x };
    },
    { error: 0, x: Number.NaN },
  );

const sigmoid = (x: number) => 1 / (1 + Math.exp(-x));
const cosTurns = (x: number) => Math.cos(2 * Math.PI * (x - Math.round(x)));

/**
 * The words of assembly/simd.ts. `worst` is where a search over nearly all float32 found the largest error;
 * the samples around it are there for the day the coefficients change.
 */
const ULP_BOUNDS: {
  name: string;
  kernel: Kernel;
  exact: (x: number) => number;
  bound: number;
  worst: number;
  xs: number[];
}[] = [
  {
    name: "exp has error < 1.5 ulp",
    kernel: "mapExp",
    exact: Math.exp,
    bound: 1.5,
    worst: -16.285991668701172,
    xs: [...sweepAround(-87.3, 88.3), ...dense(-87.3, 88.3)],
  },
  {
    name: "sigmoid has error < 2.5 ulp",
    kernel: "mapSigmoid",
    exact: sigmoid,
    bound: 2.5,
    worst: -16.642534255981445,
    xs: [...sweepAround(-88.3, 3e38), ...dense(-88.3, -8), ...dense(-20, 20)],
  },
  {
    name: "tanh has error < 2 ulp",
    kernel: "mapTanh",
    exact: Math.tanh,
    bound: 2,
    worst: 0.5193234086036682,
    xs: [...sweepAround(-3e38, 3e38), ...dense(-9.5, 9.5), ...dense(0.1, 1)],
  },
  {
    name: "log has error < 1 ulp",
    kernel: "mapLog",
    exact: Math.log,
    bound: 1,
    worst: 0.698935329914093,
    xs: [...sweep(2 ** -126, 3.4e38), ...dense(0.5, 2)],
  },
  {
    name: "log1p has error < 3 ulp",
    kernel: "mapLog1p",
    exact: Math.log1p,
    bound: 3,
    worst: 0.003890452440828085,
    xs: [0, ...sweep(2 ** -149, 3.4e38), ...dense(0, 2), ...dense(0, 2 ** -8)],
  },
];

const COS_BOUND = "cosTurns has absolute error < 2.1e-7";

test("every error that assembly/simd.ts states is tested here", () => {
  const source = readFileSync(new URL("../../assembly/simd.ts", import.meta.url), "utf8");
  const stated = source.match(/\w+ has (absolute )?error < \d[\d.]*(e-\d+)?( ulp)?/g) ?? [];
  expect(stated.sort()).toEqual([...ULP_BOUNDS.map(({ name }) => name), COS_BOUND].sort());
});

const EDGES = [0, -0, 1e-45, -1e-45, 1e-38, -1e-38, 9, -9, 17, -17, 89, -89, 3.4e38, -3.4e38];

describe.each(await openBenches())("$build build", (bench) => {
  afterEach(() => bench.finish());

  test.each(ULP_BOUNDS)("$name", ({ kernel, exact, bound, worst, xs }) => {
    const samples = [worst, ...xs].map(Math.fround);
    const found = largest(
      samples,
      run(bench, kernel, samples),
      (x, y) => Math.abs(y - exact(x)) / ulp(exact(x)),
    );
    expect(found.error, `error in ulp at x = ${found.x}`).toBeLessThan(bound);
  });

  test(COS_BOUND, () => {
    const worst = 0.0015613954747095704;
    const samples = [worst, ...sweepAround(-(2 ** 22), 2 ** 22), ...dense(-1, 1), ...dense(0, 0.01)].map(
      Math.fround,
    );
    const found = largest(samples, run(bench, "mapCosTurns", samples), (x, y) => Math.abs(y - cosTurns(x)));
    expect(found.error, `error at x = ${found.x}`).toBeLessThan(2.1e-7);
  });

  test.each(["mapExp", "mapSigmoid", "mapTanh", "mapCosTurns"] as const)("%s keeps NaN", (kernel) => {
    const x = bench.ints(Array.from({ length: 8 }, (_, i) => (i % 2 ? 0x7fc00000 : 0xffc00000)));
    const y = bench.floats(8);
    bench.k[kernel](y, x, 8);
    expect([...bench.read(y, 8)]).toEqual(Array(8).fill(Number.NaN));
  });

  test("exp is 1 at both zeros, and stays normal and finite at both infinities", () => {
    const [zero, minusZero, low, high] = run(bench, "mapExp", [0, -0, -Infinity, Infinity]);
    expect([zero, minusZero]).toEqual([1, 1]);
    expect(low).toBeGreaterThanOrEqual(2 ** -126);
    expect(high).toBeLessThan(Infinity);
    expect([low, high]).toEqual([...run(bench, "mapExp", [-87.3, 88.3])]);
  });

  test("log counts zero, denormals and negative numbers as the smallest normal", () => {
    const smallest = run(bench, "mapLog", [2 ** -126])[0]!;
    expect(smallest).toBeCloseTo(-126 * Math.LN2, 5);
    expect([...run(bench, "mapLog", [0, -0, 1e-45, -1, -Infinity])]).toEqual(Array(5).fill(smallest));
  });

  test("log is exactly 0 at 1", () => {
    expect([...run(bench, "mapLog", [1])]).toEqual([0]);
  });

  test("sigmoid is ½ at 0, never 0, exactly 1 from 17 on", () => {
    expect([...run(bench, "mapSigmoid", [0, -0, 17, 100, Infinity])]).toEqual([0.5, 0.5, 1, 1, 1]);
    const low = run(bench, "mapSigmoid", [-88.3, -1000, -Infinity]);
    expect([...low].every((y) => y > 0 && y < 1e-38)).toBe(true);
  });

  test.each([
    { kernel: "mapSigmoid", turns: 1, ends: [-87.5, 88] },
    { kernel: "mapTanh", turns: 2, ends: [-9.5, 9.5] },
  ] as const)("$kernel never falls from one float to the next", ({ kernel, turns, ends: [low, high] }) => {
    /** Neighbours, from so many floats before x. */
    const around = (x: number): number[] => {
      const middle = bitsOf(Math.abs(x));
      const xs = Array.from({ length: 4096 }, (_, i) => Math.sign(x) * floatOf(middle - 2048 + i));
      return x < 0 ? xs.reverse() : xs;
    };
    // Where 2ᵐ changes, which is where one polynomial ends and another begins; and all over.
    const cuts = Array.from({ length: 256 }, (_, i) => ((i - 127.5) * Math.LN2) / turns);
    const places = [...cuts, ...dense(low, high).filter((_, i) => i % 400 === 57)];
    for (const place of places.filter((x) => x > low && x < high)) {
      const xs = around(place);
      const ys = run(bench, kernel, xs);
      const fallen = ys.findIndex((y, i) => i > 0 && y < ys[i - 1]!);
      expect(fallen < 0 ? "never" : `at ${xs[fallen]}`, `${kernel} near ${place}`).toBe("never");
    }
    // And over longer ways, subnormal numbers and infinities with them.
    const xs = [-Infinity, ...sweepAround(-3e38, 3e38).sort((a, b) => a - b), Infinity];
    const ys = run(bench, kernel, xs);
    expect(ys.every((y, i) => i === 0 || y >= ys[i - 1]!)).toBe(true);
  });

  test("1 - tanh² is as near as a rounded tanh lets it be, but for a factor of 4", () => {
    const xs = dense(2, 8);
    const ys = run(bench, "mapTanh", xs);
    const slope = (y: number) => (1 - y) * (1 + y);
    for (const [i, x] of xs.entries()) {
      const exact = Math.tanh(x);
      expect(Math.abs(slope(ys[i]!) - slope(exact)), `at ${x}`).toBeLessThan(4 * 2 ** -24);
    }
  });

  test("tanh is odd, and its size is at most 1", () => {
    const xs = [...EDGES, Infinity, -Infinity, ...sweep(2 ** -149, 3e38)];
    const ys = run(bench, "mapTanh", xs);
    const mirrored = run(
      bench,
      "mapTanh",
      xs.map((x) => -x),
    );
    expect(ys.every((y, i) => Object.is(y, -mirrored[i]!))).toBe(true);
    expect(ys.every((y) => Math.abs(y) <= 1)).toBe(true);
    const ends = [...run(bench, "mapTanh", [9.1, Infinity, -9.1, -Infinity])];
    expect(ends).toEqual([1, 1, -1, -1]);
  });

  test("tanh of a denormal is that denormal", () => {
    expect([...run(bench, "mapTanh", [1e-45, -1e-45, 1e-40])]).toEqual(
      [1e-45, -1e-45, 1e-40].map(Math.fround),
    );
  });

  test("cosTurns is exactly 0 at quarters, and 1 within an ulp at whole turns", () => {
    expect([...run(bench, "mapCosTurns", [0.25, -0.25, 0.75, 4.25])].map(Math.abs)).toEqual([0, 0, 0, 0]);
    for (const y of run(bench, "mapCosTurns", [0, 1, -3, 2 ** 22])) expect(y).toBeCloseTo(1, 6);
  });
});
