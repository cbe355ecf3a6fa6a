import type { AdagradConfig } from "../../src/optimizers/adagrad.ts";
import { TOLERANCES } from "../tolerances.ts";
import { testOptimizer } from "./optimizer-tests.ts";

await testOptimizer<AdagradConfig>({
  name: "adagrad",
  defaults: { name: "adagrad", learningRate: 1e-3, initialAccumulatorValue: 0.1, epsilon: 1e-7 },
  options: {
    "Keras's defaults but for the learning rate": { name: "adagrad", learningRate: 0.1 },
    "a sum that begins with 0": {
      name: "adagrad",
      learningRate: 0.01,
      initialAccumulatorValue: 0,
      epsilon: 1e-3,
    },
  },
  keras: {
    family: "adagrad",
    optimizer: (g) => ({ name: "adagrad", learningRate: g.setting("learning_rate") }),
    tolerance: TOLERANCES.kerasSteps,
  },
  refuses: {
    learningRate: [0, -1, Number.NaN, Infinity],
    initialAccumulatorValue: [-0.1, Infinity, "0.1"],
    epsilon: [0, Infinity],
    rho: [0.9],
  },
});
