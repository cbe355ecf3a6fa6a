import { afterEach, describe, expect, test } from "vitest";
import { openBenches, pad, padded, unpad } from "../builds.ts";
import { expectClose } from "../reference/closeness.ts";
import { dropoutBackward, dropoutForward, elementMask, stateMasks, zoneMasks } from "../reference/dropout.ts";
import { addProduct } from "../reference/matrix.ts";
import { unitDraw } from "../reference/random.ts";
import { keepMask, normals } from "../reference/sample.ts";
import { TOLERANCES } from "../tolerances.ts";

const SHAPES = [1, 7].flatMap((T) =>
  [3, 5, 12].flatMap((I) => [0, 0.5, 1].map((share) => ({ T, I, share }))),
);
const RATE = 0.25;

describe.each(await openBenches())("$build build", (bench) => {
  afterEach(() => bench.finish());
  const { k } = bench;

  const drawn = (I: number, share: number) => {
    const mask = keepMask(I, share, 1);
    const keep = [...mask.keys()].filter((i) => mask[i] === 1);
    return { mask, keep };
  };

  test.each(SHAPES)(
    "the compacted product is the masked product: T $T, I $I, drop $share",
    ({ T, I, share }) => {
      const [H, width] = [8, padded(I)];
      const { mask, keep } = drawn(I, share);
      const [x, W] = [normals(T * I, 2), normals(I * H, 3)];
      const K = keep.length;
      const [list, xc, a, b, z] = [
        bench.ints(keep),
        ...[T * width, T * K, K * H, T * H].map((n) => bench.floats(n)),
      ];
      k.dropoutForward(xc!, width, bench.floats(pad(x, I)), width, list!, K, 1 / (1 - RATE), T);
      k.packRows(a!, xc!, width, T, K);
      k.packPanels(b!, bench.floats(W), H, list!, K, H);
      k.product(z!, H, 0, 0, 0, a!, b!, T, H, K);
      const expected = new Float64Array(T * H);
      addProduct(expected, dropoutForward(x, mask, RATE, 1, T, I), W, T, I, H);
      expectClose(bench.read(z!, T * H), expected, TOLERANCES.kernelForward, "z");
    },
  );

  test.each(SHAPES)(
    "dropoutBackward puts the kept gradients back: T $T, I $I, drop $share",
    ({ T, I, share }) => {
      const width = padded(I);
      const { mask, keep } = drawn(I, share);
      const dx = normals(T * I, 4);
      const dxc = new Float32Array(T * width).fill(Number.NaN);
      for (let t = 0; t < T; t++) {
        for (const [j, i] of keep.entries()) dxc[t * width + j] = dx[t * I + i]!;
      }
      const out = bench.floats(new Float32Array(T * width).fill(-1));
      const scale = 1 / (1 - RATE);
      k.dropoutBackward(out, width, bench.floats(dxc), width, bench.ints(keep), keep.length, scale, T);
      const expected = dropoutBackward(dx, mask, RATE, 1, T, I);
      expectClose(unpad(bench.read(out, T * width), I), expected, TOLERANCES.kernelForward, "dx");
    },
  );

  test("what is kept is scaled, to the bit", () => {
    const xc = bench.floats(8);
    k.dropoutForward(xc, 8, bench.floats([1, 2, 3, 4, 5, 6, 7, 8]), 8, bench.ints([1, 4, 6]), 3, 2, 1);
    expect([...bench.read(xc, 3)]).toEqual([4, 10, 14]);
  });

  const DRAW = { seed: 0xfedcba98, layer: 2, sample: 3, step: 5, epoch: 7 };
  /** x (T, I), padded with numbers that must not count, through the dropout layer; strides of two kinds. */
  const dropElements = (x: ArrayLike<number>, I: number, rate: number, draw = DRAW) => {
    const { seed, layer, sample, step, epoch } = draw;
    const [T, ldx, ldy] = [x.length / I, padded(I) + 8, padded(I)];
    const from = new Float32Array(T * ldx).fill(Number.NaN);
    const rows = Float32Array.from(x);
    for (let t = 0; t < T; t++) from.set(rows.subarray(t * I, t * I + I), t * ldx);
    const y = bench.floats(Array(T * ldy).fill(-1));
    const scale = 1 / (1 - rate);
    const at = bench.floats(from);
    k.dropElements(y, ldy, at, ldx, T, I, rate, scale, seed, layer, sample, step, epoch);
    return unpad(bench.read(y, T * ldy), I);
  };
  const keptOnes = (count: number, rate: number, draw = DRAW) => [
    ...dropElements(new Float32Array(count).fill(1), 1, rate, draw).map(Math.sign),
  ];

  test.each([1, 7].flatMap((T) => [1, 3, 5, 8, 12].map((I) => ({ T, I }))))(
    "dropElements keeps the elements whose draw is not below the rate, scaled, to the bit: T $T, I $I",
    ({ T, I }) => {
      const x = normals(T * I, 2);
      for (const rate of [0.25, 0.5, 0.9]) {
        const mask = elementMask(T * I, rate, DRAW);
        const scale = Math.fround(1 / (1 - rate));
        const expected = Float32Array.from(x, (value, i) => (mask[i] ? value * scale : 0));
        expect(dropElements(x, I, rate)).toEqual(expected);
      }
    },
  );

  test("dropElements may work in place", () => {
    const x = normals(7 * 5, 2);
    const at = bench.floats(pad(x, 5));
    const { seed, layer, sample, step, epoch } = DRAW;
    k.dropElements(at, 8, at, 8, 7, 5, 0.5, 2, seed, layer, sample, step, epoch);
    expect(unpad(bench.read(at, 7 * 8), 5)).toEqual(dropElements(x, 5, 0.5));
  });

  test("what dropElements drops is 0, whatever it was, and what it keeps may be NaN", () => {
    const mask = elementMask(40, 0.5, DRAW);
    const y = dropElements(Array(40).fill(Number.NaN), 5, 0.5);
    expect([...y]).toEqual([...mask].map((kept) => (kept ? Number.NaN : 0)));
  });

  test("dropElements keeps all at rate 0, and may keep none", () => {
    expect(keptOnes(103, 0)).toEqual(Array(103).fill(1));
    expect(keptOnes(5, 0.999)).toEqual(Array(5).fill(0));
  });

  test("dropElements keeps an element whose draw is the rate itself", () => {
    const { seed, layer, sample, step, epoch } = DRAW;
    const rate = unitDraw(3, [seed, ((4 << 16) | layer) >>> 0], [sample, step, epoch]);
    expect(keptOnes(4, rate)[3]).toBe(1);
    expect(keptOnes(4, rate + 2 ** -24)[3]).toBe(0);
  });

  test.each([0.1, 0.5, 0.8])("dropElements drops a share of %f", (rate) => {
    const n = 40_000;
    const share = keptOnes(n, rate).filter((kept) => kept === 0).length / n;
    expect(Math.abs(share - rate)).toBeLessThan(3 * Math.sqrt((rate * (1 - rate)) / n));
  });

  test.each(["seed", "layer", "sample", "step", "epoch"] as const)(
    "dropElements depends on the %s",
    (what) => {
      expect(keptOnes(103, 0.5)).toEqual(keptOnes(103, 0.5));
      expect(keptOnes(103, 0.5, { ...DRAW, [what]: DRAW[what] + 1 })).not.toEqual(keptOnes(103, 0.5));
    },
  );

  test("dropElements draws other numbers than dropoutKeep with the same arguments", () => {
    const { seed, layer, sample, step, epoch } = DRAW;
    const list = bench.ints(103);
    const count = k.dropoutKeep(list, bench.floats(4), 103, 0.5, seed, layer, sample, step, epoch);
    const inputs = new Set(bench.readInts(list, count));
    const elements = keptOnes(103, 0.5);
    const alike = elements.filter((kept, i) => (kept === 1) === inputs.has(i)).length;
    expect(Math.abs(alike / 103 - 0.5)).toBeLessThan(3 * Math.sqrt(0.25 / 103));
  });

  test.each([1, 4, 5, 13])("recurrentDropout scales what its own draws keep, of %i units", (units) => {
    const { seed, layer, sample, step, epoch } = DRAW;
    const own = (at: number) => {
      const m = bench.floats(units);
      k.recurrentDropout(m, units, RATE, 1 / (1 - RATE), seed, layer, at, step, epoch);
      return bench.read(m, units);
    };
    const expected = stateMasks(sample + 1, units, RATE, { seed, layer, step, epoch });
    const scale = Math.fround(1 / (1 - RATE));
    expect(own(sample)).toEqual(Float32Array.from(expected.slice(-units), (kept) => kept * scale));
  });

  test.each([1, 4, 5, 13])("zoneout draws anew at each step that is not masked, of %i units", (units) => {
    const { seed, layer, sample, step, epoch } = DRAW;
    const [T, H] = [5, 16];
    const words = [1, 0, 1, 1, 0];
    const own = (state: number, mask: number) => {
      const zone = bench.floats(T * H);
      k.zoneout(zone, T, H, units, RATE, seed, layer, state, sample, step, epoch, mask, 1);
      const all = bench.read(zone, T * H);
      return words.flatMap((_, t) => [...all.subarray(t * H, t * H + units)]);
    };
    const draw = { seed, layer, step, epoch };
    const counts = Array.from({ length: sample + 1 }, () => words).flat();
    for (const [state, name] of (["h", "c"] as const).entries()) {
      for (const [at, mask] of [
        [0, undefined],
        [bench.ints(words), counts],
      ] as const) {
        const expected = zoneMasks([sample + 1, T, units], RATE, draw, name, mask);
        expect(own(state, at)).toEqual(expected.slice(-T * units));
      }
    }
    // A masked step draws nothing, so the third is what the second is without a mask.
    const [all, some] = [own(0, 0), own(0, bench.ints(words))];
    expect(some.slice(2 * units, 3 * units)).toEqual(all.slice(units, 2 * units));
  });

  test("recurrentDropout draws other numbers than dropElements with the same arguments", () => {
    const { seed, layer, sample, step, epoch } = DRAW;
    const m = bench.floats(103);
    k.recurrentDropout(m, 103, 0.5, 1, seed, layer, sample, step, epoch);
    const elements = keptOnes(103, 0.5);
    const alike = bench.read(m, 103).filter((kept, i) => kept === elements[i]).length;
    expect(Math.abs(alike / 103 - 0.5)).toBeLessThan(3 * Math.sqrt(0.25 / 103));
  });
});
