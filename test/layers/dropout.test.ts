import { expect, test } from "vitest";
import { dropout } from "../../src/layers/public.ts";
import { openBenches } from "../builds.ts";
import { elementMask } from "../reference/dropout.ts";
import { normals } from "../reference/sample.ts";
import { COUNTERS, runLayer } from "./bench-layer.ts";
import { testLayer } from "./layer-tests.ts";

await testLayer({
  type: "dropout",
  layers: {
    "at rate 0, every step": dropout({ rate: 0, inputShape: [null, 5] }),
    "at rate 0, a row": dropout({ rate: 0, inputShape: [9] }),
  },
  keras: "its draws are its own; what is dropped and how the rest is scaled is tested below",
});

const [release] = await openBenches();

test.each([
  { T: 1, width: 9 },
  { T: 7, width: 5 },
])("what the draws keep is scaled, there and back, T $T, width $width", ({ T, width }) => {
  const [B, rate] = [5, 0.25];
  const layer = dropout({ rate, inputShape: [null, width] });
  const [x, dy] = [normals(B * T * width, 1), normals(B * T * width, 2)];
  const { y, dx } = runLayer(release!, { layer, weights: [], x, dy, B, T });
  const { seed, epoch, batch: step } = COUNTERS;
  const keep = Array.from({ length: B }, (_, sample) =>
    Array.from(elementMask(T * width, rate, { seed, layer: 1, sample, step, epoch })),
  ).flat();
  const kept = keep.reduce((sum, k) => sum + k, 0);
  expect(kept).toBeGreaterThan(0);
  expect(kept).toBeLessThan(keep.length);
  const scale = Math.fround(1 / (1 - rate));
  const dropped = (values: Float64Array) =>
    Float32Array.from(values, (value, i) => Math.fround(value) * scale * keep[i]!);
  expect(y.map((value) => value + 0)).toEqual(dropped(x).map((value) => value + 0));
  expect(dx!.map((value) => value + 0)).toEqual(dropped(dy).map((value) => value + 0));
  release!.finish();
});
