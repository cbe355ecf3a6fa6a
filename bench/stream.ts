/**
 * What a step of a stream costs, on the seed job's network: an embedding of 10,000 × 100, two LSTMs of 64, dense.
 *
 *   npx tsx --expose-gc bench/stream.ts [strict | relaxed]
 *
 * `stepSync` and an awaited `step` take turns, 50 steps at a time, which is less than a slice of a busy machine's time.
 * Medians in µs a step; then the bytes of heap that
 * a step of stepSync leaves behind.
 */
import { createRuntime, dense, embedding, lstm } from "../src/node.ts";

const STEPS = 50;
const ROUNDS = 1001;

const math = process.argv[2] === "relaxed" ? "relaxed" : "strict";
const kit = await createRuntime({ math });
const model = await kit.sequential([
  embedding({ inputDim: 10_000, outputDim: 100 }),
  lstm({ units: 64, returnSequences: true }),
  lstm({ units: 64 }),
  dense({ units: 1, activation: "sigmoid" }),
]);
const stream = await model.stream();
const ids = Int32Array.from({ length: STEPS }, (_, i) => (i * 7919) % 10_000);

const times = { stepSync: [] as number[], step: [] as number[] };
for (let round = 0; round < ROUNDS; round++) {
  let start = performance.now();
  for (let i = 0; i < STEPS; i++) stream.stepSync(ids[i]!);
  times.stepSync.push(((performance.now() - start) / STEPS) * 1000);
  start = performance.now();
  for (const id of ids) await stream.step(id);
  times.step.push(((performance.now() - start) / STEPS) * 1000);
}
for (const [name, all] of Object.entries(times)) {
  const sorted = all.sort((a, b) => a - b);
  console.log(`${name}: ${sorted[ROUNDS >> 1]!.toFixed(1)} µs a step (least ${sorted[0]!.toFixed(1)})`);
}

globalThis.gc?.();
const before = process.memoryUsage().heapUsed;
for (let round = 0; round < 2000; round++) {
  for (let i = 0; i < STEPS; i++) stream.stepSync(ids[i]!);
}
console.log(
  `${((process.memoryUsage().heapUsed - before) / (2000 * STEPS)).toFixed(2)} bytes of heap a step`,
);
await kit.close();
