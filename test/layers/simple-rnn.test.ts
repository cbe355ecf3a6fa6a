import { simpleRNN } from "../../src/layers/public.ts";
import type { Golden } from "../fixtures/goldens.ts";
import { recurrentDropoutOf, testLayer } from "./layer-tests.ts";

const inputShape = [null, 3] as const;

await testLayer({
  type: "simpleRNN",
  masked: true,
  layers: {
    "every output": simpleRNN({ units: 5, returnSequences: true, inputShape }),
    "the last output": simpleRNN({ units: 12, inputShape }),
    backwards: simpleRNN({ units: 5, returnSequences: true, goBackwards: true, inputShape }),
    "states dropped": simpleRNN({ units: 9, recurrentDropout: 0.25, returnSequences: true, inputShape }),
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
