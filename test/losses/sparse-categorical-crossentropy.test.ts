import { integers } from "../reference/sample.ts";
import { testLoss } from "./loss-tests.ts";

await testLoss({
  name: "sparseCategoricalCrossentropy",
  heads: {
    "a softmax's": { activation: "softmax" },
    logits: { activation: "linear", fromLogits: true },
    "probabilities that no softmax made": { activation: "hardSigmoid" },
  },
  units: [2, 3, 9],
  targets: (rows, units) => integers(rows, units, 6),
  takes: [0, 1, 2, -0],
  refuses: [3, -1, 0.5, Number.NaN, Infinity],
  unfit: [
    { activation: "softmax", units: 1, says: "binaryCrossentropy" },
    { activation: "linear", fromLogits: true, units: 1, says: "1 unit" },
    { activation: "softmax", fromLogits: true, units: 3, says: "drop fromLogits" },
  ],
  keras: [
    { family: "sparseCategoricalCrossentropy", activation: "linear" },
    { family: "sparseCategoricalCrossentropyLogits", activation: "linear", fromLogits: true },
    { family: "sparseCategoricalCrossentropyLogits", activation: "softmax" },
  ],
});
