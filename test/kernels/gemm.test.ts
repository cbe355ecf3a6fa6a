import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { openBenches } from "../builds.ts";
import { expectClose } from "../reference/closeness.ts";
import { integers, normals } from "../reference/sample.ts";
import { TOLERANCES } from "../tolerances.ts";

const f32 = Math.fround;

/** A (rows, ld) block of numbers, of which a kernel may read the first columns only. */
const block = (rows: number, ld: number, seed: number) => Float32Array.from(normals(rows * ld, seed));

/** Distinct row numbers below `below`, ascending. */
const someRows = (count: number, below: number, seed: number) => {
  const rows = new Set<number>();
  for (const row of integers(50 * below, below, seed)) if (rows.size < count) rows.add(row);
  return [...rows].sort((a, b) => a - b);
};

/**
 * What `product` must give to the bit: each element is one chain of multiply, round, add, round over k.
 * a (m, k) and b (k, n) are functions, so that this knows nothing of packing.
 */
const chain = (init: number, K: number, a: (k: number) => number, b: (k: number) => number): number => {
  let sum = init;
  for (let k = 0; k < K; k++) sum = f32(sum + f32(a(k) * b(k)));
  return sum;
};

const SIZES = [1, 2, 3, 4, 5, 6, 7, 8, 9].flatMap((M) => [8, 16, 24, 32, 40, 48, 56].map((N) => ({ M, N })));
const TILED = [8, 16].flatMap((columns) => SIZES.map((size) => ({ ...size, columns })));
const DEPTHS = [0, 1, 3, 4, 7, 12];

