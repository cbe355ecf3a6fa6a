/**
 * What a task's network costs beside the same in PyTorch, one thread each, in turn: a step of training on text, a
 * character that is written, a step of training of a forecaster, whose windows are cut batch by batch.
 *
 *   npm run build && npx tsx bench/tasks.ts --python python3 [--rounds 5] [--vectors 256] [--math strict]
 *
 * Medians of all steps, and the least, which what else runs touches least. 256 bits need Node 24 or later.
 */
import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import {
  createRuntime,
  dense,
  embedding,
  input,
  lstm,
  type Model,
  type Runtime,
  type SampleBatch,
} from "../src/node.ts";
import { spreadOf } from "./duel.ts";

const { values } = parseArgs({
  options: {
    python: { type: "string", default: "python3" },
    rounds: { type: "string", default: "5" },
    vectors: { type: "string", default: "256" },
    math: { type: "string", default: "strict" },
  },
});

/** A peer that is asked and answers, a line each. */
class Peer {
  readonly #child;
  readonly #lines;
  constructor(python: string) {
    const script = fileURLToPath(new URL("peers/torch_tasks.py", import.meta.url));
    this.#child = spawn(python, [script], { stdio: ["pipe", "pipe", "inherit"] });
    this.#lines = createInterface({ input: this.#child.stdout })[Symbol.asyncIterator]();
  }
  async answer(): Promise<Record<string, unknown>> {
    const { done, value } = await this.#lines.next();
    if (done) throw new Error("the peer has ended");
    return JSON.parse(value) as Record<string, unknown>;
  }
  ask(request: object): Promise<Record<string, unknown>> {
    this.#child.stdin.write(`${JSON.stringify(request)}\n`);
    return this.answer();
  }
  close(): void {
    this.#child.stdin.end();
  }
}

/** Milliseconds of so many steps of a fit. */
async function timed(fit: (onBatchEnd: () => void) => Promise<unknown>): Promise<number[]> {
  const ms: number[] = [];
  let last = performance.now();
  await fit(() => {
    const time = performance.now();
    ms.push(time - last);
    last = time;
  });
  return ms.slice(1); // the first lays out memory
}

const TEXT = { V: 65, E: 64, H: 256, B: 32, T: 100, characters: 200 };
const FORECASTS = [
  { window: 96, horizon: 24, features: 1, known: 0, units: 64, batch: 128 },
  { window: 96, horizon: 24, features: 12, known: 11, units: 64, batch: 128 },
];
type ForecastCase = (typeof FORECASTS)[number];

function textModel(kit: Runtime, stateful: boolean): Promise<Model> {
  const { V, E, H } = TEXT;
  return kit.sequential(
    [
      embedding({ inputDim: V, outputDim: E }),
      lstm({ units: H, returnSequences: true, stateful }),
      dense({ units: V, activation: "softmax" }),
    ],
    { seed: 1 },
  );
}

function* textBatches(steps: number): Generator<SampleBatch> {
  const { V, B, T } = TEXT;
  const ids = (ahead: number) => ({
    data: Int32Array.from(
      { length: B * T },
      (_, i) => ((Math.floor(i / T) * (T + 1) + (i % T) + ahead) * 7919) % V,
    ),
    shape: [B, T],
  });
  const batch = [ids(0), ids(1)] as const;
  for (let i = 0; i < steps; i++) yield batch;
}

async function forecastModel(
  kit: Runtime,
  { window, horizon, features, known, units }: ForecastCase,
): Promise<Model> {
  const past = lstm({ units, inputShape: [window, features], name: "past" });
  const model = await kit.sequential(
    known === 0
      ? [past, dense({ units: horizon })]
      : [
          past,
          input({ name: "future", inputShape: [horizon, known] }),
          lstm({ units, returnSequences: true, initialState: "past" }),
          dense({ units: 1 }),
        ],
    { seed: 1 },
  );
  await model.compile({
    optimizer: { name: "adam", learningRate: 1e-3, globalClipnorm: 1 },
    loss: "meanSquaredError",
  });
  return model;
}

