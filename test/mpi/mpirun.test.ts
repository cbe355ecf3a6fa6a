/** Ranks that are processes, started by Open MPI and MPICH: digests, differences, and ends. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { linkPackage, snippet } from "../doc-snippets.ts";
import {
  type Ended,
  findLaunchers,
  launch,
  linesOf,
  Namespaces,
  run,
  type Start,
  whyNoNamespaces,
} from "./launch.ts";

const JOB = fileURLToPath(new URL("job.js", import.meta.url));
const CLI = fileURLToPath(new URL("../../dist/cli.js", import.meta.url));

const launchers = findLaunchers();
const [first] = launchers;
const openMpi = launchers.find(({ name }) => name === "Open MPI");
const noNamespaces = openMpi ? whyNoNamespaces() : "no Open MPI";
for (const name of ["Open MPI", "MPICH"]) {
  if (!launchers.some((found) => found.name === name))
    console.log(`Skipped: there is no mpirun of ${name} here.`);
}
if (openMpi && noNamespaces) console.log(`Skipped: no network namespaces here (${noNamespaces}).`);

const folder = mkdtempSync(join(tmpdir(), "lstmkit-mpi-"));
afterAll(() => rmSync(folder, { recursive: true }));

const node = process.execPath;
const job = (options: object) => [node, JOB, JSON.stringify(options)];
const alone = async (options: object) =>
  linesOf(await run(node, job({ ...options, alone: true }).slice(1)))[0] as {
    digests: [Record<string, string>];
  };

/** What every rank says. */
function ranksOf(ended: Ended, size: number): Record<string, unknown>[] {
  const lines = linesOf(ended);
  expect(lines.map(({ rank }) => rank).sort(), ended.stderr).toEqual(
    Array.from({ length: size }, (_, r) => r),
  );
  return lines;
}

// Of 75 samples: no batch size divides them; of 4 ranks some have no shard of a batch of 20, or of the last of 53.
const BATCHES = [53, 20];

describe.each(launchers)("$name", (launcher) => {
  test.each([1, 2, 3, 4])("%i ranks of 1 and 2 threads end with the digests of one process", async (size) => {
    const {
      digests: [digests],
    } = await alone({ batches: BATCHES });
    expect(Object.keys(digests)).toEqual(BATCHES.map(String).sort());
    const ended = await launch(launcher, size, job({ batches: BATCHES, threads: [1, 2] }));
    for (const line of ranksOf(ended, size))
      expect(line).toMatchObject({ size, digests: [digests, digests] });
    expect(ended.code).toBe(0);
  });

  test("the library is the launcher's", async () => {
    const [line] = ranksOf(await launch(launcher, 2, job({ epochs: 1 })), 2);
    expect(line!.library).toMatch(new RegExp(`^${launcher.name}`));
  });

  test("ranks with other data are told so, all of them, and the job ends", async () => {
    const ended = await launch(launcher, 3, job({ otherData: 2 }));
    for (const line of ranksOf(ended, 3)) {
      expect(line).toMatchObject({
        code: "GROUP_DIFFERS",
        message: expect.stringMatching(/the training data: .*rank 2/),
      });
    }
    expect(ended.code).toBe(1);
  });

  test("a library that is not there, or not the launcher's, is MPI_UNAVAILABLE", async () => {
    const none = await launch(launcher, 2, [node, CLI, "train"], { env: { LSTMKIT_MPI: "libnothing.so" } });
    expect(none.stderr).toMatch(/MPI_UNAVAILABLE: no MPI library was found \(looked for libnothing\.so\)/);
    expect(none.code).not.toBe(0);
    if (launchers.length < 2) return;
    const other = launcher.name === "MPICH" ? "libmpi.so.40" : "libmpich.so.12";
    const wrong = await launch(launcher, 2, [node, CLI, "train"], { env: { LSTMKIT_MPI: other } });
    expect(wrong.stderr).toMatch(/MPI_UNAVAILABLE: .* has started 2 processes, and .* knows of 1\./);
  });
});

