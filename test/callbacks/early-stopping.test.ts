import { expect, test } from "vitest";
import { type EarlyStoppingOptions, earlyStopping } from "../../src/index.ts";
import { fitOfValues, kerasCases } from "./fit-of-values.ts";

const CASES = kerasCases<{ epochs: number; stopped: boolean; weights: number }>("earlyStopping");

test.each(CASES)(
  "stops where Keras stops, with the weights that it restores: $options of $values",
  async (given) => {
    const callback = earlyStopping({ ...(given.options as EarlyStoppingOptions), restoreBestWeights: true });
    const { epochs, stopped, weight } = await fitOfValues(callback, given);
    expect({ epochs, stopped, weights: weight }).toEqual({
      epochs: given.epochs,
      stopped: given.stopped,
      weights: given.weights,
    });
    expect(callback.stoppedEpoch).toBe(stopped ? epochs - 1 : null);
    if (callback.bestEpoch !== null) expect(callback.bestEpoch).toBe(given.weights);
  },
);

test("without restoreBestWeights the weights stay, and a second fit begins anew", async () => {
  const callback = earlyStopping({ patience: 1 });
  const values = [2, 1, 3, 3];
  for (let fit = 0; fit < 2; fit++) {
    expect(await fitOfValues(callback, { options: {}, values })).toMatchObject({ epochs: 3, weight: 2 });
    expect(callback).toMatchObject({ best: 1, bestEpoch: 1, stoppedEpoch: 2 });
  }
});

test.each([
  [{ patience: -1 }, "patience"],
  [{ minDelta: -0.1 }, "minDelta"],
  [{ mode: "less" }, "mode"],
  [{ baseline: Number.NaN }, "baseline"],
  [{ startFromEpoch: 0.5 }, "startFromEpoch"],
  [{ restoreBestWeight: true }, "did you mean restoreBestWeights"],
  [{ monitor: "colour" }, 'give mode "min" or "max"'],
] as const)("%o is refused", (options, says) => {
  const make = () => earlyStopping(options as EarlyStoppingOptions);
  expect(make).toThrow(/^BAD_ARGUMENT/);
  expect(make).toThrow(says);
});
