import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { afterAll, beforeAll, expect, test } from "vitest";
import { events, outcome, REVIEWS, Workplace } from "../cli/command-line.ts";
import { killedRun } from "./killed-run.ts";

let place: Workplace;
beforeAll(() => {
  place = new Workplace();
  place.write("reviews.csv", REVIEWS);
});
afterAll(() => place.dispose());

const JOB = "reviews.csv --epochs 60 --units 24,24 --embedding 16 --max-len 60 --vocab 50 --batch 4".split(
  " ",
);

const digestOf = (stdout: string) => events(stdout).find(({ event }) => event === "done")?.digest;

async function undisturbed(): Promise<unknown> {
  const { stdout, stderr } = await place.run([
    "train",
    ...JOB,
    "--json",
    "--checkpoint",
    "none",
    "--out",
    "w.safetensors",
  ]);
  expect(stderr).toBe("");
  return digestOf(stdout);
}

test.each([["SIGKILL"], ["SIGTERM", "SIGINT"]] as NodeJS.Signals[][])(
  "a run that is killed five times by %s and resumed has the digest of one that was not, and leaves no checkpoint",
  async (...signals) => {
    const wanted = await undisturbed();
    const { digest, attempts } = await killedRun({
      folder: place.folder,
      args: [...JOB, "--out", "k.safetensors"],
      every: "2",
      signals,
      kills: 5,
      seed: 3,
      latest: 250,
      threads: [1, 2],
    });
    expect(digest).toBe(wanted);
    const resumed = attempts.filter(({ from }) => from !== null);
    expect(resumed.length).toBeGreaterThan(1);
    for (const { signal, code } of attempts) {
      // A signal before the command listens, or in the midst of its start, ends it by itself.
      if (signal === "SIGKILL") expect(code).toBe(null);
      else if (signal) expect([130, null]).toContain(code);
    }
    expect(readdirSync(place.folder).filter((name) => /checkpoints|tmp/.test(name))).toEqual([]);
  },
);

test("a newest checkpoint that is damaged is passed over, which is said; other flags are refused", async () => {
  const wanted = await undisturbed();
  const flags = ["train", ...JOB, "--json", "--out", "d.safetensors", "--checkpoint", "kept"];
  const child = place.start(...flags, "--checkpoint-every", "3");
  child.stdout.on("data", (piece) => {
    if (String(piece).includes('"epoch":4,')) child.kill("SIGTERM");
  });
  const { code, stderr } = await outcome(child);
  expect(stderr).toMatch(/state of the run is in kept; the same command with --resume/);
  expect(code).toBe(130);
  const files = readdirSync(place.path("kept")).sort();
  expect(files).toHaveLength(2);
  const newest = place.path(`kept/${files[1]}`);
  const bytes = readFileSync(newest);
  bytes[bytes.length >> 1]! ^= 16;
  writeFileSync(newest, bytes);
  const other = await place.run([...flags.with(flags.indexOf("4"), "5"), "--resume"]);
  expect(other.code).toBe(1);
  expect(other.stderr).toMatch(/BAD_CHECKPOINT: .*what fit was given was .*"batchSize":4.*"batchSize":5/);
  const resumed = await place.run([...flags, "--resume"]);
  expect(resumed.stderr).toMatch(/A newer checkpoint in kept is passed over: BAD_MODEL_FILE/);
  expect(digestOf(resumed.stdout)).toBe(wanted);
});

test("two runs in one folder: the second is refused and names the first; a killed one's lock is no lock", async () => {
  const flags = ["train", ...JOB, "--json", "--out", "l.safetensors", "--checkpoint", "shared"];
  const first = place.start(...flags, "--checkpoint-every", "2");
  await new Promise((resolve) => first.stdout.once("data", resolve));
  const { code, stderr, stdout } = await place.run([...flags, "--resume"]);
  expect(code).toBe(1);
  expect(stderr).toMatch(
    `BUSY: another run keeps its checkpoints in ${place.path("shared")}: process ${first.pid} on`,
  );
  expect(events(stdout).at(-1)).toMatchObject({ event: "error", code: "BUSY" });
  await new Promise((resolve) => setTimeout(resolve, 300));
  first.kill("SIGKILL");
  await outcome(first);
  expect(readdirSync(place.path("shared"))).toContain("lock");
  const again = await place.run([...flags, "--resume"]);
  expect(again.code).toBe(0);
  expect(readdirSync(place.folder)).not.toContain("shared");
});

test("a folder that cannot be is told before anything is trained", async () => {
  place.write("taken", "a file");
  const { code, stderr, stdout } = await place.run(["train", ...JOB, "--json", "--checkpoint", "taken"]);
  expect(code).toBe(1);
  expect(stderr).toMatch(/FILE_UNWRITABLE: the folder \S+taken cannot be made or written to \(EEXIST\)/);
  expect(stdout).toMatch(/"error"/);
});
