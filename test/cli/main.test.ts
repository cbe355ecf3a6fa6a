import { readFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { events, SMALL, Workplace } from "./command-line.ts";

let place: Workplace;
beforeAll(() => {
  place = new Workplace();
});
afterAll(() => place.dispose());

describe("the command line", () => {
  test("--help and --version print and succeed", async () => {
    const help = await place.run(["--help"]);
    expect(help).toMatchObject({ code: 0, stderr: "" });
    expect(help.stdout).toMatch(
      /train \[data\][\s\S]*evaluate <model> <data>[\s\S]*predict <model> \[text\]/,
    );
    const trainHelp = await place.run(["train", "--help"]);
    expect(trainHelp.stdout).toContain("--validation-freq <n>");
    const { version } = JSON.parse(readFileSync(new URL("../../package.json", import.meta.url), "utf8"));
    const given = await place.run(["--version"]);
    expect(given).toMatchObject({ code: 0, stdout: expect.stringContaining(`lstmkit/${version} `) });
  });

  test.for<[string, RegExp]>([
    [
      "",
      /no command; wanted train, sweep, score, work, evaluate, predict, inspect, quantize, generate, forecast, backtest, detect, demo/,
    ],
    ["fit", /"fit" is no command/],
    ["train --epoch 3", /unknown flag --epoch; wanted .*--epochs/],
    ["train -e 3", /unknown flag -e/],
    ["train --no-json", /unknown flag --no-json/],
    ["train --epochs", /--epochs has no value/],
    ["train --epochs=", /--epochs has no value/],
    ["train --epochs --json", /--epochs has no value/],
    ["train --epochs 0", /--epochs is "0"; wanted a whole number from 1/],
    ["train --epochs 1.5", /--epochs is "1.5"/],
    ["train --epochs 1 --epochs 2", /--epochs is given twice/],
    ["train --batch ten", /--batch is "ten"/],
    ["train --max-len 0", /--max-len is "0"/],
    ["train --vocab 4", /--vocab is "4"; wanted a whole number from 5/],
    ["train --embedding 0x10", /--embedding is "0x10"/],
    ["train --validation-freq 0", /--validation-freq is "0"/],
    ["train --seed -1", /--seed is "-1"; wanted a whole number from 0 to 4294967295/],
    ["train --units 64,", /--units is "64,"; wanted whole numbers with commas/],
    ["train --units 0", /--units is "0"/],
    ["train --dropout 1", /--dropout is "1"; wanted a number from 0 to below 1/],
    ["train --lr 0", /--lr is "0"; wanted a number above 0/],
    ["train --lr 1e999", /--lr is "1e999"/],
    ["train --cell gru", /--cell is "gru"; wanted lstm or rnn/],
    ["train --json=yes", /--json is "yes"; it takes no value/],
    ["train imbd", /"imbd" is no data set; wanted spam, imdb/],
    ["train spam --text body", /--text names a column of a CSV file/],
    ["train spam --data imdb.npz", /--data is where imdb lies/],
    ["train a.csv b.csv", /"b.csv" is one argument too many/],
    ["evaluate model.safetensors", /<data> is missing/],
    ["evaluate model.safetensors spam --batch 0", /--batch is "0"/],
    ["predict model.safetensors -x", /unknown flag -x.* Put -- before a text/],
  ])("lstmkit %s is bad usage", async ([line, message]) => {
    const { code, stdout, stderr } = await place.run(line === "" ? [] : line.split(" "));
    expect(stderr).toMatch(message);
    expect(stderr).toMatch(/^lstmkit: BAD_ARGUMENT: [^\n]+\nTry lstmkit( \w+)? --help\.\n$/);
    expect(code).toBe(2);
    if (!line.endsWith("--json")) expect(stdout).toBe("");
  });

  test("with --json, an error is an event as well, without the code in its message", async () => {
    const usage = await place.run(["train", "--epochs", "many", "--json"]);
    expect(usage.code).toBe(2);
    expect(events(usage.stdout)).toEqual([
      { event: "error", code: "BAD_ARGUMENT", message: expect.stringMatching(/^--epochs is "many"/) },
    ]);
    const missing = await place.run(["train", "nowhere.csv", "--json", ...SMALL]);
    expect(missing.code).toBe(1);
    expect(events(missing.stdout)).toEqual([
      { event: "error", code: "FILE_NOT_FOUND", message: expect.stringMatching(/^there is no nowhere.csv/) },
    ]);
    expect(missing.stderr).toMatch(/^lstmkit: FILE_NOT_FOUND: there is no nowhere.csv[^\n]*\n$/);
  });
});
