/** Columns, numbers, gaps, duplicates, several series, the future: what is read, and what is refused. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { seriesFromCsv } from "../../../src/data/series/csv-table.ts";
import { seriesFromJson, seriesFromRows } from "../../../src/data/series/rows-table.ts";
import { codedError } from "../coded-error.ts";
import { codesOf, column, firstOf, messageOf, timesOf } from "./read.ts";

const DAYS = "date,y,z\n2024-01-01,1,10\n2024-01-02,2,20\n2024-01-03,3,30\n";
const refuses = (
  csv: string,
  options: Parameters<typeof seriesFromCsv>[1],
  message: RegExp,
  code = "BAD_SERIES",
) => expect(() => seriesFromCsv(csv, options)).toThrow(codedError(code as "BAD_SERIES", message));

describe("columns", () => {
  test("are found by themselves where only one can be meant, and that is said", () => {
    const set = seriesFromCsv("when,note,y\n2024-01-01,a,1\n2024-01-02,b,2\n");
    expect(column(set, "y")).toEqual([1, 2]);
    expect(set.findings.map(({ code }) => code)).toEqual(["TARGET_FOUND", "TIME_FOUND"]);
  });

  test("of numbers are times where they are called so", () => {
    expect(timesOf(seriesFromCsv("year,y\n2019,1\n2020,2\n"))).toEqual(["2019-01-01", "2020-01-01"]);
    expect(timesOf(seriesFromCsv("timestamp,y\n1706742000,1\n1706745600,2\n"))[1]).toBe("2024-02-01");
    refuses("count,y\n2019,1\n2020,2\n", {}, /columns "count", "y" could each be the target.*--target/);
  });

  test("several of times number the rows, and that is said", () => {
    const set = seriesFromCsv("start,end,y\n2024-01-01,2024-01-02,1\n2024-01-02,2024-01-03,2\n");
    expect(firstOf(set).times).toBeNull();
    expect(set.frequency).toBeNull();
    expect(messageOf(set, "NO_TIME")).toContain('"start", "end"');
    expect(
      timesOf(
        seriesFromCsv("start,end,y\n2024-01-01,2024-01-02,1\n2024-01-02,2024-01-03,2\n", { time: "end" }),
      ),
    ).toEqual(["2024-01-02", "2024-01-03"]);
  });

  test("several targets, known and past ones", () => {
    const set = seriesFromCsv("date,a,b,c,d\n2024-01-01,1,2,3,4\n2024-01-02,5,6,7,8\n", {
      target: ["b", "a"],
      known: "c",
      past: ["d"],
    });
    expect(Object.keys(firstOf(set).columns)).toEqual(["b", "a", "c", "d"]);
    expect(column(set, "c")).toEqual([3, 7]);
  });

  test("that are not there are refused, with the one that may be meant and all there are", () => {
    refuses(
      DAYS,
      { target: "Y1" },
      /no column "Y1" \(target\): did you mean y\?; the columns are "date", "y", "z"/,
    );
    refuses(DAYS, { target: "y", time: "day" }, /no column "day" \(time\)/);
    refuses(DAYS, { target: "y", known: ["z", "price"] }, /no column "price" \(known\)/);
    refuses(DAYS, { target: "y", series: "store" }, /no column "store" \(series\)/);
  });

  test("that are two things, that are there twice, or that hold words", () => {
    refuses(DAYS, { target: "y", known: "y" }, /"y" was named as target and as known/);
    refuses(DAYS, { target: "date" }, /"date" has 3 cells that are no numbers: line 2 \("2024-01-01"\)/);
    refuses("date,y,y\n2024-01-01,1,2\n", { target: "y" }, /several columns are called "y"/);
    refuses(
      "date,y\n2024-01-01,one\n2024-01-02,two\n",
      {},
      /none of the columns "date", "y" has numbers alone/,
    );
    refuses(
      "date,y\n2024-01-01,1\n2024-01-02,two\n",
      { target: "y" },
      /a cell that is no number: line 3 \("two"\)/,
    );
  });

  test("without names are refused, unless that is said", () => {
    refuses(
      "2024-01-01,1\n2024-01-02,2\n",
      {},
      /line 1 \("2024-01-01", "1"\) is a row like the next one.*header: false/,
    );
    expect(column(seriesFromCsv("2024-01-01,1\n2024-01-02,2\n", { header: false }), "2")).toEqual([1, 2]);
    expect(column(seriesFromCsv("date,2020\n2024-01-01,1\n2024-01-02,2\n"), "2020")).toEqual([1, 2]);
  });

  test("that the header does not name are said", () => {
    const set = seriesFromCsv("date,y\n2024-01-01,1,x\n2024-01-02,2,x\n");
    expect(column(set, "y")).toEqual([1, 2]);
    expect(messageOf(set, "HEADER")).toContain("names 2 columns, rows have 3 cells");
    refuses("date,y\n2024-01-01,1\n2024-01-02,2,x\n", {}, /line 3 has 3 cells/, "BAD_CSV");
  });

  test("in no rows at all", () => {
    refuses("", {}, /empty/, "BAD_CSV");
    refuses("date,y\n", { target: "y" }, /no rows/);
    refuses("date,y\n2024-01-01,\n2024-01-02,NA\n", { target: "y" }, /"y" has no number/);
  });

  test("called __proto__ and by nothing", () => {
    const set = seriesFromCsv(",__proto__\n2024-01-01,1\n2024-01-02,2\n", { target: "__proto__", time: "" });
    expect(Object.getOwnPropertyDescriptor(firstOf(set).columns, "__proto__")?.value).toEqual(
      Float64Array.of(1, 2),
    );
  });
});

describe("numbers", () => {
  const numbers = (cells: readonly string[], options: Parameters<typeof seriesFromCsv>[1] = {}) =>
    column(
      seriesFromCsv(["n;y", ...cells.map((cell, i) => `${i};${cell}`)].join("\n"), {
        target: "y",
        separator: ";",
        ...options,
      }),
      "y",
    );

  test.each<[string, string[], number[]]>([
    ["as they are", ["1", "-2.5", "+3e2", ".5", "4."], [1, -2.5, 300, 0.5, 4]],
    [
      "with more digits than f64 has",
      ["0.1234567890123456789", "12345678901234567890"],
      [0.12345678901234568, 12345678901234567000],
    ],
    ["with a comma", ["1,5", "2", "-0,25"], [1.5, 2, -0.25]],
    ["with a comma and points", ["1.234,5", "1.000", "2"], [1234.5, 1000, 2]],
    ["in thousands", ["1,234.5", "2,000", "3"], [1234.5, 2000, 3]],
    ["in millions", ["1,234,567", "2"], [1234567, 2]],
    ["with blanks between thousands", ["1 234,5", "2\u00a0000"], [1234.5, 2000]],
    ["as words", ["true", "no", "YES"], [1, 0, 1]],
    ["with a typographic minus", ["\u22122", "1"], [-2, 1]],
  ])("%s", (_, cells, values) => {
    expect(numbers(cells)).toEqual(values);
  });

  test.each(["NA", "n/a", "NaN", "null", "None", "-", "?", ".", "–", "missing", ""])(
    "%j is no value",
    (nothing) => {
      expect(numbers(["1", nothing, "3"])).toEqual([1, 2, 3]);
    },
  );

  test.each(["Infinity", "1e999", "0x10", "12 %", "$5", "1.2.3", "1,2,3", "--1"])("%j is refused", (cell) => {
    expect(() => numbers(["1", cell])).toThrow(codedError("BAD_SERIES", /line 3/));
  });

  test("whose comma could be either are refused, with a way out", () => {
    expect(() => numbers(["1,234", "2,345"])).toThrow(
      codedError(
        "BAD_SERIES",
        /commas could stand before fractions or between thousands: line 2 \("1,234"\), line 3 .*decimal/,
      ),
    );
    expect(numbers(["1,234", "2,345"], { decimal: "," })).toEqual([1.234, 2.345]);
    expect(numbers(["1,234", "2,345"], { decimal: "." })).toEqual([1234, 2345]);
    expect(() => numbers(["1,5", "2.5"])).toThrow(
      codedError("BAD_SERIES", /line 2 \("1,5"\).*line 3 \("2.5"\)/),
    );
  });

  test("that stand for no value", () => {
    const set = seriesFromCsv("n,y\n0,1\n0,-999\n0,3\n", { target: "y" });
    expect(column(set, "y")).toEqual([1, 2, 3]);
    expect(messageOf(set, "SENTINELS")).toContain('"y": -999 was taken for no value, in line 3 (-999)');
    expect(numbers(["1", "-999", "3"], { missing: [] })).toEqual([1, -999, 3]);
    expect(numbers(["1", "77", "3"], { missing: ["closed", 77] })).toEqual([1, 2, 3]);
    expect(numbers(["-5000", "-999", "3"])).toEqual([-5000, -999, 3]);
    expect(numbers(["-50", "-999", "-52"])).toEqual([-50, -51, -52]);
    expect(() => numbers(["-500", "-999", "3"])).toThrow(
      codedError("BAD_SERIES", /line 3 \(-999\).*missing/),
    );
  });
});

describe("gaps", () => {
  const CSV = "date,y\n2024-01-01,1\n2024-01-02,2\n2024-01-05,5\n2024-01-06,NA\n2024-01-07,9\n";

  test("are filled on the line between, and said", () => {
    const set = seriesFromCsv(CSV);
    expect(column(set, "y")).toEqual([1, 2, 3, 4, 5, 7, 9]);
    expect(firstOf(set)).toMatchObject({ length: 7, rows: 7 });
    expect(messageOf(set, "GAPS")).toMatch(
      /2 rows are not there, in 1 gap; the first at 2024-01-03, the longest of 2 rows at 2024-01-03/,
    );
    expect(messageOf(set, "MISSING")).toMatch(/1 value is not there: "y" at 2024-01-06/);
  });

  test("are filled by the value before", () => {
    expect(column(seriesFromCsv(CSV, { gaps: "last" }), "y")).toEqual([1, 2, 2, 2, 5, 5, 9]);
  });

  test("are refused with their places", () => {
    refuses(CSV, { gaps: "refuse" }, /2 rows are not there.*2024-01-03.*--gaps/);
    refuses(
      "date,y\n2024-01-01,1\n2024-01-02,\n2024-01-03,3\n",
      { gaps: "refuse" },
      /1 value is not there: "y" at 2024-01-02/,
    );
  });

  test("at the end are filled by the last value, whatever the rule", () => {
    const set = seriesFromCsv("date,a,b,p\n2024-01-01,1,10,1\n2024-01-02,2,NA,NA\n2024-01-03,3,,\n", {
      target: ["a", "b"],
      past: "p",
    });
    expect(column(set, "b")).toEqual([10, 10, 10]);
    expect(column(set, "p")).toEqual([1, 1, 1]);
    expect(firstOf(set).length).toBe(3);
  });

  test("at the beginning and the end of the target are left out, and said", () => {
    const set = seriesFromCsv("date,y\n2024-01-01,\n2024-01-02,2\n2024-01-03,3\n2024-01-04,\n");
    expect(timesOf(set)).toEqual(["2024-01-02", "2024-01-03"]);
    expect(codesOf(set)).toEqual(["LEADING", "TRAILING"]);
    expect(messageOf(set, "TRAILING")).toContain("1 row at the end, from 2024-01-04 on");
  });

  test("of numbered rows are values alone", () => {
    const set = seriesFromCsv("y\n1\nNA\n3\n");
    expect(firstOf(set)).toMatchObject({ length: 3, rows: 3, times: null });
    expect(messageOf(set, "MISSING")).toContain('"y" at row 2');
  });

  test("never look behind the last value: what comes later changes nothing before it", () => {
    const short = seriesFromCsv("date,y\n2024-01-01,1\n2024-01-04,4\n2024-01-05,NA\n");
    const long = seriesFromCsv("date,y\n2024-01-01,1\n2024-01-04,4\n2024-01-05,NA\n2024-01-06,99\n", {
      gaps: "last",
    });
    expect(column(short, "y")).toEqual([1, 2, 3, 4]);
    expect(column(long, "y").slice(0, 5)).toEqual([1, 1, 1, 4, 4]);
  });
});

describe("rows of one time", () => {
  const CSV = "date,y\n2024-01-01,1\n2024-01-02,2\n2024-01-02,4\n2024-01-03,3\n";

  test.each([
    ["mean", 3],
    ["sum", 6],
    ["first", 2],
    ["last", 4],
  ] as const)("%s", (duplicates, value) => {
    const set = seriesFromCsv(CSV, { duplicates });
    expect(column(set, "y")).toEqual([1, value, 3]);
    expect(messageOf(set, "DUPLICATES")).toMatch(
      /1 time has several rows with different values: 2024-01-02 \(line 4\)/,
    );
  });

  test("are refused where they differ, with the columns that could tell series apart", () => {
    refuses(CSV, {}, /2024-01-02 \(line 4\).*duplicates: "mean"/);
    refuses(
      "date,store,y\n2024-01-01,a,1\n2024-01-01,b,2\n2024-01-02,a,3\n",
      {},
      /series \(--series\), perhaps "store"/,
    );
  });

  test("that say the same are one, and that is said", () => {
    const set = seriesFromCsv("date,y\n2024-01-01,1\n2024-01-02,2\n2024-01-02,2\n");
    expect(column(set, "y")).toEqual([1, 2]);
    expect(messageOf(set, "DUPLICATES")).toContain("the same values");
  });
});

test("unsorted rows are sorted, and said", () => {
  const set = seriesFromCsv("date,y\n2024-01-03,3\n2024-01-01,1\n2024-01-02,2\n");
  expect(column(set, "y")).toEqual([1, 2, 3]);
  expect(messageOf(set, "UNSORTED")).toContain("1 row is earlier than the row before: line 3");
});

describe("several series", () => {
  const CSV =
    "date,store,y\n2024-01-01,b,1\n2024-01-01,a,10\n2024-01-02,b,2\n2024-01-02,a,20\n2024-01-03,a,30\n2024-01-04,a,NA\n2024-01-05,a,50\n";

  test("by a column, in the order in which they come first, of their own lengths", () => {
    const set = seriesFromCsv(CSV, { series: "store" });
    expect(set.series.map(({ id, length }) => [id, length])).toEqual([
      ["b", 2],
      ["a", 5],
    ]);
    expect([...set.series[1]!.columns.y!]).toEqual([10, 20, 30, 40, 50]);
    expect(messageOf(set, "MISSING")).toContain('"y" at 2024-01-04 in "a"');
  });

  test("need a name in every row, numbers somewhere, and times", () => {
    refuses(
      "date,store,y\n2024-01-01,,1\n2024-01-02,a,1\n",
      { series: "store" },
      /"store" is empty in line 2/,
    );
    refuses(
      "date,store,y\n2024-01-01,a,1\n2024-01-02,a,1\n2024-01-01,b,NA\n",
      { series: "store" },
      /"y" has no number in "b"/,
    );
    refuses("store,y\na,1\nb,2\n", { series: "store" }, /no column of times/);
  });
});

describe("the future", () => {
  test("is what is known behind the last target", () => {
    const set = seriesFromCsv(
      "date,y,price\n2024-01-01,1,5\n2024-01-02,2,6\n2024-01-03,,7\n2024-01-04,,8\n2024-01-05,,\n",
      {
        target: "y",
        known: "price",
      },
    );
    expect(firstOf(set)).toMatchObject({ length: 2, rows: 4 });
    expect(column(set, "price")).toEqual([5, 6, 7, 8]);
    expect(column(set, "y")).toEqual([1, 2, Number.NaN, Number.NaN]);
    expect(codesOf(set)).toEqual(["TRAILING", "FUTURE"]);
    expect(messageOf(set, "FUTURE")).toContain("2 rows are of the future, from 2024-01-03 on");
  });
});

describe("JSON", () => {
  const SET = [
    { date: "2024-01-01", y: 1 },
    { date: "2024-01-02", y: null },
    { date: "2024-01-03", y: 3 },
  ];

  test.each([
    ["rows", JSON.stringify(SET)],
    ["columns", JSON.stringify({ date: SET.map(({ date }) => date), y: SET.map(({ y }) => y) })],
    [
      "columns over lines",
      JSON.stringify({ date: SET.map(({ date }) => date), y: SET.map(({ y }) => y) }, null, 2),
    ],
    ["lines", SET.map((row) => JSON.stringify(row)).join("\n")],
    ["lines with \\r\\n and blanks", `${SET.map((row) => JSON.stringify(row)).join("\r\n\r\n")}\r\n`],
  ])("as %s", (_, json) => {
    const set = seriesFromJson(new TextEncoder().encode(json));
    expect(column(set, "y")).toEqual([1, 2, 3]);
    expect(timesOf(set)).toEqual(SET.map(({ date }) => date));
  });

  test("one line is one row", () => {
    expect(() => seriesFromJson('{"date":"2024-01-01","y":1}')).toThrow(codedError("BAD_SERIES", /one time/));
  });

  test.each([
    ["no JSON", "[1,", /is not JSON/],
    ["numbers", "[1, 2]", /1 as row 1/],
    ["text", '"date"', /wanted objects/],
    ["a line that is none", '{"date":"2024-01-01","y":1}\n{"date"', /line 2 is not JSON/],
    ["a list in a line", '{"date":"2024-01-01","y":1}\n[1]', /line 2 is \[1\]/],
    ["columns of unequal length", '{"date":["2024-01-01"],"y":[1,2]}', /"date" has 1, "y" 2/],
    [
      "an object for a number",
      '[{"date":"2024-01-01","y":{}},{"date":"2024-01-02","y":1}]',
      /none of the columns/,
    ],
    ["nothing", "", /is not JSON/],
    ["no rows", "[]", /none of the columns/],
  ])("%s is refused", (_, json, message) => {
    expect(() => seriesFromJson(json)).toThrow(codedError("BAD_SERIES", message));
  });
});

describe("rows in memory", () => {
  test("as an iterable, and as columns of typed arrays", () => {
    const rows = new Set([{ y: 1 }, { y: 2 }]);
    expect(column(seriesFromRows(rows), "y")).toEqual([1, 2]);
    expect(column(seriesFromRows({ y: Float32Array.of(1, Number.NaN, 3) }), "y")).toEqual([1, 2, 3]);
  });

  test.each([[null], [5], ["text"], [[1]], [{ y: 5 }], [new Map()]])("%j is refused", (rows) => {
    expect(() => seriesFromRows(rows as never)).toThrow(
      codedError(rows instanceof Map ? "BAD_SERIES" : "BAD_ARGUMENT"),
    );
  });

  test("infinity is refused", () => {
    expect(() => seriesFromRows([{ y: 1 }, { y: Number.POSITIVE_INFINITY }])).toThrow(
      codedError("BAD_SERIES", /row 2 \(Infinity\)/),
    );
  });
});

const DATA = process.env.LSTMKIT_DATA;
describe.skipIf(DATA === undefined)("files of LSTMKIT_DATA", () => {
  const file = (name: string) => readFileSync(join(DATA!, "series", name));

  test("ETTh1, hourly", () => {
    const set = seriesFromCsv(file("ETTh1.csv"), { target: "OT", past: ["HUFL", "HULL"] });
    expect(set).toMatchObject({ frequency: { unit: "hour", every: 1 }, timeZone: null });
    expect(firstOf(set)).toMatchObject({ length: 17_420, rows: 17_420 });
    expect(codesOf(set)).toEqual([]);
    expect(column(set, "OT").slice(0, 2)).toEqual([30.5310001373291, 27.78700065612793]);
  });

  test("CO₂, monthly, whose header is too short", () => {
    const set = seriesFromCsv(file("co2-mm-mlo.csv"), { target: "Average" });
    expect(set.frequency).toEqual({ unit: "month", every: 1 });
    expect(column(set, "Average").slice(0, 3)).toEqual([315.71, 317.45, 317.51]);
    expect(codesOf(set)).toEqual(["HEADER"]);
  });
});
