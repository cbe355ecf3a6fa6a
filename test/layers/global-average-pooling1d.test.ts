import { describe, expect, test } from "vitest";
import { globalAveragePooling1d, lstm } from "../../src/layers/public.ts";
import { checkLayers } from "../../src/model/stack.ts";
import { openBenches } from "../builds.ts";
import { golden } from "../fixtures/goldens.ts";
import { expectClose } from "../reference/closeness.ts";
import { globalAveragePoolingReference } from "../reference/pooling.ts";
import { normals } from "../reference/sample.ts";
import { TOLERANCES } from "../tolerances.ts";
import { runLayer } from "./bench-layer.ts";
import { testLayer } from "./layer-tests.ts";

const inputShape = [null, 5] as const;

await testLayer({
  type: "globalAveragePooling1d",
  masked: true,
  layers: {
    "of five features": globalAveragePooling1d({ inputShape }),
    "with its axis kept": globalAveragePooling1d({ keepdims: true, inputShape: [null, 9] }),
  },
  keras: [
    {
      family: "globalAveragePooling1d",
      layer: (g) => globalAveragePooling1d({ keepdims: g.setting("keepdims") === 1, inputShape }),
    },
  ],
});

const layer = globalAveragePooling1d({ inputShape });
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
    const { y, backward } = globalAveragePoolingReference.forward(layer, [], {
      values,
      B,
      T,
      width: 5,
      mask,
    });
    expectClose(found.y, y.values, TOLERANCES.kernelForward, "y");
    expectClose(found.dx!, backward(dy).dx, TOLERANCES.kernelGradient, "dx");
    expect(found.y.slice(20)).toEqual(new Float32Array(5));
    for (const groupSize of [1, 2]) {
      expect(runLayer(bench, { layer, weights: [], x: values, dy, B, T, mask, groupSize })).toEqual(found);
    }
    bench.finish();
  });

  test("with a mask it computes what Keras does", () => {
    const g = golden("globalAveragePooling1dMasked");
    const [B, T] = g.shape("x") as [number, number];
    const [x, dy, mask] = [g.tensor("x"), g.tensor("dy"), g.tensor("mask")];
    const found = runLayer(bench, { layer, weights: [], x, dy, B, T, mask });
    expectClose(found.y, g.tensor("y"), TOLERANCES.kerasForward, "y");
    expectClose(found.dx!, g.tensor("dx"), TOLERANCES.kerasGradient, "dx");
    bench.finish();
  });
});

test("single rows are refused", () => {
  expect(() => checkLayers([lstm({ units: 2, inputShape }), globalAveragePooling1d()])).toThrow(
    /BAD_LAYER: globalAveragePooling1d reads a sequence/,
  );
});
