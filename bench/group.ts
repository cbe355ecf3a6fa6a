/**
 * One model by several ranks: `npx tsx bench/group.ts [rounds] [--wide]`, on Linux, on a machine with two processors and an mpirun
 * that have nothing else to do. One rank, on each of the processors, and two take turns; medians of the rounds. Processors of a
 * machine that others use as well are not alike, and two ranks with half of the work each are as fast as the slower one.
 * Then, on paper, what networks of 10 and 100 GbE make of it.
 */
import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";

const JOB = fileURLToPath(new URL("jobs/group-job.js", import.meta.url));
const ROOT = { OMPI_ALLOW_RUN_AS_ROOT: "1", OMPI_ALLOW_RUN_AS_ROOT_CONFIRM: "1" };

interface Line {
  readonly step: number;
  readonly exchange: number | null;
  readonly bytes: number;
  readonly digest: string;
}

/** @param on the processor of a rank that is alone; else two, each on one of its own */
function runJob(on: 0 | 1 | "both", options: object): Line {
  const job = [process.execPath, JOB, JSON.stringify({ ...options, alone: on !== "both" })];
  const [command, args] =
    on === "both"
      ? ["mpirun", ["-np", "2", "--bind-to", "core", ...job]]
      : ["taskset", ["--cpu-list", String(on), ...job]];
  const { stdout, stderr, status, error } = spawnSync(command, args, {
    encoding: "utf8",
    env: { ...process.env, ...ROOT },
  });
  if (status !== 0) throw new Error(`${command} ${args.join(" ")}: ${error?.message ?? stderr}`);
  return JSON.parse(stdout.split("\n").find((line) => line.startsWith("{"))!) as Line;
}

const median = (values: readonly number[]) => values.toSorted((a, b) => a - b)[values.length >> 1]!;

/** How one rank and two do the same job; figures of `rounds` turns. */
function duel(options: object, rounds: number) {
  const lines = Array.from({ length: rounds }, () => ({
    first: runJob(0, options),
    two: runJob("both", options),
    second: runJob(1, options),
    barred: runJob("both", { ...options, barrier: true }),
  }));
  const digests = new Set(lines.flatMap((line) => Object.values(line).map(({ digest }) => digest)));
  if (digests.size > 1) throw new Error(`digests differ: ${[...digests].join(", ")}`);
  const of = (pick: (line: (typeof lines)[number]) => number) => median(lines.map(pick));
  return {
    first: of(({ first }) => first.step),
    second: of(({ second }) => second.step),
    two: of(({ two }) => two.step),
    ratio: of(({ first, second, two }) => two.step / Math.max(first.step, second.step)),
    toFaster: of(({ first, second, two }) => two.step / Math.min(first.step, second.step)),
    exchange: of(({ barred }) => barred.exchange!),
    share: of(({ two, barred }) => barred.exchange! / two.step),
    bytes: lines[0]!.two.bytes,
    digest: [...digests][0]!,
  };
}

const goal = (name: string, found: number, reach: number, aim: number, form: (n: number) => string) =>
  console.log(
    `${name}: ${form(found)} (reach ${form(reach)}, aim ${form(aim)}): ${found <= aim ? "aim met" : found <= reach ? "reached" : "missed"}`,
  );

const rounds = Number(process.argv[2] ?? 5);
const seed = duel({ steps: 70 }, rounds);
console.log(
  `Seed job, batches of 128, strict, one thread a rank, medians of ${rounds} rounds on node ${process.versions.node}`,
);
console.log(
  `1 rank: ${seed.first.toFixed(1)} ms a step on one processor, ${seed.second.toFixed(1)} on the other; 2 ranks: ${seed.two.toFixed(1)} ms, of which exchange ${seed.exchange.toFixed(2)} ms`,
);
console.log(
  `a rank of 2 sends ${(seed.bytes / 1e6).toFixed(2)} MB a step; digest ${seed.digest.slice(0, 16)}, of all`,
);
goal("2 ranks on 2 cores vs 1 rank on the slower", seed.ratio, 0.56, 0.53, (n) => n.toFixed(3));
console.log(`the same vs 1 rank on the faster: ${seed.toFaster.toFixed(3)}`);
goal("exchange's share of a step, 2 ranks", seed.share, 0.05, 0.02, (n) => `${(100 * n).toFixed(1)} %`);

