import { expect, test } from "vitest";
import { lstm, repeatVector } from "../../src/layers/public.ts";
import { checkLayers } from "../../src/model/stack.ts";
import { testLayer } from "./layer-tests.ts";

await testLayer({
  type: "repeatVector",
  layers: {
    "four times": repeatVector({ n: 4, inputShape: [5] }),
    once: repeatVector({ n: 1, inputShape: [9] }),
    "twice, without padding": repeatVector({ n: 2, inputShape: [8] }),
  },
  keras: [{ family: "repeatVector", layer: (g) => repeatVector({ n: g.setting("n"), inputShape: [5] }) }],
});

test("a sequence is refused", () => {
  const layers = [lstm({ units: 2, returnSequences: true, inputShape: [null, 3] }), repeatVector({ n: 2 })];
  expect(() => checkLayers(layers)).toThrow(/BAD_LAYER: repeatVector repeats a single row/);
});
