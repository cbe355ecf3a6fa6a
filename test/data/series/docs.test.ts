/** The snippet of docs/series.md runs as it stands, and says what was found. */
import { expect, test } from "vitest";
import { printed } from "../../doc-snippets.ts";

test("two stores with a gap, a missing value and a row of the future", async () => {
  const lines = (await printed("series.md", "read")).trim().split("\n");
  expect(lines).toEqual([
    expect.stringMatching(/^TIME_FOUND 1 /),
    expect.stringMatching(/^GAPS 1 1 row is not there, in 1 gap; the first at 2024-01-31 in "south"/),
    expect.stringMatching(/^MISSING 1 1 value is not there: "sales" at 2024-01-31 in "north"/),
    expect.stringMatching(/^FUTURE 1 1 row is of the future, from 2024-02-02 in "north" on/),
    expect.stringMatching(/^north Float64Array\(4\) \[ 12, 14, 16, NaN \] 2024-02-02$/),
    expect.stringMatching(/^south Float64Array\(3\) \[ 7, 8, 9 \] 2024-02-02$/),
  ]);
});
