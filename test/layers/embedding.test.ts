import { embedding } from "../../src/layers/public.ts";
import { testLayer } from "./layer-tests.ts";

await testLayer({
  type: "embedding",
  layers: {
    "fewer ids than places": embedding({ inputDim: 6, outputDim: 5 }),
    "a vector of one number": embedding({ inputDim: 9, outputDim: 1 }),
  },
  keras: "the training runs begin with one (train_lstm, train_rnn), read twice and more a batch",
});
