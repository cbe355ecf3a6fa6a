import { afterEach, describe, expect, test } from "vitest";
import { openBenches } from "../builds.ts";
import { normals } from "../reference/sample.ts";

// One sample, rows a distance apart that holds NaN, from the first to the last or from the last to the first.
const [T, WIDTH] = [7, 12];
const WINDOWS = [
  { size: 2, strides: 2, before: 0, count: 3 },
  { size: 3, strides: 1, before: 1, count: 7 },
  { size: 4, strides: 3, before: 2, count: 3 },
];

describe.each(await openBenches())("$build build", (bench) => {
  afterEach(() => bench.finish());
  const { k } = bench;

  /** Rows so far apart; the address of the first, and the distance to the next. */
  const spread = (values: ArrayLike<number>, gap: number, isReversed: boolean) => {
    const rows = values.length / WIDTH;
    const ld = WIDTH + gap;
    const all = new Float32Array(rows * ld).fill(Number.NaN);
    for (let r = 0; r < rows; r++) {
      const to = isReversed ? rows - 1 - r : r;
      all.set(Array.prototype.slice.call(values, r * WIDTH, (r + 1) * WIDTH), to * ld);
    }
    const address = bench.floats(all);
    const at = isReversed ? address + (rows - 1) * ld * 4 : address;
    const read = () =>
      Array.from({ length: rows }, (_, r) =>
        bench.read(address + (isReversed ? rows - 1 - r : r) * ld * 4, WIDTH),
      ).flatMap((row) => [...row]);
    const between = () =>
      Array.from({ length: rows }, (_, r) => [...bench.read(address + (r * ld + WIDTH) * 4, gap)]).flat();
    return { at, ld: isReversed ? -ld : ld, read, between };
  };

  const run = (windows: (typeof WINDOWS)[number], gap: number, isReversed: boolean, isMasked = false) => {
    const { size, strides, before, count } = windows;
    const of = [T, count, size, strides, before, WIDTH] as const;
    const words = [1, 0, 1, 1, 0, 0, 1];
    const mask = isMasked ? bench.ints(isReversed ? words.toReversed() : words) : 0;
    const masked: [number, number] = isReversed ? [mask + (T - 1) * 4, -1] : [mask, 1];
    if (!isMasked) masked.fill(0);
    const x = spread(normals(T * WIDTH, 1), gap, isReversed);
    const dy = spread(normals(count * WIDTH, 2), 2 * gap, false);
    const blank = () => spread(new Float32Array(T * WIDTH).fill(9), 3 * gap, isReversed);
    const [most, mean] = [0, 1].map(() => spread(new Float32Array(count * WIDTH), gap, false));
    const [dmost, dmean] = [blank(), blank()];
    k.maxPoolForward(most!.at, most!.ld, x.at, x.ld, ...of, ...masked);
    k.averagePoolForward(mean!.at, mean!.ld, x.at, x.ld, ...of, ...masked);
    k.averagePoolBackward(dmean.at, dmean.ld, dy.at, dy.ld, ...of, ...masked);
    if (!isMasked) k.maxPoolBackward(dmost.at, dmost.ld, dy.at, dy.ld, most!.at, most!.ld, x.at, x.ld, ...of);
    for (const block of [most!, mean!, dmost, dmean]) {
      expect(block.between().every(Number.isNaN), "between rows nothing is written").toBe(true);
    }
    return [most!, mean!, dmean, ...(isMasked ? [] : [dmost])].map(({ read }) => read());
  };

  test.each(WINDOWS)("distances and direction change no bit: windows of $size, $strides apart", (windows) => {
    for (const isMasked of [false, true]) {
      const plain = run(windows, 0, false, isMasked);
      expect(plain.flat().some(Number.isNaN)).toBe(false);
      for (const isReversed of [false, true]) expect(run(windows, 4, isReversed, isMasked)).toEqual(plain);
    }
  });

  test("a window without a row that counts gives 0, and nothing goes back", () => {
    const x = bench.floats(normals(T * WIDTH, 1));
    const [y, dy, dx] = [
      bench.floats(WIDTH),
      bench.floats(normals(WIDTH, 2)),
      bench.floats(normals(T * WIDTH, 3)),
    ];
    const none = [T, 1, T, T, 0, WIDTH, bench.ints(T), 1] as const;
    const zeros = (address: number, n: number) => expect(bench.read(address, n)).toEqual(new Float32Array(n));
    k.maxPoolForward(y, WIDTH, x, WIDTH, ...none);
    zeros(y, WIDTH);
    k.globalMaxBackward(dx, WIDTH, dy, y, x, WIDTH, T, WIDTH, none[6], 1);
    zeros(dx, T * WIDTH);
    k.averagePoolForward(y, WIDTH, x, WIDTH, ...none);
    zeros(y, WIDTH);
    k.averagePoolBackward(dx, WIDTH, dy, WIDTH, ...none);
    zeros(dx, T * WIDTH);
  });
});
