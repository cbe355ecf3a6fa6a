import { normals } from "../reference/sample.ts";
import { testLoss } from "./loss-tests.ts";

await testLoss({
  name: "meanAbsoluteError",
  heads: {
    "a linear head": { activation: "linear" },
    "a sigmoid's": { activation: "sigmoid" },
    // Not a softmax: where all its outputs are on one side of their targets the gradient is 0 but for rounding.
    "a tanh's": { activation: "tanh" },
    "numbers of which some are 0": { activation: "relu" },
  },
  units: [1, 3],
  targets: (rows, units) => normals(rows * units, 6),
  takes: [0, -0, 0.5, -1e30],
  refuses: [Number.NaN, Infinity, -Infinity, 1e39],
  unfit: [],
  keras: [{ family: "meanAbsoluteError", activation: "linear" }],
});
