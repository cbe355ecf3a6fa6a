import { oneHot } from "../reference/crossentropy.ts";
import { integers } from "../reference/sample.ts";
import { testMetric } from "./metric-tests.ts";

await testMetric({
  name: "categoricalAccuracy",
  beside: {
    "a softmax's probabilities": { loss: { name: "categoricalCrossentropy" }, activation: "softmax" },
    logits: { loss: { name: "categoricalCrossentropy", fromLogits: true }, activation: "linear" },
    "a sigmoid's, each class by itself": { loss: { name: "binaryCrossentropy" }, activation: "sigmoid" },
    "numbers, beside a squared error": { loss: { name: "meanSquaredError" }, activation: "linear" },
  },
  units: [2, 3, 9],
  targets: (rows, units) => oneHot(integers(rows, units, 6), units),
  refusedBeside: ["sparseCategoricalCrossentropy"],
  accuracyOf: ["categoricalCrossentropy"],
});
