import { afterEach, describe, expect, test } from "vitest";
import { hasExactDot } from "../../src/wasm/kernels.ts";
import { type Bench, BUILDS, openBenches } from "../builds.ts";
import { integers, normals } from "../reference/sample.ts";

const f32 = Math.fround;

/** The nearest whole number, of two the even one. */
const nearest = (x: number): number => {
  const floor = Math.floor(x);
  const rest = x - floor;
  return rest > 0.5 || (rest === 0.5 && floor % 2 !== 0) ? floor + 1 : floor;
};

/** A row in 7 bits: its scale, and whole numbers from -63 to 63, step by step as f32. */
function levels(row: readonly number[], e: readonly number[]): { s: number; p: number[] } {
  const even = row.map((x, k) => f32(x * e[k]!));
  const largest = Math.max(0, ...even.map(Math.abs));
  if (largest < 2 ** -100) return { s: 0, p: row.map(() => 0) };
  const steps = f32(63 / largest);
  return { s: f32(largest / 63), p: even.map((x) => nearest(f32(x * steps))) };
}

/** What the product must be to the bit. */
const result = (init: number, s: number, d: number, sum: number) => f32(init + f32(f32(sum) * f32(s * d)));

interface Case {
  readonly M: number;
  readonly N: number;
  readonly K: number;
}

/** Numbers to multiply, and what comes out of whole numbers in JavaScript. */
function sample({ M, N, K }: Case, seed: number) {
  const width = Math.ceil(K / 8) * 8;
  const x = Array.from(normals(M * width, seed), f32);
  const e = Array.from(integers(K, 4, seed + 1), (n) => 2 ** n);
  const d = Array.from(normals(N, seed + 2), (n) => f32(Math.abs(n) + 0.01));
  const q = Array.from(integers(K * N, 255, seed + 3), (n) => n - 127);
  const bias = Array.from(normals(N, seed + 4), f32);
  const w = q.map((n, i) => f32(f32(n * e[Math.floor(i / N)]!) * d[i % N]!));
  const rows = Array.from({ length: M }, (_, m) => levels(x.slice(m * width, m * width + K), e));
  const expected = rows.flatMap(({ s, p }) =>
    d.map((scale, n) => {
      const sum = p.reduce((sum, level, k) => sum + level * q[k * N + n]!, 0);
      return result(bias[n]!, s, scale, sum);
    }),
  );
  return { width, x, e, d, q, w, bias, expected: Float32Array.from(expected) };
}

const padTo = (values: readonly number[], length: number) =>
  Float32Array.from({ length }, (_, i) => values[i] ?? 0);

/** x·W + b by the kernels. */
function multiply(bench: Bench, { M, N, K }: Case, given: ReturnType<typeof sample>): Float32Array {
  const { k } = bench;
  const { width, x, e, d, w, bias } = given;
  // As long as the packed operands of f32 are.
  const [a, b, c] = [bench.floats(M * K), bench.floats(K * N), bench.floats(M * N)];
  const factors = bench.floats(padTo(e, width));
  k.packPanelsInt8(b, bench.floats(w), N, factors, bench.floats(d), K, 0, 8);
  k.packPanelsInt8(b, bench.floats(w), N, factors, bench.floats(d), K, 8, N);
  k.packRowsInt8(a, bench.floats(x), width, factors, M, K);
  k.productInt8(c, N, bench.floats(bias), 0, a, b, M, N, K);
  return bench.read(c, M * N);
}

const CASES = [1, 2, 3, 4, 5, 7, 8, 9].flatMap((M) =>
  [8, 9, 11, 12, 15, 16, 21].map((K, i) => ({ M, N: [8, 16, 24, 32, 40, 48, 56][(i + M) % 7]!, K })),
);

/** Node 20's relaxed products are wrong in its first compiler, so it is never given such a build for them. */
const builds = hasExactDot() ? ([...BUILDS, "relaxed", "dot"] as const) : BUILDS;

