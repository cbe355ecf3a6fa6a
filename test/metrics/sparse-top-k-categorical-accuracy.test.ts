import { integers } from "../reference/sample.ts";
import { testMetric } from "./metric-tests.ts";

const name = "sparseCategoricalCrossentropy";

await testMetric({
  name: "sparseTopKCategoricalAccuracy",
  beside: {
    "a softmax's probabilities": { loss: { name }, activation: "softmax" },
    logits: { loss: { name, fromLogits: true }, activation: "linear" },
  },
  units: [2, 9],
  variants: [{ k: 1 }, { k: 2 }],
  targets: (rows, units) => integers(rows, units, 6),
  refusedBeside: ["binaryCrossentropy", "categoricalCrossentropy", "meanSquaredError", "meanAbsoluteError"],
  accuracyOf: [],
  refuses: [[{ k: 1.5 }, "k is 1.5"]],
});
