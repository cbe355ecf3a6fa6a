import fc from "fast-check";
import { afterEach, describe, expect, test, vi } from "vitest";
import { cut, tokenize } from "../../src/data/tokenize.ts";
import type { Tokenizer } from "../../src/data/tokenizers.ts";
import { buildVocabulary, encode, wordsOf } from "../../src/data/vocabulary.ts";
import { codedError } from "./coded-error.ts";

const keras = (text: string) => cut(text, "keras");
const segmenter = (text: string) => cut(text, "segmenter");

afterEach(() => {
  vi.unstubAllGlobals();
});

describe("ASCII is cut as Keras's text_to_word_sequence cuts it", () => {
  test.each([
    ["Hello, World!", ["hello", "world"]],
    ["It's a well-made film<br /><br />Great", ["it's", "a", "well", "made", "film", "br", "br", "great"]],
    ["'quoted' a\x0bb \x7f", ["'quoted'", "a\x0bb", "\x7f"]],
  ])("%j", (text, words) => {
    expect(keras(text)).toEqual(words);
    expect(tokenize(text)).toEqual(words);
    expect(segmenter(text)).toEqual(words);
  });

  test("by every tokenizer, whatever it is, also beside other text", () => {
    const ascii = fc.string({
      unit: fc.integer({ min: 0, max: 127 }).map((unit) => String.fromCharCode(unit)),
    });
    fc.assert(
      fc.property(ascii, (text) => {
        const words = keras(text);
        expect(tokenize(text)).toEqual(words);
        expect(segmenter(text)).toEqual(words);
        expect(tokenize(`${text} é`)).toEqual([...words, "é"]);
      }),
      { numRuns: 500 },
    );
  });
});

describe("beyond ASCII, by default", () => {
  test.each([
    ["“awful”, ‘awful’ «awful» awful… (awful)", ["awful", "awful", "awful", "awful", "awful"]],
    ["great\xa0film\u3000of\u2003the\u2028year\x85end", ["great", "film", "of", "the", "year", "end"]],
    ["good—bad–ugly‐ok", ["good", "bad", "ugly", "ok"]],
    ["素晴らしい映画。最高！", ["素晴らしい映画", "最高"]],
    ["don’t don‘t don＇t donʼt don´t don\x92t DON’T", Array(7).fill("don't")],
    ["‘tis the dogs’ rock ’n’ roll", ["tis", "the", "dogs", "rock", "n", "roll"]],
    ["cafe\u0301 CAFÉ caf\xe9", ["café", "café", "café"]],
    ["\u1112\u1161\u11ab\u1100\u1173\u11af", ["한글"]],
    ["ex\xadtra\u200dordinary\ufeff \u202eevil\u2060", ["extraordinary", "evil"]],
    ["ไทย\u200bคำ", ["ไทย", "คำ"]],
    ["\ufeffgood", ["good"]],
    ["love it😍😍 ❤️👍🏽 Windows™ ★★", ["love", "it", "😍", "😍", "❤", "👍", "windows", "™", "★", "★"]],
    ["🇰🇷🇯🇵 5€ £5 3×4 ≠", ["🇰🇷", "🇯🇵", "5", "5", "3", "4"]],
    ["한국·일본 ¿qué? ¡sí!", ["한국", "일본", "qué", "sí"]],
    ["\x93smart\x94 \x96 quotes\x85", ["smart", "quotes"]],
    ["a;b\u037ec", ["a", "b", "c"]],
    ["ÄRGER über ŒUVRE 映画 🎬", ["ärger", "über", "œuvre", "映画", "🎬"]],
  ])("%j", (text, words) => {
    expect(tokenize(text)).toEqual(words);
  });

  test("words are cut no further, and composed and decomposed letters are the same", () => {
    const text = fc.string({ unit: "grapheme", maxLength: 30 });
    fc.assert(
      fc.property(text, (written) => {
        const words = tokenize(written);
        expect(tokenize(words.join(" "))).toEqual(words);
        expect(tokenize(written.normalize("NFD"))).toEqual(tokenize(written.normalize("NFC")));
      }),
      { numRuns: 2000 },
    );
  });
});

describe("Keras's way, of texts beyond ASCII", () => {
  test.each([
    ["“awful”, awful…", ["“awful”", "awful…"]],
    ["great\xa0film don’t", ["great\xa0film", "don’t"]],
    ["cafe\u0301", ["cafe\u0301"]],
    ["\ufeffgood", ["good"]],
  ])("%j", (text, words) => {
    expect(keras(text)).toEqual(words);
  });
});

