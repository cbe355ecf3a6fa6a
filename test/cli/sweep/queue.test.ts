/** Sweeps through a queue, on a real server; left out where there is no redis-server and no valkey-server. */
import { type ChildProcessWithoutNullStreams, spawn, spawnSync } from "node:child_process";
import { appendFileSync, cpSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { events, outcome, REVIEWS, Workplace } from "../command-line.ts";
import { RedisServer, serverProgram } from "./redis-server.ts";

if (!serverProgram) console.log("no redis-server or valkey-server here: the tests of a queue are left out");

const DIST = fileURLToPath(new URL("../../../dist/", import.meta.url));
const place = new Workplace();
const server = new RedisServer(place.path("server"));
const workers = new Set<ChildProcessWithoutNullStreams>();

const TINY = { epochs: 1, "max-len": 4, vocab: 30, batch: 16, embedding: 2, units: 2 };
/** Lost workers are noticed quickly. */
const QUICK = ["--lock", "3s", "--stalled", "1s", "--max-stalled", "20"];

beforeAll(async () => {
  place.write("reviews.csv", REVIEWS);
  if (serverProgram) await server.start();
});
afterAll(async () => {
  for (const child of workers) child.kill("SIGKILL");
  await server.stop();
  place.dispose();
});

const plan = (name: string, content: object) => place.write(name, JSON.stringify(content));

interface Results {
  isComplete: boolean;
  best: { digest: string; command: string }[];
  trials: { trial: string; state: string; digest: string; metrics: object; command: string }[];
}
const results = (folder: string) =>
  JSON.parse(readFileSync(place.path(`${folder}/results.json`), "utf8")) as Results;
const bare = (folder: string) =>
  results(folder).trials.map(({ trial, state, digest, metrics }) => ({ trial, state, digest, metrics }));

function work(...args: string[]): ChildProcessWithoutNullStreams {
  const child = place.start("work", "--queue", server.url, "--workers", "1", "--json", ...QUICK, ...args);
  child.stderr.resume();
  child.stdout.resume();
  workers.add(child);
  child.once("exit", () => workers.delete(child));
  return child;
}

const ended = (child: ChildProcessWithoutNullStreams) =>
  child.exitCode !== null || child.signalCode !== null
    ? Promise.resolve()
    : new Promise((resolve) => child.once("exit", resolve));

async function stopAll(): Promise<void> {
  for (const child of workers) child.kill("SIGTERM");
  await Promise.all([...workers].map(ended));
}

describe.skipIf(!serverProgram)("with a server", () => {
  test("200 jobs, three workers, each killed once: all end, none twice, digests as alone", {
    timeout: 240_000,
  }, async () => {
    const rates = Array.from({ length: 20 }, (_, i) => (i + 1) / 1000);
    plan("many.json", { data: "reviews.csv", flags: TINY, parameters: { lr: rates }, seeds: 10 });
    const sweep = place.start("sweep", "many.json", "--queue", server.url, "--json");
    const whole = outcome(sweep);
    let killed = 0;
    const mortal = (i: number) => {
      const child = work();
      // At a random moment after its first job, most of them in the middle of one.
      child.stdout.on("data", (piece: Buffer) => {
        if (!piece.toString().includes('"event":"job"') || child.killed) return;
        setTimeout(
          () => {
            if (child.kill("SIGKILL")) killed++;
            work();
          },
          (500 + 3000 * Math.random()) * (1 + i / 3),
        );
        child.stdout.removeAllListeners("data").resume();
      });
    };
    for (let i = 0; i < 3; i++) mortal(i);
    const { code, stdout, stderr } = await whole;
    await stopAll();
    expect(code).toBe(0);
    expect(stderr).not.toMatch(/warning/i);
    expect(killed).toBe(3);
    const told = events(stdout).filter(({ event }) => event === "trial");
    expect(told).toHaveLength(200);
    expect(new Set(told.map(({ trial }) => trial)).size).toBe(200);
    const lines = readFileSync(place.path("many.sweep/trials.ndjson"), "utf8").trim().split("\n");
    expect(lines).toHaveLength(200);
    // Nothing of it is left on the server, but what BullMQ knows of the queue itself.
    expect((await server.keys()).filter((key) => /^lstmkit:|-0$/.test(key))).toEqual([]);
    plan("alone.json", { data: "reviews.csv", flags: TINY, parameters: { lr: rates }, seeds: 10 });
    expect((await place.run(["sweep", "alone.json"])).code).toBe(0);
    expect(bare("many.sweep")).toEqual(bare("alone.sweep"));
    expect(results("many.sweep").best).toEqual(results("alone.sweep").best);
  });

  test("the server is killed in the middle and comes back: the sweep goes on", {
    timeout: 120_000,
  }, async () => {
    plan("restart.json", {
      data: "reviews.csv",
      flags: { ...TINY, epochs: 4 },
      parameters: { lr: [0.001, 0.01, 0.02, 0.03] },
      seeds: 8,
    });
    const sweep = place.start("sweep", "restart.json", "--queue", server.url, "--json");
    const whole = outcome(sweep);
    const first = new Promise<void>((resolve) => {
      sweep.stdout.on("data", (piece: Buffer) => {
        if (piece.toString().includes('"event":"trial"')) resolve();
      });
    });
    work();
    work();
    await first;
    await server.stop("SIGKILL");
    await new Promise((resolve) => setTimeout(resolve, 1500));
    await server.start();
    const { code, stdout, stderr } = await whole;
    await stopAll();
    expect(code).toBe(0);
    expect(stderr).toMatch(/The connection to .* is lost; waiting for it\.[\s\S]*is there again/);
    expect(
      new Set(events(stdout).flatMap(({ event, trial }) => (event === "trial" ? [trial] : []))).size,
    ).toBe(32);
    expect(results("restart.sweep").trials.every(({ state }) => state === "done")).toBe(true);
  });

  test("a sweep that is stopped leaves nothing twice when it is called again; halving goes on at any worker", {
    timeout: 120_000,
  }, async () => {
    const content = {
      data: "reviews.csv",
      flags: { ...TINY, epochs: 9, "validation-freq": 1 },
      parameters: { lr: [0.001, 0.003, 0.01, 0.02, 0.03, 0.05, 0.07, 0.1, 0.2] },
      halving: true,
    };
    plan("stop.json", content);
    plan("here.json", content);
    const args = ["sweep", "stop.json", "--queue", server.url, "--json"];
    work();
    work();
    const child = place.start(...args);
    let done = "";
    child.stdout.on("data", (piece: Buffer) => {
      done += piece.toString();
      if (done.includes('"event":"trial"') && !child.killed) child.kill("SIGKILL");
    });
    await ended(child);
    const again = await place.run(args);
    await stopAll();
    expect({ code: again.code, stderr: again.stderr }).toEqual({ code: 0, stderr: "" });
    const lines = readFileSync(place.path("stop.sweep/trials.ndjson"), "utf8").trim().split("\n");
    const keys = lines
      .map((line) => JSON.parse(line) as { trial: string; rung: number })
      .map(({ trial, rung }) => `${trial} ${rung}`);
    expect(new Set(keys).size).toBe(keys.length);
    expect((await place.run(["sweep", "here.json"])).code).toBe(0);
    expect(bare("stop.sweep")).toEqual(bare("here.sweep"));
  });

  test("a worker that is asked to end gives its job back, with what it has done of it; data by fingerprint", {
    timeout: 120_000,
  }, async () => {
    plan("long.json", { data: "reviews.csv", flags: { ...TINY, epochs: 600, "validation-freq": 600 } });
    const sweep = place.start("sweep", "long.json", "--queue", server.url, "--send", "--json");
    const whole = outcome(sweep);
    const first = work();
    await new Promise<void>((resolve) => {
      first.stdout.on("data", (piece: Buffer) => {
        if (piece.toString().includes('"event":"ready"')) resolve();
      });
    });
    await new Promise((resolve) => setTimeout(resolve, 3000)); // somewhere in its 600 epochs
    first.kill("SIGTERM");
    await ended(first);
    expect(first.exitCode).toBe(130);
    // Its path is no good any more: the second one has the data from the server.
    place.write("reviews.csv", `${REVIEWS}\n"one more",positive`);
    work();
    const { code, stderr } = await whole;
    await stopAll();
    place.write("reviews.csv", REVIEWS);
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    const [{ command, digest }] = results("long.sweep").best as [{ command: string; digest: string }];
    const alone = await place.run([...command.split(" ").slice(1), "--json"]);
    expect(events(alone.stdout).at(-1)!.digest).toBe(digest);
  });

  test("score through the queue gives predict's bytes", { timeout: 120_000 }, async () => {
    const lines = Array.from({ length: 400 }, (_, i) => `A ${i % 3 ? "good" : "bad"} film, number ${i}`).join(
      "\n",
    );
    place.write("lines.txt", lines);
    expect(
      (await place.run(["train", "reviews.csv", "--epochs", "1", "--units", "4", "--max-len", "8"])).code,
    ).toBe(0);
    const wanted = await place.run(["predict", "model.safetensors"], lines);
    work();
    work();
    const args = ["score", "model.safetensors", "lines.txt", "--piece", "0.002", "--queue", server.url];
    const { code, stderr } = await place.run(args);
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    expect(readFileSync(place.path("scores.tsv"), "utf8")).toBe(wanted.stdout);

    // Killed when it has given its jobs away; workers do them, and then what they have left is lost.
    const child = place.start(...args, "--out", "again.tsv", "--json");
    child.stdout.on("data", (piece: Buffer) => {
      if (piece.toString().includes('"event":"piece"')) child.kill("SIGKILL");
    });
    await ended(child);
    const left = async () => (await server.keys()).filter((key) => key.endsWith(".output"));
    await expect.poll(async () => (await left()).length, { timeout: 30_000 }).toBeGreaterThan(2);
    await server.remove(await left());
    const again = await place.run([...args, "--out", "again.tsv"]);
    await stopAll();
    expect({ code: again.code, stderr: again.stderr }).toEqual({ code: 0, stderr: "" });
    expect(readFileSync(place.path("again.tsv"), "utf8")).toBe(wanted.stdout);
  });

  test("a worker of another build refuses, and says so; those of the same do the jobs", {
    timeout: 120_000,
  }, async () => {
    const other = mkdtempSync(join(DIST, "other-"));
    try {
      for (const name of readdirSync(DIST).filter((name) => /\.(js|wasm|bin)$/.test(name)))
        cpSync(join(DIST, name), join(other, name));
      appendFileSync(join(other, "cli.js"), "\n// another\n");
      plan("other.json", { data: "reviews.csv", flags: TINY });
      const sweep = place.start("sweep", "other.json", "--queue", server.url, "--json");
      const whole = outcome(sweep);
      const odd = spawn(process.execPath, [join(other, "cli.js"), "work", "--queue", server.url, ...QUICK], {
        cwd: place.folder,
      });
      const told = await outcome(odd);
      expect(told.code).toBe(1);
      expect(told.stderr).toMatch(
        /OTHER_BUILD: the job was made by lstmkit .*, and this worker is .*Install the same version/,
      );
      work();
      const { code, stderr } = await whole;
      await stopAll();
      expect(code).toBe(0);
      expect(stderr).toMatch(/A worker on this queue refuses the jobs: OTHER_BUILD/);
      expect(results("other.sweep").trials[0]!.state).toBe("done");
    } finally {
      rmSync(other, { recursive: true });
    }
  });

  test("a password that is wrong, or none, is refused before anything is made", async () => {
    plan("refused.json", { data: "reviews.csv", flags: TINY });
    for (const url of [server.address, server.url.replace(server.password, "wrong")]) {
      for (const args of [["sweep", "refused.json"], ["work"]]) {
        const { code, stderr } = await place.run([...args, "--queue", url]);
        expect(code).toBe(1);
        expect(stderr).toMatch(/^lstmkit: QUEUE_REFUSED: .* does not let us in .*LSTMKIT_QUEUE_PASSWORD/);
        expect(stderr).not.toContain(server.password);
      }
    }
    expect(readdirSync(place.folder)).not.toContain("refused.sweep");
  });
});

test("a server that is not there, an address that is none, and packages that are missing", async () => {
  plan("nowhere.json", { data: "reviews.csv", flags: TINY });
  const unreachable = await place.run(["sweep", "nowhere.json", "--queue", "redis://127.0.0.1:9"]);
  expect(unreachable).toMatchObject({
    code: 1,
    stderr: expect.stringMatching(/QUEUE_UNREACHABLE: .*127\.0\.0\.1:9 \(ECONNREFUSED\)/),
  });
  const secret = await place.run(["work", "--queue", "http://:secret@host"]);
  expect(secret).toMatchObject({
    code: 2,
    stderr: expect.stringMatching(/--queue is no address of a server/),
  });
  expect(secret.stderr).not.toContain("secret");
  const lone = place.path("lone");
  for (const name of readdirSync(DIST).filter((name) => /\.(js|wasm)$/.test(name)))
    cpSync(join(DIST, name), join(lone, name));
  const missing = spawnSync(
    process.execPath,
    [join(lone, "cli.js"), "work", "--queue", "redis://127.0.0.1:9"],
    { encoding: "utf8" },
  );
  expect(missing.status).toBe(1);
  expect(missing.stderr).toMatch(
    /QUEUE_UNAVAILABLE: the package (bullmq|ioredis) is not installed.*npm install bullmq ioredis/,
  );
});
