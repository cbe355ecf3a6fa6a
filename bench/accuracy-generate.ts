/**
 * What a generator reaches on Tiny Shakespeare: bits a character on its last tenth, after as many updates as PyTorch
 * makes in 300 seconds in one thread.
 *
 *   npm run build && LSTMKIT_DATA=… npx tsx bench/accuracy-generate.ts [--seeds 1,2,3] [--threads 1]
 */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { createRuntime } from "../src/node.ts";
import { generator } from "../src/tasks/index.ts";

const { values } = parseArgs({
  options: { seeds: { type: "string", default: "1,2,3" }, threads: { type: "string", default: "1" } },
});
const folder = process.env.LSTMKIT_DATA;
if (folder === undefined)
  throw new Error("LSTMKIT_DATA is not set; wanted the folder with text/tinyshakespeare.txt");
const text = await readFile(join(folder, "text/tinyshakespeare.txt"), "utf8");

/** Bits a character: what has to be reached, and what is aimed at. */
const [REACH, AIM] = [2.2, 2.1];
/** 18 passes of 313 batches of 32 × 100: 60,000 characters a second for 300 seconds. */
const JOB = { units: 256, batchSize: 32, steps: 100, epochs: 18 };

const kit = await createRuntime({ threads: Number(values.threads), vectors: 256 });
const all: number[] = [];
for (const seed of values.seeds.split(",").map(Number)) {
  const made = generator(kit, { ...JOB, seed });
  const began = performance.now();
  const report = await made.fit(text, {
    onEpochEnd: (epoch, { valBits }) =>
      console.error(`seed ${seed}, pass ${epoch + 1}: ${valBits.toFixed(3)}`),
  });
  const seconds = (performance.now() - began) / 1000;
  const bits = report.bits.validation!;
  all.push(bits);
  const baselines = report.baselines.map(({ name, bits }) => `${name} ${bits.toFixed(3)}`).join(", ");
  console.log(
    `seed ${seed}: ${bits.toFixed(3)} bits a character after ${report.batches} updates, ${seconds.toFixed(0)} s (${baselines})`,
  );
  await made.dispose();
}
const worst = Math.max(...all);
const verdict = worst <= AIM ? "aim" : worst <= REACH ? "reach" : "missed";
console.log(
  `Tiny Shakespeare, worst of ${all.length}: ${worst.toFixed(3)} (reach ${REACH}, aim ${AIM}): ${verdict}`,
);
await kit.close();
