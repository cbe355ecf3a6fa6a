/**
 * Steps of the tutorial's job as one of several ranks, or alone: `group-job.js {"steps":36,…}`. Rank 0 prints a line of JSON:
 * the median step, and of it the exchange, in ms; bytes that a rank sends in a step; the digest.
 */
import process from "node:process";
import { mpiGroup } from "../../dist/mpi.js";
import { createRuntime, dense, embedding, loadSpam, lstm } from "../../dist/node.js";

const {
  steps = 36,
  batch = 128,
  units = 64,
  threads = 1,
  alone = false,
  // Wait for all before each exchange, so that its time is not that of a rank which is late.
  barrier = false,
} = JSON.parse(process.argv[2] ?? "{}");

const group = alone ? null : await mpiGroup();
const kit = await createRuntime({ threads });
const { train } = await loadSpam({ numWords: 10_000, maxLen: 80 });
const samples = train.x.shape[0];
const per = Math.min(steps, Math.floor(samples / batch));
const n = per * batch;
const x = { data: train.x.data.subarray(0, n * 80), shape: [n, 80] };
const y = train.y.data.subarray(0, n);
const model = await kit.sequential(
  [
    embedding({ inputDim: 10_000, outputDim: 100 }),
    lstm({ units, dropout: 0.5, returnSequences: true }),
    lstm({ units, dropout: 0.5 }),
    dense({ units: 1, activation: "sigmoid" }),
  ],
  { seed: 22 },
);
await model.compile({
  optimizer: { name: "adam", learningRate: 1e-3 },
  loss: "binaryCrossentropy",
  metrics: ["accuracy"],
});

const exchanges = [];
let bytes = 0;
const timed = group && {
  rank: group.rank,
  size: group.size,
  compare: (facts) => group.compare(facts),
  meet: (stops, check) => group.meet(stops, check),
  fail: (error) => group.fail(error),
  store: (own) => group.store(own),
  async exchange(step) {
    if (barrier) await group.meet(false);
    const began = performance.now();
    const stops = await group.exchange(step);
    exchanges.push(performance.now() - began);
    const [from, to] = [step.cut[group.rank], step.cut[group.rank + 1]];
    for (const { view, shard } of step.rows) {
      const all = view().length;
      bytes += Math.min(all, to * shard) - Math.min(all, from * shard);
    }
    if (to > from) bytes += step.floats * 4; // along the chain, or of the whole to all
    return stops;
  },
};
const took = [];
let last = 0;
await model.fit(x, y, {
  epochs: Math.ceil(steps / per),
  batchSize: batch,
  ...(timed && { group: timed }),
  onBatchEnd: (number) => {
    const now = performance.now();
    if (number > 0) took.push(now - last);
    last = now;
  },
});
const median = (values) => [...values].sort((a, b) => a - b)[values.length >> 1] ?? null;
const digest = await model.digest();
if (!group || group.rank === 0) {
  const line = {
    ranks: group?.size ?? 1,
    step: median(took),
    exchange: median(exchanges.slice(1)),
    bytes: bytes / Math.max(1, exchanges.length),
    digest,
  };
  process.stdout.write(`${JSON.stringify(line)}\n`);
}
await kit.close();
await group?.close();
