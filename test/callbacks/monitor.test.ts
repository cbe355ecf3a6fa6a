import { expect, test } from "vitest";
import { Monitor } from "../../src/callbacks/monitor.ts";
import { METRICS } from "../../src/metrics/index.ts";

const LESS = ["meanSquaredError", "rootMeanSquaredError", "meanAbsoluteError", "meanAbsolutePercentageError"];

test.each(["loss", "accuracy", ...Object.keys(METRICS)])(
  "whether %s is to become less goes by its name",
  (name) => {
    const isLess = name === "loss" || LESS.includes(name);
    for (const monitor of [name, `val${name[0]!.toUpperCase()}${name.slice(1)}`, `${name}2`]) {
      const own = new Monitor("test", { monitor, mode: "auto" });
      expect(own.isBetter(1, 2)).toBe(isLess);
      expect(own.isBetter(2, 1)).toBe(!isLess);
      expect(own.isBetter(1, 1)).toBe(false);
    }
  },
);

test("what no epoch logs is refused when the fit begins, with what they log", () => {
  const begin = () =>
    new Monitor("test", { monitor: "valLos", mode: "min" }).begin({
      metrics: ["loss", "valLoss"],
    });
  expect(begin).toThrow(/^BAD_ARGUMENT: test monitors "valLos": did you mean valLoss\?.*log loss, valLoss\./);
});

test("NaN is no improvement, nor is anything over NaN", () => {
  const own = new Monitor("test", { monitor: "loss", mode: "auto" });
  expect([own.isBetter(Number.NaN, 1), own.isBetter(1, Number.NaN), own.isBetter(Number.NaN, null)]).toEqual([
    false,
    false,
    true,
  ]);
});
