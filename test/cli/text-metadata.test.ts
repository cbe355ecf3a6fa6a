import { describe, expect, test } from "vitest";
import { datasetFromTexts } from "../../src/data/dataset.ts";
import { encode } from "../../src/data/vocabulary.ts";
import { readTextMetadata, textMetadata } from "../../src/io/text-metadata.ts";
import { embedding } from "../../src/node.ts";

const data = datasetFromTexts(
  { texts: ["a b c", "b c d", "c d e", "d e f", "e f g"], labels: [0, 1, 0, 1, 0], classes: ["no", "yes"] },
  { name: "letters", numWords: 12, maxLen: 6 },
);
const layers = [embedding({ inputDim: 12, outputDim: 2 })];
const written = textMetadata(data);

describe("the metadata of a model that reads text", () => {
  test("comes back as it was written", () => {
    expect(readTextMetadata({ layers, metadata: written })).toEqual({
      inputDim: 12,
      vocabulary: data.vocabulary,
      classes: ["no", "yes"],
      maxLen: 6,
      dataset: "letters",
    });
  });

  test("says how texts are cut; a model of before had no choice", () => {
    const read = (change: object) =>
      readTextMetadata({
        layers,
        metadata: { ...written, vocabulary: JSON.stringify({ ...data.vocabulary, ...change }) },
      }).vocabulary!;
    expect(read({}).tokenizer).toBe("unicode");
    expect(encode(read({}), "“b”")).toEqual(encode(read({}), "b"));
    expect(encode(read({ tokenizer: undefined }), "“b”")).toEqual([1, 2]);
  });

  test("may be missing", () => {
    expect(readTextMetadata({ layers, metadata: {} })).toEqual({ inputDim: 12 });
  });

  const vocabulary = (changes: object) => JSON.stringify({ ...data.vocabulary, ...changes });
  test.for<[string, Record<string, string>]>([
    ["a vocabulary that is cut short", { vocabulary: written.vocabulary!.slice(0, -1) }],
    ["a vocabulary that is null", { vocabulary: "null" }],
    ["words that are no strings", { vocabulary: vocabulary({ words: ["a", 1] }) }],
    ["more words than the embedding has ids", { vocabulary: vocabulary({ words: Array(12).fill("a") }) }],
    ["a numWords above the embedding's", { vocabulary: vocabulary({ numWords: 13 }) }],
    ["an oovChar above the embedding's", { vocabulary: vocabulary({ oovChar: 12 }) }],
    ["a startChar that is no id", { vocabulary: vocabulary({ startChar: -1 }) }],
    ["a tokenizer that is none", { vocabulary: vocabulary({ tokenizer: "bytes" }) }],
    ["an unknown side of padding", { vocabulary: vocabulary({ padding: "middle" }) }],
    ["a maxLen that contradicts the vocabulary", { maxLen: "7" }],
    ["a maxLen of 0", { maxLen: "0" }],
    ["three classes", { classes: '["a","b","c"]' }],
  ])("with %s is refused", ([, change]) => {
    expect(() => readTextMetadata({ layers, metadata: { ...written, ...change } })).toThrow(
      /^BAD_MODEL_FILE: /,
    );
  });
});
