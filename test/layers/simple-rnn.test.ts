import { simpleRNN } from "../../src/layers/public.ts";
import { testLayer } from "./layer-tests.ts";

const inputShape = [null, 3] as const;

await testLayer({
  type: "simpleRNN",
  layers: {
    "every output": simpleRNN({ units: 5, returnSequences: true, inputShape }),
    "the last output": simpleRNN({ units: 12, inputShape }),
    backwards: simpleRNN({ units: 5, returnSequences: true, goBackwards: true, inputShape }),
    "without bias": simpleRNN({ units: 4, useBias: false, returnSequences: true, inputShape }),
  },
  keras: [
    {
      family: "rnn",
      layer: (g) =>
        simpleRNN({ units: g.setting("units"), returnSequences: true, inputShape: [null, g.setting("I")] }),
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
