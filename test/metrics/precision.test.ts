import { keepMask } from "../reference/sample.ts";
import { testMetric } from "./metric-tests.ts";

await testMetric({
  name: "precision",
  beside: {
    "a sigmoid's probabilities": { loss: { name: "binaryCrossentropy" }, activation: "sigmoid" },
    logits: { loss: { name: "binaryCrossentropy", fromLogits: true }, activation: "linear" },
    "probabilities that no sigmoid made": { loss: { name: "binaryCrossentropy" }, activation: "hardSigmoid" },
    "logits that something made, which the way back wants": {
      loss: { name: "binaryCrossentropy", fromLogits: true },
      activation: "tanh",
    },
    "one-hot classes": { loss: { name: "categoricalCrossentropy" }, activation: "softmax" },
    "logits of classes": {
      loss: { name: "categoricalCrossentropy", fromLogits: true },
      activation: "linear",
    },
  },
  units: [2, 3],
  variants: [{ threshold: 0.3 }, { threshold: 0.6, classId: 1 }],
  targets: (rows, units) => keepMask(rows * units, 0.5, 6),
  refusedBeside: ["sparseCategoricalCrossentropy"],
  accuracyOf: [],
  refuses: [
    [{ classId: 3 }, "units 0 to 2"],
    [{ threshold: 1.5 }, "threshold"],
    [{ thresholds: [0.5] }, "did you mean threshold"],
  ],
});
