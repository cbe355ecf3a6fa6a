import { dense } from "../../src/layers/public.ts";
import { testLayer } from "./layer-tests.ts";

await testLayer({
  type: "dense",
  layers: {
    "a row": dense({ units: 5, activation: "tanh", inputShape: [3] }),
    "every step": dense({ units: 9, activation: "sigmoid", inputShape: [null, 5] }),
    "linear, without bias": dense({ units: 1, useBias: false, inputShape: [null, 12] }),
    relu: dense({ units: 3, activation: "relu", inputShape: [null, 3] }),
  },
  keras: "the heads of the training runs are dense layers (train_lstm, train_rnn), weights and all",
});
