import { keepMask } from "../reference/sample.ts";
import { testMetric } from "./metric-tests.ts";

await testMetric({
  name: "auc",
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
  variants: [
    { curve: "PR" },
    { numThresholds: 5 },
    { curve: "PR", numThresholds: 2 },
    { summationMethod: "minoring", numThresholds: 21 },
    { curve: "PR", summationMethod: "majoring" },
  ],
  targets: (rows, units) => keepMask(rows * units, 0.5, 6),
  refusedBeside: ["sparseCategoricalCrossentropy"],
  accuracyOf: [],
  refuses: [
    [{ curve: "PRGAIN" }, "curve"],
    [{ numThresholds: 1 }, "numThresholds"],
    [{ summationMethod: "mean" }, "summationMethod"],
  ],
});
