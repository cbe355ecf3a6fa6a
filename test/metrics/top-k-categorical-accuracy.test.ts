import { oneHot } from "../reference/crossentropy.ts";
import { integers } from "../reference/sample.ts";
import { testMetric } from "./metric-tests.ts";

await testMetric({
  name: "topKCategoricalAccuracy",
  beside: {
    "a softmax's probabilities": { loss: { name: "categoricalCrossentropy" }, activation: "softmax" },
    logits: { loss: { name: "categoricalCrossentropy", fromLogits: true }, activation: "linear" },
    "a sigmoid's, each class by itself": { loss: { name: "binaryCrossentropy" }, activation: "sigmoid" },
  },
  units: [2, 9],
  variants: [{ k: 1 }, { k: 2 }],
  targets: (rows, units) => oneHot(integers(rows, units, 6), units),
  refusedBeside: ["sparseCategoricalCrossentropy"],
  accuracyOf: [],
  refuses: [[{ k: 0 }, "k is 0"]],
});
