/** The command line of forecasting: from a file to an answer, and what is said where there is none. */
import { readFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Event, events, Workplace } from "./command-line.ts";

const DAY = 86_400_000;
const date = (day: number) => new Date(Date.UTC(2023, 0, 2) + day * DAY).toISOString().slice(0, 10);
const ROWS = 260;
/** Weeks with a level that rises, prices that are known in advance, two stores. */
const sales = (day: number, store: number, price: number) =>
  Math.round((store * 50 + 100 + day / 5 + [0, 5, 10, 12, 30, 60, 40][day % 7]! - 10 * (price - 3)) * 10) /
  10;
const price = (day: number) => (day % 31 < 4 ? 2 : 3);

function csv({
  stores = ["north", "south"],
  rows = ROWS,
  future = 14,
  skip = (_: number): boolean => false,
} = {}): string {
  const lines = ["date,store,sales,price"];
  stores.forEach((store, s) => {
    for (let day = 0; day < rows + future; day++) {
      if (skip(day)) continue;
      lines.push(`${date(day)},${store},${day < rows ? sales(day, s, price(day)) : ""},${price(day)}`);
    }
  });
  return `${lines.join("\n")}\n`;
}

const SMALL = "--epochs 2 --units 8 --window 14 --horizon 7 --normalization seasonal".split(" ");
const COLUMNS = "--target sales --series store --known price".split(" ");

let place: Workplace;
let trained: Event[];
beforeAll(async () => {
  place = new Workplace();
  place.write("sales.csv", csv());
  place.write("gaps.csv", csv({ skip: (day) => day === 100 || day === 101 }));
  const { code, stdout, stderr } = await place.run([
    "train",
    "sales.csv",
    "--task",
    "forecast",
    ...COLUMNS,
    ...SMALL,
    "--json",
  ]);
  expect(stderr).toBe("");
  expect(code).toBe(0);
  trained = events(stdout);
});
afterAll(() => place.dispose());

const run = (...args: string[]) => place.run(args);
const of = (all: readonly Event[], name: string) => all.filter(({ event }) => event === name);

