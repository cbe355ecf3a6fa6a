import { describe, expect, test } from "vitest";
import {
  buildVocabulary,
  decode,
  encode,
  encodeRows,
  parseWordIndex,
  tokenize,
} from "../../src/data/vocabulary.ts";
import { codedError } from "./coded-error.ts";

describe("tokenize cuts as Keras's text_to_word_sequence", () => {
  test.each([
    ["Hello, World!", ["hello", "world"]],
    ["It's a well-made film<br /><br />Great", ["it's", "a", "well", "made", "film", "br", "br", "great"]],
    ["tabs\tand\nlines\r\nand __init__", ["tabs", "and", "lines", "and", "init"]],
    ["ÄRGER über ŒUVRE 映画 🎬", ["ärger", "über", "œuvre", "映画", "🎬"]],
    ["1.5/10 [sic] {x|y} ~z~ a@b", ["1", "5", "10", "sic", "x", "y", "z", "a", "b"]],
    ["  ...  ", []],
    ["", []],
  ])("%j", (text, words) => {
    expect(tokenize(text)).toEqual(words);
  });

  test("a lone half of a surrogate pair is a word like any other", () => {
    expect(tokenize("a \ud83c b")).toEqual(["a", "\ud83c", "b"]);
  });
});

describe("buildVocabulary", () => {
  test("ranks by frequency, ties by first appearance", () => {
    const { words } = buildVocabulary(["b a c a", "c d a"]);
    expect(words).toEqual(["a", "c", "b", "d"]);
  });

  test("keeps the words whose id is below numWords", () => {
    const { words, numWords } = buildVocabulary(["a a a b b c"], { numWords: 6 });
    expect(words).toEqual(["a", "b"]);
    expect(numWords).toBe(6);
  });

  test("is not led astray by words that every object has", () => {
    const vocabulary = buildVocabulary(["constructor __proto__ constructor"]);
    expect(vocabulary.words).toEqual(["constructor", "proto"]);
    expect(encode(vocabulary, "toString constructor")).toEqual([1, 2, 4]);
  });

  test("survives JSON", () => {
    const vocabulary = buildVocabulary(["a b"], { maxLen: 3, truncating: "post" });
    const copy = JSON.parse(JSON.stringify(vocabulary)) as typeof vocabulary;
    expect(copy).toEqual(vocabulary);
    expect(encode(copy, "b a")).toEqual(encode(vocabulary, "b a"));
  });

  test("refuses room for no word", () => {
    expect(() => buildVocabulary(["a"], { numWords: 4 })).toThrow(
      codedError("BAD_ARGUMENT", /numWords is 4/),
    );
    expect(() => buildVocabulary(["a"], { indexFrom: -1 })).toThrow(
      codedError("BAD_ARGUMENT", /indexFrom is -1/),
    );
  });
});

describe("encode", () => {
  const vocabulary = buildVocabulary(["a a a b b c"], { numWords: 6 });

  test("puts the start id first and the id 2 for words without one", () => {
    expect(encode(vocabulary, "B zebra a! c")).toEqual([1, 5, 2, 4, 2]);
  });

  test("leaves out what Keras leaves out", () => {
    const bare = buildVocabulary(["a a a b b c"], { startChar: null, oovChar: null, indexFrom: 0 });
    expect(encode(bare, "zebra b a c")).toEqual([2, 1, 3]);
  });

  test("skips the most frequent words, and as in Keras the start id", () => {
    expect(encode({ ...vocabulary, skipTop: 5 }, "a b")).toEqual([2, 2, 5]);
  });

  test("and decode are inverse but for what has no id", () => {
    expect(decode(vocabulary, [0, 0, ...encode(vocabulary, "a b zebra")])).toBe("[START] a b [OOV]");
  });

  test("decode refuses an id it cannot know", () => {
    expect(() => decode(vocabulary, [6])).toThrow(codedError("BAD_INDEX", /id 6/));
  });

  test("encodeRows cuts and pads as the vocabulary says", () => {
    const cut = (truncating: "pre" | "post"): number[] => [
      ...encodeRows({ ...vocabulary, maxLen: 3, truncating }, ["a b a b", "a"]).data,
    ];
    expect(cut("pre")).toEqual([5, 4, 5, 0, 1, 4]);
    expect(cut("post")).toEqual([1, 4, 5, 0, 1, 4]);
  });
});

describe("parseWordIndex", () => {
  test("puts words in order of rank, whatever their order", () => {
    expect(parseWordIndex('{"b": 2, "10": 3, "a": 1}').words).toEqual(["a", "b", "10"]);
  });

  test.each([
    ["text", "not json", /not JSON/],
    ["a list", "[]", /an array/],
    ["null", "null", /null/],
    ["a gap", '{"a": 1, "b": 3}', /rank 3 for "b" among 2 words/],
    ["a repeat", '{"a": 1, "b": 1}', /rank 1 twice/],
    ["a fraction", '{"a": 1.5}', /rank 1.5/],
    ["a word twice", '{"a": 1, "b": 2, "a": 2}', /has the key "a" twice/],
    ["a rank nested 20,000 deep", `{"a": ${"[".repeat(20_000)}${"]".repeat(20_000)}}`, /nested more than 16/],
    ["a rank that is a list of lists", '{"a": [[1]]}', /rank an array of length 1/],
  ])("refuses %s", (_, json, message) => {
    expect(() => parseWordIndex(json)).toThrow(codedError("BAD_DATASET", message));
  });
});
