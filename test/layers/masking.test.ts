import { masking } from "../../src/layers/public.ts";
import { testLayer } from "./layer-tests.ts";

await testLayer({
  type: "masking",
  layers: {
    "where nothing is masked": masking({ maskValue: 9, inputShape: [null, 3] }),
  },
  keras: "it has no arithmetic; what the layers above make of its mask is tested with each of them",
});
