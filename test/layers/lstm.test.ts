import { lstm } from "../../src/layers/public.ts";
import type { Golden } from "../fixtures/goldens.ts";
import { recurrentDropoutOf, testLayer, zoneoutOf } from "./layer-tests.ts";

const inputShape = [null, 3] as const;

await testLayer({
  type: "lstm",
  masked: true,
  layers: {
    "every output": lstm({ units: 5, returnSequences: true, inputShape }),
    "the last output": lstm({ units: 12, inputShape }),
    "one unit": lstm({ units: 1, inputShape: [null, 9] }),
    backwards: lstm({ units: 5, returnSequences: true, goBackwards: true, inputShape }),
    "backwards, the last output": lstm({ units: 12, goBackwards: true, inputShape }),
    "states dropped": lstm({ units: 9, recurrentDropout: 0.5, returnSequences: true, inputShape }),
    "h kept": lstm({ units: 5, zoneout: 0.25, returnSequences: true, inputShape }),
    "c kept, the last output": lstm({ units: 9, zoneoutCell: 0.5, inputShape }),
    "h and c kept, states dropped, backwards": lstm({
      units: 12,
      zoneout: 0.25,
      zoneoutCell: 0.5,
      recurrentDropout: 0.25,
      goBackwards: true,
      returnSequences: true,
      inputShape,
    }),
    "without bias": lstm({ units: 4, useBias: false, returnSequences: true, inputShape }),
  },
  keras: [
    ...(["lstm", "lstmBetween"] as const).map((family) => ({
      family,
      layer: (g: Golden) =>
        lstm({
          units: g.setting("units"),
          recurrentDropout: recurrentDropoutOf(g),
          returnSequences: true,
          inputShape: [null, g.setting("I")],
        }),
    })),
    {
      family: "zoneoutLstm",
      by: "a float64 run of the paper's formulas",
      layer: (g) =>
        lstm({
          units: g.setting("units"),
          zoneout: zoneoutOf(g),
          zoneoutCell: zoneoutOf(g, "zoneout_cell"),
          returnSequences: true,
          inputShape: [null, g.setting("I")],
        }),
    },
    {
      family: "backwardsLstm",
      layer: (g) =>
        lstm({
          units: g.setting("units"),
          goBackwards: true,
          returnSequences: !g.name.includes("last"),
          inputShape: [null, g.setting("I")],
        }),
    },
  ],
});
