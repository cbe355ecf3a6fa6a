import { minGRU } from "../../src/layers/public.ts";
import { testLayer } from "./layer-tests.ts";

const inputShape = [null, 3] as const;

await testLayer({
  type: "minGRU",
  masked: true,
  layers: {
    "every output": minGRU({ units: 5, returnSequences: true, inputShape }),
    "the last output": minGRU({ units: 12, inputShape }),
    "one unit": minGRU({ units: 1, inputShape: [null, 9] }),
    backwards: minGRU({ units: 5, returnSequences: true, goBackwards: true, inputShape }),
    "without bias": minGRU({ units: 4, useBias: false, returnSequences: true, inputShape }),
  },
  keras: [
    {
      family: "minGru",
      by: "TensorFlow by the paper's formulas",
      layer: (g) =>
        minGRU({ units: g.setting("units"), returnSequences: true, inputShape: [null, g.setting("I")] }),
    },
  ],
});
