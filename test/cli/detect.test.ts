import { existsSync, readFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { outcome, Workplace } from "./command-line.ts";

let seed = 7;
const random = () => {
  seed = (seed * 1103515245 + 12345) % 2147483648;
  return seed / 2147483648;
};
const rows = Array.from({ length: 700 }, (_, i) =>
  ["a", "b"].map((host) => ({
    time: new Date(Date.UTC(2024, 0, 1) + i * 3_600_000).toISOString(),
    host,
    latency: (Math.round((50 + 20 * Math.sin(i / 4) + (host === "b" ? 30 : 0) + random() * 4) * 100) / 100) as
      | number
      | null,
  })),
).flat();
const [past, coming] = [rows.slice(0, 1200), rows.slice(1200)];
coming[61]!.latency = 200;
coming[100]!.latency = null;
coming.splice(120, 4);
const ndjson = (some: typeof rows) => some.map((row) => `${JSON.stringify(row)}\n`).join("");
const csv = ["time,host,latency", ...coming.map((row) => [row.time, row.host, row.latency ?? ""].join(","))];

let place: Workplace;
let trained: Awaited<ReturnType<Workplace["run"]>>;
beforeAll(async () => {
  place = new Workplace();
  place.write("metrics.ndjson", ndjson(past));
  const flags = "--target latency --series host --time time --epochs 4 --units 16 --window 24 --threads 1";
  trained = await place.run(["train", "metrics.ndjson", "--task", "detect", ...flags.split(" ")]);
});
afterAll(() => place.dispose());

const detect = (input: string, ...args: string[]) =>
  place.run(["detect", "model.safetensors", ...args], input);

test("train says what is expected by what, and what to do next", () => {
  expect(trained).toMatchObject({ code: 0, stderr: "" });
  expect(trained.stdout).toMatch(/^latency: 960 rows to learn from, 240 to compare with, a row every hour/m);
  expect(trained.stdout).toMatch(/^Watch: lstmkit detect model\.safetensors - < rows\.ndjson$/m);
});

describe("detect", () => {
  test("a line of JSON an alarm, from two commands; JSON and CSV, standard input and file alike", async () => {
    const { code, stdout, stderr } = await detect(ndjson(coming), "-");
    expect(code).toBe(0);
    const alarms = stdout
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line) as Record<string, unknown>);
    expect(alarms).toContainEqual({
      ...{ time: coming[61]!.time.replace(".000Z", "Z"), series: "b", value: 200 },
      ...{ expected: expect.any(Number), p: 1 / 241, score: expect.any(Number) },
    });
    expect(alarms.length).toBeLessThan(12);
    expect(stderr).toMatch(/2 rows of "a" did not come before line 121/);
    expect(stderr).toMatch(/line 101 of "a" has no value; what is expected stands in its place/);
    expect(stderr).toMatch(/^196 rows, \d+ alarms?, missing 1, gaps 2, rows filled 4$/m);
    expect((await detect(csv.join("\n"))).stdout).toBe(stdout);
    place.write("new.csv", csv.join("\r\n"));
    expect((await detect("", "new.csv")).stdout).toBe(stdout);
  });

  test("cut anywhere, with --state: the same lines", async () => {
    const whole = await detect(csv.join("\n"), "--all");
    for (const at of [1, 2, 40, 121, 150]) {
      const state = `state-${at}.json`;
      const first = await detect(`${csv.slice(0, at).join("\n")}\n`, "--all", "--state", state);
      const second = await detect(csv.slice(at).join("\n"), "--all", "--state", state);
      expect(first.stdout + second.stdout).toBe(whole.stdout);
    }
    const again = await detect(csv.join("\n"), "--state", "state-40.json");
    expect(again).toMatchObject({ code: 0, stdout: "" });
    expect(again.stderr).toMatch(/is not behind the last row; such rows are left out/);
  });

  test("lines that cannot be read are told, and do not end it", async () => {
    const odd = [
      `{"time":`,
      '{"host":"a","latency":3}',
      '{"time":"soon","host":"a","latency":3}',
      '{"time":"2024-01-26T00:00:00Z","latency":3}',
    ];
    const { code, stderr } = await detect(
      `${odd.join("\n")}\n${JSON.stringify({ ...coming[0], latency: "high" })}\n${JSON.stringify({ ...coming[1], host: "c" })}\n`,
    );
    expect(code).toBe(0);
    expect(stderr).toMatch(/line 1 is no JSON; left out/);
    expect(stderr).toMatch(/line 6 is of "c", which was not learnt/);
    expect(stderr).toMatch(/^2 rows, 0 alarms, unread 5, missing 1, unknown 1$/m);
  });

  test.for<[string, string, RegExp]>([
    ["--alpha 2", "", /--alpha is "2"; wanted a number between 0 and 1/],
    [
      "--alpha 0.0001",
      "",
      /BAD_ARGUMENT: alpha is 0\.0001; wanted 0\.0041 at least, since there are 240 errors/,
    ],
    ["--time-format iso", "", /--time-format is "iso"; wanted day-first or month-first/],
    ["", "a,b\n1,2\n", /BAD_SERIES: the first line has no column "latency": it is "a,b"/],
    ["nope.csv", "", /FILE_NOT_FOUND: there is no nope\.csv/],
    ["--state metrics.ndjson", "", /BAD_DATASET: "metrics\.ndjson" is no JSON; wanted what --state wrote/],
  ])("%s is refused", async ([line, input, message]) => {
    const { code, stdout, stderr } = await detect(input, ...line.split(" ").filter((word) => word !== ""));
    expect(stderr).toMatch(message);
    expect(code).toBeGreaterThan(0);
    expect(stdout).toBe("");
  });

  test("a model of another kind is refused, and an empty input has no alarms", async () => {
    expect((await place.run(["detect", "metrics.ndjson"])).stderr).toMatch(/BAD_MODEL_FILE/);
    expect(await detect("")).toMatchObject({ code: 0, stdout: "", stderr: "0 rows, 0 alarms\n" });
  });

  test("Ctrl-C keeps the state, and exits with 130", async () => {
    const child = place.start("detect", "model.safetensors", "--state", "live.json", "--all");
    child.stdout.once("data", () => child.kill("SIGINT"));
    child.stdin.write(`${csv.slice(0, 30).join("\n")}\n`);
    expect((await outcome(child)).code).toBe(130);
    expect(existsSync(place.path("live.json"))).toBe(true);
    expect(JSON.parse(readFileSync(place.path("live.json"), "utf8"))).toMatchObject({
      state: { version: 1 },
    });
  });
});
