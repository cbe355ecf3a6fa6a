import { integers } from "../reference/sample.ts";
import { testMetric } from "./metric-tests.ts";

const name = "sparseCategoricalCrossentropy";

await testMetric({
  name: "sparseCategoricalAccuracy",
  beside: {
    "a softmax's probabilities": { loss: { name }, activation: "softmax" },
    logits: { loss: { name, fromLogits: true }, activation: "linear" },
    "probabilities that no softmax made": { loss: { name }, activation: "sigmoid" },
  },
  units: [2, 3, 9],
  targets: (rows, units) => integers(rows, units, 6),
  refusedBeside: ["binaryCrossentropy", "categoricalCrossentropy", "meanSquaredError", "meanAbsoluteError"],
  accuracyOf: ["sparseCategoricalCrossentropy"],
});
