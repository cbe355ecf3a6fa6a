/** Holidays by country, and what they are for rows of every length. */
import { describe, expect, test } from "vitest";
import { publicHolidays } from "../../../src/data/holidays/index.ts";
import { type Holidays, holidayFeatures } from "../../../src/data/series/holiday-features.ts";
import type { Frequency } from "../../../src/data/series/series.ts";
import { codedError } from "../coded-error.ts";

const ms = (date: string) => Date.parse(date.length === 10 ? `${date}T00:00:00Z` : date);
const times = (...dates: string[]) => Float64Array.from(dates, ms);
const set = (unit: Frequency["unit"], every = 1, timeZone: string | null = null) => ({
  frequency: { unit, every },
  timeZone,
});
const US = publicHolidays("US", { from: 2023, to: 2024 });

describe("publicHolidays", () => {
  test("has days by name, and those that stand in for them", () => {
    expect(US).toMatchObject({ country: "US", from: 2023, to: 2024 });
    expect(US.days.filter(([date]) => date.startsWith("2023-0") || date.startsWith("2023-11"))).toEqual([
      ["2023-01-01", "New Year's Day"],
      ["2023-01-02", "New Year's Day (substitute day)"],
      ["2023-01-16", "Martin Luther King Jr. Day"],
      ["2023-02-20", "Washington's Birthday"],
      ["2023-05-29", "Memorial Day"],
      ["2023-06-19", "Juneteenth"],
      ["2023-07-04", "Independence Day"],
      ["2023-09-04", "Labour Day"],
      ["2023-11-11", "Veterans Day"],
      ["2023-11-23", "Thanksgiving Day"],
    ]);
  });

  test("has each day of those that last, in the calendar of the country", () => {
    const days = publicHolidays("kr", { from: 2024, to: 2024 }).days.filter(([date]) =>
      date.startsWith("2024-09"),
    );
    expect(days.map(([date]) => date)).toEqual(["2024-09-16", "2024-09-17", "2024-09-18"]);
  });

  test("knows parts of countries, and days that are none off", () => {
    const dates = (place: string) =>
      publicHolidays(place, { from: 2024, to: 2024 }).days.map(([date]) => date);
    expect(dates("DE-BY")).toContain("2024-01-06");
    expect(dates("DE")).not.toContain("2024-01-06");
    const all = publicHolidays("US", { from: 2024, to: 2024, observances: true }).days;
    expect(all).toContainEqual(["2024-11-29", "Day after Thanksgiving Day"]);
  });

  test.each([
    ["XX", /country "XX".*two letters/],
    ["USA", /207 countries/],
    ["DE-XY", /part "XY" of DE; wanted .*BY/],
    ["", /two letters/],
    [5, /5; wanted a country/],
  ])("%j is refused", (place, message) => {
    expect(() => publicHolidays(place as string, { from: 2024, to: 2024 })).toThrow(
      codedError("BAD_ARGUMENT", message),
    );
  });

  test.each([
    { from: 2024, to: 2023 },
    { from: 1, to: 2 },
    { from: 2024 },
    { from: 2024, to: 2024, observance: true },
  ])("%j are refused", (options) => {
    expect(() => publicHolidays("US", options as never)).toThrow(codedError("BAD_ARGUMENT"));
  });
});

describe("holidayFeatures", () => {
  const columnsOf = (...args: Parameters<typeof holidayFeatures>) => {
    const { names, columns } = holidayFeatures(...args);
    return Object.fromEntries(names.map((name, c) => [name, [...columns[c]!]]));
  };

  test("of days: the day itself, the one before and the one after", () => {
    expect(columnsOf(set("day"), times("2024-12-24", "2024-12-25", "2024-12-26", "2024-12-27"), US)).toEqual({
      holiday: [0, 1, 0, 0],
      "day before holiday": [1, 0, 0, 0],
      "day after holiday": [0, 0, 1, 0],
    });
  });

  test("of weekdays: Friday is the day before Monday", () => {
    const of = columnsOf(set("weekday"), times("2024-05-24", "2024-05-27", "2024-05-28"), US);
    expect(of["day before holiday"]).toEqual([1, 0, 0]);
    expect(of["day after holiday"]).toEqual([0, 0, 1]);
  });

  test("of hours: the day that the zone has", () => {
    const at = times(
      "2024-12-25T03:00:00Z",
      "2024-12-25T05:00:00Z",
      "2024-12-26T04:59:00Z",
      "2024-12-26T05:00:00Z",
    );
    expect(columnsOf(set("hour", 1, "America/New_York"), at, US).holiday).toEqual([0, 1, 1, 0]);
    expect(columnsOf(set("hour"), at, US).holiday).toEqual([1, 1, 0, 0]);
  });

  test("of longer rows: weekdays that are holidays", () => {
    expect(columnsOf(set("month"), times("2024-05-01", "2024-06-01", "2024-11-01"), US)).toEqual({
      holidays: [1, 1, 2],
    });
    expect(columnsOf(set("week"), times("2024-12-23", "2024-12-30"), US)).toEqual({ holidays: [1, 0] });
  });

  test("each by its name", () => {
    const of = columnsOf(set("day"), times("2024-07-04", "2024-12-25"), US, { each: true });
    expect(of["Independence Day"]).toEqual([1, 0]);
    expect(of["Christmas Day"]).toEqual([0, 1]);
  });

  test("are refused for years that are not known, numbered rows, and what are no holidays", () => {
    const at = times("2025-01-01");
    expect(() => holidayFeatures(set("day"), at, US)).toThrow(
      codedError("BAD_ARGUMENT", /year 2025.*from 2023 to 2024/),
    );
    expect(() => holidayFeatures({ frequency: null, timeZone: null }, at, US)).toThrow(
      codedError("BAD_ARGUMENT"),
    );
    expect(() => holidayFeatures(set("day"), at, {} as Holidays)).toThrow(
      codedError("BAD_ARGUMENT", /publicHolidays/),
    );
    const odd = { ...US, days: [["2024-02-30", "No Day"]] as const };
    expect(() => holidayFeatures(set("day"), at, odd)).toThrow(codedError("BAD_ARGUMENT", /the holiday/));
  });
});