/** What a step costs: of a shard, and what no rank is spared (loading, the sums by places, the optimiser). */
interface Job {
  readonly name: string;
  readonly shard: number;
  readonly rest: number;
  /** Bytes of the dense gradient, and of the rows that the samples of a shard leave. */
  readonly dense: number;
  readonly rows: number;
}

/** A network: bytes in a ms, each way, and the ms that a message takes by itself. */
const NETWORKS = [
  { name: "10 GbE", speed: 1.25e6 * 0.9, latency: 0.03 },
  { name: "100 GbE", speed: 12.5e6 * 0.9, latency: 0.015 },
];
const SLICE = 128 * 1024;

/** Ms of a step of `batch` samples on so many machines. */
function onPaper(
  { shard, rest, dense, rows }: Job,
  batch: number,
  machines: number,
  { speed, latency }: (typeof NETWORKS)[number],
): number {
  const shards = Math.ceil(batch / 16);
  const compute = Math.ceil(shards / machines) * shard + rest;
  if (machines === 1) return compute;
  const hops = Math.ceil(Math.log2(machines));
  const members = Math.min(machines, shards);
  const slices = Math.ceil(dense / SLICE);
  const chain = members > 1 ? (members - 2 + slices) * (Math.min(SLICE, dense) / speed + latency) : 0;
  const broadcast = (2 * dense) / speed + 2 * hops * latency;
  const gather = (shards * rows * (machines - 1)) / machines / speed + (machines - 1) * latency;
  return compute + chain + broadcast + gather + 2 * hops * latency; // two small meetings
}

/** What a step costs, by batches of 64 and of 128. */
function costs(options: object): Pick<Job, "shard" | "rest"> {
  const steps = Array.from({ length: rounds }, () =>
    [64, 128].map((batch) => runJob(1, { ...options, batch }).step),
  );
  const [half, whole] = [0, 1].map((i) => median(steps.map((pair) => pair[i]!))) as [number, number];
  return { shard: (whole - half) / 4, rest: Math.max(0, 2 * half - whole) };
}

const small: Job = {
  name: "seed job",
  ...costs({ steps: 35 }),
  dense: 75_329 * 4,
  rows: 16 * 80 * 104 * 4,
};
const jobs = [small];
if (process.argv.includes("--wide")) {
  jobs.push({
    name: "H = 512",
    ...costs({ steps: 4, units: 512 }),
    dense: 4 * (4 * 512 * (100 + 512 + 1) + 4 * 512 * (512 + 512 + 1) + 513),
    rows: 16 * 80 * 104 * 4,
  });
}
for (const job of jobs) {
  console.log(
    `\n${job.name}, on paper: ${job.shard.toFixed(2)} ms a shard, ${job.rest.toFixed(2)} ms that all ranks do`,
  );
  console.log(
    "| batch | machines | 10 GbE: ms a step | times as fast | 100 GbE: ms a step | times as fast |",
  );
  console.log("| --- | --- | --- | --- | --- | --- |");
  for (const batch of [128, 1024, 4096]) {
    for (const machines of [1, 2, 4, 8, 16, 32, 64]) {
      if (machines > batch / 16) continue; // no shard for each
      const cells = NETWORKS.flatMap((network) => {
        const ms = onPaper(job, batch, machines, network);
        return [ms.toFixed(1), (onPaper(job, batch, 1, network) / ms).toFixed(1)];
      });
      console.log(`| ${batch} | ${machines} | ${cells.join(" | ")} |`);
    }
  }
}
