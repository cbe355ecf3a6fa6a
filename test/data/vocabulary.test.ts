import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { datasetFromTexts } from "../../src/data/dataset.ts";
import { cut } from "../../src/data/tokenize.ts";
import { buildVocabulary, decode, encode, encodeRows, parseWordIndex } from "../../src/data/vocabulary.ts";
import { LstmkitError } from "../../src/errors.ts";
import { codedError } from "./coded-error.ts";
import { longText, outcomeOf } from "./fuzz.ts";

test("a lone half of a surrogate pair, and signs of all kinds, are words and separators as in Keras", () => {
  const keras = (text: string) => cut(text, "keras");
  expect(keras("a \ud83c b")).toEqual(["a", "\ud83c", "b"]);
  expect(keras("1.5/10 [sic] {x|y} ~z~ a@b")).toEqual(["1", "5", "10", "sic", "x", "y", "z", "a", "b"]);
  expect(keras("tabs\tand\nlines\r\nand __init__")).toEqual(["tabs", "and", "lines", "and", "init"]);
});

describe("texts that are none are refused with their place", () => {
  const vocabulary = buildVocabulary(["a"]);
  const texts = (values: unknown) => values as string[];
  const source = (values: unknown) => ({
    texts: texts(values),
    labels: [0, 1, 0],
    classes: ["0", "1"] as const,
  });

  test.each<[string, (values: unknown) => unknown]>([
    ["buildVocabulary", (values) => buildVocabulary(texts(values))],
    ["encodeRows", (values) => encodeRows(vocabulary, texts(values))],
    ["datasetFromTexts", (values) => datasetFromTexts(source(values))],
  ])("by %s", (_, read) => {
    expect(() => read(["a", "b", null])).toThrow(
      codedError("BAD_VALUE", /texts\[2\] is null; wanted a string/),
    );
    expect(() => read(["a", 7, "b"])).toThrow(codedError("BAD_VALUE", /texts\[1\] is 7/));
    // biome-ignore lint/suspicious/noSparseArray: that is what is tried
    expect(() => read(["a", , "b"])).toThrow(codedError("BAD_VALUE", /texts\[1\] is undefined/));
    for (const none of ["abc", null, undefined, 7, {}]) {
      expect(() => read(none)).toThrow(codedError("BAD_ARGUMENT", /the texts are .*; wanted an array/));
    }
  });

  test("by encode", () => {
    expect(() => encode(vocabulary, null as unknown as string)).toThrow(codedError("BAD_VALUE", /is null/));
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

  test("gives words or a coded error for any text, in time", () => {
    const characters = ['"', "a", ":", "1", ",", "{", "}", "[", "]", "\\", " "];
    fc.assert(
      fc.property(longText(characters, "", '{"a":', '{"a":1,"b":'), (json) => {
        expect(outcomeOf(() => parseWordIndex(json))).toBeInstanceOf(LstmkitError);
      }),
      { numRuns: 200 },
    );
  });

  test("takes a byte order mark, words with names of their own, and half a million of them", () => {
    expect(parseWordIndex('\ufeff{"a": 1, "__proto__": 2}').words).toEqual(["a", "__proto__"]);
    const count = 500_000;
    const entries = Array.from({ length: count }, (_, i) => `"w${i}":${((i * 7919) % count) + 1}`);
    const { words } = parseWordIndex(`{${entries.join()}}`);
    expect(words[0]).toBe("w0");
    expect(new Set(words).size).toBe(count);
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
    ["a long word with a long rank", JSON.stringify({ ["w".repeat(1e5)]: "r".repeat(1e5) }), /^.{1,400}$/],
  ])("refuses %s", (_, json, message) => {
    expect(() => parseWordIndex(json)).toThrow(codedError("BAD_DATASET", message));
  });
});
