/** The thread that fuzzes: a parser that hangs or fills the heap takes this one along, not the one that tells. */
import { parentPort, workerData } from "node:worker_threads";
import { type Job, type Report, STATE } from "./job.ts";
import { mutated, randomOf } from "./mutations.ts";
import { outcomeOf } from "./outcome.ts";
import { TARGETS } from "./targets.ts";

const { target: name, seed, ms, state } = workerData as Job;
const target = TARGETS.find((candidate) => candidate.name === name)!;
const counts = new Int32Array(state, 0, 3);
const current = new Uint8Array(state, STATE.bytes);
const random = randomOf(seed);
const report = (message: Report): void => parentPort!.postMessage(message);

let [slowest, slowestSize, peak] = [0, 0, 0];
for (const end = performance.now() + ms; performance.now() < end; ) {
  const bytes = mutated(target.seeds, random);
  current.set(bytes);
  Atomics.store(counts, STATE.length, bytes.length);
  const outcome = await outcomeOf(target, bytes);
  if (outcome.ms > slowest) [slowest, slowestSize] = [outcome.ms, bytes.length];
  if (outcome.isValue) Atomics.add(counts, STATE.values, 1);
  const tried = Atomics.add(counts, STATE.tried, 1);
  if (tried % 256 === 0) peak = Math.max(peak, process.memoryUsage().rss);
  if (outcome.fault !== null) report({ fault: outcome.fault, bytes: Uint8Array.from(bytes) });
}
report({ slowest, slowestSize, peak });
