/** What a calendar says of times, and the times that come next. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { calendar, calendarFeatures } from "../../../src/data/series/calendar.ts";
import {
  DAY,
  dateMs,
  dateOf,
  daysOf,
  monthLength,
  weekdayOf,
  weekMs,
} from "../../../src/data/series/clock.ts";
import { seriesFromCsv } from "../../../src/data/series/csv-table.ts";
import { frequencyName, gridOf, parseFrequency, timeText } from "../../../src/data/series/frequency.ts";
import type { Frequency } from "../../../src/data/series/series.ts";
import { timesAfter } from "../../../src/data/series/times-after.ts";
import { createRuntime } from "../../../src/node.ts";
import { codedError } from "../coded-error.ts";
import { csvOf, firstOf, iso } from "./read.ts";

const read = (times: readonly string[], timeZone?: string) =>
  seriesFromCsv(csvOf(times), timeZone === undefined ? {} : { timeZone });

describe("the calendar", () => {
  test("agrees with the engine's, over four thousand years", () => {
    fc.assert(
      fc.property(fc.integer({ min: -719_528, max: 932_896 }), (day) => {
        const date = new Date(day * DAY);
        const parts = { year: date.getUTCFullYear(), month: date.getUTCMonth() + 1, day: date.getUTCDate() };
        expect(dateOf(day)).toEqual(parts);
        expect(daysOf(parts.year, parts.month, parts.day)).toBe(day);
        expect(weekdayOf(day)).toBe((date.getUTCDay() + 6) % 7);
      }),
    );
  });

  test("knows leap years and the years of 53 weeks", () => {
    expect([1900, 2000, 2023, 2024].map((year) => monthLength(year, 2))).toEqual([28, 29, 28, 29]);
    expect(dateMs(2023, 2, 29)).toBeNaN();
    expect([2015, 2020, 2021, 2024, 2026].map((year) => Number.isNaN(weekMs(year, 53)))).toEqual([
      false,
      false,
      true,
      true,
      false,
    ]);
    expect(iso(weekMs(2009, 53))).toBe("2009-12-28");
  });
});

describe("timesAfter", () => {
  test.each<[string, string[], string[]]>([
    ["month ends", ["2023-12-31", "2024-01-31"], ["2024-02-29", "2024-03-31", "2024-04-30"]],
    ["months", ["2023-11", "2023-12"], ["2024-01-01", "2024-02-01", "2024-03-01"]],
    ["quarters", ["2023Q3", "2023Q4"], ["2024-01-01", "2024-04-01", "2024-07-01"]],
    ["leap days", ["2024-02-27", "2024-02-28"], ["2024-02-29", "2024-03-01", "2024-03-02"]],
    ["years", ["2019", "2020"], ["2021-01-01", "2022-01-01", "2023-01-01"]],
    ["leap years", ["2016-02-29", "2017-02-28"], ["2018-02-28", "2019-02-28", "2020-02-29"]],
    ["weeks", ["2020-W52", "2020-W53"], ["2021-01-04", "2021-01-11", "2021-01-18"]],
    [
      "weekdays",
      [
        "2024-01-01",
        "2024-01-02",
        "2024-01-03",
        "2024-01-04",
        "2024-01-05",
        "2024-01-08",
        "2024-01-09",
        "2024-01-11",
      ],
      ["2024-01-12", "2024-01-15", "2024-01-16"],
    ],
    ["the thirtieth", ["2023-12-30", "2024-01-30"], ["2024-02-29", "2024-03-30", "2024-04-30"]],
  ])("of %s", (_, given, next) => {
    const set = read(given);
    expect(Array.from(timesAfter(set, firstOf(set), 3)!, iso)).toEqual(next);
  });

  test("of hours, over the beginning of summer time", () => {
    const set = read(["2024-03-31 00:00", "2024-03-31 01:00"], "Europe/Berlin");
    expect(Array.from(timesAfter(set, firstOf(set), 2)!, iso)).toEqual([
      "2024-03-31T01:00:00Z",
      "2024-03-31T02:00:00Z",
    ]);
  });

  test("are those that the series has of the future, too", () => {
    const set = seriesFromCsv("date,y,p\n2024-01-01,1,1\n2024-01-02,2,1\n2024-01-03,,1\n", {
      target: "y",
      known: "p",
    });
    expect(Array.from(timesAfter(set, firstOf(set), 2)!, iso)).toEqual(["2024-01-03", "2024-01-04"]);
    expect(timesAfter({ frequency: null, timeZone: null }, { times: null, length: 5 }, 2)).toBeNull();
  });

  test.each([[-1], [1.5], [Number.NaN], [2 ** 30]])("%d rows are refused", (n) => {
    const set = read(["2019", "2020"]);
    expect(() => timesAfter(set, firstOf(set), n)).toThrow(codedError("BAD_ARGUMENT"));
  });
});

const FREQUENCIES: fc.Arbitrary<Frequency> = fc.record({
  unit: fc.constantFrom("second", "minute", "hour", "day", "weekday", "week", "month", "quarter", "year"),
  every: fc.integer({ min: 1, max: 40 }),
});

describe("frequencies", () => {
  test("and their grids go there and back", () => {
    fc.assert(
      fc.property(
        FREQUENCIES,
        fc.integer({ min: -20_000, max: 20_000 }),
        fc.integer({ min: 0, max: 500 }),
        (frequency, day, n) => {
          expect(parseFrequency(frequencyName(frequency))).toEqual(frequency);
          const start = frequency.unit === "weekday" ? day - Math.max(0, weekdayOf(day) - 4) : day;
          const grid = gridOf(frequency, [start * DAY]);
          expect(grid.indexOf(grid.timeAt(n))).toBe(n);
          expect(grid.timeAt(0)).toBe(start * DAY);
        },
      ),
    );
  });

  test("are found again in the times that they make, however these are written and wherever they begin", () => {
    const zones = fc.constantFrom(
      undefined,
      "Europe/Berlin",
      "America/New_York",
      "Australia/Lord_Howe",
      "Asia/Kolkata",
    );
    // Every second weekday looks like days with gaps: that has to be named. Rows of 24 hours are days.
    const plain = FREQUENCIES.filter(({ unit, every }) =>
      unit === "hour" ? every % 24 !== 0 : unit !== "weekday" || every === 1,
    );
    fc.assert(
      fc.property(
        plain,
        fc.integer({ min: 0, max: 18_000 }),
        fc.integer({ min: 10, max: 60 }),
        zones,
        (wanted, day, rows, zone) => {
          const isClock = ["second", "minute", "hour"].includes(wanted.unit);
          const start = wanted.unit === "weekday" ? day - Math.max(0, weekdayOf(day) - 4) : day;
          const grid = gridOf(wanted, [start * DAY]);
          const times = Array.from({ length: rows }, (_, i) => grid.timeAt(i));
          const text = (time: number) => timeText(time, wanted, isClock ? 0 : undefined);
          const set = seriesFromCsv(csvOf(times.map(text)), zone === undefined ? {} : { timeZone: zone });
          if (isClock || zone === undefined) expect([...firstOf(set).times!]).toEqual(times);
          const again = Array.from(timesAfter(set, firstOf(set), 3)!);
          expect(again).toEqual([rows, rows + 1, rows + 2].map((i) => grid.timeAt(i)));
        },
      ),
      { numRuns: 300, seed: 20 },
    );
  });
});

describe("features", () => {
  const day = (date: string) => Date.parse(`${date}T00:00:00Z`);
  const DAYS = { frequency: { unit: "day", every: 1 } as const, timeZone: null };

  test("of days: weekdays as columns, the season as sines of one and two turns", async () => {
    const kit = await createRuntime();
    const times = Float64Array.of(day("2024-01-01"), day("2024-07-07"), day("2024-12-31"));
    const { names, columns } = await calendar(kit, DAYS, times, ["weekday", "season"]);
    expect(names).toEqual([
      ..."Monday,Tuesday,Wednesday,Thursday,Friday,Saturday,Sunday".split(","),
      ...["season sin 1", "season cos 1", "season sin 2", "season cos 2"],
    ]);
    expect(columns.slice(0, 7).map((column) => [...column])).toEqual([
      [1, 0, 0],
      [0, 0, 1],
      [0, 0, 0],
      [0, 0, 0],
      [0, 0, 0],
      [0, 0, 0],
      [0, 1, 0],
    ]);
    const place = [0, 188, 365];
    place.forEach((at, i) => {
      const angle = (2 * Math.PI * at) / 365.25;
      const expected = [Math.sin(angle), Math.cos(angle), Math.sin(2 * angle), Math.cos(2 * angle)];
      expect(columns.slice(7).map((column) => column[i])).toEqual(
        expected.map((value) => expect.closeTo(value, 6) as unknown),
      );
    });
    await kit.close();
  });

  test("of hours are the zone's, not those of UTC", async () => {
    const kit = await createRuntime();
    const at = Float64Array.of(Date.parse("2024-07-01T04:00:00Z"));
    const hours = { frequency: { unit: "hour", every: 1 } as const };
    const berlin = await calendar(kit, { ...hours, timeZone: "Europe/Berlin" }, at, ["hour"]);
    expect(berlin.columns[0]![0]).toBeCloseTo(1, 6); // six o'clock is a quarter turn
    const utc = await calendar(kit, { ...hours, timeZone: null }, at, ["hour"]);
    expect(utc.columns[0]![0]).toBeCloseTo(Math.sin((2 * Math.PI * 4) / 24), 6);
    await kit.close();
  });

  test("of months, quarters and days of the month", async () => {
    const kit = await createRuntime();
    const { names, columns } = await calendar(kit, DAYS, Float64Array.of(day("2024-05-16")), [
      "month",
      "quarter",
      "day",
    ]);
    expect(names.filter((_, c) => columns[c]![0] === 1)).toEqual(["May", "Q2"]);
    expect(columns[names.indexOf("day sin 1")]![0]).toBeCloseTo(Math.sin((2 * Math.PI * 15) / 31), 6);
    await kit.close();
  });

  test("that suit a set are those that come round three times in it", () => {
    const hours = (count: number) =>
      Array.from({ length: count }, (_, i) => new Date(i * 3_600_000).toISOString());
    expect(calendarFeatures(read(hours(48)))).toEqual([]);
    expect(calendarFeatures(read(hours(100)))).toEqual(["hour"]);
    expect(calendarFeatures(read(hours(24 * 30)))).toEqual(["hour", "weekday"]);
    expect(
      calendarFeatures(
        read(Array.from({ length: 60 }, (_, i) => `${2000 + Math.floor(i / 12)}-${(i % 12) + 1}`)),
      ),
    ).toEqual(["month"]);
    expect(calendarFeatures(seriesFromCsv("y\n1\n2\n"))).toEqual([]);
  });

  test("that there are not are refused", async () => {
    const kit = { elementwise: async (_: string, values: Float64Array) => values };
    const times = Float64Array.of(0);
    await expect(calendar(kit, DAYS, times, ["seasons" as "season"])).rejects.toThrow(
      codedError("BAD_ARGUMENT", /did you mean season/),
    );
    await expect(calendar(kit, { frequency: null, timeZone: null }, times, ["day"])).rejects.toThrow(
      codedError("BAD_ARGUMENT"),
    );
    await expect(calendar(kit, DAYS, [0] as never, ["day"])).rejects.toThrow(codedError("BAD_ARGUMENT"));
  });
});