describe("lstmkit train --task forecast", () => {
  test("--json gives the start, findings, epochs, the report and the end", () => {
    expect(of(trained, "start")).toMatchObject([
      { dataset: "sales.csv", series: 2, targets: ["sales"], horizon: 7, seed: 0 },
    ]);
    expect(of(trained, "finding").map(({ code }) => code)).toEqual(
      expect.arrayContaining(["TIME_FOUND", "FUTURE"]),
    );
    expect(of(trained, "epoch").filter(({ stage }) => stage === "train").length).toBeGreaterThan(0);
    expect(of(trained, "report")).toMatchObject([
      {
        series: 2,
        horizon: 7,
        window: 14,
        frequency: { unit: "day", every: 1 },
        columns: { target: ["sales"], known: ["price"], past: [] },
        normalization: { center: "seasonal" },
      },
    ]);
    const [report] = of(trained, "report") as [Event & { baselines: { name: string }[]; digest: string }];
    expect(report.baselines.map(({ name }) => name).sort()).toEqual(
      ["drift", "last", "ridge", "seasonal", "seasonalDrift"].sort(),
    );
    expect(of(trained, "done")).toEqual([{ event: "done", digest: report.digest, out: "model.safetensors" }]);
  });

  test("for people: data, findings, normalisation, a table of models, intervals, the file", async () => {
    const { code, stdout, stderr } = await run(
      "train",
      "gaps.csv",
      "--task",
      "forecast",
      ...COLUMNS,
      ...SMALL,
      "--out",
      "gaps.safetensors",
    );
    expect(code).toBe(0);
    expect(stderr).toMatch(/^GAPS: 4 rows are not there, in 2 gaps; the first at 2023-04-12/m);
    expect(stdout).toMatch(
      /^gaps\.csv: \d+ rows of sales, 2 series, a row every day, 2023-01-02 to 2023-09-18$/m,
    );
    expect(stdout).toMatch(/^Normalisation: what is left over the last season/m);
    expect(stdout).toMatch(/^Known in advance: price, /m);
    expect(stdout).toMatch(/^ +MAE +RMSE +MSE, standardised$/m);
    for (const name of ["network", "last value", "last season", "ridge regression"])
      expect(stdout).toMatch(new RegExp(`^${name}\\b.* \\d`, "m"));
    expect(stdout).toMatch(/^Intervals of 80 %: [\d.]+ % of what came lay in them/m);
    expect(stdout).toMatch(/^Model saved to gaps\.safetensors$/m);
  });

  test("the same seed gives the same file", async () => {
    const { stdout } = await run(
      "train",
      "sales.csv",
      "--task",
      "forecast",
      ...COLUMNS,
      ...SMALL,
      "--json",
      "--threads",
      "1",
      "--out",
      "again.safetensors",
    );
    expect(of(events(stdout), "done")[0]!.digest).toBe(of(trained, "done")[0]!.digest);
    expect(readFileSync(place.path("again.safetensors"))).toEqual(
      readFileSync(place.path("model.safetensors")),
    );
  });

  test.each<[string, string[], RegExp]>([
    ["no horizon", ["sales.csv"], /--horizon is missing/],
    ["a horizon of none", ["sales.csv", "--horizon", "0"], /--horizon is "0"/],
    [
      "a rule that there is not",
      ["sales.csv", "--horizon", "7", "--gaps", "zero"],
      /--gaps is "zero"; wanted interpolate or last or refuse/,
    ],
    [
      "a frequency that is none",
      ["sales.csv", "--horizon", "7", "--frequency", "often"],
      /--frequency is "often"/,
    ],
    [
      "a zone that there is not",
      ["sales.csv", "--horizon", "7", "--time-zone", "Mars"],
      /--time-zone is "Mars"/,
    ],
    [
      "levels of percents",
      ["sales.csv", "--horizon", "7", "--levels", "80,95"],
      /--levels is "80,95"; wanted numbers between 0 and 1/,
    ],
    ["a calendar of its own", ["sales.csv", "--horizon", "7", "--calendar", "moon"], /--calendar is "moon"/],
    [
      "holidays of nowhere",
      ["sales.csv", "--horizon", "7", ...COLUMNS, "--holidays", "XX"],
      /--holidays is "XX"; wanted the two letters of one of 207 countries/,
    ],
    ["flags of a file with births", ["births", "--time", "date"], /births ship with the package/],
  ])("%s is misuse", async (_, flags, message) => {
    const { code, stdout, stderr } = await run("train", "--task", "forecast", ...flags);
    expect(stderr).toMatch(message);
    expect(stderr).toContain("Try lstmkit train --help");
    expect(stdout).toBe("");
    expect(code).toBe(2);
  });

  test.each<[string, string[], RegExp]>([
    [
      "a column that is not there",
      ["--target", "sale", "--series", "store"],
      /BAD_SERIES: there is no column "sale" \(target\): did you mean sales\?/,
    ],
    ["several series without a name for them", ["--target", "sales"], /--series\), perhaps "store"/],
    ["no target where several could be", ["--series", "store"], /"sales", "price" could each be the target/],
    ["gaps that are refused", [...COLUMNS, "--gaps", "refuse"], /4 rows are not there/],
  ])("%s is refused, and nothing is written", async (_, flags, message) => {
    const { code, stderr } = await run(
      "train",
      "gaps.csv",
      "--task",
      "forecast",
      "--horizon",
      "7",
      "--out",
      "none.safetensors",
      ...flags,
    );
    expect(stderr).toMatch(message);
    expect(code).toBe(1);
    expect(() => readFileSync(place.path("none.safetensors"))).toThrow();
  });

  test("a file that is not there, and one that is too short", async () => {
    expect((await run("train", "nowhere.csv", "--task", "forecast", "--horizon", "7")).stderr).toMatch(
      /FILE_NOT_FOUND/,
    );
    place.write("short.csv", csv({ stores: ["a"], rows: 12, future: 0 }));
    const { code, stderr } = await run(
      "train",
      "short.csv",
      "--task",
      "forecast",
      "--horizon",
      "7",
      "--target",
      "sales",
    );
    expect(stderr).toMatch(/BAD_SERIES: .*(row|window)/);
    expect(code).toBe(1);
  });

  test("holidays and JSON on the standard input", async () => {
    const rows = Array.from({ length: 200 }, (_, day) =>
      JSON.stringify({ date: date(day), y: sales(day, 0, 3) }),
    ).join("\n");
    const flags = [
      "train",
      "-",
      "--task",
      "forecast",
      ...SMALL,
      "--holidays",
      "US",
      "--json",
      "--out",
      "json.safetensors",
    ];
    const { code, stdout, stderr } = await place.run(flags, rows);
    expect(stderr).toBe("");
    expect(code).toBe(0);
    expect(of(events(stdout), "report")).toMatchObject([{ columns: { target: ["y"], holidays: "US" } }]);
  });

  test("Ctrl-C ends it, and nothing is written", async () => {
    const child = place.start(
      "train",
      "births",
      "--task",
      "forecast",
      "--out",
      "stopped.safetensors",
      "--json",
    );
    let stdout = "";
    child.stdout.setEncoding("utf8").on("data", (piece: string) => {
      if (!stdout.includes('"epoch"') && piece.includes('"epoch"')) child.kill("SIGINT");
      stdout += piece;
    });
    const code = await new Promise((resolve) => child.on("close", resolve));
    expect(code).toBe(130);
    expect(events(stdout).at(-1)).toEqual({ event: "interrupted", digest: null, out: null });
    expect(() => readFileSync(place.path("stopped.safetensors"))).toThrow();
  });
});

