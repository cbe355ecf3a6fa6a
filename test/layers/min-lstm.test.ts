import { minLSTM } from "../../src/layers/public.ts";
import { testLayer } from "./layer-tests.ts";

const inputShape = [null, 3] as const;

await testLayer({
  type: "minLSTM",
  masked: true,
  layers: {
    "every output": minLSTM({ units: 5, returnSequences: true, inputShape }),
    "the last output": minLSTM({ units: 12, inputShape }),
    "one unit": minLSTM({ units: 1, inputShape: [null, 9] }),
    backwards: minLSTM({ units: 5, returnSequences: true, goBackwards: true, inputShape }),
    "without bias": minLSTM({ units: 4, useBias: false, returnSequences: true, inputShape }),
  },
  keras: [
    {
      family: "minLstm",
      by: "TensorFlow by the paper's formulas",
      layer: (g) =>
        minLSTM({ units: g.setting("units"), returnSequences: true, inputShape: [null, g.setting("I")] }),
    },
  ],
});
