/**
 * What a checkpoint every 30 s costs a whole fit of the seed job: `npx tsx bench/checkpoint.ts [rounds] [steps]`, on a machine that
 * has nothing else to do. Fits with a checkpoint a second and without any take turns (ABBA), all on one processor if it is run by
 * `taskset -c 0`: so many more of them stand out of the noise, and the time that a fit takes longer, by their number, is what one
 * costs, syncing to the disk and all. Said beside it: how long the training waits for one, and the same on as many processors as
 * there are.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createRuntime, dense, embedding, folderCheckpoints, lstm, type Model } from "../src/node.ts";

const [rounds, steps] = [Number(process.argv[2] ?? 6), Number(process.argv[3] ?? 160)];
const [VOCABULARY, T, BATCH] = [10_000, 80, 128];
const EVERY = 30;

const kit = await createRuntime({ threads: 1 });
const samples = steps * BATCH;
const x = { data: new Int32Array(samples * T), shape: [samples, T] };
let state = 22;
for (let i = 0; i < x.data.length; i++) {
  state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
  x.data[i] = 1 + Math.floor((VOCABULARY - 1) * (state / 2 ** 32) ** 3); // few words are many of the tokens
}
const y = Uint8Array.from({ length: samples }, (_, i) => x.data[i * T]! & 1);

async function seedModel(): Promise<Model> {
  const model = await kit.sequential(
    [
      embedding({ inputDim: VOCABULARY, outputDim: 100 }),
      lstm({ units: 64, dropout: 0.5, returnSequences: true }),
      lstm({ units: 64, dropout: 0.5 }),
      dense({ units: 1, activation: "sigmoid" }),
    ],
    { seed: 22 },
  );
  await model.compile({ optimizer: "adam", loss: "binaryCrossentropy", metrics: ["accuracy"] });
  return model;
}

const folder = mkdtempSync(join(tmpdir(), "lstmkit-bench-"));
let bytes = 0;

/** Seconds of a fit, checkpoints written, and the digest. */
async function fit(every: `${number}s` | null) {
  const model = await seedModel();
  const store = folderCheckpoints(join(folder, "run"));
  let written = 0;
  const counted: typeof store = {
    ...store,
    async write(checkpoint) {
      written++;
      bytes = checkpoint.length;
      await store.write(checkpoint);
    },
  };
  const began = performance.now();
  await model.fit(x, y, { batchSize: BATCH, ...(every && { checkpoint: { store: counted, every } }) });
  const seconds = (performance.now() - began) / 1000;
  const digest = await model.digest();
  await store.clear();
  await model.dispose();
  return { seconds, written, digest };
}

const median = (values: readonly number[]) => values.toSorted((a, b) => a - b)[values.length >> 1]!;

await fit(null); // warms the engine up
const costs: number[] = [];
const digests = new Set<string>();
let last = 0;
for (let round = 0; round < rounds; round++) {
  const order = round % 2 === 0 ? ([null, "1s", "1s", null] as const) : (["1s", null, null, "1s"] as const);
  const [plain, kept] = [0, 0].map(() => ({ seconds: 0, written: 0 }));
  for (const every of order) {
    const one = await fit(every);
    const of = every ? kept! : plain!;
    of.seconds += one.seconds;
    of.written += one.written;
    digests.add(one.digest);
  }
  last = plain!.seconds / 2;
  costs.push((1000 * (kept!.seconds - plain!.seconds)) / kept!.written);
  console.log(
    `round ${round + 1}: ${plain!.seconds.toFixed(2)} s without, ${kept!.seconds.toFixed(2)} s with ${kept!.written} checkpoints: ${costs.at(-1)!.toFixed(1)} ms each`,
  );
}
if (digests.size > 1) throw new Error(`digests differ: ${[...digests].join(", ")}`);
const cost = median(costs);
const share = cost / 1000 / EVERY;
console.log(
  `\nseed job, ${steps} steps of ${BATCH} (${last.toFixed(1)} s), strict, one thread, node ${process.versions.node}; a checkpoint of ${(bytes / 1e6).toFixed(1)} MB`,
);
console.log(`${cost.toFixed(1)} ms a checkpoint, median of ${rounds} rounds`);
const met = share <= 0.002 ? "aim met" : share <= 0.01 ? "reached" : "missed";
console.log(`cost of one every ${EVERY} s: ${(100 * share).toFixed(2)} % (reach 1 %, aim 0.2 %): ${met}`);
rmSync(folder, { recursive: true });
await kit.close();
