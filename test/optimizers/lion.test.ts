import type { LionConfig } from "../../src/optimizers/lion.ts";
import { TOLERANCES } from "../tolerances.ts";
import { testOptimizer } from "./optimizer-tests.ts";

await testOptimizer<LionConfig>({
  name: "lion",
  defaults: { name: "lion", learningRate: 1e-3, beta1: 0.9, beta2: 0.99 },
  options: {
    "Keras's defaults but for the learning rate": { name: "lion", learningRate: 0.01 },
    "of short memory": { name: "lion", learningRate: 0.01, beta1: 0.3, beta2: 0.5 },
    "no memory": { name: "lion", learningRate: 0.01, beta2: 0 },
  },
  keras: {
    family: "lion",
    optimizer: (g) => ({ name: "lion", learningRate: g.setting("learning_rate") }),
    tolerance: TOLERANCES.kerasSteps,
  },
  refuses: {
    learningRate: [0, -1, Number.NaN, Infinity],
    beta1: [0, 1, -0.1],
    beta2: [1, -0.1],
    epsilon: [1e-7],
  },
});