test("srun without a way for its processes to meet is MPI_UNAVAILABLE, with the flag that is missing", async () => {
  const env = { SLURM_PROCID: "0", SLURM_STEP_NUM_TASKS: "2", SLURM_STEP_TASKS_PER_NODE: "2" };
  const ended = await run(node, [CLI, "train"], { cwd: folder, env });
  expect(ended.stderr).toMatch(
    /MPI_UNAVAILABLE: srun has started 2 processes .* --mpi=pmix for Open MPI or --mpi=pmi2/,
  );
  expect(ended.code).not.toBe(0);
});

test.runIf(first)("the snippet of the documentation runs as it stands, on any number of ranks", async () => {
  const here = mkdtempSync(join(folder, "docs-"));
  await linkPackage(here);
  writeFileSync(join(here, "ranks.mjs"), await snippet("scale.md", "ranks"));
  const digests: string[] = [];
  for (const size of [1, 3]) {
    rmSync(join(here, "run"), { recursive: true, force: true });
    const ended = await launch(first!, size, [node, "ranks.mjs"], { cwd: here });
    expect(ended.code, ended.stderr).toBe(0);
    const said = [...ended.stdout.matchAll(/rank \d of (\d): ([0-9a-f]{64})/g)];
    expect(said.map(([, of]) => of)).toEqual(Array(size).fill(String(size)));
    digests.push(...said.map(([, , digest]) => digest!));
  }
  expect(new Set(digests).size).toBe(1);
});

