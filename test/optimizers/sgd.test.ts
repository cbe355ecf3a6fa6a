import type { SgdConfig } from "../../src/optimizers/sgd.ts";
import { TOLERANCES } from "../tolerances.ts";
import { testOptimizer } from "./optimizer-tests.ts";

await testOptimizer<SgdConfig>({
  name: "sgd",
  defaults: { name: "sgd", learningRate: 0.01, momentum: 0, nesterov: false },
  options: {
    plain: { name: "sgd", learningRate: 0.1 },
    "with momentum": { name: "sgd", learningRate: 0.1, momentum: 0.9 },
    "with Nesterov's momentum": { name: "sgd", learningRate: 0.1, momentum: 0.9, nesterov: true },
    "Nesterov's without momentum, which is plain": { name: "sgd", learningRate: 0.1, nesterov: true },
  },
  keras: {
    family: "sgd",
    optimizer: (g) => ({
      name: "sgd",
      learningRate: g.setting("learning_rate"),
      momentum: g.name === "optimizer_sgd" ? 0 : g.setting("momentum"),
      nesterov: g.name.endsWith("nesterov"),
    }),
    tolerance: TOLERANCES.kerasSgd,
  },
  refuses: {
    learningRate: [0, -1, Number.NaN, Infinity, 1e-60, 1e60, "0.1", null],
    momentum: [-0.1, 1.1, Number.NaN, "0.9"],
    nesterov: [0, "true", null],
    beta1: [0.9],
  },
});
