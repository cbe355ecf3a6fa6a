/**
 * The seed job's training step and inference, side by side with TensorFlow.js's wasm backend: same
 * data, same weights, same work, one thread each, interleaved. Results are compared before anything
 * is timed.
 *
 *   npm run bench [-- --rounds 5] [-- --json]
 */
import { readFile } from "node:fs/promises";
import { cpus } from "node:os";
import { parseArgs } from "node:util";
import { spamFromBytes } from "../src/data/spam.ts";
import { SHARD_SIZE } from "../src/model/plan.ts";
import { createRuntime, dense, embedding, type Layer, lstm, type Model } from "../src/node.ts";
import type { Layer as PlainLayer } from "../test/reference/sequential.ts";
import { type TfjsNetwork, tfjsNetwork } from "../test/tfjs/network.ts";

const { values: flags } = parseArgs({
  options: { rounds: { type: "string", default: "5" }, json: { type: "boolean", default: false } },
});
const ROUNDS = Number(flags.rounds);
if (!Number.isInteger(ROUNDS) || ROUNDS < 1) {
  console.error(`--rounds is ${flags.rounds}; it must be a whole number from 1 on.`);
  process.exit(2);
}

const B = 128;
const T = 80;
const V = 10_000;
const root = new URL("..", import.meta.url);

/** Without dropout for tfjs: its masks have no seed. Ours is timed with and without. */
const layers = (dropout: number): Layer[] => [
  embedding({ inputDim: V, outputDim: 100 }),
  lstm({ units: 64, dropout, returnSequences: true }),
  lstm({ units: 64, dropout }),
  dense({ units: 1, activation: "sigmoid" }),
];

const corpus = spamFromBytes(new Uint8Array(await readFile(new URL("assets/spam-assassin.bin", root))), {
  numWords: V,
  maxLen: T,
});
const kit = await createRuntime();

/** Batch number `index` of the training set. */
function batch(index: number) {
  const first = (index * B) % (Math.floor(corpus.train.x.shape[0]! / B) * B);
  const ids = corpus.train.x.data.slice(first * T, (first + B) * T);
  const labels = corpus.train.y.data.slice(first, first + B);
  return { ids, labels, x: { data: ids, shape: [B, T] }, y: { data: labels, shape: [B] } };
}

async function ours(dropout: number): Promise<Model> {
  const model = await kit.sequential(layers(dropout), { seed: 22 });
  await model.compile({ loss: "binaryCrossentropy", metrics: ["accuracy"] });
  return model;
}

const fitOne = (model: Model, index: number) => {
  const { x, y } = batch(index);
  return model.fit(x, y, { batchSize: B, shuffle: false });
};

const theirs: TfjsNetwork = await tfjsNetwork(layers(0) as PlainLayer[]);
const plain = await ours(0);
const dropped = await ours(0.5);
theirs.setWeights((await plain.getWeights()).map(({ data }) => data));

const theirBatch = (index: number) => {
  const { ids, labels } = batch(index);
  return { x: ids, y: labels, B, T };
};

/** The same predictions and the same loss, before any of it is timed. */
async function checkResults(): Promise<void> {
  const { data: mine } = await plain.predict(batch(0).x, { batchSize: B });
  const yours = theirs.predict(theirBatch(0));
  const worst = Math.max(...mine.map((p, i) => Math.abs(p - yours[i]!)));
  const { history } = await fitOne(plain, 0);
  const [loss] = theirs.train([theirBatch(0)], { learningRate: 1e-3 });
  const lossGap = Math.abs(history.loss![0]! - loss!);
  if (!(worst < 1e-5 && lossGap < 1e-5)) {
    throw new Error(`results differ: predictions by ${worst}, loss by ${lossGap}; nothing is timed.`);
  }
  note(
    `results agree: predictions within ${worst.toExponential(1)}, loss within ${lossGap.toExponential(1)}`,
  );
}

interface Timing {
  readonly median: number;
  readonly low: number;
  readonly high: number;
}

/** Run each task once to warm up, then all of them in turn; milliseconds. */
async function interleave(
  tasks: Record<string, (round: number) => unknown>,
): Promise<Record<string, Timing>> {
  const times: Record<string, number[]> = {};
  for (let round = -1; round < ROUNDS; round++) {
    for (const [name, task] of Object.entries(tasks)) {
      const start = performance.now();
      await task(round + 1);
      if (round >= 0) times[name] = [...(times[name] ?? []), performance.now() - start];
    }
  }
  return Object.fromEntries(
    Object.entries(times).map(([name, list]) => {
      const sorted = list.sort((a, b) => a - b);
      return [name, { median: sorted[sorted.length >> 1]!, low: sorted[0]!, high: sorted.at(-1)! }];
    }),
  );
}

function note(text: string): void {
  if (!flags.json) console.log(text);
}

function report(name: string, mine: Timing, peer: string, yours: Timing): void {
  const ratio = mine.median / yours.median;
  if (flags.json) {
    const { engine } = info;
    const row = { case: name, engine, math: info.math, threads: info.threads, ms: mine.median };
    console.log(JSON.stringify({ ...row, peer, peerMs: yours.median, ratio }));
    return;
  }
  const show = ({ median, low, high }: Timing) =>
    `${median.toFixed(1).padStart(7)} ms (${low.toFixed(0)}–${high.toFixed(0)})`.padEnd(26);
  console.log(
    `${name.padEnd(34)}${show(mine)}${show(yours)}${ratio.toFixed(3)}  ${(1 / ratio).toFixed(1)}× faster`,
  );
}

const info = await kit.info();
note(`${info.engine}, ${cpus()[0]?.model}, one thread; medians of ${ROUNDS} (fastest–slowest)`);
note(`seed job: B ${B}, T ${T}, V ${V}, E 100, LSTM 64 × 2, shards of ${SHARD_SIZE}`);
await checkResults();
const tfjsName = "tfjs-wasm 4.22";
note(`\n${"".padEnd(34)}${"lstmkit".padEnd(26)}${tfjsName.padEnd(26)}ratio`);
const training = await interleave({
  plain: (i) => fitOne(plain, i),
  dropped: (i) => fitOne(dropped, i),
  tfjs: (i) => theirs.train([theirBatch(i)], { learningRate: 1e-3 }),
});
report("training step", training.plain!, tfjsName, training.tfjs!);
report("training step, our dropout 0.5", training.dropped!, tfjsName, training.tfjs!);
const inference = await interleave({
  plain: (i) => plain.predict(batch(i).x, { batchSize: B }),
  tfjs: (i) => theirs.predict(theirBatch(i)),
});
report("inference, B 128", inference.plain!, tfjsName, inference.tfjs!);
const one = (i: number) => ({ data: batch(i).ids.slice(0, T), shape: [1, T] });
const single = await interleave({
  plain: (i) => plain.predict(one(i)),
  tfjs: (i) => theirs.predict({ x: one(i).data, B: 1, T }),
});
report("inference, one text", single.plain!, tfjsName, single.tfjs!);
theirs.dispose();
await kit.close();
