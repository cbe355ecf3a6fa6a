import { layerNormalization } from "../../src/layers/public.ts";
import { testLayer } from "./layer-tests.ts";

const inputShape = [null, 5] as const;

await testLayer({
  type: "layerNormalization",
  layers: {
    "every step": layerNormalization({ inputShape }),
    "a row": layerNormalization({ inputShape: [12] }),
    "without gamma": layerNormalization({ scale: false, inputShape }),
    "without beta": layerNormalization({ center: false, epsilon: 0.1, inputShape }),
    "without either": layerNormalization({ center: false, scale: false, inputShape }),
  },
  keras: [
    {
      family: "layerNormalization",
      weights: ["gamma", "beta"],
      layer: (g) =>
        layerNormalization({
          epsilon: g.setting("epsilon"),
          center: g.has("beta"),
          scale: g.has("gamma"),
          inputShape: [null, g.shape("x").at(-1)!],
        }),
    },
  ],
});