describe.each(await openBenches())("$build build", (bench) => {
  afterEach(() => {
    k.setTile(8);
    bench.finish();
  });
  const { k } = bench;

  /** To the bit; the relaxed build may round a multiply and add once instead of twice. */
  const expectChains = (found: Float32Array, expected: Float32Array, label: string) => {
    if (bench.build === "relaxed") expectClose(found, expected, TOLERANCES.kernelForward, label);
    else expect(found, label).toEqual(expected);
  };

  /** Packed rows of src, tiles of four and then one by one, undone. */
  const unpackRows = (a: Float32Array, M: number, K: number) => {
    const full = M & ~3;
    return (m: number, j: number) =>
      m < full ? a[(m >> 2) * 4 * K + j * 4 + (m & 3)]! : a[full * K + (m - full) * K + j]!;
  };
  const unpackPanels = (b: Float32Array, K: number) => (j: number, n: number) =>
    b[(n >> 3) * K * 8 + j * 8 + (n & 7)]!;

  const PACKED = [1, 3, 4, 5, 8, 11].flatMap((M) => [0, 1, 3, 4, 5, 8, 13].map((K) => ({ M, K, ld: K + 3 })));

  test.each(PACKED)("packRows lays out rows of stride $ld: M $M, K $K", ({ M, K, ld }) => {
    const src = block(M, ld, 1);
    const a = bench.floats(M * K);
    k.packRows(a, bench.floats(src), ld, M, K);
    const at = unpackRows(bench.read(a, M * K), M, K);
    for (let m = 0; m < M; m++) for (let j = 0; j < K; j++) expect(at(m, j)).toBe(src[m * ld + j]);
  });

  test.each(PACKED)("packColumns lays out columns: M $M, K $K", ({ M, K }) => {
    const ld = M + 5;
    const src = block(K, ld, 2);
    const a = bench.floats(M * K);
    k.packColumns(a, bench.floats(src), ld, M, K);
    const at = unpackRows(bench.read(a, M * K), M, K);
    for (let m = 0; m < M; m++) for (let j = 0; j < K; j++) expect(at(m, j)).toBe(src[j * ld + m]);
  });

  const PANELS = [8, 16, 40].flatMap((N) =>
    [0, 1, 3, 8].flatMap((K) => [false, true].map((list) => ({ N, K, list }))),
  );

  test.each(PANELS)("packPanels lays out rows, listed $list: K $K, N $N", ({ N, K, list }) => {
    const [rows, ld] = [K + 6, N + 8];
    const src = block(rows, ld, 3);
    const keep = list ? someRows(K, rows, 4) : null;
    const b = bench.floats(K * N);
    k.packPanels(b, bench.floats(src), ld, keep ? bench.ints(keep) : 0, K, N);
    const at = unpackPanels(bench.read(b, K * N), K);
    for (let j = 0; j < K; j++) {
      for (let n = 0; n < N; n++) expect(at(j, n)).toBe(src[(keep?.[j] ?? j) * ld + n]);
    }
  });

  const TRANSPOSED = [0, 1, 3, 4, 5, 8, 12, 17].flatMap((N) =>
    [0, 4, 8, 12].flatMap((K) => [false, true].map((list) => ({ N, K, list }))),
  );

  test.each(TRANSPOSED)(
    "packPanelsTransposed lays out rows as columns, zeros behind the last, listed $list: K $K, N $N",
    ({ N, K, list }) => {
      const [rows, ld, width] = [N + 6, K + 4, Math.ceil(N / 8) * 8];
      const src = block(rows, ld, 5);
      const keep = list ? someRows(N, rows, 6) : null;
      const b = bench.floats(new Float32Array(K * width).fill(Number.NaN));
      k.packPanelsTransposed(b, bench.floats(src), ld, keep ? bench.ints(keep) : 0, K, N);
      const at = unpackPanels(bench.read(b, K * width), K);
      for (let n = 0; n < width; n++) {
        for (let j = 0; j < K; j++) expect(at(j, n)).toBe(n < N ? src[(keep?.[n] ?? n) * ld + j] : 0);
      }
    },
  );

  /** Operands of one product: a (M, K) and b (K, N), packed and as they are. */
  const operands = ({ M, N, K }: { M: number; N: number; K: number }) => {
    const [left, right] = [block(M, K, 7), block(K, N, 8)];
    const [a, b] = [bench.floats(M * K), bench.floats(K * N)];
    k.packRows(a, bench.floats(left), K, M, K);
    k.packPanels(b, bench.floats(right), N, 0, K, N);
    return { left, right, a, b };
  };

  /** What element (m, n) must be, from its initial value. */
  const element =
    ({ left, right }: ReturnType<typeof operands>, { N, K }: { N: number; K: number }) =>
    (m: number, n: number, init: number) =>
      chain(
        init,
        K,
        (j) => left[m * K + j]!,
        (j) => right[j * N + n]!,
      );

  const matrix = (M: number, ld: number, at: (m: number, n: number) => number) =>
    Float32Array.from({ length: M * ld }, (_, i) => at(Math.floor(i / ld), i % ld));

  describe.each(TILED)("product of M $M, N $N, at every K, tile of $columns columns", ({ M, N, columns }) => {
    beforeEach(() => k.setTile(columns));
    test("from zeros is each element's chain, and leaves what is behind a row alone", () => {
      for (const K of DEPTHS) {
        const given = operands({ M, N, K });
        const at = element(given, { N, K });
        const ldc = N + 4;
        const c = bench.floats(new Float32Array(M * ldc).fill(-1));
        k.product(c, ldc, 0, 0, 0, given.a, given.b, M, N, K);
        const expected = matrix(M, ldc, (m, n) => (n < N ? at(m, n, 0) : -1));
        expectChains(bench.read(c, M * ldc), expected, `K ${K}`);
      }
    });

    test("adds to a bias, and to what c holds", () => {
      for (const K of DEPTHS) {
        const given = operands({ M, N, K });
        const at = element(given, { N, K });
        const bias = block(1, N, 9);
        const c = bench.floats(M * N);
        k.product(c, N, 0, bench.floats(bias), 0, given.a, given.b, M, N, K);
        const once = matrix(M, N, (m, n) => at(m, n, bias[n]!));
        expectChains(bench.read(c, M * N), once, `K ${K}`);
        k.product(c, N, 0, c, N, given.a, given.b, M, N, K);
        const twice = matrix(M, N, (m, n) => at(m, n, once[m * N + n]!));
        expectChains(bench.read(c, M * N), twice, `K ${K}`);
      }
    });

    test("adds into listed rows and leaves the others alone", () => {
      for (const K of DEPTHS) {
        const given = operands({ M, N, K });
        const at = element(given, { N, K });
        const height = M + 5;
        const rows = someRows(M, height, 10);
        const before = block(height, N, 11);
        const c = bench.floats(before);
        k.product(c, N, bench.ints(rows), c, N, given.a, given.b, M, N, K);
        const expected = matrix(height, N, (row, n) => {
          const init = before[row * N + n]!;
          return rows.includes(row) ? at(rows.indexOf(row), n, init) : init;
        });
        expectChains(bench.read(c, height * N), expected, `K ${K}`);
      }
    });
  });

  test("a product's bits do not depend on the tile", () => {
    const [M, N, K] = [71, 88, 13];
    const { a, b } = operands({ M, N, K });
    const [narrow, wide] = [8, 16].map((columns) => {
      const c = bench.floats(M * N);
      k.setTile(columns);
      k.product(c, N, 0, 0, 0, a, b, M, N, K);
      return bench.read(c, M * N);
    });
    expect(wide).toEqual(narrow);
  });

  test("a product's bits do not depend on how its rows are split into calls", () => {
    const [M, N, K] = [9, 40, 13];
    const { left, a, b } = operands({ M, N, K });
    const c = bench.floats(M * N);
    k.product(c, N, 0, 0, 0, a, b, M, N, K);
    const whole = bench.read(c, M * N);
    for (const split of [1, 2, 3, 4, 5, 7]) {
      k.clear(c, M * N);
      for (let m = 0; m < M; m += split) {
        const count = Math.min(split, M - m);
        k.packRows(a, bench.floats(left.subarray(m * K)), K, count, K);
        k.product(c + m * N * 4, N, 0, 0, 0, a, b, count, N, K);
      }
      expect(bench.read(c, M * N), `${split} rows a call`).toEqual(whole);
    }
  });

  test("a product's bits do not depend on how its k is split into calls that accumulate", () => {
    const [M, N, K] = [5, 32, 12];
    const [left, right] = [block(M, K, 7), block(K, N, 8)];
    const [a, b, c] = [bench.floats(M * K), bench.floats(K * N), bench.floats(M * N)];
    const run = (step: number) => {
      k.clear(c, M * N);
      for (let j = 0; j < K; j += step) {
        k.packRows(a, bench.floats(left.subarray(j)), K, M, step);
        k.packPanels(b, bench.floats(right.subarray(j * N)), N, 0, step, N);
        k.product(c, N, 0, c, N, a, b, M, N, step);
      }
      return bench.read(c, M * N);
    };
    const whole = run(K);
    for (const step of [1, 3, 4]) expect(run(step), `${step} terms a call`).toEqual(whole);
  });

  test.each([0, 1, 2, 7, 20])("sumPanels adds each column's sum over k, k ascending: K %i", (K) => {
    const N = 24;
    const [right, before] = [block(K, N, 12), block(1, N, 13)];
    const [b, db] = [bench.floats(K * N), bench.floats(before)];
    k.packPanels(b, bench.floats(right), N, 0, K, N);
    k.sumPanels(db, b, K, N);
    expect(bench.read(db, N)).toEqual(
      before.map((init, n) =>
        chain(
          init,
          K,
          (j) => right[j * N + n]!,
          () => 1,
        ),
      ),
    );
  });

  test("clear writes zeros, as many as asked", () => {
    const x = bench.floats([1, 2, 3, 4, 5]);
    k.clear(x, 3);
    expect([...bench.read(x, 5)]).toEqual([0, 0, 0, 4, 5]);
  });
});
