import { normals } from "../reference/sample.ts";
import { testLoss } from "./loss-tests.ts";

await testLoss({
  name: "gaussianNegativeLogLikelihood",
  heads: {
    "a linear head": { activation: "linear" },
    "a linear head, epsilon 0.1": { activation: "linear", options: { epsilon: 0.1 } },
    "a tanh's": { activation: "tanh" },
  },
  units: [2, 4, 10],
  targets: (rows, units) => normals((rows * units) / 2, 6),
  lossSize: 1,
  takes: [0, -0, 0.5, -1e30],
  refuses: [Number.NaN, Infinity, -Infinity, 1e39],
  unfit: [
    { activation: "linear", units: 1, says: "2 outputs for each target" },
    { activation: "linear", units: 3, says: "2 outputs for each target" },
    { activation: "linear", units: 2, options: { epsilon: 0 }, says: "above 0" },
  ],
  keras: [{ family: "gaussian", activation: "linear" }],
});
