/**
 * A training step of each recurrent cell beside the LSTM's, in one run and one thread: the seed job's network
 * with other cells in it, step by step in turn.
 *
 *   npx tsx bench/cells.ts [steps] [units] [batch] [dropout] [tokens | numbers] [cells, such as gru,minGRU]
 *
 * `tokens`: 100 numbers a token out of an embedding of 10,000, whose update is in every figure; `numbers`: as
 * many that are given. Times are the processor's, which what else runs touches least, and medians. GFLOP/s counts
 * multiply-adds of products as two, and nothing else.
 */
import { readFile } from "node:fs/promises";
import { dense, embedding, type Layer, type Model } from "../src/index.ts";
import { type AnyRecurrentLayer, RECURRENT_KINDS } from "../src/layers/recurrent-kinds.ts";
import { Team } from "../src/model/team.ts";
import { Sequential } from "../src/train/sequential.ts";
import { compileKernels, instantiateKernels, type Kernels } from "../src/wasm/kernels.ts";
import { LinearMemory } from "../src/wasm/memory.ts";
import { flopsOf } from "./flops.ts";

const [STEPS, units, B, dropout] = [60, 64, 128, 0.5].map((usual, i) =>
  Number(process.argv[2 + i] ?? usual),
) as [number, number, number, number];
const tokens = (process.argv[6] ?? "tokens") === "tokens";
const types = (process.argv[7]?.split(",") ?? Object.keys(RECURRENT_KINDS)) as AnyRecurrentLayer["type"][];
const [T, I, V] = [80, 100, 10_000];
/** Steps of one model before it is another's turn. */
const TURN = 4;

/** The kernels, and of each call what its products took. */
function counting(kernels: Kernels, add: (flops: number) => void): Kernels {
  const wrap = ([name, call]: [string, (...args: number[]) => number]) => [
    name,
    (...args: number[]) => {
      add(flopsOf(name, args));
      return call(...args);
    },
  ];
  return Object.fromEntries(Object.entries(kernels).map((pair) => wrap(pair as never))) as Kernels;
}

const module = await compileKernels(await readFile(new URL("../dist/kernels.wasm", import.meta.url)));

interface Contender {
  readonly type: string;
  readonly model: Model;
  /** Operations of a step. */
  readonly flops: number;
  readonly times: number[];
}

/** @param wrap what the kernels are called through */
async function network(
  type: AnyRecurrentLayer["type"],
  wrap: (kernels: Kernels) => Kernels = (kernels) => kernels,
): Promise<Model> {
  const memory = new LinearMemory();
  const kernels = wrap(await instantiateKernels(module, memory.wasm));
  const team = new Team(kernels, memory, 1);
  const cell = (rest: object) => ({ type, units, dropout, ...rest }) as unknown as Layer;
  const layers: Layer[] = [
    ...(tokens ? [embedding({ inputDim: V, outputDim: I })] : []),
    cell({ returnSequences: true, ...(!tokens && { inputShape: [T, I] }) }),
    cell({}),
    dense({ units: 1, activation: "sigmoid" }),
  ];
  const model = new Sequential({ kernels, memory, team, seed: 22, onDispose: () => {} }, layers);
  await model.compile({ loss: "binaryCrossentropy" });
  return model;
}

/** Counted apart, so that nothing stands between a timed model and its kernels. */
async function contender(type: AnyRecurrentLayer["type"]): Promise<Contender> {
  let flops = 0;
  const counted = await network(type, (kernels) =>
    counting(kernels, (more) => {
      flops += more;
    }),
  );
  await counted.fit(x, y, { batchSize: B });
  await counted.dispose();
  return { type, model: await network(type), flops: flops / TURN, times: [] };
}

/** Numbers that look like anything; a generator of Lehmer's. */
let state = 1;
const random = () => {
  state = (state * 48271) % 2147483647;
  return state / 2147483647;
};
const samples = TURN * B;
const x = tokens
  ? {
      data: Int32Array.from({ length: samples * T }, () => Math.floor(V * random() ** 3)),
      shape: [samples, T],
    }
  : { data: Float32Array.from({ length: samples * T * I }, () => random() - 0.5), shape: [samples, T, I] };
const y = Float32Array.from({ length: samples }, () => Number(random() > 0.5));

/** Of this process, in ms. */
function processorTime(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}

async function turn({ model, times }: Contender): Promise<void> {
  let last = 0;
  await model.fit(x, y, {
    batchSize: B,
    onBatchEnd: () => {
      const now = processorTime();
      // The first step of a call has its preparations in it.
      if (last > 0) times.push(now - last);
      last = now;
    },
  });
}

const median = (values: readonly number[]) => values.toSorted((a, b) => a - b)[values.length >> 1]!;

const all = await Promise.all([...new Set(["lstm" as const, ...types])].map(contender));
for (const each of all) {
  await turn(each);
  each.times.length = 0;
}
while (all[0]!.times.length < STEPS) for (const each of all) await turn(each);

console.log(
  `node ${process.versions.node}, ${all[0]!.times.length} steps each of H ${units}, B ${B}, dropout ${dropout}, ` +
    `${tokens ? "tokens" : "numbers"}, strict, one thread\n`,
);
const own = median(all[0]!.times);
const speed = ({ flops, times }: Contender) => flops / median(times) / 1e6;
console.log(
  `${"cell".padEnd(16)}${"a step".padStart(10)}${"of lstm".padStart(9)}${"GFLOP/s".padStart(9)}${"of lstm".padStart(9)}`,
);
for (const each of all) {
  const ms = median(each.times);
  console.log(
    `${each.type.padEnd(16)}${ms.toFixed(1).padStart(7)} ms${(ms / own).toFixed(3).padStart(9)}` +
      `${speed(each).toFixed(1).padStart(9)}${(speed(each) / speed(all[0]!)).toFixed(3).padStart(9)}`,
  );
}
