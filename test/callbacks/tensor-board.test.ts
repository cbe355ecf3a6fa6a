import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { crc32c, eventRecord } from "../../src/callbacks/event-file.ts";
import { type TensorBoardOptions, tensorBoard } from "../../src/index.ts";
import { createRuntime, type LogDirOptions, tensorBoard as tensorBoardFile } from "../../src/node.ts";
import { smallData, smallModel } from "../train/small-job.ts";
import { fitOfValues } from "./fit-of-values.ts";
import { readEvents } from "./read-events.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "lstmkit-board-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

const filesOf = (run: string) =>
  readdirSync(join(folder, run))
    .sort()
    .map((name) => new Uint8Array(readFileSync(join(folder, run, name))));

test("crc32c is that of RFC 3720's examples", () => {
  expect(crc32c(new Uint8Array(32))).toBe(0x8a9136aa);
  expect(crc32c(new Uint8Array(32).fill(255))).toBe(0x62a8ab43);
  expect(crc32c(Uint8Array.from({ length: 32 }, (_, i) => i))).toBe(0x46dd794e);
  expect(crc32c(new TextEncoder().encode("123456789"))).toBe(0xe3069283);
});

test.each([0, 1, 127, 128, 300, 2 ** 31, 2 ** 40 + 5])(
  "an event of step %i is read as it was written",
  (step) => {
    const scalars = { epoch_loss: 0.5, ["a name of more than 127 bytes ".repeat(5)]: -3.25, ä: Infinity };
    expect(readEvents(eventRecord(1.5e9 + 0.25, { step, scalars }))).toEqual([
      { wallTime: 1.5e9 + 0.25, step, scalars },
    ]);
  },
);

test("a byte that is damaged is noticed by the reader", () => {
  const record = eventRecord(1, { step: 3, scalars: { loss: 1 } });
  for (const at of [0, 9, 14, record.length - 1]) {
    const damaged = record.slice();
    damaged[at]! ^= 1;
    expect(() => readEvents(damaged)).toThrow();
  }
});

test("epochs are points of two runs, under Keras's names, and each fit begins new files", async () => {
  const callback = tensorBoardFile({ logDir: folder });
  const before = Date.now() / 1000;
  for (let fit = 0; fit < 2; fit++) {
    await fitOfValues(callback, { options: {}, values: [0.5, null, 0.25] });
  }
  for (const [run, expected] of [
    [
      "train",
      [0, 1, 2].map((step) => ({ step, scalars: { epoch_loss: 1, epoch_learning_rate: Math.fround(0.1) } })),
    ],
    [
      "validation",
      [
        { step: 0, scalars: { epoch_loss: 0.5 } },
        { step: 2, scalars: { epoch_loss: 0.25 } },
      ],
    ],
  ] as const) {
    const files = filesOf(run);
    expect(files.length).toBe(2);
    for (const file of files) {
      const [first, ...events] = readEvents(file);
      expect(first).toMatchObject({ fileVersion: "brain.Event:2" });
      expect(events).toMatchObject(expected);
      for (const { wallTime } of events) {
        expect(wallTime).toBeGreaterThanOrEqual(before);
        expect(wallTime).toBeLessThanOrEqual(Date.now() / 1000);
      }
    }
  }
});

test("batches count on from epoch to epoch, and the numbers are those of the history", async () => {
  const kit = await createRuntime();
  const model = await smallModel(kit);
  const { x, y } = smallData();
  const { history } = await model.fit(x, y, {
    epochs: 2,
    batchSize: 16,
    callbacks: [tensorBoardFile({ logDir: folder, updateFreq: "batch" })],
  });
  await kit.close();
  const events = readEvents(filesOf("train")[0]!).slice(1);
  const [batches, epochs] = ["batch_loss", "epoch_loss"].map((tag) =>
    events.filter(({ scalars }) => tag in scalars),
  );
  expect(batches!.map(({ step }) => step)).toEqual([0, 1, 2, 3, 4, 5]);
  expect(Object.keys(batches![0]!.scalars)).toEqual(["batch_loss", "batch_accuracy"]);
  expect(epochs!.map(({ scalars }) => scalars.epoch_loss)).toEqual(history.loss!.map(Math.fround));
  expect(readdirSync(folder)).toEqual(["train"]);
});

test("a function may be given the bytes", async () => {
  const bytes: Record<string, number[]> = { train: [], validation: [] };
  const write: TensorBoardOptions["write"] = (own, run) => void bytes[run]!.push(...own);
  for (const make of [tensorBoard, tensorBoardFile]) {
    bytes.train = [];
    await fitOfValues(make({ write }), { options: {}, values: [0.5] });
    expect(readEvents(Uint8Array.from(bytes.train)).length).toBe(2);
  }
});

test.each([
  [{}, "logDir"],
  [{ logDir: "" }, "path"],
  [{ logdir: "a" }, "did you mean logDir"],
  [{ logDir: "a", updateFreq: 3 }, "updateFreq"],
])("%o is refused", (options, says) => {
  const make = () => tensorBoardFile(options as LogDirOptions);
  expect(make).toThrow(/^BAD_ARGUMENT/);
  expect(make).toThrow(says);
});
