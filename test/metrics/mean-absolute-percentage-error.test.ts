import { keepMask } from "../reference/sample.ts";
import { testMetric } from "./metric-tests.ts";

await testMetric({
  name: "meanAbsolutePercentageError",
  beside: {
    "numbers, beside a squared error": { loss: { name: "meanSquaredError" }, activation: "linear" },
    "numbers, beside an absolute error": { loss: { name: "meanAbsoluteError" }, activation: "tanh" },
    "a sigmoid's probabilities, not its logits": {
      loss: { name: "binaryCrossentropy" },
      activation: "sigmoid",
    },
    logits: { loss: { name: "binaryCrossentropy", fromLogits: true }, activation: "linear" },
  },
  units: [1, 3],
  targets: (rows, units) => keepMask(rows * units, 0.3, 6),
  refusedBeside: ["sparseCategoricalCrossentropy"],
  accuracyOf: [],
});
