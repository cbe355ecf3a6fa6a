/**
 * npm run fuzz -- [--minutes 5] [--seed 1] [--only <parser>] [--input <file>]
 *
 * Damages files and gives them to every parser in turn, for as long as is said. What is neither a value nor a
 * coded error, or takes too long or too much memory, is kept in fuzz-found/, to be tried again with
 * --only <parser> --input <file>. Exit code 1 where anything was found.
 */
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { Worker } from "node:worker_threads";
import { type Job, type Report, STATE } from "./job.ts";
import { outcomeOf } from "./outcome.ts";
import { TARGETS, type Target } from "./targets.ts";

const FOUND = "fuzz-found";
/** An input that takes as long is not waited for. */
const HANGING = 30_000;
const HEAP_MIB = 512;
const MOST_FAULTS = 20;
const LARGEST = 2 ** 21;

/** A thread has to ask for TypeScript itself. */
const START = `import("tsx/esm/api").then(({ register }) => {
  register();
  return import(${JSON.stringify(new URL("./worker.ts", import.meta.url).href)});
})`;

const { values: options } = parseArgs({
  options: {
    minutes: { type: "string", default: "5" },
    seed: { type: "string", default: "1" },
    only: { type: "string" },
    input: { type: "string" },
  },
});
const targets = TARGETS.filter(({ name }) => options.only === undefined || name === options.only);
if (targets.length === 0) {
  throw new Error(
    `--only ${options.only} is no parser; wanted ${TARGETS.map(({ name }) => name).join(", ")}`,
  );
}
process.exitCode = options.input === undefined ? await fuzz() : await replay(options.input);

async function fuzz(): Promise<number> {
  const ms = (Number(options.minutes) * 60_000) / targets.length;
  let faults = 0;
  console.log("parser            inputs     values  slowest ms  of bytes  peak MiB");
  for (const target of targets) faults += await fuzzOne(target, ms);
  console.log(faults === 0 ? "nothing found" : `${faults} faults found; see ${FOUND}/`);
  return faults === 0 ? 0 : 1;
}

async function fuzzOne({ name }: Target, ms: number): Promise<number> {
  const state = new SharedArrayBuffer(STATE.bytes + LARGEST);
  const counts = new Int32Array(state, 0, 3);
  const job: Job = { target: name, seed: Number(options.seed), ms, state };
  const worker = new Worker(START, {
    eval: true,
    workerData: job,
    resourceLimits: { maxOldGenerationSizeMb: HEAP_MIB },
  });
  const current = () => new Uint8Array(state, STATE.bytes, counts[STATE.length]).slice();
  let faults = 0;
  const found = (fault: string, bytes: Uint8Array) => {
    keep(name, ++faults, fault, bytes);
    if (faults === MOST_FAULTS) void worker.terminate();
  };
  let [seen, since] = [-1, 0];
  const watch = setInterval(() => {
    const tried = Atomics.load(counts, STATE.tried);
    if (tried !== seen) [seen, since] = [tried, performance.now()];
    else if (performance.now() - since > HANGING) {
      found(`took more than ${HANGING} ms`, current());
      void worker.terminate();
    }
  }, 1000);
  let end = { slowest: Number.NaN, slowestSize: Number.NaN, peak: Number.NaN };
  worker.on("message", (report: Report) => {
    if ("fault" in report) found(report.fault, report.bytes);
    else end = report;
  });
  worker.on("error", (error) => found(`ended the thread: ${error}`, current()));
  await new Promise((resolve) => worker.on("exit", resolve));
  clearInterval(watch);
  const cells = [
    String(counts[STATE.tried]).padStart(8),
    String(counts[STATE.values]).padStart(10),
    end.slowest.toFixed(1).padStart(11),
    String(end.slowestSize).padStart(9),
    (end.peak / 2 ** 20).toFixed(0).padStart(9),
  ];
  console.log(`${name.padEnd(16)}${cells.join(" ")}`);
  return faults;
}

function keep(name: string, n: number, fault: string, bytes: Uint8Array): void {
  mkdirSync(FOUND, { recursive: true });
  const path = join(FOUND, `${name.replace(/\W/g, "-")}-${options.seed}-${n}.bin`);
  writeFileSync(path, bytes);
  console.log(`${name}: ${fault}\n  again: npm run fuzz -- --only "${name}" --input ${path}`);
}

async function replay(path: string): Promise<number> {
  const [target, ...others] = targets;
  if (!target || others.length > 0) throw new Error("--input needs --only <parser>");
  const { fault, isValue, ms } = await outcomeOf(target, readFileSync(path));
  console.log(`${fault ?? (isValue ? "a value" : "a coded error")}, ${ms.toFixed(1)} ms`);
  return fault === null ? 0 : 1;
}
