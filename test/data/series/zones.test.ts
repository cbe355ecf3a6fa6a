/** Summer time, with a zone, with offsets, and without either. */
import { describe, expect, test } from "vitest";
import { seriesFromCsv } from "../../../src/data/series/csv-table.ts";
import type { SeriesOptions } from "../../../src/data/series/series-options.ts";
import { Zone } from "../../../src/data/series/zone.ts";
import { codedError } from "../coded-error.ts";
import { codesOf, csvOf, firstOf, messageOf, timesOf } from "./read.ts";

const HOUR = 3_600_000;
const read = (times: readonly string[], options: SeriesOptions = {}) => seriesFromCsv(csvOf(times), options);

/** What clocks in a zone show, step by step. */
function clocks(zone: string, from: string, rows: number, step = HOUR): string[] {
  const format = new Intl.DateTimeFormat("sv-SE", {
    timeZone: zone,
    dateStyle: "short",
    timeStyle: "medium",
  });
  return Array.from({ length: rows }, (_, i) => format.format(Date.parse(from) + i * step));
}

describe.each([
  { zone: "Europe/Berlin", spring: "2024-03-30T20:00:00Z", autumn: "2024-10-26T20:00:00Z", step: HOUR },
  {
    zone: "America/New_York",
    spring: "2024-03-10T02:00:00Z",
    autumn: "2024-11-03T01:00:00Z",
    step: HOUR / 4,
  },
  {
    zone: "Australia/Lord_Howe",
    spring: "2024-10-05T12:00:00Z",
    autumn: "2024-04-06T12:00:00Z",
    step: HOUR / 2,
  },
])("clocks in $zone", ({ zone, spring, autumn, step }) => {
  const rows = (12 * HOUR) / step;
  const instants = (from: string) => Array.from({ length: rows }, (_, i) => Date.parse(from) + i * step);

  test.each([
    ["begins", spring, []],
    ["ends", autumn, ["TIME_TWICE"]],
  ])("where summer time %s, every row is an instant of its own", (_, from, codes) => {
    const set = read(clocks(zone, from, rows, step), { timeZone: zone });
    expect([...firstOf(set).times!]).toEqual(instants(from));
    expect(set.timeZone).toBe(zone);
    expect(codesOf(set)).toEqual(codes);
  });

  test("read the same backward", () => {
    const set = read(clocks(zone, autumn, rows, step).reverse(), { timeZone: zone });
    expect([...firstOf(set).times!]).toEqual(instants(autumn));
    expect([...firstOf(set).columns.y!]).toEqual(Array.from({ length: rows }, (_, i) => rows - i));
  });
});

describe("with a zone", () => {
  test("an hour that does not exist is left out and said", () => {
    const set = read(["2024-03-31 01:00", "2024-03-31 02:00", "2024-03-31 03:00", "2024-03-31 04:00"], {
      timeZone: "Europe/Berlin",
    });
    expect(timesOf(set)).toEqual(["2024-03-31", "2024-03-31T01:00:00Z", "2024-03-31T02:00:00Z"]);
    expect([...firstOf(set).columns.y!]).toEqual([1, 3, 4]);
    expect(messageOf(set, "NO_SUCH_TIME")).toContain(
      "1 row has a time that clocks in Europe/Berlin leave out",
    );
    expect(messageOf(set, "NO_SUCH_TIME")).toContain("line 3");
  });

  test("an hour that comes twice and has one row leaves a gap", () => {
    const set = read(["2024-10-27 01:00", "2024-10-27 02:00", "2024-10-27 03:00"], {
      timeZone: "Europe/Berlin",
    });
    expect(firstOf(set).length).toBe(4);
    expect([...firstOf(set).columns.y!]).toEqual([1, 2, 2.5, 3]);
    expect(codesOf(set)).toEqual(["TIME_TWICE", "GAPS"]);
  });

  test("stores have their own order of doubled hours", () => {
    const rows = ["a", "b"].flatMap((store) =>
      ["2024-10-27 02:00", "2024-10-27 02:00", "2024-10-27 03:00"].map((time, i) => `${time},${store},${i}`),
    );
    const set = seriesFromCsv(["time,store,y", ...rows].join("\n"), {
      series: "store",
      timeZone: "Europe/Berlin",
    });
    for (const { columns } of set.series) expect([...columns.y!]).toEqual([0, 1, 2]);
  });

  test("instants with offsets are shown by it", () => {
    const set = read(
      ["2024-10-27T02:30:00+02:00", "2024-10-27T02:30:00+01:00", "2024-10-27T03:30:00+01:00"],
      {
        timeZone: "Europe/Berlin",
      },
    );
    expect(timesOf(set)).toEqual(["2024-10-27T00:30:00Z", "2024-10-27T01:30:00Z", "2024-10-27T02:30:00Z"]);
    expect(set.timeZone).toBe("Europe/Berlin");
    expect(codesOf(set)).toEqual([]);
  });

  test("days need none, and keep none", () => {
    expect(
      read(["2024-03-30", "2024-03-31", "2024-04-01"], { timeZone: "Europe/Berlin" }).timeZone,
    ).toBeNull();
  });

  test.each(["Europe/Berlinn", "+1", "CET+1", "", "Mars"])("%j is refused", (timeZone) => {
    expect(() => read(["2024-03-30", "2024-03-31"], { timeZone })).toThrow(
      codedError("BAD_ARGUMENT", /timeZone is/),
    );
  });
});

