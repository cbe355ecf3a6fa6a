import { cac } from "cac";
import { describe, expect, test } from "vitest";
import { Arguments } from "../../src/cli/arguments.ts";
import { declareTrain } from "../../src/cli/train.ts";
import type { NumberName, Settings, Source } from "../../web/src/settings.ts";
import { commandLine, DEFAULT_UNITS, NUMBERS, parseNumber, parseUnits } from "../../web/src/settings.ts";

const numbers = Object.fromEntries(Object.entries(NUMBERS).map(([name, { fallback }]) => [name, fallback]));
const DEFAULTS = {
  cell: "lstm",
  units: DEFAULT_UNITS,
  threads: "auto",
  ...(numbers as Record<NumberName, number>),
} satisfies Settings;

const read = (command: string) => new Arguments(declareTrain(cac()), command.split(" ").slice(2));

describe("settings of the page", () => {
  test("have the defaults of lstmkit train", () => {
    const args = read("lstmkit train");
    for (const { flag, fallback } of Object.values(NUMBERS)) expect(args.text(flag)).toBe(String(fallback));
    expect(args.text("units")).toBe(DEFAULT_UNITS.join());
  });

  test("are in the command line where they are not the default", () => {
    const settings: Settings = { ...DEFAULTS, units: [16, 5], learningRate: 1e-7, seed: 9, numWords: 777 };
    const args = read(commandLine(settings, "rnn", { kind: "spam" }));
    expect(args.positionals).toEqual(["spam"]);
    expect(args.choice("cell", ["lstm", "rnn"])).toBe("rnn");
    expect(args.wholeNumbers("units")).toEqual([16, 5]);
    expect(args.number("lr", () => true, "")).toBe(1e-7);
    expect(args.wholeNumber("seed", 0)).toBe(9);
    expect(args.wholeNumber("vocab", 5)).toBe(777);
    expect(args.wholeNumber("epochs", 1)).toBe(4);
  });

  test.each<[string, Source]>([
    ["lstmkit train spam --cell lstm --seed 0", { kind: "spam" }],
    ["lstmkit train imdb --cell lstm --seed 0", { kind: "imdb" }],
    ["lstmkit train imdb --data imdb.npz --cell lstm --seed 0", { kind: "imdb", file: "imdb.npz" }],
    [
      "lstmkit train 'it'\\''s.csv' --text=--a '--label=b c' --cell lstm --seed 0",
      { kind: "csv", file: "it's.csv", text: "--a", label: "b c" },
    ],
    [
      "lstmkit train ./-x.csv --text=a --label=b --cell lstm --seed 0",
      { kind: "csv", file: "-x.csv", text: "a", label: "b" },
    ],
    [
      "lstmkit train x.csv --text=1 --label=2 --no-header --cell lstm --seed 0",
      { kind: "csv", file: "x.csv", text: "1", label: "2", header: false },
    ],
  ])("make the command %s", (command, source) => {
    expect(commandLine(DEFAULTS, "lstm", source)).toBe(command);
  });

  test.each<[NumberName, string]>([
    ["epochs", ""],
    ["epochs", " "],
    ["epochs", "0"],
    ["epochs", "1.5"],
    ["epochs", "many"],
    ["dropout", "1"],
    ["dropout", "-0.1"],
    ["learningRate", "0"],
    ["learningRate", "Infinity"],
    ["seed", "4294967296"],
    ["numWords", "4"],
  ])("refuse %s %j", (name, written) => {
    expect(parseNumber(name, written)).toBeUndefined();
  });

  test("take lists of units with blanks, and nothing else", () => {
    expect(parseUnits(" 64, 32,1 ")).toEqual([64, 32, 1]);
    for (const written of ["", "64,", ",64", "0", "64 64", "6.4", "-1", "9999999999"]) {
      expect(parseUnits(written)).toBeUndefined();
    }
  });
});
