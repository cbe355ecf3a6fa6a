import type { AdamConfig } from "../../src/optimizers/adam.ts";
import { TOLERANCES } from "../tolerances.ts";
import { testOptimizer } from "./optimizer-tests.ts";

await testOptimizer<AdamConfig>({
  name: "adam",
  defaults: { name: "adam", learningRate: 1e-3, beta1: 0.9, beta2: 0.999, epsilon: 1e-7 },
  options: {
    "Keras's defaults but for the learning rate": { name: "adam", learningRate: 0.01 },
    "moments of short memory, a large epsilon": {
      name: "adam",
      learningRate: 0.01,
      beta1: 0.5,
      beta2: 0.75,
      epsilon: 0.1,
    },
    "the largest second moment: AMSGrad": { name: "adam", learningRate: 0.01, beta2: 0.5, amsgrad: true },
    "no memory of the gradient": { name: "adam", learningRate: 0.01, beta1: 0, epsilon: 0.01 },
  },
  keras: {
    family: "adam",
    optimizer: (g) => ({
      name: "adam",
      learningRate: g.setting("learning_rate"),
      ...(g.name.endsWith("amsgrad") && { amsgrad: true }),
      ...(g.name.endsWith("clipnorm") && { globalClipnorm: g.setting("global_clipnorm") }),
    }),
    tolerance: TOLERANCES.kerasAdam,
  },
  refuses: {
    learningRate: [0, -1, Number.NaN, Infinity, 1e-60, 1e60, "0.1", null],
    beta1: [1, -0.1, Number.NaN],
    beta2: [1, -0.1, Number.NaN],
    epsilon: [0, Infinity, Number.NaN],
    amsgrad: [1, "true", null],
    momentum: [0.9],
  },
});
