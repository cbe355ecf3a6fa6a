import { gru } from "../../src/layers/public.ts";
import type { Golden } from "../fixtures/goldens.ts";
import { recurrentDropoutOf, testLayer, zoneoutOf } from "./layer-tests.ts";

const inputShape = [null, 3] as const;
const ofGolden = (resetAfter: boolean) => (g: Golden) =>
  gru({
    units: g.setting("units"),
    resetAfter,
    recurrentDropout: recurrentDropoutOf(g),
    zoneout: zoneoutOf(g),
    returnSequences: true,
    inputShape: [null, g.setting("I")],
  });

await testLayer({
  type: "gru",
  masked: true,
  layers: {
    "reset after, every output": gru({ units: 5, returnSequences: true, inputShape }),
    "reset after, the last output": gru({ units: 12, inputShape }),
    "reset before, every output": gru({ units: 5, resetAfter: false, returnSequences: true, inputShape }),
    "reset before, the last output": gru({ units: 12, resetAfter: false, inputShape }),
    "reset after, backwards": gru({ units: 5, returnSequences: true, goBackwards: true, inputShape }),
    "reset before, backwards": gru({ units: 4, resetAfter: false, goBackwards: true, inputShape }),
    "reset after, states dropped": gru({
      units: 9,
      recurrentDropout: 0.5,
      returnSequences: true,
      inputShape,
    }),
    "reset before, states dropped": gru({ units: 5, recurrentDropout: 0.25, resetAfter: false, inputShape }),
    "reset after, h kept": gru({ units: 5, zoneout: 0.25, returnSequences: true, inputShape }),
    "reset before, h kept": gru({ units: 9, zoneout: 0.5, resetAfter: false, inputShape }),
    "reset before, h kept, states dropped, backwards": gru({
      units: 5,
      zoneout: 0.25,
      recurrentDropout: 0.25,
      resetAfter: false,
      goBackwards: true,
      returnSequences: true,
      inputShape,
    }),
    "reset after, without bias": gru({ units: 4, useBias: false, inputShape }),
    "reset before, without bias": gru({ units: 4, useBias: false, resetAfter: false, inputShape }),
  },
  keras: [
    { family: "gru", layer: ofGolden(true) },
    { family: "gruBefore", layer: ofGolden(false) },
    {
      family: "backwardsGru",
      layer: (g) =>
        gru({
          units: g.setting("units"),
          goBackwards: true,
          returnSequences: !g.name.includes("last"),
          inputShape: [null, g.setting("I")],
        }),
    },
    ...(["zoneoutGru", "zoneoutGruBefore"] as const).map((family) => ({
      family,
      by: "a float64 run of the paper's formulas",
      layer: ofGolden(family === "zoneoutGru"),
    })),
    { family: "gruBetween", layer: ofGolden(true) },
    { family: "gruBeforeBetween", layer: ofGolden(false) },
  ],
});
