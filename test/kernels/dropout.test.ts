import { afterEach, describe, expect, test } from "vitest";
import { openBenches, pad, padded, unpad } from "../builds.ts";
import { expectClose } from "../reference/closeness.ts";
import { dropoutBackward, dropoutForward } from "../reference/dropout.ts";
import { addProduct } from "../reference/matrix.ts";
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
});
