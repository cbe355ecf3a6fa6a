/** Every way to write times, the frequencies that follow, and what is refused. */
import { describe, expect, test } from "vitest";
import { seriesFromCsv } from "../../../src/data/series/csv-table.ts";
import { seriesFromRows } from "../../../src/data/series/rows-table.ts";
import type { SeriesOptions } from "../../../src/data/series/series-options.ts";
import { codedError } from "../coded-error.ts";
import { codesOf, csvOf, messageOf, timesOf } from "./read.ts";

const read = (times: readonly string[], options: SeriesOptions = {}) =>
  seriesFromCsv(csvOf(times), { time: "date", target: "y", ...options });

const DAYS = ["2024-01-31", "2024-02-01", "2024-02-02"];
const HOURS = ["2024-01-31T23:00:00Z", "2024-02-01", "2024-02-01T01:00:00Z"];

describe("times are read from", () => {
  test.each<[string, string[], string[], string]>([
    ["ISO dates", DAYS, DAYS, "day"],
    ["dates with slashes, the year first", ["2024/1/31", "2024/2/1", "2024/2/2"], DAYS, "day"],
    ["months", ["2023-12", "2024-01", "2024-02"], ["2023-12-01", "2024-01-01", "2024-02-01"], "month"],
    ["months as M", ["2023M12", "2024M01", "2024M2"], ["2023-12-01", "2024-01-01", "2024-02-01"], "month"],
    ["quarters", ["2023Q4", "2024-Q1", "Q2 2024"], ["2023-10-01", "2024-01-01", "2024-04-01"], "quarter"],
    ["years", ["2019", "2020", "2021"], ["2019-01-01", "2020-01-01", "2021-01-01"], "year"],
    ["ISO weeks", ["2020-W52", "2020-W53", "2021W01"], ["2020-12-21", "2020-12-28", "2021-01-04"], "week"],
    [
      "days of ISO weeks",
      ["2020-W53-6", "2020-W53-7", "2021-W01-1"],
      ["2021-01-02", "2021-01-03", "2021-01-04"],
      "day",
    ],
    ["the day first", ["31/01/2024", "01/02/2024", "02/02/2024"], DAYS, "day"],
    ["the month first", ["01/31/2024", "02/01/2024", "02/02/2024"], DAYS, "day"],
    ["the day first, with points", ["31.1.2024", "1.2.2024", "2.2.2024"], DAYS, "day"],
    ["English months", ["31 Jan 2024", "February 1, 2024", "2-Feb-2024"], DAYS, "day"],
    [
      "English months and years",
      ["Dec 2023", "January 2024", "Feb 2024"],
      ["2023-12-01", "2024-01-01", "2024-02-01"],
      "month",
    ],
    ["eight digits", ["20240131", "20240201", "20240202"], DAYS, "day"],
    ["Excel's days", ["45322", "45323", "45324"], DAYS, "day"],
    [
      "half days of Excel",
      ["45322.5", "45323", "45323.5"],
      ["2024-01-31T12:00:00Z", "2024-02-01", "2024-02-01T12:00:00Z"],
      "12 hour",
    ],
    ["a clock", ["2024-01-31 23:00:00", "2024-02-01 00:00", "2024-02-01 01:00"], HOURS, "hour"],
    ["twelve hours", ["1/31/2024 11:00 PM", "2/1/2024 12:00 AM", "2/1/2024 1:00 am"], HOURS, "hour"],
    [
      "noon",
      ["2024-02-01 11:00 AM", "2024-02-01 12:00 PM", "2024-02-01 1:00 p.m."],
      ["2024-02-01T11:00:00Z", "2024-02-01T12:00:00Z", "2024-02-01T13:00:00Z"],
      "hour",
    ],
    ["24 o'clock", ["2024-01-31 23:00", "2024-01-31 24:00", "2024-02-01 01:00"], HOURS, "hour"],
    ["UTC", ["2024-01-31T23:00:00Z", "2024-02-01T00:00:00.000Z", "2024-02-01 01:00 UTC"], HOURS, "hour"],
    [
      "offsets",
      ["2024-02-01T00:00:00+01:00", "2024-02-01T01:00+0100", "2024-01-31T21:00:00-04"],
      HOURS,
      "hour",
    ],
    ["compact times", ["20240131T230000Z", "20240201T0000Z", "20240201T010000Z"], HOURS, "hour"],
    ["Unix seconds", ["1706742000", "1706745600", "1706749200"], HOURS, "hour"],
    ["Unix milliseconds", ["1706742000000", "1706745600000", "1706749200000"], HOURS, "hour"],
    ["Unix microseconds", ["1706742000000000", "1706745600000000", "1706749200000000"], HOURS, "hour"],
    [
      "quarters of an hour",
      ["2024-01-31 23:30", "2024-01-31 23:45", "2024-02-01 00:00"],
      ["2024-01-31T23:30:00Z", "2024-01-31T23:45:00Z", "2024-02-01"],
      "15 minute",
    ],
    [
      "seconds",
      ["2024-01-31 23:59:58", "2024-01-31 23:59:59", "2024-02-01 00:00:00"],
      ["2024-01-31T23:59:58Z", "2024-01-31T23:59:59Z", "2024-02-01"],
      "second",
    ],
    [
      "month ends",
      ["2024-01-31", "2024-02-29", "2024-03-31", "2024-04-30"],
      ["2024-01-31", "2024-02-29", "2024-03-31", "2024-04-30"],
      "month",
    ],
    [
      "quarter ends",
      ["2023-12-31", "2024-03-31", "2024-06-30"],
      ["2023-12-31", "2024-03-31", "2024-06-30"],
      "quarter",
    ],
    [
      "the thirtieth, and the last of February",
      ["2024-01-30", "2024-02-29", "2024-03-30"],
      ["2024-01-30", "2024-02-29", "2024-03-30"],
      "month",
    ],
    [
      "leap days",
      ["2024-02-28", "2024-02-29", "2024-03-01"],
      ["2024-02-28", "2024-02-29", "2024-03-01"],
      "day",
    ],
    [
      "fortnights",
      ["2024-01-01", "2024-01-15", "2024-01-29"],
      ["2024-01-01", "2024-01-15", "2024-01-29"],
      "2 week",
    ],
    [
      "half years",
      ["2023-01-01", "2023-07-01", "2024-01-01"],
      ["2023-01-01", "2023-07-01", "2024-01-01"],
      "2 quarter",
    ],
    [
      "before 1970",
      ["1899-12-31", "1900-01-01", "1900-01-02"],
      ["1899-12-31", "1900-01-01", "1900-01-02"],
      "day",
    ],
  ])("%s", (_, given, times, frequency) => {
    const set = read(given);
    expect(timesOf(set)).toEqual(times);
    const [unit, every = "1"] = frequency.split(" ").reverse();
    expect(set.frequency).toEqual({ unit, every: Number(every) });
  });

  test("weekdays, where no weekend has a row", () => {
    const days = [1, 2, 3, 4, 5, 8, 9, 10, 11, 12].map((day) => `2024-01-${String(day).padStart(2, "0")}`);
    const set = read(days);
    expect(set.frequency).toEqual({ unit: "weekday", every: 1 });
    expect(timesOf(set)).toEqual(days);
    expect(codesOf(set)).toEqual([]);
  });

  test("Excel's other system", () => {
    expect(timesOf(read(["43860", "43861", "43862"], { timeFormat: "excel-1904" }))).toEqual(DAYS);
    expect(messageOf(read(["45322", "45323"]), "TIME_FORMAT")).toContain(
      "Excel's days (1900 system): 45322 is 2024-01-31",
    );
  });

  test("Excel's first days, around the leap day that it made up", () => {
    const set = read(["58", "59", "61"], { timeFormat: "excel", frequency: "day" });
    expect(timesOf(set)).toEqual(["1900-02-27", "1900-02-28", "1900-03-01"]);
    expect(() => read(["59", "60", "61"], { timeFormat: "excel" })).toThrow(
      codedError("BAD_SERIES", /line 3 \(60\)/),
    );
  });

  test("Dates in memory, which are instants", () => {
    const rows = HOURS.map((time, i) => ({ at: new Date(time), y: i }));
    const set = seriesFromRows(rows);
    expect(timesOf(set)).toEqual(HOURS);
    expect(set.timeZone).toBe("UTC");
  });

  test("days of a zone, where the instants are its midnights", () => {
    const set = read(["2024-03-30T23:00:00Z", "2024-03-31T22:00:00Z", "2024-04-01T22:00:00Z"], {
      timeZone: "Europe/Berlin",
    });
    expect(timesOf(set)).toEqual(["2024-03-31", "2024-04-01", "2024-04-02"]);
    expect(set).toMatchObject({ frequency: { unit: "day", every: 1 }, timeZone: null });
  });
});

