/**
 * Where the time of a training step goes, kernel by kernel, in one thread: of the seed job, or of one with
 * another width or cell.
 *
 *   npx tsx bench/profile.ts [steps] [units] [batch] [dropout] [cell]
 *   node --experimental-wasm-revectorize --import tsx bench/profile.ts …
 *
 * The second, with a Node that has V8's 256-bit pass, is of vectors of 256 bits. MATH=relaxed: the relaxed build.
 *
 * Each kernel is timed as the host calls it; a call's own cost (about 0.1 µs) is in its figure. The last
 * line is what is left of the step: copying the batch in, the event loop, the host's own work.
 */
import { readFile } from "node:fs/promises";
import { spamFromBytes } from "../src/data/spam.ts";
import { dense, embedding, type Layer } from "../src/index.ts";
import { Team } from "../src/model/team.ts";
import { Sequential } from "../src/train/sequential.ts";
import { compileKernels, instantiateKernels, type Kernels } from "../src/wasm/kernels.ts";
import { LinearMemory } from "../src/wasm/memory.ts";
import { flopsOf } from "./flops.ts";
import { rooflineGflops, vectorBits } from "./roofline.ts";

const [STEPS, units, B, dropout] = [40, 64, 128, 0.5].map((usual, i) =>
  Number(process.argv[2 + i] ?? usual),
) as [number, number, number, number];
const type = process.argv[6] ?? "lstm";
const cell = (options: object) => ({ type, units, dropout, ...options }) as unknown as Layer;
const T = 80;
const root = new URL("..", import.meta.url);

interface Entry {
  calls: number;
  ms: number;
  flops: number;
}

const entries = new Map<string, Entry>();

function timed(kernels: Kernels): Kernels {
  const wrap = ([name, call]: [string, (...args: number[]) => number]) => {
    const entry = { calls: 0, ms: 0, flops: 0 };
    entries.set(name, entry);
    return [
      name,
      (...args: number[]) => {
        const start = performance.now();
        const result = call(...args);
        entry.ms += performance.now() - start;
        entry.calls += 1;
        entry.flops += flopsOf(name, args);
        return result;
      },
    ];
  };
  return Object.fromEntries(Object.entries(kernels).map((pair) => wrap(pair as never))) as Kernels;
}

const math = process.env.MATH === "relaxed" ? "relaxed" : "strict";
const file = math === "relaxed" ? "kernels.relaxed.wasm" : "kernels.wasm";
const module = await compileKernels(await readFile(new URL(`dist/${file}`, root)));
const memory = new LinearMemory();
const bits = vectorBits();
const plain = await instantiateKernels(module, memory.wasm);
if (bits === 256) plain.setTile(16);
const kernels = timed(plain);
const team = new Team(kernels, memory, 1);
const model = new Sequential({ kernels, memory, team, seed: 22, onDispose: () => {} }, [
  embedding({ inputDim: 10_000, outputDim: 100 }),
  cell({ returnSequences: true }),
  cell({}),
  dense({ units: 1, activation: "sigmoid" }),
]);
await model.compile({ loss: "binaryCrossentropy" });
const { train } = spamFromBytes(new Uint8Array(await readFile(new URL("assets/spam-assassin.bin", root))));
const batches = Math.min(STEPS, Math.floor(train.x.shape[0]! / B));
const samples = batches * B;
const x = { data: train.x.data.subarray(0, samples * T), shape: [samples, T] };
const y = train.y.data.subarray(0, samples);
await model.fit(x, y, { batchSize: B }); // warm up
for (const entry of entries.values()) Object.assign(entry, { calls: 0, ms: 0, flops: 0 });

let steps = 0;
const stop = new AbortController();
const start = performance.now();
await model
  .fit(x, y, {
    epochs: 1000,
    batchSize: B,
    signal: stop.signal,
    onBatchEnd: () => {
      steps += 1;
      if (steps === STEPS) stop.abort();
    },
  })
  .catch(() => {});
const total = (performance.now() - start) / steps;

const roof = rooflineGflops(math);
const row = (name: string, calls: string, ms: number, rate: string) =>
  `${name.padEnd(24)}${calls.padStart(7)}${ms.toFixed(2).padStart(9)} ms${((ms / total) * 100).toFixed(1).padStart(7)} %  ${rate}`;
console.log(
  `node ${process.versions.node}, ${steps} steps of ${type}, H ${units}, B ${B}, dropout ${dropout}, ${math}, vectors of ${bits} bits, one thread\n`,
);
console.log(`${"kernel".padEnd(24)}${"calls".padStart(7)}${"per step".padStart(12)}`);
let inside = 0;
for (const [name, { calls, ms, flops }] of [...entries].sort((a, b) => b[1].ms - a[1].ms)) {
  if (calls === 0) continue;
  inside += ms / steps;
  const rate = flops / ms / 1e6;
  const share = `${rate.toFixed(1)} GFLOP/s, ${((rate / roof) * 100).toFixed(0)} % of the roof`;
  console.log(row(name, String(calls / steps), ms / steps, flops ? share : ""));
}
console.log(row("the host", "", total - inside, ""));
console.log(row("a step", "", total, `the roof: ${roof.toFixed(0)} GFLOP/s`));
