import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { type CsvLoggerOptions, csvLogger } from "../../src/index.ts";
import { csvLogger as csvLoggerFile } from "../../src/node.ts";
import { fitOfValues } from "./fit-of-values.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "lstmkit-csv-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

const VALUES = { options: {}, values: [0.5, null, 1e-7] };
const LINES = ["0,NA,1,NA,0.5", "1,NA,1,NA,NA", "2,NA,1,NA,1e-7"].map((line) => `${line}\r\n`);
const HEADER = "epoch,accuracy,loss,valAccuracy,valLoss\r\n";

test("it writes a line for each epoch, after one of names, and NA for what an epoch does not log", async () => {
  const written: string[] = [];
  await fitOfValues(csvLogger({ write: (lines) => void written.push(lines) }), VALUES);
  expect(written).toEqual([HEADER + LINES[0], LINES[1], LINES[2]]);
});

test("with another separator, and without names", async () => {
  let text = "";
  const write = (lines: string) => {
    text += lines;
  };
  await fitOfValues(csvLogger({ write, separator: "\t", header: false }), VALUES);
  expect(text).toBe(LINES.join("").replaceAll(",", "\t"));
});

test("in Node it writes to a file, which a second fit begins anew or goes on with", async () => {
  const filename = join(folder, "new", "log.csv");
  const whole = HEADER + LINES.join("");
  for (let fit = 0; fit < 2; fit++) {
    await fitOfValues(csvLoggerFile({ filename }), VALUES);
    expect(readFileSync(filename, "utf8")).toBe(whole);
  }
  await fitOfValues(csvLoggerFile({ filename, append: true }), VALUES);
  expect(readFileSync(filename, "utf8")).toBe(whole + LINES.join(""));
  const empty = join(folder, "empty.csv");
  writeFileSync(empty, "");
  await fitOfValues(csvLoggerFile({ filename: empty, append: true }), VALUES);
  expect(readFileSync(empty, "utf8")).toBe(whole);
});

test.each([
  [{}, "write"],
  [{ write: "log.csv" }, "write"],
  [{ write() {}, separator: "" }, "separator"],
  [{ write() {}, separator: "." }, "separator"],
  [{ write() {}, separator: ", " }, "separator"],
])("%o is refused", (options, says) => {
  const make = () => csvLogger(options as CsvLoggerOptions);
  expect(make).toThrow(/^BAD_ARGUMENT/);
  expect(make).toThrow(says);
});
