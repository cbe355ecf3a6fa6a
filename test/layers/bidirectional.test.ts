import { bidirectional, gru, lstm, type MergeMode, simpleRNN } from "../../src/layers/public.ts";
import { recurrentDropoutOf, testLayer } from "./layer-tests.ts";

const inputShape = [null, 3] as const;

await testLayer({
  type: "bidirectional",
  masked: true,
  layers: {
    "LSTMs beside each other": bidirectional({
      layer: lstm({ units: 5, returnSequences: true }),
      inputShape,
    }),
    "the last outputs of GRUs": bidirectional({ layer: gru({ units: 4 }), inputShape }),
    "sum of RNNs": bidirectional({ layer: simpleRNN({ units: 12 }), mergeMode: "sum", inputShape }),
    "product of LSTMs": bidirectional({
      layer: lstm({ units: 5, returnSequences: true }),
      mergeMode: "mul",
      inputShape,
    }),
    "states dropped": bidirectional({
      layer: lstm({ units: 5, recurrentDropout: 0.25, returnSequences: true }),
      inputShape,
    }),
    "states kept": bidirectional({
      layer: lstm({ units: 5, zoneout: 0.25, zoneoutCell: 0.5, returnSequences: true }),
      inputShape,
    }),
    "mean of GRUs": bidirectional({
      layer: gru({ units: 3, returnSequences: true, resetAfter: false }),
      mergeMode: "ave",
      inputShape,
    }),
  },
  keras: (["bidirectional", "bidirectionalBetween"] as const).map((family) => ({
    family,
    layer: (g) =>
      bidirectional({
        layer: lstm({
          units: g.setting("units"),
          recurrentDropout: recurrentDropoutOf(g),
          returnSequences: !g.name.includes("last"),
        }),
        mergeMode: g.label("merge_mode") as MergeMode,
        inputShape: [null, g.setting("I")],
      }),
  })),
});
