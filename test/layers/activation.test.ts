import { activation } from "../../src/layers/public.ts";
import { testLayer } from "./layer-tests.ts";

const inputShape = [null, 5] as const;

await testLayer({
  type: "activation",
  layers: {
    "tanh at every step": activation({ activation: "tanh", inputShape }),
    "softmax at every step": activation({ activation: "softmax", inputShape }),
    "a sigmoid of a row": activation({ activation: "sigmoid", inputShape: [9] }),
    "relu, of a row": activation({ activation: "relu", inputShape: [8] }),
    linear: activation({ activation: "linear", inputShape }),
  },
  keras: [
    {
      family: "activation",
      layer: (g) => activation({ activation: g.label("activation") as "sigmoid" | "softmax", inputShape }),
    },
  ],
});
