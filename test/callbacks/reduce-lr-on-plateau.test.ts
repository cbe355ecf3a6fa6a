import { expect, test } from "vitest";
import { type ReduceLROnPlateauOptions, reduceLROnPlateau } from "../../src/index.ts";
import { golden } from "../fixtures/goldens.ts";
import { fitOfValues, kerasCases } from "./fit-of-values.ts";

test.each(kerasCases<{ rates: number[] }>("reduceLROnPlateau"))(
  "gives the rates that Keras gives: $options of $values",
  async (given) => {
    const callback = reduceLROnPlateau(given.options as ReduceLROnPlateauOptions);
    const { rates } = await fitOfValues(callback, given, golden("reduceLROnPlateau").setting("rate"));
    // Keras keeps a rate in float32.
    expect(rates.length).toBe(given.rates.length);
    for (const [i, rate] of rates.entries()) expect(rate / given.rates[i]!).toBeCloseTo(1, 6);
  },
);

test.each([
  [{ factor: 1 }, "factor"],
  [{ factor: 0 }, "factor"],
  [{ cooldown: -1 }, "cooldown"],
  [{ minLr: -1 }, "minLr"],
  [{ patience: 1.5 }, "patience"],
  [{ min_lr: 0 }, "did you mean minLr"],
])("%o is refused", (options, says) => {
  const make = () => reduceLROnPlateau(options as ReduceLROnPlateauOptions);
  expect(make).toThrow(/^BAD_ARGUMENT/);
  expect(make).toThrow(says);
});
