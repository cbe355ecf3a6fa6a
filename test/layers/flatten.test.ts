import { expect, test } from "vitest";
import { dense, embedding, flatten, lstm } from "../../src/layers/public.ts";
import { checkLayers, signalsOf } from "../../src/model/stack.ts";
import { testLayer } from "./layer-tests.ts";

await testLayer({
  type: "flatten",
  layers: {
    "three steps of five": flatten({ inputShape: [3, 5] }),
    "four steps of eight": flatten({ inputShape: [4, 8] }),
    "a single step": flatten({ inputShape: [1, 9] }),
    "a row": flatten({ inputShape: [5] }),
  },
  keras: [{ family: "flatten", layer: () => flatten({ inputShape: [3, 5] }) }],
});

test("where the number of steps is open it is refused, with what to do", () => {
  const layers = [
    lstm({ units: 2, returnSequences: true, inputShape: [null, 3] }),
    flatten(),
    dense({ units: 1 }),
  ];
  expect(() => checkLayers(layers)).toThrow(
    /BAD_LAYER: flatten .* open: say it in the first layer's inputShape/,
  );
  expect(() => checkLayers([embedding({ inputDim: 9, outputDim: 2 }), flatten()])).toThrow(/inputLength/);
});

test("an embedding says it by its inputLength", () => {
  const layers = checkLayers([embedding({ inputDim: 9, outputDim: 2, inputLength: 7 }), flatten()]);
  expect(signalsOf(layers).at(-1)).toEqual({ holds: "numbers", sequence: false, T: 1, width: 14 });
});
