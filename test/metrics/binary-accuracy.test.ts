import { expect, test } from "vitest";
import { dense } from "../../src/layers/public.ts";
import { checkCompile } from "../../src/model/compile.ts";
import { checkLayers } from "../../src/model/stack.ts";
import { keepMask } from "../reference/sample.ts";
import { testMetric } from "./metric-tests.ts";

await testMetric({
  name: "binaryAccuracy",
  beside: {
    "a sigmoid's probabilities": { loss: { name: "binaryCrossentropy" }, activation: "sigmoid" },
    logits: { loss: { name: "binaryCrossentropy", fromLogits: true }, activation: "linear" },
    "probabilities that no sigmoid made": { loss: { name: "binaryCrossentropy" }, activation: "hardSigmoid" },
    "numbers, beside a squared error": { loss: { name: "meanSquaredError" }, activation: "linear" },
    "one-hot classes": { loss: { name: "categoricalCrossentropy" }, activation: "softmax" },
  },
  units: [1, 3],
  variants: [{ threshold: 0.25 }, { threshold: 0.7 }, { threshold: 0 }, { threshold: 1 }],
  targets: (rows, units) => keepMask(rows * units, 0.5, 6),
  refusedBeside: ["sparseCategoricalCrossentropy"],
  accuracyOf: ["binaryCrossentropy"],
  refuses: [[{ threshold: 1.1 }, "threshold"]],
});

test.each(["meanSquaredError", "meanAbsoluteError"] as const)(
  "%s has no accuracy, and what says so names one that it has",
  (loss) => {
    const compile = () =>
      checkCompile({ loss, metrics: ["accuracy"] }, checkLayers([dense({ units: 1, inputShape: [3] })]));
    expect(compile).toThrow(/^BAD_ARGUMENT/);
    expect(compile).toThrow("meanAbsoluteError");
  },
);
