import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { datasetFromTexts, labelTensor } from "../../src/data/dataset.ts";
import { decode } from "../../src/data/vocabulary.ts";
import type { ErrorCode } from "../../src/errors.ts";
import { codedError } from "./coded-error.ts";

const classes = ["bad", "good"] as const;
const source = {
  texts: Array.from({ length: 50 }, (_, i) => `word${i} ${i % 2 ? "fine" : "poor"}`),
  labels: Array.from({ length: 50 }, (_, i) => i % 2),
  classes,
};

function rowsOf({ data, shape }: { data: Int32Array; shape: readonly number[] }): string[] {
  return Array.from({ length: shape[0]! }, (_, i) =>
    data.subarray(i * shape[1]!, (i + 1) * shape[1]!).join(),
  );
}

describe("datasetFromTexts", () => {
  test("sets the wanted share apart and pads both parts alike", () => {
    const { train, test: held, inputDim, vocabulary } = datasetFromTexts(source, { maxLen: 7, numWords: 30 });
    expect(train.x.shape).toEqual([40, 7]);
    expect(held.x.shape).toEqual([10, 7]);
    expect(train.y.shape).toEqual([40]);
    expect(inputDim).toBe(30);
    expect(vocabulary!.maxLen).toBe(7);
    expect(Math.max(...train.x.data, ...held.x.data)).toBeLessThan(30);
  });

  test("gives the same for the same seed, and another order for another", () => {
    expect(datasetFromTexts(source, { seed: 5 })).toEqual(datasetFromTexts(source, { seed: 5 }));
    expect(datasetFromTexts(source, { seed: 5 })).not.toEqual(datasetFromTexts(source, { seed: 6 }));
  });

  test("builds the vocabulary on the training part only", () => {
    const { vocabulary, test: held } = datasetFromTexts(source);
    const known = vocabulary!.words.filter((word) => word.startsWith("word"));
    expect(known).toHaveLength(40);
    // Each text has one word of its own, so all of the test part's are unknown.
    for (const row of rowsOf(held.x)) expect(row.split(",").slice(-2)[0]).toBe("2");
  });

  test("keeps labels with their texts", () => {
    const { vocabulary, train } = datasetFromTexts(source);
    const fine = 4 + vocabulary!.words.indexOf("fine");
    rowsOf(train.x).forEach((row, i) => {
      expect(row.endsWith(`,${fine}`)).toBe(train.y.data[i] === 1);
    });
  });

  test("never has a text on both sides", () => {
    const repeated = fc.array(fc.constantFrom("a", "b", "c d", "C, d!", "e", "f g", "h"), {
      minLength: 6,
      maxLength: 40,
    });
    fc.assert(
      fc.property(repeated, fc.nat(1000), (texts, seed) => {
        fc.pre(new Set(texts).size > 4);
        const labels = texts.map((_, i) => i % 2);
        // Every word its own id: only then do equal rows mean equal texts.
        const { train, test: held } = datasetFromTexts(
          { texts, labels, classes },
          { seed, testSplit: 0.4, oovChar: 2 },
        );
        const known = new Set(rowsOf(train.x).filter((row) => !row.split(",").includes("2")));
        for (const row of rowsOf(held.x)) expect(known.has(row)).toBe(false);
        expect(train.y.data.length + held.y.data.length).toBe(texts.length);
      }),
      { numRuns: 100 },
    );
  });

  test("takes a test part of one's own, its classes by their names, and counts what both parts have", () => {
    const own = {
      texts: ["Word1, fine!", "new fine", "old poor"],
      labels: [0, 0, 1],
      classes: ["Good", "bad"] as const,
    };
    const { train, test: held, vocabulary, overlap } = datasetFromTexts(source, { test: own, maxLen: 3 });
    expect(train.x.shape).toEqual([50, 3]);
    expect([...train.y.data].sort()).toEqual([...source.labels].sort());
    const texts = rowsOf(held.x).map((row, i) => [
      decode(vocabulary!, row.split(",").map(Number)),
      held.y.data[i],
    ]);
    expect(texts.sort()).toEqual([
      ["[START] [OOV] fine", 1],
      ["[START] [OOV] poor", 0],
      ["[START] word1 fine", 1],
    ]);
    expect(overlap).toBe(1);
    expect(datasetFromTexts(source)).not.toHaveProperty("overlap");
  });

  test("refuses a test part that does not go with the rest", () => {
    const refused = (test: object, message: RegExp, code: ErrorCode = "BAD_ARGUMENT", others = {}) =>
      expect(() =>
        datasetFromTexts(source, { test: { texts: ["a"], labels: [0], classes, ...test }, ...others }),
      ).toThrow(codedError(code, message));
    refused({ classes: ["good", "awful"] }, /class 1 of the test part is "awful"/, "BAD_LABEL");
    refused({ texts: [], labels: [] }, /has no texts/, "BAD_DATASET");
    refused({ labels: [2] }, /label 0 is 2/, "BAD_LABEL");
    refused({}, /testSplit says how texts are split/, "BAD_ARGUMENT", { testSplit: 0.2 });
    refused({}, /stratify says how texts are split/, "BAD_ARGUMENT", { stratify: true });
    expect(() => datasetFromTexts(source, { test: "test.csv" as never })).toThrow(
      codedError("BAD_ARGUMENT", /test is "test.csv"; it must be an object with texts, labels and classes/),
    );
  });

  test("refuses texts of one class", () => {
    expect(() => datasetFromTexts({ ...source, labels: Array(50).fill(0) })).toThrow(
      codedError("BAD_LABEL", /none of 50 texts is "good"/),
    );
  });

  test("refuses texts that cannot be split", () => {
    const same = { texts: ["a", "a", "A"], labels: [0, 1, 0], classes };
    expect(() => datasetFromTexts(same)).toThrow(codedError("BAD_DATASET", /3 texts, 1 of them different/));
  });

  test("refuses options and labels without meaning", () => {
    expect(() => datasetFromTexts(source, { testSplit: 1 })).toThrow(
      codedError("BAD_ARGUMENT", /testSplit is 1/),
    );
    expect(() => datasetFromTexts(source, { testsplit: 0.1 } as never)).toThrow(
      codedError("BAD_ARGUMENT", /no option "testsplit": did you mean testSplit\?/),
    );
    expect(() => datasetFromTexts({ ...source, classes: ["x"] as never })).toThrow(
      codedError("BAD_ARGUMENT"),
    );
    expect(() => datasetFromTexts({ ...source, labels: [0] })).toThrow(
      codedError("BAD_SHAPE", /50 texts, but 1 labels/),
    );
    expect(() => labelTensor([0, 1, 2])).toThrow(codedError("BAD_LABEL", /label 2 is 2/));
  });
});