const SERIES = Float32Array.from({ length: 4096 }, (_, t) => Math.sin(t / 9));

/** Windows less their last value, cut anew for each batch. */
function* windows(
  { window, horizon, features, known, batch }: ForecastCase,
  steps: number,
): Generator<SampleBatch> {
  const future = {
    data: new Float32Array(batch * horizon * known).fill(0.3),
    shape: [batch, horizon, known],
  };
  for (let step = 0; step < steps; step++) {
    const x = { data: new Float32Array(batch * window * features), shape: [batch, window, features] };
    const y = {
      data: new Float32Array(batch * horizon),
      shape: known ? [batch, horizon, 1] : [batch, horizon],
    };
    for (let i = 0; i < batch; i++) {
      const start = i * 7;
      const level = SERIES[start + window - 1]!;
      for (let t = 0; t < window; t++) {
        x.data.fill(SERIES[start + t]! - level, (i * window + t) * features, (i * window + t + 1) * features);
      }
      for (let t = 0; t < horizon; t++) y.data[i * horizon + t] = SERIES[start + window + t]! - level;
    }
    yield [known ? [x, future] : x, y];
  }
}

const peer = new Peer(values.python);
const { name } = await peer.answer();
const kit = await createRuntime({
  math: values.math === "relaxed" ? "relaxed" : "strict",
  vectors: values.vectors === "128" ? 128 : 256,
});
const { engine, math, vectors } = await kit.info();
console.log(`lstmkit on ${engine}, ${math}, ${vectors} bits, beside ${name}; one thread each`);

/** In turn, so often; prints both, and the ratio of ours to theirs. */
async function duel(what: string, run: string, times: number, ours: () => Promise<number[]>): Promise<void> {
  const [own, theirs]: [number[], number[]] = [[], []];
  for (let round = 0; round < Number(values.rounds); round++) {
    own.push(...(await ours()));
    theirs.push(...((await peer.ask({ run, times })).ms as number[]).slice(1));
  }
  const [a, b] = [spreadOf(own), spreadOf(theirs)];
  const ratio = (x: number, y: number) => (x / y).toFixed(2);
  console.log(
    `${what}: ${a.median.toFixed(1)} ms (least ${a.low.toFixed(1)}), PyTorch ${b.median.toFixed(1)} (${b.low.toFixed(1)}): ` +
      `ours / theirs ${ratio(a.median, b.median)} by medians, ${ratio(a.low, b.low)} by the least`,
  );
}

await peer.ask({ case: "text", ...TEXT });
const writer = await textModel(kit, true);
await writer.compile({
  optimizer: { name: "adam", learningRate: 2e-3, globalClipnorm: 1 },
  loss: "sparseCategoricalCrossentropy",
});
await duel("a step of training on text, 3,200 characters", "train", 8, () =>
  timed((onBatchEnd) => writer.fit(() => textBatches(8), { onBatchEnd })),
);
const plain = await textModel(kit, false);
await plain.setWeights(await writer.getWeights());
for (const [what, model] of [
  ["in f32", plain],
  ["in int8", await kit.load(await plain.quantize())],
] as const) {
  const stream = await model.stream();
  let token = 1;
  await duel(`${TEXT.characters} characters written, ${what}`, "generate", 6, async () =>
    Array.from({ length: 20 }, () => {
      const began = performance.now();
      for (let i = 0; i < TEXT.characters; i++) {
        const shares = stream.stepSync(token);
        let most = 0;
        for (let id = 1; id < shares.length; id++) if (shares[id]! > shares[most]!) most = id;
        token = (most + i) % TEXT.V;
      }
      return performance.now() - began;
    }),
  );
}
for (const given of FORECASTS) {
  await peer.ask({ case: "forecast", ...given });
  const model = await forecastModel(kit, given);
  const form = given.known ? "encoder and decoder" : "encoder";
  await duel(`a step of training a forecaster, ${form}`, "train", 20, () =>
    timed((onBatchEnd) => model.fit(() => windows(given, 20), { onBatchEnd })),
  );
}
peer.close();
await kit.close();
