import { expect, test } from "vitest";
import { averagePooling1d, lstm } from "../../src/layers/public.ts";
import { checkLayers, outputShape } from "../../src/model/stack.ts";
import { testLayer } from "./layer-tests.ts";

const inputShape = [null, 5] as const;

await testLayer({
  type: "averagePooling1d",
  steps: [3, 8],
  layers: {
    "of two": averagePooling1d({ inputShape }),
    "of three that overlap": averagePooling1d({ poolSize: 3, strides: 1, inputShape: [null, 9] }),
    "of two, every third": averagePooling1d({ poolSize: 2, strides: 3, inputShape: [null, 8] }),
    "same, the last one short": averagePooling1d({ poolSize: 3, padding: "same", inputShape }),
    "same, with padding on both sides": averagePooling1d({
      poolSize: 4,
      strides: 1,
      padding: "same",
      inputShape,
    }),
  },
  keras: [
    {
      family: "averagePooling1d",
      layer: (g) =>
        averagePooling1d({
          poolSize: g.setting("pool_size"),
          strides: g.setting("strides"),
          padding: g.label("padding") as "valid" | "same",
          inputShape,
        }),
    },
  ],
});

test("what it cannot read is refused", () => {
  expect(() => checkLayers([lstm({ units: 2, inputShape }), averagePooling1d()])).toThrow(
    /BAD_LAYER: averagePooling1d reads a sequence/,
  );
  expect(() => checkLayers([averagePooling1d({ poolSize: 4, inputShape: [3, 5] })])).toThrow(
    /BAD_LAYER: averagePooling1d looks at 4 timesteps at a time, and is given 3/,
  );
  expect(() => outputShape(checkLayers([averagePooling1d({ inputShape })]), [1])).toThrow(
    /BAD_SHAPE: .* 1 timesteps/,
  );
  expect(() => averagePooling1d({ padding: "causal" as never })).toThrow(/BAD_LAYER: .*padding is "causal"/);
  expect(() => averagePooling1d({ poolSize: [2] as never })).toThrow(/BAD_LAYER: .*poolSize/);
});
