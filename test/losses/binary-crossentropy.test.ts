import { keepMask } from "../reference/sample.ts";
import { testLoss } from "./loss-tests.ts";

await testLoss({
  name: "binaryCrossentropy",
  heads: {
    "a sigmoid's": { activation: "sigmoid" },
    logits: { activation: "linear", fromLogits: true },
    "logits that are limited": { activation: "tanh", fromLogits: true },
    "probabilities that no sigmoid made": { activation: "hardSigmoid" },
    "a softmax's": { activation: "softmax", fromLogits: false },
    "a sigmoid's, with smoothed labels": { activation: "sigmoid", options: { labelSmoothing: 0.2 } },
    "probabilities, with smoothed labels": { activation: "hardSigmoid", options: { labelSmoothing: 0.5 } },
  },
  units: [1, 3],
  targets: (rows, units) => keepMask(rows * units, 0.5, 6),
  takes: [0, 1, -0],
  refuses: [0.5, 2, -1, Number.NaN, Infinity],
  unfit: [{ activation: "sigmoid", fromLogits: true, units: 1, says: "drop fromLogits" }],
  keras: [
    { family: "crossentropy", activation: "linear" },
    { family: "crossentropyLogits", activation: "linear", fromLogits: true },
    { family: "crossentropyLogits", activation: "sigmoid" },
    { family: "crossentropySmoothed", activation: "linear", options: { labelSmoothing: 0.2 } },
    { family: "crossentropyLogitsSmoothed", activation: "sigmoid", options: { labelSmoothing: 0.2 } },
  ],
});
