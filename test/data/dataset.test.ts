import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { datasetFromTexts, labelTensor } from "../../src/data/dataset.ts";
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

  test("refuses texts that cannot be split", () => {
    const same = { texts: ["a", "a", "A"], labels: [0, 1, 0], classes };
    expect(() => datasetFromTexts(same)).toThrow(codedError("BAD_DATASET", /3 texts, 1 of them different/));
  });

  test("refuses options and labels without meaning", () => {
    expect(() => datasetFromTexts(source, { testSplit: 1 })).toThrow(
      codedError("BAD_ARGUMENT", /testSplit is 1/),
    );
    expect(() => datasetFromTexts({ ...source, labels: [0] })).toThrow(
      codedError("BAD_SHAPE", /50 texts, but 1 labels/),
    );
    expect(() => labelTensor([0, 1, 2])).toThrow(codedError("BAD_LABEL", /label 2 is 2/));
  });
});
