import { testLayer } from "./layer-tests.ts";

await testLayer({
  type: "input",
  layers: {},
  keras: "it computes nothing; test/model/encoder-decoder.test.ts has Keras's models of several",
});
