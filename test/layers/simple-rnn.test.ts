import { simpleRNN } from "../../src/layers/public.ts";
import type { Golden } from "../fixtures/goldens.ts";
import { recurrentDropoutOf, testLayer, zoneoutOf } from "./layer-tests.ts";

const inputShape = [null, 3] as const;

await testLayer({
  type: "simpleRNN",
  masked: true,
  layers: {
    "every output": simpleRNN({ units: 5, returnSequences: true, inputShape }),
    "the last output": simpleRNN({ units: 12, inputShape }),
    backwards: simpleRNN({ units: 5, returnSequences: true, goBackwards: true, inputShape }),
    "states dropped": simpleRNN({ units: 9, recurrentDropout: 0.25, returnSequences: true, inputShape }),
    "h kept": simpleRNN({ units: 5, zoneout: 0.25, returnSequences: true, inputShape }),
    "h kept, states dropped, the last output, backwards": simpleRNN({
      units: 9,
      zoneout: 0.5,
      recurrentDropout: 0.25,
      goBackwards: true,
      inputShape,
    }),
    "without bias": simpleRNN({ units: 4, useBias: false, returnSequences: true, inputShape }),
  },
  keras: [
    ...(["rnn", "rnnBetween"] as const).map((family) => ({
      family,
      layer: (g: Golden) =>
        simpleRNN({
          units: g.setting("units"),
          recurrentDropout: recurrentDropoutOf(g),
          returnSequences: true,
          inputShape: [null, g.setting("I")],
        }),
    })),
    {
      family: "zoneoutRnn",
      by: "a float64 run of the paper's formulas",
      layer: (g) =>
        simpleRNN({
          units: g.setting("units"),
          zoneout: zoneoutOf(g),
          returnSequences: true,
          inputShape: [null, g.setting("I")],
        }),
    },
    {
      family: "backwardsRnn",
      layer: (g) =>
        simpleRNN({
          units: g.setting("units"),
          goBackwards: true,
          returnSequences: !g.name.includes("last"),
          inputShape: [null, g.setting("I")],
        }),
    },
  ],
});
