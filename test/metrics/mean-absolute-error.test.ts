import { keepMask } from "../reference/sample.ts";
import { testMetric } from "./metric-tests.ts";

await testMetric({
  name: "meanAbsoluteError",
  beside: {
    "numbers, beside another error": { loss: { name: "meanSquaredError" }, activation: "linear" },
    "numbers, beside the loss of its name": { loss: { name: "meanAbsoluteError" }, activation: "tanh" },
    "a sigmoid's probabilities, not its logits": {
      loss: { name: "binaryCrossentropy" },
      activation: "sigmoid",
    },
    "a softmax's probabilities": { loss: { name: "categoricalCrossentropy" }, activation: "softmax" },
    logits: { loss: { name: "binaryCrossentropy", fromLogits: true }, activation: "linear" },
  },
  units: [1, 3],
  targets: (rows, units) => keepMask(rows * units, 0.5, 6),
  refusedBeside: ["sparseCategoricalCrossentropy"],
  accuracyOf: [],
});
