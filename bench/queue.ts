/**
 * Many small trainings through a queue, by workers that are processes of their own, beside the same ones in one loop: a
 * sweep with one thread. Digests have to be the same.
 *
 *     npm run build && npx tsx bench/queue.ts [--jobs 200] [--workers 2] [--rounds 3]
 *
 * Starts a server on 127.0.0.1 by itself: redis-server or valkey-server has to be there.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { RedisServer, serverProgram } from "../test/cli/sweep/redis-server.ts";

const { values } = parseArgs({
  options: {
    jobs: { type: "string", default: "200" },
    workers: { type: "string", default: "2" },
    rounds: { type: "string", default: "3" },
  },
});
const [jobs, workers, rounds] = [values.jobs, values.workers, values.rounds].map(Number) as [
  number,
  number,
  number,
];
if (!serverProgram) throw new Error("there is no redis-server and no valkey-server here.");

const CLI = fileURLToPath(new URL("../dist/cli.js", import.meta.url));
const folder = mkdtempSync(join(tmpdir(), "lstmkit-bench-queue-"));
const server = new RedisServer(join(folder, "server"));

/** About a fifth of a second of training each, reading included. */
const plan = {
  data: "texts.csv",
  flags: { epochs: 3, "max-len": 30, vocab: 500, batch: 32, embedding: 16, units: 16, "validation-freq": 3 },
  seeds: jobs,
};

/** Sentences of common and rare words, with the class in one of them. */
function texts(): string {
  const word = (i: number) => `w${(i * 7919) % 457}`;
  const rows = Array.from({ length: 600 }, (_, i) => {
    const words = Array.from({ length: 24 }, (_, t) => word(i * 31 + t * t));
    words[i % 24] = i % 2 === 0 ? "good" : "bad";
    return `${words.join(" ")},${i % 2 === 0 ? "yes" : "no"}`;
  });
  return ["text,label", ...rows].join("\n");
}

interface Run {
  readonly seconds: number;
  readonly digests: string;
}

/** The time from a sweep's first job to its last result, and all digests. */
function sweep(name: string, ...args: string[]): Promise<Run> {
  const out = join(folder, name);
  rmSync(out, { recursive: true, force: true });
  const child = spawn(process.execPath, [CLI, "sweep", "plan.json", "--out", out, "--json", ...args], {
    cwd: folder,
  });
  let stdout = "";
  child.stdout.on("data", (piece: Buffer) => {
    stdout += piece.toString();
  });
  child.stderr.pipe(process.stderr);
  return new Promise((resolve, reject) => {
    child.on("close", (code) => {
      if (code !== 0) return reject(new Error(`sweep ended with ${code}`));
      const { seconds } = JSON.parse(stdout.trim().split("\n").at(-1)!) as { seconds: number };
      const { trials } = JSON.parse(readFileSync(join(out, "results.json"), "utf8")) as {
        trials: { digest: string }[];
      };
      resolve({ seconds, digests: trials.map(({ digest }) => digest).join() });
    });
  });
}

const median = (numbers: readonly number[]) =>
  numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length / 2)]!;

const children: ChildProcess[] = [];
try {
  writeFileSync(join(folder, "texts.csv"), texts());
  writeFileSync(join(folder, "plan.json"), JSON.stringify(plan));
  await server.start();
  for (let i = 0; i < workers; i++) {
    const args = [CLI, "work", "--queue", server.url, "--workers", "1", "--json"];
    const child = spawn(process.execPath, args, { cwd: folder, stdio: ["ignore", "pipe", "inherit"] });
    children.push(child);
    await new Promise<void>((resolve) => child.stdout!.once("data", () => resolve()));
    child.stdout!.resume();
  }
  const ratios: number[] = [];
  console.log(`${jobs} jobs, ${workers} workers, ${rounds} rounds; ${serverProgram}`);
  for (let round = 1; round <= rounds; round++) {
    const loop = await sweep("loop", "--workers", "1");
    const queued = await sweep("queued", "--queue", server.url);
    if (loop.digests !== queued.digests) throw new Error("the digests differ.");
    ratios.push(queued.seconds / loop.seconds);
    console.log(
      `round ${round}: one loop ${loop.seconds.toFixed(2)} s, queue ${queued.seconds.toFixed(2)} s, ratio ${ratios.at(-1)!.toFixed(3)}; the same digests`,
    );
  }
  console.log(`median ratio ${median(ratios).toFixed(3)}`);
} finally {
  for (const child of children) child.kill("SIGTERM");
  await server.stop();
  rmSync(folder, { recursive: true, force: true });
}
