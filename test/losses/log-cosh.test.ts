import { normals } from "../reference/sample.ts";
import { testLoss } from "./loss-tests.ts";

await testLoss({
  name: "logCosh",
  heads: {
    "a linear head": { activation: "linear" },
    "a tanh's": { activation: "tanh" },
    "numbers of which some are 0": { activation: "relu" },
  },
  units: [1, 3],
  targets: (rows, units) => normals(rows * units, 6, 2),
  takes: [0, -0, 0.5, -1e30],
  refuses: [Number.NaN, Infinity, -Infinity, 1e39],
  unfit: [],
  keras: [{ family: "logCosh", activation: "linear" }],
});
