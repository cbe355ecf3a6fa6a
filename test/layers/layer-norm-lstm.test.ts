import { layerNormLSTM } from "../../src/layers/public.ts";
import { testLayer } from "./layer-tests.ts";

const inputShape = [null, 3] as const;

await testLayer({
  type: "layerNormLSTM",
  masked: true,
  layers: {
    "every output": layerNormLSTM({ units: 5, returnSequences: true, inputShape }),
    "the last output": layerNormLSTM({ units: 12, inputShape }),
    "one unit": layerNormLSTM({ units: 1, inputShape: [null, 9] }),
    backwards: layerNormLSTM({ units: 5, returnSequences: true, goBackwards: true, inputShape }),
    "states dropped": layerNormLSTM({ units: 9, recurrentDropout: 0.25, returnSequences: true, inputShape }),
    "without bias": layerNormLSTM({ units: 4, useBias: false, returnSequences: true, inputShape }),
    "a large epsilon": layerNormLSTM({ units: 9, epsilon: 0.5, inputShape }),
  },
  keras: [
    {
      family: "layerNormLstm",
      by: "TensorFlow by the paper's formulas",
      layer: (g) =>
        layerNormLSTM({
          units: g.setting("units"),
          epsilon: g.setting("epsilon"),
          returnSequences: true,
          inputShape: [null, g.setting("I")],
        }),
    },
  ],
});
