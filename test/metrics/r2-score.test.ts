import { keepMask } from "../reference/sample.ts";
import { testMetric } from "./metric-tests.ts";

await testMetric({
  name: "r2Score",
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
  variants: [{ classAggregation: "varianceWeightedAverage" }, { numRegressors: 2 }, { numRegressors: 900 }],
  targets: (rows, units) => keepMask(rows * units, 0.5, 6),
  refusedBeside: ["sparseCategoricalCrossentropy"],
  accuracyOf: [],
  refuses: [
    [{ classAggregation: null }, "classAggregation"],
    [{ numRegressors: -1 }, "numRegressors"],
  ],
});
