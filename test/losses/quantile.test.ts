import { normals } from "../reference/sample.ts";
import { testLoss } from "./loss-tests.ts";

await testLoss({
  name: "quantile",
  heads: {
    "a linear head": { activation: "linear", options: { quantiles: [0.1, 0.5, 0.9] } },
    "a tanh's": { activation: "tanh", options: { quantiles: [0.25, 0.5, 0.99] } },
  },
  units: [3, 6, 9],
  targets: (rows, units) => normals((rows * units) / 3, 6),
  takes: [0, -0, 0.5, -1e30],
  refuses: [Number.NaN, Infinity, -Infinity, 1e39],
  unfit: [
    ...[1, 2, 4].map((units) => ({
      activation: "linear" as const,
      units,
      options: { quantiles: [0.1, 0.5, 0.9] },
      says: "3 outputs for each target",
    })),
    ...[[], [0], [1], [0.5, 0.5], [0.9, 0.1], [Number.NaN]].map((quantiles) => ({
      activation: "linear" as const,
      units: 2,
      options: { quantiles },
      says: "ascending order",
    })),
  ],
  keras: [{ family: "quantile", activation: "linear", options: { quantiles: [0.1, 0.5, 0.9] } }],
});
