import { normals } from "../reference/sample.ts";
import { testLoss } from "./loss-tests.ts";

await testLoss({
  name: "huber",
  heads: {
    "a linear head": { activation: "linear" },
    "a tanh's": { activation: "tanh" },
    "numbers of which some are 0": { activation: "relu" },
    "a linear head, delta 0.3": { activation: "linear", options: { delta: 0.3 } },
    "a linear head, delta 20": { activation: "linear", options: { delta: 20 } },
  },
  units: [1, 3],
  targets: (rows, units) => normals(rows * units, 6),
  takes: [0, -0, 0.5, -1e30],
  refuses: [Number.NaN, Infinity, -Infinity, 1e39],
  unfit: [
    { activation: "linear", units: 1, options: { delta: 0 }, says: "above 0" },
    { activation: "linear", units: 1, options: { delta: Infinity }, says: "above 0" },
  ],
  keras: [
    { family: "huber", activation: "linear" },
    { family: "huberDelta", activation: "linear", options: { delta: 0.5 } },
  ],
});
