import type { NadamConfig } from "../../src/optimizers/nadam.ts";
import { TOLERANCES } from "../tolerances.ts";
import { testOptimizer } from "./optimizer-tests.ts";

await testOptimizer<NadamConfig>({
  name: "nadam",
  defaults: { name: "nadam", learningRate: 1e-3, beta1: 0.9, beta2: 0.999, epsilon: 1e-7 },
  options: {
    "Keras's defaults but for the learning rate": { name: "nadam", learningRate: 0.01 },
    "moments of short memory, a large epsilon": {
      name: "nadam",
      learningRate: 0.01,
      beta1: 0.5,
      beta2: 0.75,
      epsilon: 0.1,
    },
    "no memory of the gradient": { name: "nadam", learningRate: 0.01, beta1: 0, epsilon: 0.01 },
  },
  keras: {
    family: "nadam",
    optimizer: (g) => ({ name: "nadam", learningRate: g.setting("learning_rate") }),
    tolerance: TOLERANCES.kerasAdam,
  },
  refuses: {
    learningRate: [0, -1, Number.NaN, Infinity],
    beta1: [1, -0.1],
    beta2: [1, -0.1],
    epsilon: [0, Infinity],
    amsgrad: [true],
  },
});
