import { oneHot } from "../reference/crossentropy.ts";
import { integers } from "../reference/sample.ts";
import { testLoss } from "./loss-tests.ts";

await testLoss({
  name: "categoricalCrossentropy",
  heads: {
    "a softmax's": { activation: "softmax" },
    logits: { activation: "linear", fromLogits: true },
    "probabilities that no softmax made": { activation: "hardSigmoid" },
    "a softmax's, with smoothed labels": { activation: "softmax", options: { labelSmoothing: 0.1 } },
    "probabilities, with smoothed labels": { activation: "hardSigmoid", options: { labelSmoothing: 0.5 } },
  },
  units: [2, 3, 9],
  // Of every other row the shares of two classes; of every third their sum is not 1.
  targets(rows, units) {
    const [first, second] = [
      oneHot(integers(rows, units, 6), units),
      oneHot(integers(rows, units, 7), units),
    ];
    return first.map((one, i) => {
      const row = Math.floor(i / units);
      return (row % 2 ? one : 0.75 * one + 0.25 * second[i]!) * (row % 3 ? 1 : 0.5);
    });
  },
  takes: [0, 1, 0.25, -0],
  refuses: [-0.25, 1.5, 2, Number.NaN, Infinity],
  unfit: [
    { activation: "softmax", units: 1, says: "binaryCrossentropy" },
    { activation: "linear", fromLogits: true, units: 1, says: "1 unit" },
    { activation: "softmax", fromLogits: true, units: 3, says: "drop fromLogits" },
  ],
  keras: [
    { family: "categoricalCrossentropy", activation: "linear" },
    { family: "categoricalCrossentropyLogits", activation: "linear", fromLogits: true },
    { family: "categoricalCrossentropyLogits", activation: "softmax" },
    { family: "categoricalCrossentropySmoothed", activation: "linear", options: { labelSmoothing: 0.1 } },
    {
      family: "categoricalCrossentropyLogitsSmoothed",
      activation: "softmax",
      options: { labelSmoothing: 0.1 },
    },
  ],
});