describe("lstmkit forecast", () => {
  test("prints rows of CSV, of what was trained on and of a file alike", async () => {
    const [own, file] = await Promise.all([
      run("forecast", "model.safetensors"),
      run("forecast", "model.safetensors", "sales.csv"),
    ]);
    const lines = own.stdout.trim().split("\n");
    expect(lines[0]).toBe("series,time,forecast,low_80,high_80,low_95,high_95");
    expect(lines).toHaveLength(1 + 2 * 7);
    expect(lines[1]).toMatch(/^north,2023-09-19(,[\d.]+){5}$/);
    expect(lines[14]).toMatch(/^south,2023-09-25,/);
    // Points are the same to the bit. Intervals of the file alone are by errors of all series together.
    const points = (text: string) => text.split("\n").map((line) => line.split(",").slice(0, 3));
    expect(points(file.stdout)).toEqual(points(own.stdout));
    expect(file.stderr).toContain("FUTURE: 28 rows are of the future");
  });

  test("remembers how the file was read, and takes another way when told", async () => {
    place.write("other.csv", csv().replace("date,store,", "when,store,"));
    const { code, stderr } = await run("forecast", "model.safetensors", "other.csv");
    expect(code).toBe(0);
    expect(stderr).toContain('TIME_FOUND: The times are those of "when"');
    place.write("shop.csv", csv().replace("date,store,", "date,shop,"));
    expect((await run("forecast", "model.safetensors", "shop.csv")).stderr).toMatch(
      /no column "store" \(series\).*"shop"/,
    );
    expect((await run("forecast", "model.safetensors", "shop.csv", "--series", "shop")).code).toBe(0);
  });

  test("draws a chart, writes CSV, JSON, SVG and HTML", async () => {
    const { stdout } = await run("forecast", "model.safetensors", "sales.csv", "--chart");
    expect(stdout).toMatch(/[\u2801-\u28ff]/);
    expect(stdout).toMatch(/^sales: 7 rows from 2023-09-19 on$/m);
    const own = await run("forecast", "model.safetensors", "--chart");
    expect(own.stdout).toMatch(/┊/); // where the past ends, which the file keeps
    for (const name of ["f.csv", "f.json", "f.svg", "f.html"]) {
      const { code, stdout: said } = await run("forecast", "model.safetensors", "sales.csv", "--out", name);
      expect([code, said]).toEqual([0, `Forecast saved to ${name}\n`]);
    }
    const text = (name: string) => readFileSync(place.path(name), "utf8");
    expect(text("f.csv")).toBe((await run("forecast", "model.safetensors", "sales.csv")).stdout);
    expect(JSON.parse(text("f.json"))).toMatchObject({
      model: "network",
      horizon: 7,
      series: [{ id: "north" }, { id: "south" }],
    });
    expect(text("f.svg")).toMatch(/^<svg .*<\/svg>\n$/s);
    expect(text("f.html")).toContain("<td>2023-09-19</td>");
  });

  test("goes by another model, other levels, and from an earlier origin", async () => {
    const { stdout } = await run(
      "forecast",
      "model.safetensors",
      "sales.csv",
      "--model",
      "seasonal",
      "--levels",
      "0.5",
      "--origin",
      "2023-09-01",
      "--json",
    );
    const [made] = of(events(stdout), "forecast") as [
      Event & { series: { rows: { time: string; value: number }[] }[] },
    ];
    expect(made).toMatchObject({ model: "seasonal", levels: [0.5], horizon: 7 });
    expect(made.series[0]!.rows[0]!.time).toBe("2023-09-01");
  });

  test.each<[string, string[], RegExp, number]>([
    [
      "an ending that there is not",
      ["model.safetensors", "--out", "f.pdf"],
      /--out is "f\.pdf"; wanted a name that ends in/,
      2,
    ],
    ["a model that there is not", ["model.safetensors", "--model", "prophet"], /--model is "prophet"/, 2],
    ["a file that is not there", ["none.safetensors"], /FILE_NOT_FOUND/, 1],
    ["a file that is no model", ["sales.csv"], /BAD_MODEL_FILE/, 1],
    ["data that are too short", ["model.safetensors", "tiny.csv"], /BAD_SERIES: /, 1],
  ])("%s is refused", async (_, args, message, status) => {
    place.write("tiny.csv", csv({ rows: 5, future: 7 }));
    const { code, stderr } = await run("forecast", ...args);
    expect(stderr).toMatch(message);
    expect(code).toBe(status);
  });
});