describe.runIf(first)("lstmkit train", () => {
  const TRAIN = ["train", "--units", "8", "--embedding", "8", "--max-len", "20", "--epochs", "3", "--json"];
  let digest: unknown;

  beforeAll(async () => {
    const ended = await run(node, [CLI, ...TRAIN, "--out", "alone.safetensors"], { cwd: folder });
    digest = linesOf(ended).at(-1)!.digest;
  });

  const train = (size: number, more: readonly string[]) =>
    launch(first!, size, [node, CLI, ...TRAIN, ...more], { cwd: folder });

  test.each([2, 3])("by %i ranks: one of them speaks, and the file is that of one process", async (size) => {
    const ended = await train(size, ["--out", `by-${size}.safetensors`]);
    const events = linesOf(ended);
    expect(ended.code, ended.stderr).toBe(0);
    expect(events.filter(({ event }) => event === "start").length).toBe(1);
    expect(events[0]).toMatchObject({ event: "group", ranks: size });
    expect(events.at(-1)).toMatchObject({ event: "done", digest, out: `by-${size}.safetensors` });
  });

  test("a task, with fits and choices of its own", async () => {
    const args = [
      CLI,
      "train",
      "births",
      "--task",
      "detect",
      "--epochs",
      "1",
      "--units",
      "4",
      "--json",
      "--out",
    ];
    const one = await run(node, [...args, "one.safetensors"], { cwd: folder });
    const two = await launch(first!, 2, [node, ...args, "two.safetensors"], { cwd: folder });
    expect(linesOf(two).at(-1)!.digest, two.stderr).toBe(linesOf(one).at(-1)!.digest);
  });

  test("other options on a rank, and what only it lacks, are told and end the job", async () => {
    const rank = `\${OMPI_COMM_WORLD_RANK:-$PMI_RANK}`;
    const shell = (line: string) => launch(first!, 2, ["sh", "-c", line], { cwd: folder });
    const other = await shell(`exec ${node} ${CLI} ${TRAIN.join(" ")} --seed ${rank}`);
    expect(other.stderr).toMatch(/\[rank 0\] lstmkit: GROUP_DIFFERS: .*the seed: 0 on rank 0, 1 on rank 1/);
    expect(linesOf(other).at(-1)).toMatchObject({ event: "error", code: "GROUP_DIFFERS" });
    expect(other.code).toBe(1);
    const lacks = await shell(
      `test ${rank} = 0 && set -- || set -- none.csv; exec ${node} ${CLI} train $1 --json`,
    );
    expect(lacks.stderr).toMatch(/\[rank 1\] lstmkit: FILE_NOT_FOUND: there is no none\.csv/);
    expect(linesOf(lacks).at(-1)).toMatchObject({ event: "error", code: "GROUP_FAILED" });
    expect(lacks.code).toBe(1);
  });

  test.each([
    [2, 3],
    [3, 1],
    [1, 2],
  ])("a rank of %i is killed: the job ends soon, and %i go on to the digest", async (size, others) => {
    const flags = ["--out", `killed-${size}.safetensors`, "--checkpoint-every", "3"];
    const ended = await signalled("SIGKILL", size, flags, (words, start) =>
      launch(first!, size, words, start),
    );
    expect(ended.code).not.toBe(0);
    expect(linesOf(ended).some(({ event }) => event === "done")).toBe(false);
    await goesOn(flags, (words, start) => launch(first!, others, words, start));
  });

  test("a signal to one rank stops all at one batch; what was learnt is kept, and goes on", async () => {
    const flags = ["--out", "stopped.safetensors", "--checkpoint-every", "1000"];
    const ended = await signalled("SIGTERM", 2, flags, (words, start) => launch(first!, 2, words, start));
    expect(linesOf(ended).at(-1), ended.stderr).toMatchObject({
      event: "interrupted",
      out: "stopped.safetensors",
    });
    expect(ended.code).toBe(130);
    await goesOn(flags, (words, start) => launch(first!, 3, words, start));
  });

  test.skipIf(!openMpi || noNamespaces)(
    "a machine is lost: the job ends soon, and fewer go on to the digest",
    async () => {
      const flags = ["--out", "lost.safetensors", "--checkpoint-every", "3"];
      const machines = new Namespaces(3);
      try {
        const start = (ranks: number) => (words: readonly string[], start: Start) =>
          machines.launch(openMpi!, ranks, words, start);
        const ended = await signalled("SIGKILL", 3, flags, start(3));
        expect(ended.code).not.toBe(0);
        await goesOn(flags, start(2));
      } finally {
        machines.dispose();
      }
    },
  );

  type Launch = (words: readonly string[], start: Start) => Promise<Ended>;

  /** A run whose last rank gets a signal in its second epoch; it has to be over soon. */
  async function signalled(
    signal: NodeJS.Signals,
    size: number,
    flags: readonly string[],
    start: Launch,
  ): Promise<Ended> {
    let [pids, at] = [[] as number[], 0];
    const command = `exec ${node} ${CLI} ${[...TRAIN, ...flags].join(" ")}`;
    const ended = await start(["sh", "-c", `echo pid=$$; ${command}`], {
      cwd: folder,
      onOutput: (stdout) => {
        if (at > 0 || !/"event":"epoch","epoch":1,/.test(stdout)) return;
        at = performance.now();
        pids = [...stdout.matchAll(/pid=(\d+)/g)].map(([, pid]) => Number(pid));
        process.kill(pids.at(-1)!, signal);
      },
    });
    expect(pids.length, ended.stderr).toBe(size);
    expect(performance.now() - at).toBeLessThan(15_000);
    const isAlive = (pid: number) => {
      try {
        return process.kill(pid, 0);
      } catch {
        return false;
      }
    };
    await expect
      .poll(() => pids.filter(isAlive), { timeout: 10_000, message: "ranks that live on" })
      .toEqual([]);
    return ended;
  }

  async function goesOn(flags: readonly string[], start: Launch): Promise<void> {
    const ended = await start([node, CLI, ...TRAIN, ...flags, "--resume"], { cwd: folder });
    const events = linesOf(ended);
    expect(events.at(-1), ended.stderr).toMatchObject({ event: "done", digest });
    const from = events.find(({ event }) => event === "resume")!;
    expect(Number(from.epoch) * BATCHES_OF_EPOCH + Number(from.batches)).toBeGreaterThan(
      BATCHES_OF_EPOCH - 6,
    );
  }
});

/** Of the embedded corpus, 128 texts each. */
const BATCHES_OF_EPOCH = 36;

describe.runIf(openMpi && !noNamespaces)("machines with addresses of their own, by TCP", () => {
  let machines: Namespaces;
  beforeAll(() => {
    machines = new Namespaces(4);
  });
  afterAll(() => machines.dispose());

  test.each([1, 2, 3, 4])("%i ranks of 1 and 2 threads end with the digests of one process", async (size) => {
    const {
      digests: [digests],
    } = await alone({ batches: BATCHES });
    const ended = await machines.launch(openMpi!, size, job({ batches: BATCHES, threads: [1, 2] }));
    for (const line of ranksOf(ended, size))
      expect(line).toMatchObject({ size, digests: [digests, digests] });
  });
});
