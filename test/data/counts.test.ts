import { describe, expect, test } from "vitest";
import { countSplit, countWords } from "../../src/data/counts.ts";
import { datasetFromTexts } from "../../src/data/dataset.ts";
import { encodeRows, tokenize, vocabularyOfRanks } from "../../src/data/vocabulary.ts";

describe("countSplit", () => {
  test("counts rows of each class, and words as they are read: start and padding left out, cut ones too", () => {
    const vocabulary = vocabularyOfRanks(["a", "b"], { maxLen: 4 });
    const x = encodeRows(vocabulary, ["a", "z a b z b", "", "y z"]);
    const y = { data: Uint8Array.of(1, 1, 0, 1), shape: [4] };
    // Of the second text the last four words; of the others all.
    expect(countSplit({ x, y }, vocabulary)).toEqual({
      samples: 4,
      classes: [1, 3],
      baseline: 0.75,
      words: 1 + 4 + 0 + 2,
      unknown: 1 + 2,
    });
    expect(countSplit({ x, y })).toEqual({ samples: 4, classes: [1, 3], baseline: 0.75 });
  });

  test("does not count words where unknown ones are left out; countWords does, by the texts", () => {
    const vocabulary = vocabularyOfRanks(["a", "b"], { maxLen: 4, oovChar: null });
    const texts = ["a", "z a b z b", "", "y z"];
    const x = encodeRows(vocabulary, texts);
    expect(countSplit({ x, y: { data: Uint8Array.of(0, 0, 0, 1), shape: [4] } }, vocabulary)).toEqual({
      samples: 4,
      classes: [3, 1],
      baseline: 0.75,
    });
    const words = () => texts.map((text) => tokenize(text));
    expect(countWords(x.data, vocabulary, words)).toEqual({ words: 8, unknown: 4 });
  });

  test("finds all words of the training part known, and those unknown that only the test part has", () => {
    const texts = Array.from({ length: 20 }, (_, i) => `word${i} same`);
    const labels = texts.map((_, i) => i % 2);
    const { train, test: held, vocabulary } = datasetFromTexts({ texts, labels, classes: ["a", "b"] });
    expect(countSplit(train, vocabulary)).toMatchObject({ classes: [8, 8], words: 32, unknown: 0 });
    expect(countSplit(held, vocabulary)).toMatchObject({ classes: [2, 2], words: 8, unknown: 4 });
  });
});
