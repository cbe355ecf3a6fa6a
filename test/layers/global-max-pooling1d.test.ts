import { describe, expect, test } from "vitest";
import { globalMaxPooling1d, lstm } from "../../src/layers/public.ts";
import { checkLayers } from "../../src/model/stack.ts";
import { openBenches } from "../builds.ts";
import { golden } from "../fixtures/goldens.ts";
import { expectClose } from "../reference/closeness.ts";
import { globalMaxPoolingReference } from "../reference/pooling.ts";
import { normals } from "../reference/sample.ts";
import { TOLERANCES } from "../tolerances.ts";
import { runLayer } from "./bench-layer.ts";
import { testLayer } from "./layer-tests.ts";

const inputShape = [null, 5] as const;

await testLayer({
  type: "globalMaxPooling1d",
  masked: true,
  layers: {
    "of five features": globalMaxPooling1d({ inputShape }),
    "with its axis kept": globalMaxPooling1d({ keepdims: true, inputShape: [null, 9] }),
  },
  keras: [
    {
      family: "globalMaxPooling1d",
      layer: (g) => globalMaxPooling1d({ keepdims: g.setting("keepdims") === 1, inputShape }),
    },
  ],
});

const layer = globalMaxPooling1d({ inputShape });
const [B, T] = [5, 7];
/** Padding in front, behind and inside; nothing masked; everything masked. */
const mask = [
  [0, 0, 1, 1, 1, 1, 1],
  [1, 1, 1, 0, 0, 0, 0],
  [1, 0, 1, 1, 0, 1, 1],
  [1, 1, 1, 1, 1, 1, 1],
  [0, 0, 0, 0, 0, 0, 0],
].flat();

describe.each(await openBenches())("$build build", (bench) => {
  test("masked steps do not count, there and back; a sequence of nothing else gives 0", () => {
    const [values, dy] = [normals(B * T * 5, 1), normals(B * 5, 2)];
    const found = runLayer(bench, { layer, weights: [], x: values, dy, B, T, mask });
    const { y, backward } = globalMaxPoolingReference.forward(layer, [], { values, B, T, width: 5, mask });
    expectClose(found.y, y.values, TOLERANCES.kernelForward, "y");
    expectClose(found.dx!, backward(dy).dx, TOLERANCES.kernelGradient, "dx");
    expect(found.y.slice(20)).toEqual(new Float32Array(5));
    for (const groupSize of [1, 2]) {
      expect(runLayer(bench, { layer, weights: [], x: values, dy, B, T, mask, groupSize })).toEqual(found);
    }
    bench.finish();
  });

  test("with a mask it computes what Keras does of the steps that count, ties and all", () => {
    const g = golden("globalAveragePooling1dMasked"); // whole numbers, and a mask
    const [T, width] = g.shape("x").slice(1) as [number, number];
    const [x, dy, mask] = [g.tensor("x"), g.tensor("dy"), g.tensor("mask")];
    const found = runLayer(bench, { layer, weights: [], x, dy, B: 2, T, mask });
    for (const b of [0, 1]) {
      const kept = [...Array(T).keys()].filter((t) => mask[b * T + t] === 1);
      const rows = Float64Array.from(
        kept.flatMap((t) => [...x.subarray((b * T + t) * width, (b * T + t + 1) * width)]),
      );
      const own = { x: rows, dy: dy.subarray(b * width, (b + 1) * width), B: 1, T: kept.length };
      const alone = runLayer(bench, { layer, weights: [], ...own });
      expect(found.y.slice(b * width, (b + 1) * width)).toEqual(alone.y);
      for (const [i, t] of kept.entries()) {
        const at = (b * T + t) * width;
        expect(found.dx!.slice(at, at + width)).toEqual(alone.dx!.slice(i * width, (i + 1) * width));
      }
    }
    bench.finish();
  });

  test("a number that is none is the largest, so that a run that diverges is noticed", () => {
    const x = normals(3 * 5, 1);
    x[7] = Number.NaN;
    const { y } = runLayer(bench, { layer, weights: [], x, dy: normals(5, 2), B: 1, T: 3 });
    expect([...y].map(Number.isNaN)).toContain(true);
    bench.finish();
  });
});

test("single rows are refused", () => {
  expect(() => checkLayers([lstm({ units: 2, inputShape }), globalMaxPooling1d()])).toThrow(
    /BAD_LAYER: globalMaxPooling1d reads a sequence/,
  );
});
