import { execFileSync } from "node:child_process";
import { readdirSync, symlinkSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createRuntime, dense, embedding, saveModel, simpleRNN } from "../../src/node.ts";
import { Workplace } from "./command-line.ts";

let place: Workplace;
beforeAll(async () => {
  place = new Workplace();
  for (const name of ["pipe", "pipe.csv", "pipe.npz"]) execFileSync("mkfifo", [place.path(name)]);
  for (const name of ["endless", "endless.csv", "endless.npz"]) symlinkSync("/dev/zero", place.path(name));
  const kit = await createRuntime();
  const model = await kit.sequential([
    embedding({ inputDim: 8, outputDim: 1 }),
    simpleRNN({ units: 1 }),
    dense({ units: 1, activation: "sigmoid" }),
  ]);
  const vocabulary = { words: ["good"], startChar: 1, oovChar: 2, indexFrom: 3, skipTop: 0, numWords: 8 };
  for (const maxLen of ["1000000000", "1000000"]) {
    const metadata = { vocabulary: JSON.stringify(vocabulary), maxLen };
    await saveModel(model, place.path(`${maxLen}.safetensors`), { metadata });
  }
  await kit.close();
});
afterAll(() => place.dispose());

describe("a pipe, a device or a folder in the place of a file is refused at once, and costs nothing:", () => {
  test.each([
    "predict endless text",
    "predict pipe text",
    "predict /dev text",
    "inspect endless text",
    "evaluate pipe spam",
    "evaluate endless spam",
    "train endless.csv",
    "train pipe.csv",
    "train --data endless.npz",
    "train --data pipe.npz",
  ])("lstmkit %s", async (line) => {
    const before = readdirSync(place.folder);
    const { code, stdout, stderr } = await place.run(line.split(" "));
    expect(stderr).toMatch(
      /^lstmkit: FILE_UNREADABLE: \S+ is a (pipe|device|folder); wanted a regular file\. [^\n]+\n$/,
    );
    expect({ code, stdout }).toEqual({ code: 1, stdout: "" });
    expect(readdirSync(place.folder)).toEqual(before);
  });
});

test("a file of 3 kB that asks for rows of a billion ids is refused", async () => {
  const { code, stderr } = await place.run(["predict", "1000000000.safetensors", "good"]);
  expect(stderr).toMatch(
    /BAD_MODEL_FILE: .*"maxLen" is 1000000000; wanted a whole number from 1 to 1000000\./,
  );
  expect(code).toBe(1);
});

test("rows of a million ids are answered, a few at a time", async () => {
  const { code, stdout } = await place.run(["predict", "1000000.safetensors"], "good\n".repeat(5));
  expect(stdout.split("\n")).toHaveLength(6);
  expect(new Set(stdout.trim().split("\n")).size).toBe(1);
  expect(code).toBe(0);
});

test("train does not begin what no file could hold", async () => {
  const { code, stderr } = await place.run(["train", "--max-len", "1000001"]);
  expect(stderr).toMatch(/--max-len is "1000001"; wanted a whole number from 1 to 1000000/);
  expect(code).toBe(2);
});