describe("with offsets alone", () => {
  test("that change, hours are UTC's, and that is said", () => {
    const set = read(["2024-10-27T02:00:00+02:00", "2024-10-27T02:00:00+01:00", "2024-10-27T03:00:00+01:00"]);
    expect(set.timeZone).toBe("UTC");
    expect(messageOf(set, "OFFSETS")).toContain("change 1 time");
  });

  test("that do not, hours are theirs", () => {
    const set = read(["2024-10-27T02:00:00+05:30", "2024-10-27T03:00:00+05:30"]);
    expect(set.timeZone).toBe("+05:30");
    expect(timesOf(set)[0]).toBe("2024-10-26T20:30:00Z");
  });

  test("midnights of changing offsets are days", () => {
    const set = read(["2024-10-27T00:00:00+02:00", "2024-10-28T00:00:00+01:00", "2024-10-29T00:00:00+01:00"]);
    expect(timesOf(set)).toEqual(["2024-10-27", "2024-10-28", "2024-10-29"]);
  });
});

describe("without a zone", () => {
  const year = () => clocks("Europe/Berlin", "2024-03-20T00:00:00Z", 24 * 230);

  test("a clock with summer time is known by its doubled and its missing hour", () => {
    const set = read(year());
    expect(codesOf(set)).toEqual(["DUPLICATES", "SUMMER_TIME", "GAPS"]);
    expect(messageOf(set, "SUMMER_TIME")).toMatch(/an hour there twice at 2024-10-27 02:00.*timeZone/);
    expect(messageOf(set, "GAPS")).toContain("1 row is not there, in 1 gap; the first at 2024-03-31 02:00");
    const values = firstOf(set).columns.y!;
    const doubled = year().lastIndexOf("2024-10-27 02:00:00");
    expect(values[doubled]).toBe(doubled + 0.5); // the mean of two rows that count on
    expect(codesOf(read(year(), { timeZone: "Europe/Berlin" }))).toEqual(["TIME_TWICE"]);
  });

  test("a rule that refuses gaps refuses them there, too", () => {
    expect(() => read(year(), { gaps: "refuse" })).toThrow(codedError("BAD_SERIES", /2024-03-31 02:00/));
    expect(() => read(year(), { duplicates: "refuse" })).toThrow(
      codedError("BAD_SERIES", /2024-10-27 02:00/),
    );
  });

  test("an hour that is there twice at noon is none of summer time's", () => {
    const times = ["2024-10-27 11:00", "2024-10-27 12:00", "2024-10-27 12:00", "2024-10-27 13:00"];
    expect(() => read(times)).toThrow(
      codedError("BAD_SERIES", /1 time has several rows with different values: 2024-10-27 12:00/),
    );
  });
});

describe("Zone", () => {
  test.each([
    ["Europe/Berlin", "2024-03-31T02:30:00Z", []],
    ["Europe/Berlin", "2024-10-27T02:30:00Z", ["2024-10-27T00:30:00.000Z", "2024-10-27T01:30:00.000Z"]],
    ["America/St_Johns", "2024-07-01T12:00:00Z", ["2024-07-01T14:30:00.000Z"]],
    ["Pacific/Apia", "2011-12-30T12:00:00Z", []],
    ["Asia/Kathmandu", "2024-01-01T00:00:00Z", ["2023-12-31T18:15:00.000Z"]],
    ["-03:30", "2024-01-01T00:00:00Z", ["2024-01-01T03:30:00.000Z"]],
    ["UTC", "2024-01-01T00:00:00Z", ["2024-01-01T00:00:00.000Z"]],
  ])("%s shows %s at %j", (name, clock, instants) => {
    const found = new Zone(name).instants(Date.parse(clock));
    expect(found.map((instant) => new Date(instant).toISOString())).toEqual(instants);
  });
});
