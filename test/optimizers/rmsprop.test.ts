import type { RmspropConfig } from "../../src/optimizers/rmsprop.ts";
import { TOLERANCES } from "../tolerances.ts";
import { testOptimizer } from "./optimizer-tests.ts";

await testOptimizer<RmspropConfig>({
  name: "rmsprop",
  defaults: {
    name: "rmsprop",
    learningRate: 1e-3,
    rho: 0.9,
    momentum: 0,
    epsilon: 1e-7,
    centered: false,
  },
  options: {
    "Keras's defaults but for the learning rate": { name: "rmsprop", learningRate: 0.01 },
    "with momentum": { name: "rmsprop", learningRate: 0.01, momentum: 0.5 },
    centered: { name: "rmsprop", learningRate: 0.01, centered: true, epsilon: 1e-3 },
    "centered, with momentum, of short memory": {
      name: "rmsprop",
      learningRate: 0.01,
      rho: 0.5,
      momentum: 0.5,
      epsilon: 1e-3,
      centered: true,
    },
  },
  keras: {
    family: "rmsprop",
    optimizer: (g) => {
      const shared = {
        name: "rmsprop",
        learningRate: g.setting("learning_rate"),
        rho: g.setting("rho"),
      } as const;
      if (!g.name.endsWith("centered")) return shared;
      return { ...shared, momentum: g.setting("momentum"), centered: true };
    },
    tolerance: TOLERANCES.kerasSteps,
  },
  refuses: {
    learningRate: [0, -1, Number.NaN, Infinity],
    rho: [1, -0.1, "0.9"],
    momentum: [-0.1, 1.1],
    epsilon: [0, Infinity],
    centered: [1, "true"],
    beta1: [0.9],
  },
});
