import { minGRU } from "../../src/layers/public.ts";
import { testLayer } from "./layer-tests.ts";

const inputShape = [null, 3] as const;

await testLayer({
  type: "minGRU",
  layers: {
    "every output": minGRU({ units: 5, returnSequences: true, inputShape }),
    "the last output": minGRU({ units: 12, inputShape }),
    "one unit": minGRU({ units: 1, inputShape: [null, 9] }),
    "without bias": minGRU({ units: 4, useBias: false, returnSequences: true, inputShape }),
  },
  keras: "Keras has no minGRU",
});
