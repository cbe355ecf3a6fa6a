import { lstm } from "../../src/layers/public.ts";
import { testLayer } from "./layer-tests.ts";

const inputShape = [null, 3] as const;

await testLayer({
  type: "lstm",
  layers: {
    "every output": lstm({ units: 5, returnSequences: true, inputShape }),
    "the last output": lstm({ units: 12, inputShape }),
    "one unit": lstm({ units: 1, inputShape: [null, 9] }),
    backwards: lstm({ units: 5, returnSequences: true, goBackwards: true, inputShape }),
    "backwards, the last output": lstm({ units: 4, goBackwards: true, inputShape }),
    "without bias": lstm({ units: 4, useBias: false, returnSequences: true, inputShape }),
  },
  keras: [
    {
      family: "lstm",
      layer: (g) =>
        lstm({ units: g.setting("units"), returnSequences: true, inputShape: [null, g.setting("I")] }),
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