describe("lstmkit backtest", () => {
  test("a row a step of the horizon, baselines beside it", async () => {
    const { code, stdout } = await run("backtest", "model.safetensors", "sales.csv", "--cuts", "3");
    expect(code).toBe(0);
    expect(stdout).toMatch(/^6 forecasts from origins 7 rows apart/);
    expect(stdout).toMatch(/^step +network .*last value.*in 80 % +in 95 %$/m);
    expect(stdout.match(/^\d+ +[\d.]+/gm)).toHaveLength(7);
    expect(stdout).toMatch(/^all +[\d.]+/m);
  });

  test("--json gives all of it", async () => {
    const { stdout } = await run(
      "backtest",
      "model.safetensors",
      "sales.csv",
      "--cuts",
      "2",
      "--stride",
      "3",
      "--json",
    );
    const [done] = of(events(stdout), "backtest") as [Event & { steps: unknown[] }];
    expect(done).toMatchObject({ model: "network", cuts: 4, stride: 3 });
    expect(done.steps).toHaveLength(7);
  });
});

describe("lstmkit demo", () => {
  test("forecast begins with births, and Ctrl-C ends it", async () => {
    const child = place.start("demo", "forecast");
    let stdout = "";
    child.stdout.setEncoding("utf8").on("data", (piece: string) => {
      stdout += piece;
      if (/^births: /m.test(stdout)) child.kill("SIGINT");
    });
    expect(await new Promise((resolve) => child.on("close", resolve))).toBe(130);
    expect(stdout).toMatch(/^births: 5479 rows of births, a row every day, 2000-01-01 to 2014-12-31$/m);
    expect(stdout).toMatch(/^Interrupted; nothing was saved\.$/m);
  });

  test("another is refused with those there are", async () => {
    const { code, stderr } = await run("demo", "weather");
    expect(stderr).toMatch(/"weather" is no task with a demo; wanted .*forecast/);
    expect(code).toBe(2);
  });
});
