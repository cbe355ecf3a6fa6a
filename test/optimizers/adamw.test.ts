import type { AdamwConfig } from "../../src/optimizers/adamw.ts";
import { TOLERANCES } from "../tolerances.ts";
import { testOptimizer } from "./optimizer-tests.ts";

await testOptimizer<AdamwConfig>({
  name: "adamw",
  defaults: {
    name: "adamw",
    learningRate: 1e-3,
    beta1: 0.9,
    beta2: 0.999,
    epsilon: 1e-7,
    weightDecay: 0.004,
  },
  options: {
    "Keras's decay": { name: "adamw", learningRate: 0.01 },
    "a large decay, AMSGrad": { name: "adamw", learningRate: 0.01, weightDecay: 2, amsgrad: true },
    "no decay": { name: "adamw", learningRate: 0.01, weightDecay: 0 },
  },
  keras: {
    family: "adamw",
    optimizer: (g) => ({
      name: "adamw",
      learningRate: g.setting("learning_rate"),
      weightDecay: g.setting("weight_decay"),
    }),
    tolerance: TOLERANCES.kerasAdam,
  },
  refuses: {
    weightDecay: [-0.1, Infinity, Number.NaN, "0.1"],
    amsgrad: [1],
    rho: [0.9],
  },
});
