import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { type ModelCheckpointOptions, modelCheckpoint } from "../../src/index.ts";
import { type FileCheckpointOptions, modelCheckpoint as modelCheckpointFile } from "../../src/node.ts";
import { codeOf } from "../train/small-job.ts";
import { fitOfValues, kerasCases } from "./fit-of-values.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "lstmkit-checkpoint-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

test.each(kerasCases<{ saved: number[] }>("modelCheckpoint"))(
  "saves in the epochs in which Keras saves: $options of $values",
  async (given) => {
    const saved: number[] = [];
    const callback = modelCheckpoint({
      ...(given.options as Partial<ModelCheckpointOptions>),
      save(bytes, epoch, logs) {
        expect([...bytes]).toEqual([epoch]);
        expect(logs.loss).toBe(1);
        saved.push(epoch);
      },
    });
    await fitOfValues(callback, given);
    expect(saved).toEqual(given.saved);
  },
);

const VALUES = { options: {}, values: [3, 2, 2.5] };

test("in Node it writes files, in a folder that it makes, with numbers in their names", async () => {
  const filepath = join(folder, "new", "{epoch:02d}-{valLoss:.2f}-{loss}.model");
  await fitOfValues(modelCheckpointFile({ filepath }), VALUES);
  const names = readdirSync(join(folder, "new")).sort();
  expect(names).toEqual(["01-3.00-1.model", "02-2.00-1.model", "03-2.50-1.model"]);
  expect([...readFileSync(join(folder, "new", names[2]!))]).toEqual([2]);
});

test("one name is written again and again, with the best alone", async () => {
  const filepath = join(folder, "best.model");
  await fitOfValues(modelCheckpointFile({ filepath, saveBestOnly: true }), VALUES);
  expect(readdirSync(folder)).toEqual(["best.model"]);
  expect([...readFileSync(filepath)]).toEqual([1]);
});

test("in Node a function may be given too", async () => {
  const saved: number[] = [];
  await fitOfValues(modelCheckpointFile({ save: (_, epoch) => void saved.push(epoch) }), VALUES);
  expect(saved).toEqual([0, 1, 2]);
});

test("what cannot be written ends the fit", async () => {
  writeFileSync(join(folder, "file"), "");
  const callback = modelCheckpointFile({ filepath: join(folder, "file", "a.model") });
  expect(await codeOf(fitOfValues(callback, VALUES))).toBe("FILE_UNWRITABLE");
});

test("a name that no epoch logs is refused", async () => {
  const callback = modelCheckpointFile({ filepath: join(folder, "{auc}.model") });
  expect(await codeOf(fitOfValues(callback, VALUES))).toBe("BAD_ARGUMENT");
});

test.each([
  [{}, "filepath"],
  [{ filepath: 3 }, "filepath"],
  [{ filepath: "" }, "path"],
  [{ filepath: "a", saveFreq: 3 }, "saveFreq"],
])("%o is refused", (options, says) => {
  const make = () => modelCheckpointFile(options as FileCheckpointOptions);
  expect(make).toThrow(/^BAD_ARGUMENT/);
  expect(make).toThrow(says);
});
