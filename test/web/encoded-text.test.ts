import { buildVocabulary, encodeRows } from "lstmkit/data";
import { expect, test } from "vitest";
import { encodeText } from "../../web/src/encoded-text.ts";

const options = { numWords: 7, maxLen: 5 };
const texts = ["good good good film film bad"];

const steps = (vocabulary: Parameters<typeof encodeText>[0], text: string) =>
  encodeText(vocabulary, text).steps.map(({ kind, word }) => `${kind} ${word}`.trim());

test("every id has the word that it stands for", () => {
  const vocabulary = buildVocabulary(texts, options);
  const encoded = encodeText(vocabulary, "A good Film!");
  expect(encoded.x).toEqual(encodeRows(vocabulary, ["A good Film!"]));
  expect(encoded.steps.map(({ id }) => id)).toEqual([...encoded.x.data]);
  expect(encoded.total).toBe(3);
  expect(steps(vocabulary, "A good Film!")).toEqual([
    "padding",
    "start",
    "unknown a",
    "known good",
    "known film",
  ]);
});

test("long texts lose the side that the vocabulary says", () => {
  const text = "one two three four film good";
  expect(steps(buildVocabulary(texts, options), text)).toEqual([
    "unknown two",
    "unknown three",
    "unknown four",
    "known film",
    "known good",
  ]);
  expect(steps(buildVocabulary(texts, { ...options, truncating: "post" }), text)).toEqual([
    "start",
    "unknown one",
    "unknown two",
    "unknown three",
    "unknown four",
  ]);
});

test("without a start or an id for unknown words there are none, and padding may follow", () => {
  const vocabulary = buildVocabulary(texts, { ...options, startChar: null, oovChar: null, padding: "post" });
  expect(steps(vocabulary, "a good film")).toEqual([
    "known good",
    "known film",
    "padding",
    "padding",
    "padding",
  ]);
});

test("words are cut as the vocabulary's were", () => {
  const cut = buildVocabulary(["good film"], { startChar: null });
  expect(steps(cut, "“Good” film…")).toEqual(["known good", "known film"]);
  const { tokenizer: _, ...old } = cut;
  expect(steps(old, "“Good” film…")).toEqual(["unknown “good”", "unknown film…"]);
});