describe("slashed dates", () => {
  test("are decided by the whole column", () => {
    const set = read(["01/02/2024", "02/02/2024", "03/02/2024", "13/02/2024"], { frequency: "day" });
    expect(timesOf(set)[0]).toBe("2024-02-01");
    expect(messageOf(set, "TIME_FORMAT")).toContain("the day first");
  });

  test("are refused where both readings are dates, with both", () => {
    expect(() => read(["01/02/2024", "02/02/2024"])).toThrow(
      codedError(
        "BAD_SERIES",
        /line 2 is 2024-02-01 with the day first, and 2024-01-02 with the month first.*timeFormat/,
      ),
    );
    expect(timesOf(read(["01/02/2024", "02/02/2024"], { timeFormat: "month-first" }))).toEqual([
      "2024-01-02",
      "2024-02-02",
    ]);
    expect(timesOf(read(["01/02/2024", "02/02/2024"], { timeFormat: "day-first" }))).toEqual([
      "2024-02-01",
      "2024-02-02",
    ]);
  });

  test("are refused where neither order fits all rows", () => {
    expect(() => read(["31/01/2024", "01/31/2024"])).toThrow(
      codedError("BAD_SERIES", /in line 3 no day stands first; in line 2 no month stands first/),
    );
    expect(() => read(["31/01/2024", "01/02/2024"], { timeFormat: "month-first" })).toThrow(
      codedError("BAD_SERIES", /line 2/),
    );
  });
});