describe("the segmenter", () => {
  test.each([
    ["我昨天看了一部非常好看的电影，很出色", "电影"],
    ["今日とても良い映画を見ました。", "映画"],
    ["ฉันชอบหนังเรื่องนี้มาก", "หนัง"],
  ])("finds words in %s", (text, word) => {
    expect(segmenter(text)).toContain(word);
    expect(segmenter(text).join("")).toBe(tokenize(text).join(""));
    expect(tokenize(text)).not.toContain(word);
  });

  test("leaves words between blanks whole", () => {
    expect(segmenter("don’t 한국어를 naïve")).toEqual(["don't", "한국어를", "naïve"]);
  });

  // Intl.Segmenter's own time for this text grows with its square: an hour for the whole.
  test("goes through a sentence of two million characters, and cuts its words as in a short one", () => {
    const words = segmenter("电影很好".repeat(500_000));
    expect(new Set(words.slice(1000, 2000))).toEqual(new Set(segmenter("电影很好".repeat(20))));
    expect(words.join("").length).toBe(2_000_000);
  });

  test("is refused where the engine has none", () => {
    vi.stubGlobal("Intl", { ...Intl, Segmenter: undefined });
    expect(() => segmenter("电影")).toThrow(
      codedError("UNSUPPORTED_ENGINE", /no Intl\.Segmenter.*--words unicode/),
    );
    const vocabulary = { ...buildVocabulary(["a"]), tokenizer: "segmenter" as const };
    expect(() => encode(vocabulary, "电影")).toThrow(codedError("UNSUPPORTED_ENGINE"));
  });
});

describe("a vocabulary keeps its way to cut", () => {
  const texts = ["电影 “good” good", "good 电影很好"];
  const wordsBy = (tokenizer?: Tokenizer) => buildVocabulary(texts, tokenizer && { tokenizer }).words;

  test("and is built by it", () => {
    expect(wordsBy()).toEqual(["good", "电影", "电影很好"]);
    expect(wordsBy("keras")).toEqual(["good", "电影", "“good”", "电影很好"]);
    expect(wordsBy("segmenter")).toEqual(["good", "电影", ...segmenter("很好")]);
  });

  test.each<Tokenizer>(["keras", "unicode", "segmenter"])("through JSON: %s", (tokenizer) => {
    const vocabulary = JSON.parse(JSON.stringify(buildVocabulary(texts, { tokenizer })));
    for (const text of texts) {
      expect(wordsOf(vocabulary, text)).toEqual(cut(text, tokenizer));
      expect(encode(vocabulary, text)).not.toContain(2);
    }
  });

  test("without one, as in models of before, texts are cut by Keras's", () => {
    const { tokenizer, ...old } = buildVocabulary(["a “b”"]);
    expect(tokenizer).toBe("unicode");
    expect(wordsOf(old, "a “b” c’s")).toEqual(["a", "“b”", "c’s"]);
    expect(buildVocabulary(["a"], { tokenizer: "keras" })).not.toHaveProperty("tokenizer");
  });

  test("words that it has stay whole", () => {
    const vocabulary = { ...buildVocabulary(["a"]), words: ["it\x92s", "it's"] };
    expect(encode(vocabulary, "it\x92s it’s")).toEqual([1, 4, 5]);
  });

  test("names that are none are refused", () => {
    const options = { tokenizer: "words" as Tokenizer };
    const message = /tokenizer is "words".*"keras" or "unicode" or "segmenter"/;
    expect(() => buildVocabulary(["a"], options)).toThrow(codedError("BAD_ARGUMENT", message));
    expect(() => cut("a", options.tokenizer)).toThrow(codedError("BAD_ARGUMENT", message));
    expect(() => encode({ ...buildVocabulary(["a"]), ...options }, "a")).toThrow(
      codedError("BAD_ARGUMENT", message),
    );
  });
});

test.each<unknown>([null, undefined, 7, ["a"], { a: 1 }])("%j is no text", (text) => {
  expect(() => tokenize(text as string)).toThrow(codedError("BAD_VALUE", /the text is .*; wanted a string/));
  expect(() => keras(text as string)).toThrow(codedError("BAD_VALUE"));
  expect(() => encode(buildVocabulary(["a"]), text as string)).toThrow(codedError("BAD_VALUE"));
});
