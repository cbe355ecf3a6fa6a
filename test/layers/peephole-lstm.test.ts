import { peepholeLSTM } from "../../src/layers/public.ts";
import { testLayer } from "./layer-tests.ts";

const inputShape = [null, 3] as const;

await testLayer({
  type: "peepholeLSTM",
  masked: true,
  layers: {
    "every output": peepholeLSTM({ units: 5, returnSequences: true, inputShape }),
    "the last output": peepholeLSTM({ units: 12, inputShape }),
    "one unit": peepholeLSTM({ units: 1, inputShape: [null, 9] }),
    backwards: peepholeLSTM({ units: 5, returnSequences: true, goBackwards: true, inputShape }),
    "states dropped": peepholeLSTM({ units: 9, recurrentDropout: 0.25, returnSequences: true, inputShape }),
    "without bias": peepholeLSTM({ units: 4, useBias: false, returnSequences: true, inputShape }),
  },
  keras: [
    {
      family: "peepholeLstm",
      by: "TensorFlow by the paper's formulas",
      layer: (g) =>
        peepholeLSTM({
          units: g.setting("units"),
          returnSequences: true,
          inputShape: [null, g.setting("I")],
        }),
    },
  ],
});