describe("refused with the line:", () => {
  test.each<[string, string[], RegExp]>([
    ["a date that is none", ["2024-02-29", "2023-02-29"], /line 3 \("2023-02-29"\)/],
    ["an hour that is none", ["2024-02-29 23:00", "2024-02-29 25:00"], /line 3/],
    ["a thirteenth hour of twelve", ["2024-01-01 12:00 PM", "2024-01-01 13:00 PM"], /line 3/],
    ["a week that the year does not have", ["2021-W52", "2021-W53"], /line 3/],
    ["another format", ["2024-01-01", "01/02/2024"], /line 3 .*ISO dates, as the rows before are/],
    ["two digits for a year", ["01/02/24", "01/03/24"], /line 2.*line 3/],
    ["nothing", ["2024-01-01", ""], /line 3 \(""\)/],
    ["words", ["yesterday", "today"], /2 cells that are no times: line 2 \("yesterday"\)/],
    ["numbers that are no times", ["1", "2"], /numbers from 1 to 2/],
    [
      "offsets in some rows alone",
      ["2024-01-01T00:00Z", "2024-01-01T01:00"],
      /line 2.*without one \(line 3\)/,
    ],
    [
      "rows at odd times",
      ["2024-01-01", "2024-01-02", "2024-01-03 07:30", "2024-01-04", "2024-01-05"],
      /distance from row to row/,
    ],
    ["parts of a second", ["2024-01-01 00:00:00.1", "2024-01-01 00:00:00.2"], /less than a second/],
    ["one row", ["2024-01-01"], /one time/],
    [
      "a file of gaps",
      ["1970-01-01 00:00:01", "1970-01-01 00:00:02", "2020-01-01 00:00:00"],
      /where a row a second would be 1577836800/,
    ],
  ])("%s", (_, times, message) => {
    expect(() => read(times)).toThrow(codedError("BAD_SERIES", message));
  });

  test("what no Date is", () => {
    const rows = [{ date: new Date(Number.NaN), y: 1 }];
    expect(() => seriesFromRows(rows, { time: "date" })).toThrow(
      codedError("BAD_SERIES", /row 1 \(an invalid Date\)/),
    );
  });
});

describe("a frequency that is named", () => {
  test("puts rows into its steps, and says so", () => {
    const times = [
      "2024-01-01 09:00:02",
      "2024-01-01 09:01:01",
      "2024-01-01 09:02:00",
      "2024-01-01 09:04:59",
    ];
    expect(() => read(times)).toThrow(codedError("BAD_SERIES", /frequency/));
    const set = read(times, { frequency: "minute" });
    expect(timesOf(set).map((time) => time.slice(11, 16))).toEqual([
      "09:00",
      "09:01",
      "09:02",
      "09:03",
      "09:04",
    ]);
    expect(codesOf(set)).toEqual(["STEPS", "GAPS"]);
    expect(messageOf(set, "STEPS")).toContain("3 rows lie between the steps of minute");
  });

  test("sums up what lies in a step, where that is the rule", () => {
    const times = ["2024-01-30 09:00", "2024-01-31 23:59", "2024-02-01 00:00", "2024-03-09 10:00"];
    const set = read(times, { frequency: "month", duplicates: "sum" });
    expect(timesOf(set)).toEqual(["2024-01-01", "2024-02-01", "2024-03-01"]);
    expect([...set.series[0]!.columns.y!]).toEqual([3, 3, 4]);
  });

  test("of rows on Saturdays is no weekday", () => {
    expect(() => read(["2024-01-05", "2024-01-06"], { frequency: "weekday" })).toThrow(
      codedError("BAD_SERIES"),
    );
  });

  test.each(["fortnight", "0 days", "1.5 hours", "40000 days", ""])("%j is refused", (frequency) => {
    expect(() => read(DAYS, { frequency })).toThrow(
      codedError("BAD_ARGUMENT", /frequency is .*"15 minutes"/),
    );
  });
});
