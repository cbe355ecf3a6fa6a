import { expect, test } from "vitest";
import { activation, conv1d, type Layer, lstm, type Padding } from "../../src/layers/public.ts";
import { checkLayers, outputShape } from "../../src/model/stack.ts";
import { openBenches } from "../builds.ts";
import { expectClose } from "../reference/closeness.ts";
import { conv1dReference } from "../reference/conv1d.ts";
import { normals } from "../reference/sample.ts";
import { TOLERANCES } from "../tolerances.ts";
import { runLayer } from "./bench-layer.ts";
import { testLayer } from "./layer-tests.ts";

const inputShape = [null, 5] as const;

await testLayer({
  type: "conv1d",
  steps: [5, 8],
  layers: {
    "windows of three": conv1d({ filters: 4, kernelSize: 3, inputShape }),
    "every second window": conv1d({ filters: 9, kernelSize: 2, strides: 2, activation: "tanh", inputShape }),
    "windows with holes": conv1d({
      filters: 3,
      kernelSize: 3,
      dilationRate: 2,
      activation: "relu",
      inputShape,
    }),
    "one step, without bias": conv1d({ filters: 12, kernelSize: 1, useBias: false, inputShape: [null, 3] }),
    "same, an even window": conv1d({ filters: 4, kernelSize: 4, padding: "same", inputShape: [null, 8] }),
    "same, every third window": conv1d({
      filters: 8,
      kernelSize: 2,
      strides: 3,
      padding: "same",
      activation: "sigmoid",
      inputShape,
    }),
    "same, a window longer than the sequence": conv1d({
      filters: 3,
      kernelSize: 11,
      padding: "same",
      inputShape: [null, 9],
    }),
    causal: conv1d({ filters: 5, kernelSize: 3, padding: "causal", activation: "softmax", inputShape }),
    "causal, every second window": conv1d({
      filters: 5,
      kernelSize: 3,
      strides: 2,
      padding: "causal",
      inputShape,
    }),
    "causal with holes": conv1d({
      filters: 5,
      kernelSize: 3,
      dilationRate: 3,
      padding: "causal",
      activation: "hardSigmoid",
      inputShape,
    }),
  },
  keras: [
    {
      family: "conv1d",
      layer: (g) =>
        conv1d({
          filters: g.setting("filters"),
          kernelSize: g.setting("kernel_size"),
          strides: g.setting("strides"),
          padding: g.label("padding") as Padding,
          dilationRate: g.setting("dilation_rate"),
          activation: g.label("activation") as "tanh" | "linear",
          useBias: g.has("w1"),
          inputShape,
        }),
    },
  ],
});

const [release] = await openBenches();

test.each(["valid", "same", "causal"] as const)(
  "one step for a sequence is enough where the window is, %s",
  (padding) => {
    const layer = conv1d({ filters: 3, kernelSize: padding === "valid" ? 1 : 4, padding, inputShape });
    const weights = [normals(layer.kernelSize * 15, 1, 0.4), normals(3, 2)];
    const [x, dy] = [normals(10, 3), normals(6, 4)];
    const found = runLayer(release!, { layer, weights, x, dy, B: 2, T: 1 });
    const { y, backward } = conv1dReference.forward(layer, weights, { values: x, B: 2, T: 1, width: 5 });
    expectClose(found.y, y.values, TOLERANCES.kernelForward, "y");
    expectClose(found.dx!, backward(dy).dx, TOLERANCES.kernelGradient, "dx");
    release!.finish();
  },
);

test("a causal convolution's outputs are the same, to the bit, whatever comes after them", () => {
  const layer = conv1d({ filters: 9, kernelSize: 3, dilationRate: 2, padding: "causal", inputShape });
  const weights = [normals(3 * 5 * 9, 1, 0.4), normals(9, 2)];
  const x = normals(9 * 5, 3);
  const run = (T: number) =>
    runLayer(release!, { layer, weights, x: x.subarray(0, T * 5), dy: new Float32Array(T * 9), B: 1, T }).y;
  const whole = run(9);
  for (const T of [1, 4, 8]) expect(run(T)).toEqual(whole.subarray(0, T * 9));
  release!.finish();
});

test.each([
  { T: 7, kernelSize: 3, strides: 1, padding: "valid", steps: 5 },
  { T: 7, kernelSize: 3, strides: 2, padding: "valid", steps: 3 },
  { T: 7, kernelSize: 3, strides: 2, padding: "same", steps: 4 },
  { T: 7, kernelSize: 3, strides: 9, padding: "causal", steps: 1 },
  { T: 1, kernelSize: 3, strides: 1, padding: "same", steps: 1 },
] as const)(
  "of $T steps $padding windows of $kernelSize, $strides apart, are $steps",
  ({ T, steps, ...of }) => {
    const layers = checkLayers([
      conv1d({ filters: 2, ...of, inputShape }),
      activation({ activation: "relu" }),
    ]);
    expect(outputShape(layers, [T])).toEqual([steps, 2]);
  },
);

const refusal = (layers: readonly Layer[]) => () => checkLayers(layers);

test("what a convolution cannot read is refused by its name", () => {
  const both = conv1d({ filters: 2, kernelSize: 3, strides: 2, dilationRate: 2, inputShape });
  expect(refusal([both])).toThrow(/BAD_LAYER: conv1d has strides 2 and dilationRate 2/);
  const short = conv1d({ filters: 2, kernelSize: 3, dilationRate: 3, inputShape: [6, 5] });
  expect(refusal([short])).toThrow(/BAD_LAYER: conv1d looks at 7 timesteps at a time, and is given 6/);
  const layers = checkLayers([conv1d({ filters: 2, kernelSize: 3, inputShape })]);
  expect(() => outputShape(layers, [2])).toThrow(/BAD_SHAPE: samples have 2 timesteps.*looks at 3/);
  expect(() => conv1d({ filters: 2, kernelSize: 3, groups: 2 } as never)).toThrow(/BAD_LAYER: .*"groups"/);
  expect(() => conv1d({ filters: 2, kernelSize: 0 })).toThrow(/BAD_LAYER: .*kernelSize is 0/);
  expect(() => conv1d({ filters: 2, kernelSize: 2, padding: "full" as never })).toThrow(
    /BAD_LAYER: .*padding/,
  );
  expect(() => conv1d({ filters: 2, kernelSize: 1, inputShape: [5] as never })).toThrow(
    /BAD_LAYER: .*inputShape/,
  );
  const rows = [lstm({ units: 2, inputShape }), conv1d({ filters: 2, kernelSize: 1 })];
  expect(refusal(rows)).toThrow(/BAD_LAYER: conv1d reads a sequence/);
});
