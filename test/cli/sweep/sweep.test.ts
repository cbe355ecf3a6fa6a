/** Sweeps on this machine's processors, by the command as it is published. */
import { existsSync, readFileSync, rmSync } from "node:fs";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Event, events, outcome, REVIEWS, Workplace } from "../command-line.ts";

const place = new Workplace();
afterAll(() => place.dispose());

const FLAGS = { epochs: 2, "max-len": 10, vocab: 50, batch: 8, embedding: 4, units: 4 };

const plan = (name: string, content: object) => place.write(name, JSON.stringify(content));

interface Row {
  trial: string;
  state: string;
  epochs: number;
  digest: string | null;
  error: string | null;
  command: string;
  model: string | null;
  metrics: Record<string, number>;
}
interface Results {
  isComplete: boolean;
  best: {
    digest: string;
    model: string;
    command: string;
    series: string | null;
    ensemble: string[];
    mean: number;
  }[];
  trials: Row[];
}
const results = (folder: string) =>
  JSON.parse(readFileSync(place.path(`${folder}/results.json`), "utf8")) as Results;

async function sweep(...args: string[]): Promise<Event[]> {
  const { code, stdout, stderr } = await place.run(["sweep", ...args, "--json"]);
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  return events(stdout);
}

/** What the same command gives by itself; words without quotes alone. */
async function alone(command: string): Promise<string> {
  const { code, stdout, stderr } = await place.run([
    ...command.split(" ").slice(1),
    "--out",
    "alone.safetensors",
    "--json",
  ]);
  expect({ code, stderr }).toMatchObject({ code: 0 });
  return String(events(stdout).at(-1)!.digest);
}

const digestOf = async (model: string): Promise<string> => {
  const { stdout } = await place.run(["inspect", model, "a good film", "--json"]);
  return stdout;
};

beforeAll(() => place.write("reviews.csv", REVIEWS));

test("a grid with seeds: every digest is that of train alone, and the best model is kept", async () => {
  plan("grid.json", { data: "reviews.csv", flags: FLAGS, parameters: { lr: [0.001, 0.03] }, seeds: 2 });
  const told = await sweep("grid.json", "--workers", "2");
  expect(told.filter(({ event }) => event === "trial")).toHaveLength(4);
  const { trials, best } = results("grid.sweep");
  expect(trials.map(({ state }) => state)).toEqual(["done", "done", "done", "done"]);
  for (const { command, digest } of trials) expect(await alone(command)).toBe(digest);
  expect(best).toHaveLength(1);
  expect(best[0]!.ensemble).toEqual(["models/0003.safetensors", "models/0004.safetensors"]);
  expect(await alone(best[0]!.command)).toBe(best[0]!.digest);
  expect(await digestOf("grid.sweep/best.safetensors")).toBe(await digestOf("alone.safetensors"));
  // Models of others are not kept, nor is any state.
  expect(existsSync(place.path("grid.sweep/models/0001.safetensors"))).toBe(false);
  expect(existsSync(place.path("grid.sweep/state"))).toBe(false);
  const csv = readFileSync(place.path("grid.sweep/results.csv"), "utf8").trim().split("\n");
  expect(csv[0]).toMatch(
    /^trial,configuration,series,seed,fold,lr,state,epochs,.*,digest,seconds,error,command$/,
  );
  expect(csv).toHaveLength(5);
  // Called again, nothing is trained.
  expect((await sweep("grid.json")).filter(({ event }) => event === "trial")).toEqual([]);
});

test("folds: each is a train --kfold, and the best configuration is trained on all", async () => {
  plan("folds.json", { data: "reviews.csv", flags: FLAGS, parameters: { lr: [0.001, 0.03] }, folds: 2 });
  await sweep("folds.json");
  const { trials, best } = results("folds.sweep");
  expect(trials.map(({ state }) => state)).toEqual(["done", "done", "done", "done"]);
  expect(trials[2]!.command).toContain("--kfold=1/2");
  expect(await alone(trials[2]!.command)).toBe(trials[2]!.digest);
  expect(best[0]!.command).not.toContain("--kfold");
  expect(await alone(best[0]!.command)).toBe(best[0]!.digest);
  const values = trials.map(({ metrics }) => metrics["test.loss"]!);
  const means = [(values[0]! + values[1]!) / 2, (values[2]! + values[3]!) / 2];
  expect(best[0]!.mean).toBe(Math.min(...means));
});

