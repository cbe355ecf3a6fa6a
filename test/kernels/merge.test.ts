import { afterEach, describe, expect, test } from "vitest";
import { openBenches } from "../builds.ts";
import { merge, mergeBackward } from "../reference/bidirectional.ts";
import { normals } from "../reference/sample.ts";

const MODES = (["sum", "mul", "ave"] as const).map((mode, code) => ({ mode, code }));
const SHAPES = [0, 1, 5].flatMap((rows) => [4, 8, 12].map((width) => ({ rows, width })));

describe.each(await openBenches())("$build build", (bench) => {
  afterEach(() => bench.finish());
  const { k } = bench;

  /** A matrix whose rows lie `gap` floats apart, from the first on or, in reverse, from the last on. */
  class Strided {
    readonly rows: number;
    readonly width: number;
    readonly ld: number;
    readonly block: number;
    readonly address: number;

    constructor(values: Float64Array, width: number, gap: number, reverse = false) {
      this.rows = values.length / width;
      this.width = width;
      const stride = width + gap;
      this.ld = reverse ? -stride : stride;
      const all = new Float32Array(Math.max(this.rows, 1) * stride).fill(Number.NaN);
      this.block = bench.floats(all);
      this.address = this.block + (reverse ? Math.max(this.rows - 1, 0) * stride * 4 : 0);
      for (let r = 0; r < this.rows; r++) {
        bench.memory.f32(this.#row(r), width).set(values.subarray(r * width, (r + 1) * width));
      }
    }

    /** Row by row; fails where something is written between them. */
    values(): Float32Array {
      const stride = Math.abs(this.ld);
      const between = bench.read(this.block, this.rows * stride).filter((_, i) => i % stride >= this.width);
      expect(between.every(Number.isNaN), "numbers written between the rows").toBe(true);
      const all = Array.from({ length: this.rows }, (_, r) => [...bench.read(this.#row(r), this.width)]);
      return Float32Array.from(all.flat());
    }

    #row(r: number): number {
      return this.address + r * this.ld * 4;
    }
  }

  const at = ({ address, ld }: Strided) => [address, ld] as const;

  const DIRECTIONS = [false, true].flatMap((to) => [false, true].map((from) => ({ to, from })));

  describe.each(DIRECTIONS)("to in reverse $to, from in reverse $from", ({ to, from }) => {
    test.each([0, 1, 5].flatMap((rows) => [1, 3, 4, 13].map((width) => ({ rows, width }))))(
      "copyRows copies $rows rows of $width and nothing else",
      ({ rows, width }) => {
        const values = normals(rows * width, 1);
        const source = new Strided(values, width, 3, from);
        const target = new Strided(new Float64Array(rows * width), width, 5, to);
        k.copyRows(...at(target), ...at(source), width, rows);
        expect(target.values()).toEqual(Float32Array.from(values));
      },
    );
  });

  test("copyRows to a negative stride reverses time", () => {
    const [x, y] = [bench.floats([1, 2, 3, 4, 5, 6]), bench.floats(6)];
    k.copyRows(y, 2, x + 4 * 4, -2, 2, 3);
    expect([...bench.read(y, 6)]).toEqual([5, 6, 3, 4, 1, 2]);
    k.copyRows(y + 4 * 4, -2, y, 2, 2, 1);
    expect([...bench.read(y, 6)]).toEqual([5, 6, 3, 4, 5, 6]);
  });

  test("two copies of odd widths beside each other are a concatenation", () => {
    const [a, b, y] = [bench.floats([1, 2, 3, 4, 5, 6]), bench.floats([-1, -2, -3, -4]), bench.floats(16)];
    k.copyRows(y, 8, a, 3, 3, 2);
    k.copyRows(y + 3 * 4, 8, b + 2 * 4, -2, 2, 2);
    expect([...bench.read(y, 16)]).toEqual([1, 2, 3, -3, -4, 0, 0, 0, 4, 5, 6, -1, -2, 0, 0, 0]);
  });

  describe.each(MODES)("$mode", ({ mode, code }) => {
    test.each(SHAPES)("mergeRows and its way back are the reference's: $rows rows of $width", (shape) => {
      const { rows, width } = shape;
      const n = rows * width;
      const [a, b, dy] = [normals(n, 1), normals(n, 2), normals(n, 3)];
      const zeros = new Float64Array(n);
      for (const reverse of [false, true]) {
        const [left, right] = [new Strided(a, width, 4), new Strided(b, width, 8, reverse)];
        const y = new Strided(zeros, width, 12);
        k.mergeRows(...at(y), ...at(left), ...at(right), width, rows, code);
        // One operation, and a half that is exact: what the f64 result rounds to.
        expect(y.values()).toEqual(Float32Array.from(merge(a, b, rows, mode)));

        const [da, db] = [new Strided(zeros, width, 0), new Strided(zeros, width, 4, reverse)];
        const from = new Strided(dy, width, 12);
        const states = mode === "mul" ? ([...at(left), ...at(right)] as const) : ([0, 0, 0, 0] as const);
        k.mergeRowsBackward(...at(da), ...at(db), ...at(from), ...states, width, rows, code);
        const [expectedA, expectedB] = mergeBackward(dy, a, b, rows, mode);
        expect(da.values()).toEqual(Float32Array.from(expectedA));
        expect(db.values()).toEqual(Float32Array.from(expectedB));
      }
    });

    test("in place: y may be a, and da dy", () => {
      const [a, b] = [normals(8, 1), normals(8, 2)];
      const [left, right, from] = [bench.floats(a), bench.floats(b), bench.floats(normals(8, 3))];
      const [y, da, db, db2] = [bench.floats(8), bench.floats(8), bench.floats(8), bench.floats(8)];
      k.mergeRows(y, 4, left, 4, right, 4, 4, 2, code);
      k.mergeRowsBackward(da, 4, db, 4, from, 4, left, 4, right, 4, 4, 2, code);
      k.mergeRowsBackward(from, 4, db2, 4, from, 4, left, 4, right, 4, 4, 2, code);
      k.mergeRows(left, 4, left, 4, right, 4, 4, 2, code);
      expect(bench.read(left, 8)).toEqual(bench.read(y, 8));
      expect(bench.read(from, 8)).toEqual(bench.read(da, 8));
      expect(bench.read(db2, 8)).toEqual(bench.read(db, 8));
    });
  });
});
