/**
 * Many small trainings through a queue, by workers that are processes of their own, beside the same ones in one loop: a
 * sweep with one thread. Digests have to be the same.
 *
 *     npm run build && npx tsx bench/queue.ts [--jobs 200] [--workers 2] [--rounds 3] [--epochs 3]
 *
 * The loop is run on each of two processors by itself, since those of a machine that others use as well are not alike: by their
 * mean speed one is as two halves. And once wherever it likes, where V8's own threads may have the other one.
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
    epochs: { type: "string", default: "3" },
  },
});
const [jobs, workers, rounds, epochs] = [values.jobs, values.workers, values.rounds, values.epochs].map(
  Number,
) as [number, number, number, number];
if (!serverProgram) throw new Error("there is no redis-server and no valkey-server here.");

const CLI = fileURLToPath(new URL("../dist/cli.js", import.meta.url));
const folder = mkdtempSync(join(tmpdir(), "lstmkit-bench-queue-"));
const server = new RedisServer(join(folder, "server"));

/** With three epochs about a tenth of a second each, reading included. */
const plan = {
  data: "texts.csv",
  flags: {
    epochs,
    "max-len": 30,
    vocab: 500,
    batch: 32,
    embedding: 16,
    units: 16,
    "validation-freq": epochs,
  },
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
function sweep(name: string, on: number | null, ...args: string[]): Promise<Run> {
  const out = join(folder, name);
  rmSync(out, { recursive: true, force: true });
  const words = [process.execPath, CLI, "sweep", "plan.json", "--out", out, "--json", ...args];
  const [command, ...rest] = on === null ? words : ["taskset", "--cpu-list", String(on), ...words];
  const child = spawn(command!, rest, { cwd: folder });
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

const ALONE = ["--workers", "1"];
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
  const [ratios, toFree]: [number[], number[]] = [[], []];
  console.log(`${jobs} jobs, ${workers} workers, ${rounds} rounds; ${serverProgram}`);
  for (let round = 1; round <= rounds; round++) {
    const loops = [await sweep("loop", 0, ...ALONE), await sweep("loop", 1, ...ALONE)];
    const queued = await sweep("queued", null, "--queue", server.url);
    const free = await sweep("loop", null, ...ALONE);
    for (const { digests } of [...loops, free]) {
      if (digests !== queued.digests) throw new Error("the digests differ.");
    }
    const speed = loops.reduce((sum, { seconds }) => sum + 1 / seconds, 0) / loops.length;
    ratios.push(queued.seconds * speed);
    toFree.push(queued.seconds / free.seconds);
    const times = [...loops, free, queued].map(({ seconds }) => `${seconds.toFixed(2)} s`);
    console.log(
      `round ${round}: one loop ${times[0]} on one processor, ${times[1]} on the other, ${times[2]} on both; queue ${times[3]}; the same digests`,
    );
  }
  console.log(
    `queue vs one loop, medians: on a processor ${median(ratios).toFixed(3)}, on both ${median(toFree).toFixed(3)}`,
  );
} finally {
  for (const child of children) child.kill("SIGTERM");
  await server.stop();
  rmSync(folder, { recursive: true, force: true });
}
