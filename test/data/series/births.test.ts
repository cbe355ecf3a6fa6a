/** The series that ships with the package. */
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { birthsSeries } from "../../../src/data/series/births.ts";
import { loadBirths } from "../../../src/node.ts";
import { codedError } from "../coded-error.ts";
import { column, firstOf, iso } from "./read.ts";

const bytes = new Uint8Array(readFileSync(new URL("../../../assets/births.bin", import.meta.url)));

test("births, day by day from 2000 to 2014", async () => {
  const set = await loadBirths();
  expect(set).toEqual(birthsSeries(bytes));
  const { times, length } = firstOf(set);
  expect([iso(times![0]!), iso(times![length - 1]!), length]).toEqual(["2000-01-01", "2014-12-31", 5479]);
  const births = column(set, "births");
  expect([births[0], births[5478]]).toEqual([9083, 11990]);
  expect(births.reduce((sum, count) => sum + count)).toBe(62_187_024);
});

test("the file is the one that the script makes", () => {
  expect(createHash("sha256").update(bytes).digest("hex")).toBe(
    "25e42c67577f7074c2aa32969c28e29c1493b45b862d36df221aee72c0a34bff",
  );
});

test.each([
  ["cut", bytes.slice(0, -1)],
  ["cut by a day", bytes.slice(0, -2)],
  ["empty", bytes.slice(0, 16)],
  ["changed", bytes.map((byte, i) => (i === 5000 ? byte ^ 1 : byte))],
  ["another file", new Uint8Array(100)],
])("a file that is %s is refused", (_, damaged) => {
  expect(() => birthsSeries(damaged)).toThrow(codedError("BAD_DATASET", /births\.bin/));
});