test("halving: those that are worse stop, and who goes on ends with the bits of a run without a break", async () => {
  plan("halving.json", {
    data: "reviews.csv",
    flags: { ...FLAGS, epochs: 9, "validation-freq": 1 },
    parameters: { lr: [0.001, 0.003, 0.01, 0.02, 0.03, 0.05] },
    halving: { factor: 3, least: 1 },
  });
  const told = await sweep("halving.json");
  const rungs = told.filter(({ event }) => event === "rung");
  expect(rungs.map(({ epochs, tried, goOn }) => [epochs, tried, (goOn as number[]).length])).toEqual([
    [1, 6, 2],
    [3, 2, 1],
  ]);
  const { trials, best } = results("halving.sweep");
  expect(trials.map(({ state }) => state).sort()).toEqual(["done", ...Array(5).fill("stopped")]);
  expect(trials.map(({ epochs }) => epochs).sort()).toEqual([1, 1, 1, 1, 3, 9]);
  expect(await alone(best[0]!.command)).toBe(best[0]!.digest);
});

test("halving of a task, whose rate falls with its epochs", async () => {
  plan("task.json", {
    data: "reviews.csv",
    flags: { task: "classify", epochs: 4, units: 4, embedding: 4, batch: 8 },
    parameters: { lr: [0.003, 0.03] },
    halving: { factor: 2, least: 2 },
  });
  await sweep("task.json");
  const { trials, best } = results("task.sweep");
  expect(trials.map(({ state }) => state).sort()).toEqual(["done", "stopped"]);
  expect(await alone(best[0]!.command)).toBe(best[0]!.digest);
});

test("a model of each series", async () => {
  const rows = ["a", "b c"].flatMap((store, s) =>
    Array.from(
      { length: 140 },
      (_, i) =>
        `2024-${String(1 + Math.floor(i / 28)).padStart(2, "0")}-${String(1 + (i % 28)).padStart(2, "0")},${store},${100 + 10 * Math.sin(i / (3 + s))}`,
    ),
  );
  place.write("sales.csv", ["day,store,sales", ...rows].join("\n"));
  plan("series.json", {
    data: "sales.csv",
    flags: { task: "detect", series: "store", units: 4, epochs: 2, window: 4 },
    eachSeries: true,
  });
  await sweep("series.json");
  const { best } = results("series.sweep");
  expect(best.map(({ series }) => series)).toEqual(["a", "b c"]);
  for (const { model } of best) expect(existsSync(place.path(`series.sweep/${model}`))).toBe(true);
  expect(best[0]!.digest).not.toBe(best[1]!.digest);
  expect(await alone(best[0]!.command)).toBe(best[0]!.digest);
});

test.each(["SIGINT", "SIGKILL"] as const)(
  "a sweep that is stopped by %s goes on from what is done",
  async (signal) => {
    const name = `stop-${signal}`;
    const content = {
      data: "reviews.csv",
      flags: { ...FLAGS, epochs: 6 },
      parameters: { lr: [0.001, 0.003, 0.01, 0.03] },
      seeds: 3,
    };
    plan(`${name}.json`, content);
    plan("whole.json", content);
    const child = place.start("sweep", `${name}.json`, "--workers", "2", "--json");
    let seen = 0;
    child.stdout.on("data", (piece: Buffer) => {
      seen += piece.toString().split('"event":"trial"').length - 1;
      if (seen >= 3 && !child.killed) child.kill(signal);
    });
    const stopped = await outcome(child);
    const done = events(stopped.stdout.replace(/[^\n]*$/, "")).filter(
      ({ event }) => event === "trial",
    ).length;
    expect(done).toBeGreaterThanOrEqual(3);
    expect(done).toBeLessThan(12);
    if (signal === "SIGINT") {
      expect(stopped.code).toBe(130);
      expect(results(`${name}.sweep`)).toMatchObject({ isComplete: false });
    }
    const rest = await sweep(`${name}.json`);
    // SIGKILL may come between a result's line and its event.
    const again = rest.filter(({ event }) => event === "trial").length;
    expect(done + again).toBeGreaterThanOrEqual(12 - 2);
    expect(done + again).toBeLessThanOrEqual(12);
    if (!existsSync(place.path("whole.sweep"))) await sweep("whole.json");
    const bare = (folder: string) =>
      results(folder).trials.map(({ trial, digest, metrics }) => ({ trial, digest, metrics }));
    expect(bare(`${name}.sweep`)).toEqual(bare("whole.sweep"));
    expect(results(`${name}.sweep`).best[0]!.digest).toBe(results("whole.sweep").best[0]!.digest);
  },
);