describe.each(await openBenches(builds))("$build build", (bench) => {
  afterEach(() => bench.finish());
  const { k } = bench;

  test.each(CASES)("the product is that of whole numbers, to the bit: M $M, N $N, K $K", (shape) => {
    const given = sample(shape, shape.M * 100 + shape.K);
    expect(multiply(bench, shape, given)).toEqual(given.expected);
  });

  test.each([8, 64, 131_072])("the largest sums are exact: K %i, all numbers at their ends", (K) => {
    const [M, N] = [5, 8];
    // By columns: weights of the same sign, of the other, and in turn.
    const q = Array.from({ length: K * N }, (_, i) => [127, -127, i % 16 < 8 ? 127 : -127][(i % N) % 3]!);
    const [a, b, c] = [bench.floats(M * K), bench.floats(K * N), bench.floats(M * N)];
    const ones = bench.floats(new Float32Array(K).fill(1));
    k.packPanelsInt8(b, bench.floats(q), N, ones, bench.floats(new Float32Array(N).fill(1)), K, 0, N);
    const x = Array.from({ length: M * K }, (_, i) => (Math.floor(i / K) % 2 === 0 ? 63 : -63));
    k.packRowsInt8(a, bench.floats(x), K, ones, M, K);
    k.productInt8(c, N, 0, 0, a, b, M, N, K);
    const expected = Array.from({ length: M * N }, (_, i) => {
      const sum = [63 * 127 * K, -63 * 127 * K, 0][(i % N) % 3]!;
      return f32(Math.floor(i / N) % 2 === 0 ? sum : -sum) + 0; // no -0 comes of a sum
    });
    expect([...bench.read(c, M * N)]).toEqual(expected);
  });

  test("bytes of -128, 127 and 0 are multiplied with 127 and 0 exactly, without saturating", () => {
    const [M, N, K] = [5, 8, 8];
    const relaxed = bench.build === "relaxed" || bench.build === "dot";
    const weights = [-128, 127, 0, -127];
    const acts = [127, 0, 1, 64, 63];
    // Panels and rows as packed: column n has weights[n % 4] in all rows, row m of a acts[m] in all columns.
    const b = bench.floats(K * N);
    const bytes = bench.memory.u8(b, K * N * 4);
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    for (let n = 0; n < N; n++) view.setFloat32(32 + n * 4, 1, true);
    for (let j = 0; j < K * N; j++) {
      if (relaxed) view.setInt8(64 + j, weights[(Math.floor(j / 4) % N) % 4]!);
      else view.setInt16(64 + j * 2, weights[(Math.floor(j / 2) % N) % 4]!, true);
    }
    const a = bench.floats(M * K);
    const rows = bench.memory.u8(a, M * K * 4);
    const put = new DataView(rows.buffer, rows.byteOffset, rows.length);
    const unit = relaxed ? 1 : 2;
    for (let m = 0; m < 4; m++) put.setFloat32(m * 4, 1, true);
    for (let j = 0; j < 4 * K; j++) {
      const value = acts[Math.floor((j * unit) / 4) % 4]!;
      if (relaxed) put.setUint8(16 + j, value);
      else put.setInt16(16 + j * 2, value, true);
    }
    const last = 16 + 4 * K * unit;
    put.setFloat32(last, 1, true);
    for (let j = 0; j < K; j++) {
      if (relaxed) put.setUint8(last + 4 + j, acts[4]!);
      else put.setInt16(last + 4 + j * 2, acts[4]!, true);
    }
    const c = bench.floats(M * N);
    k.productInt8(c, N, 0, 0, a, b, M, N, K);
    const expected = acts.flatMap((p) => Array.from({ length: N }, (_, n) => K * p * weights[n % 4]! + 0));
    expect([...bench.read(c, M * N)]).toEqual(expected);
  });

  test("a row of zeros, or of numbers below 2^-100, gives what it begins with", () => {
    const shape = { M: 5, N: 16, K: 9 };
    const given = sample(shape, 1);
    for (const tiny of [0, -0, 2 ** -104, 1e-40]) {
      const x = given.x.map(() => tiny);
      const found = multiply(bench, shape, { ...given, x });
      expect([...found]).toEqual(Array.from({ length: 5 * 16 }, (_, i) => given.bias[i % 16]));
    }
  });

  test.each([Number.NaN, Infinity, -Infinity])("a row with %d gives NaN, and no other row does", (bad) => {
    for (const M of [1, 5]) {
      for (const row of [0, M - 1]) {
        const shape = { M, N: 40, K: 9 };
        const given = sample(shape, 2);
        const x = given.x.slice();
        x[row * given.width + 8] = bad;
        const found = multiply(bench, shape, { ...given, x });
        const expected = given.expected.map((value, i) => (Math.floor(i / 40) === row ? Number.NaN : value));
        expect(found).toEqual(expected);
      }
    }
  });

  test("what stands behind a row's features does not count", () => {
    const shape = { M: 5, N: 24, K: 9 };
    const given = sample(shape, 3);
    const x = given.x.map((value, i) => (i % given.width >= 9 ? Number.NaN : value));
    expect(multiply(bench, shape, { ...given, x })).toEqual(given.expected);
  });

  test("it adds to what is there, rows any distance apart", () => {
    const shape = { M: 6, N: 24, K: 8 };
    const given = sample(shape, 4);
    const [a, b] = [bench.floats(6 * 8), bench.floats(8 * 24)];
    const e = bench.floats(given.e);
    k.packPanelsInt8(b, bench.floats(given.w), 24, e, bench.floats(given.d), 8, 0, 24);
    k.packRowsInt8(a, bench.floats(given.x), 8, e, 6, 8);
    const c = bench.floats(Array.from({ length: 6 * 32 }, (_, i) => given.bias[i % 32] ?? -1));
    k.productInt8(c, 32, c, 32, a, b, 6, 24, 8);
    const found = bench.read(c, 6 * 32);
    expect(found.filter((_, i) => i % 32 < 24)).toEqual(given.expected);
    expect(found.filter((_, i) => i % 32 >= 24).every((value) => value === -1)).toBe(true);
  });
});
