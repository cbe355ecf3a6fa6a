import { expect, test } from "vitest";
import {
  activation,
  dense,
  dropout,
  layerNormalization,
  lstm,
  timeDistributed,
} from "../../src/layers/public.ts";
import { checkLayers } from "../../src/model/stack.ts";
import { openBenches } from "../builds.ts";
import { normals } from "../reference/sample.ts";
import { runLayer } from "./bench-layer.ts";
import { testLayer } from "./layer-tests.ts";

const inputShape = [null, 5] as const;

await testLayer({
  type: "timeDistributed",
  layers: {
    "a dense layer": timeDistributed({ layer: dense({ units: 9, activation: "tanh" }), inputShape }),
    "a dense layer with a name": timeDistributed({ layer: dense({ units: 3, name: "own" }), inputShape }),
    "a layer normalization": timeDistributed({ layer: layerNormalization({ scale: false }), inputShape }),
    softmax: timeDistributed({ layer: activation({ activation: "softmax" }), inputShape }),
    "dropout at rate 0": timeDistributed({ layer: dropout({ rate: 0 }), inputShape }),
  },
  keras: [
    {
      family: "timeDistributedDense",
      layer: (g) =>
        timeDistributed({ layer: dense({ units: g.setting("units"), activation: "tanh" }), inputShape }),
    },
    {
      family: "timeDistributedLayerNormalization",
      layer: () => timeDistributed({ layer: layerNormalization(), inputShape }),
    },
  ],
});

const [release] = await openBenches();

test.each([dense({ units: 9, activation: "sigmoid", inputShape }), dropout({ rate: 0.5, inputShape })])(
  "what it computes is what $type by itself does at every step, to the bit",
  (layer) => {
    const [B, T] = [5, 7];
    const { inputShape: _, ...inner } = layer;
    const weights = layer.type === "dense" ? [normals(45, 3, 0.4), normals(9, 4)] : [];
    const inputs = { weights, x: normals(B * T * 5, 1), dy: normals(B * T * 9, 2), B, T };
    const found = runLayer(release!, { ...inputs, layer: timeDistributed({ layer: inner, inputShape }) });
    expect(found).toEqual(runLayer(release!, { ...inputs, layer }));
    release!.finish();
  },
);

test("what it cannot hold or read is refused", () => {
  expect(() => timeDistributed({ layer: lstm({ units: 2 }) as never })).toThrow(
    /BAD_LAYER: .*layer is .*; it must be a layer that works on single rows: layerNormalization, dropout/,
  );
  expect(() =>
    checkLayers([timeDistributed({ layer: dense({ units: 2, inputShape: [3] }), inputShape })]),
  ).toThrow(/BAD_LAYER: the layer within a timeDistributed has an inputShape/);
  expect(() =>
    checkLayers([lstm({ units: 2, inputShape }), timeDistributed({ layer: dense({ units: 2 }) })]),
  ).toThrow(/BAD_LAYER: timeDistributed reads a sequence/);
});