test("a trial that fails is told, and the others go on; another plan in the folder is refused", async () => {
  plan("fails.json", { data: "reviews.csv", flags: FLAGS, parameters: { lr: [0.01, 1e30] } });
  const told = await sweep("fails.json");
  const { trials, best } = results("fails.sweep");
  expect(trials.map(({ state }) => state)).toEqual(["done", "failed"]);
  expect(trials[1]!.error).toMatch(/^LOSS_NOT_FINITE: /);
  expect(told.at(-1)).toMatchObject({ event: "done", failed: 1 });
  expect(best[0]!.model).toBe("best.safetensors");
  plan("fails.json", { data: "reviews.csv", flags: FLAGS, parameters: { lr: [0.01, 0.02] } });
  const refused = await place.run(["sweep", "fails.json"]);
  expect(refused.code).toBe(1);
  expect(refused.stderr).toMatch(/BAD_PLAN: fails\.sweep is the folder of another sweep: parameters was/);
  place.write("reviews.csv", `${REVIEWS}\n"A good film, number 20",positive`);
  plan("fails.json", { data: "reviews.csv", flags: FLAGS, parameters: { lr: [0.01, 1e30] } });
  expect((await place.run(["sweep", "fails.json"])).stderr).toMatch(/its data were others/);
  place.write("reviews.csv", REVIEWS);
});

test("two sweeps do not work in one folder", async () => {
  plan("busy.json", {
    data: "reviews.csv",
    flags: { ...FLAGS, epochs: 400 },
    parameters: { lr: [0.001, 0.01] },
  });
  const child = place.start("sweep", "busy.json", "--json");
  await new Promise<void>((begun) => child.stdout.once("data", () => begun()));
  const second = await place.run(["sweep", "busy.json"]);
  child.kill("SIGINT");
  const first = await outcome(child);
  expect(second.code).toBe(1);
  expect(second.stderr).toMatch(/BUSY: /);
  expect(first.code).toBe(130);
  rmSync(place.path("busy.sweep"), { recursive: true });
});

test("--list trains nothing; what cannot be is said before anything is trained", async () => {
  plan("list.json", { data: "reviews.csv", flags: FLAGS, parameters: { lr: [0.1, 0.2] } });
  const { stdout } = await place.run(["sweep", "list.json", "--list"]);
  expect(stdout.trim().split("\n")).toHaveLength(2);
  expect(existsSync(place.path("list.sweep"))).toBe(false);
  plan("list.json", { data: "reviews.csv", flags: { ...FLAGS, lrr: 1 } });
  expect(await place.run(["sweep", "list.json"])).toMatchObject({
    code: 1,
    stderr: expect.stringMatching(/BAD_PLAN: .*unknown flag --lrr/),
  });
  plan("list.json", { data: "nowhere.csv", flags: FLAGS });
  expect((await place.run(["sweep", "list.json"])).stderr).toMatch(/FILE_NOT_FOUND/);
  place.write("list.json", "{");
  expect((await place.run(["sweep", "list.json"])).stderr).toMatch(/BAD_PLAN: list\.json is not JSON/);
});

test("score gives predict's bytes, however the data are cut", async () => {
  const lines = Array.from({ length: 300 }, (_, i) => `A ${i % 3 ? "good" : "bad"} film – number ${i}`).join(
    "\r\n",
  );
  place.write("one.txt", lines);
  place.write("two.txt", `\ufeff${lines}\n${lines}`);
  const model = "grid.sweep/best.safetensors";
  const wanted =
    (await place.run(["predict", model], readFileSync(place.path("one.txt")))).stdout +
    (await place.run(["predict", model], readFileSync(place.path("two.txt")))).stdout;
  const { code, stderr } = await place.run([
    "score",
    model,
    "one.txt",
    "two.txt",
    "--piece",
    "0.002",
    "--out",
    "s.tsv",
    "--json",
  ]);
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  expect(readFileSync(place.path("s.tsv"), "utf8")).toBe(wanted);
  expect(existsSync(place.path("s.tsv.score"))).toBe(false);
  const json = await place.run(["predict", model, "--json"], lines);
  await place.run(["score", model, "one.txt", "--ndjson"]);
  expect(readFileSync(place.path("scores.ndjson"), "utf8")).toBe(json.stdout);
});

test("score of a classifier's file, cut into parts", async () => {
  const model = "task.sweep/best.safetensors";
  const wanted = await place.run(["predict", model, "reviews.csv", "--top", "2"]);
  expect(wanted.stdout.split("\n").length).toBeGreaterThan(30);
  const { code, stderr } = await place.run([
    "score",
    model,
    "reviews.csv",
    "--top",
    "2",
    "--piece",
    "0.0004",
  ]);
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  expect(readFileSync(place.path("scores.tsv"), "utf8")).toBe(wanted.stdout);
  expect((await place.run(["predict", model, "reviews.csv", "--part", "3/2"])).stderr).toMatch(
    /--part is "3\/2"; wanted a part/,
  );
});
