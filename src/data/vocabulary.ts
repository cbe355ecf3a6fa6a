import { LstmkitError } from "../errors.ts";
import { parseJson } from "../json.ts";
import { checkOptions, isList, show } from "../options.ts";
import type { Tensor } from "../tensor.ts";
import { withoutMark } from "./decode-text.ts";
import { padSequences } from "./sequences.ts";
import { cut, notText } from "./tokenize.ts";
import {
  checkVocabulary,
  ROW_LAYOUT_OPTIONS,
  type RowLayout,
  VOCABULARY_OPTIONS,
  type Vocabulary,
  type VocabularyOptions,
} from "./vocabulary-options.ts";

export { tokenize } from "./tokenize.ts";

const OPTIONS = { ...VOCABULARY_OPTIONS, ...ROW_LAYOUT_OPTIONS };

/**
 * Ranks the words of texts by frequency, ties by first appearance, as Keras's Tokenizer does.
 * Give it the training texts only: the test set must not shape what it is measured with.
 *
 * @throws BAD_ARGUMENT for options that leave no room for a word; BAD_VALUE for a text that is no string
 */
export function buildVocabulary(
  texts: Iterable<string>,
  options: VocabularyOptions & RowLayout = {},
): Vocabulary {
  const given = checkOptions<VocabularyOptions & RowLayout, typeof OPTIONS>(
    "buildVocabulary()",
    options,
    OPTIONS,
  );
  const { tokenizer = "unicode" } = given;
  checkList(texts);
  // One text after the other, so that the words of all need not be held at once.
  function* tokens(): Generator<string[]> {
    let i = 0;
    for (const text of texts) yield cut(checkedText(text, i++), tokenizer);
  }
  return vocabularyOfTokens(tokens(), { ...given, tokenizer });
}

/** {@link buildVocabulary} for texts that are cut into words already; without a tokenizer, by Keras's. */
export function vocabularyOfTokens(
  texts: Iterable<readonly string[]>,
  options: VocabularyOptions & RowLayout = {},
): Vocabulary {
  const counts = new Map<string, number>();
  for (const words of texts) {
    for (const word of words) counts.set(word, (counts.get(word) ?? 0) + 1);
  }
  // Array.prototype.sort is stable, and a Map keeps the order of first appearance.
  const ranked = [...counts].sort((a, b) => b[1] - a[1]).map(([word]) => word);
  return vocabularyOfRanks(ranked, options);
}

/**
 * A vocabulary from words in order of rank.
 *
 * @throws BAD_ARGUMENT for options that leave no room for a word
 */
export function vocabularyOfRanks(
  ranked: readonly string[],
  options: VocabularyOptions & RowLayout = {},
): Vocabulary {
  const { startChar = 1, oovChar = 2, indexFrom = 3, skipTop = 0 } = options;
  const numWords = options.numWords ?? Math.max(ranked.length + indexFrom, startChar ?? 0, oovChar ?? 0) + 1;
  const lowest = Math.max(indexFrom, startChar ?? 0, oovChar ?? 0) + 1;
  if (options.numWords !== undefined && numWords <= lowest) {
    throw new LstmkitError(
      "BAD_ARGUMENT",
      `numWords is ${numWords}, which leaves no id for a word; wanted more than ${lowest}.`,
    );
  }
  const { maxLen, padding, truncating, tokenizer = "keras" } = options;
  return {
    words: ranked.slice(0, numWords - indexFrom - 1),
    startChar,
    oovChar,
    indexFrom,
    skipTop,
    numWords,
    ...(tokenizer === "keras" ? {} : { tokenizer }),
    ...rowLayout({ maxLen, padding, truncating }),
  };
}

/**
 * The words of a text, cut as those of the vocabulary were. By "unicode", a word that the vocabulary has
 * stays whole: the embedded corpus, which others have cut, keeps what it knows.
 *
 * @throws BAD_VALUE for what is no string; BAD_ARGUMENT for what is no vocabulary; UNSUPPORTED_ENGINE for
 * "segmenter" where there is none
 */
export function wordsOf(vocabulary: Vocabulary, text: string): string[] {
  const ids = idsOf(vocabulary);
  return cut(text, vocabulary.tokenizer ?? "keras", (word) => ids.has(word));
}

/**
 * The ids of a text, neither cut nor padded: the start id, then one id a word. A word without an id
 * becomes `oovChar`, or nothing where that is null.
 *
 * @throws as {@link wordsOf}
 */
export function encode(vocabulary: Vocabulary, text: string): number[] {
  return encodeTokens(vocabulary, wordsOf(vocabulary, text));
}

/** {@link encode} for a text that is cut into words already. */
export function encodeTokens(vocabulary: Vocabulary, words: readonly string[]): number[] {
  const ids = idsOf(vocabulary);
  const { startChar, oovChar, skipTop } = vocabulary;
  const encoded: number[] = [];
  const push = (id: number | undefined): void => {
    if (id !== undefined && id >= skipTop) encoded.push(id);
    else if (oovChar !== null) encoded.push(oovChar);
  };
  if (startChar !== null) push(startChar);
  for (const word of words) push(ids.get(word));
  return encoded;
}

/**
 * Texts as rows a model takes: encoded, cut and padded as the vocabulary says.
 *
 * @returns x (texts, maxLen); maxLen is the vocabulary's own, or the longest text where it has none
 * @throws BAD_VALUE for a text that is no string, BAD_ARGUMENT for what is no vocabulary or no list of texts, and
 * what {@link padSequences} throws
 */
export function encodeRows(vocabulary: Vocabulary, texts: readonly string[]): Tensor<Int32Array> {
  checkVocabulary(vocabulary);
  checkList(texts);
  const rows = Array.from(texts, (text, i) => encode(vocabulary, checkedText(text, i)));
  return padSequences(rows, rowLayout(vocabulary));
}

/** A string can be gone through, too, but its letters are no texts. @throws BAD_ARGUMENT */
export function checkList(texts: unknown): void {
  if (typeof texts === "object" && texts !== null && Symbol.iterator in texts) return;
  throw new LstmkitError("BAD_ARGUMENT", `the texts are ${show(texts)}; wanted an array of strings.`);
}

/** The i-th of a list of texts. @throws BAD_VALUE */
export function checkedText(text: unknown, i: number): string {
  if (typeof text !== "string") throw notText(`texts[${i}]`, text);
  return text;
}

/**
 * The words of ids, joined by blanks. Padding is left out; the start id reads "[START]" and words
 * without an id "[OOV]", as in Keras's documentation.
 *
 * @throws BAD_INDEX for an id without a word; BAD_VALUE for what is no number; BAD_ARGUMENT for what is no
 * vocabulary, or no list of ids
 */
export function decode(vocabulary: Vocabulary, ids: ArrayLike<number>): string {
  checkVocabulary(vocabulary);
  if (!isList(ids)) {
    throw new LstmkitError("BAD_ARGUMENT", `the ids are ${show(ids)}; wanted an array of numbers.`);
  }
  const { words, startChar, oovChar, indexFrom } = vocabulary;
  const decoded: string[] = [];
  for (let i = 0; i < ids.length; i++) {
    const id: unknown = ids[i];
    if (typeof id !== "number") {
      throw new LstmkitError("BAD_VALUE", `ids[${i}] is ${show(id)}; wanted a number.`);
    }
    const word = words[id - indexFrom - 1];
    if (word !== undefined) decoded.push(word);
    else if (id === startChar) decoded.push("[START]");
    else if (id === oovChar) decoded.push("[OOV]");
    else if (id !== 0) {
      throw new LstmkitError("BAD_INDEX", `id ${id} has no word; wanted an id below ${vocabulary.numWords}.`);
    }
  }
  return decoded.join(" ");
}

/**
 * Reads Keras's `imdb_word_index.json`, an object from each word to its rank.
 *
 * @throws BAD_DATASET when it is no such object, or the ranks are not 1 … n, each once; BAD_ARGUMENT for what is
 * no string, and for options without meaning
 */
export function parseWordIndex(json: string, options: VocabularyOptions & RowLayout = {}): Vocabulary {
  const given = checkOptions<VocabularyOptions & RowLayout, typeof OPTIONS>(
    "parseWordIndex()",
    options,
    OPTIONS,
  );
  if (typeof json !== "string") {
    throw new LstmkitError("BAD_ARGUMENT", `the word index is ${show(json)}; wanted its JSON, a string.`);
  }
  return vocabularyOfRanks(rankedWords(json), given);
}

/** The words of a Keras word index, in order of rank. @throws BAD_DATASET as {@link parseWordIndex} */
export function rankedWords(json: string): string[] {
  let index: unknown;
  try {
    index = parseJson(withoutMark(json));
  } catch (cause) {
    throw badWordIndex(`text that ${cause instanceof Error ? cause.message : cause}`, cause);
  }
  if (typeof index !== "object" || index === null || Array.isArray(index)) {
    throw badWordIndex(
      `${index === null ? "null" : Array.isArray(index) ? "an array" : `a ${typeof index}`}`,
    );
  }
  const ranks = index as Readonly<Record<string, unknown>>;
  const words = Object.keys(ranks);
  const ranked = new Array<string | undefined>(words.length).fill(undefined);
  for (const word of words) {
    const rank = ranks[word];
    if (typeof rank !== "number" || !Number.isInteger(rank) || rank < 1 || rank > words.length) {
      throw badWordIndex(`rank ${show(rank)} for ${show(word)} among ${words.length} words`);
    }
    if (ranked[rank - 1] !== undefined) throw badWordIndex(`rank ${rank} twice`);
    ranked[rank - 1] = word;
  }
  // n entries, each with its own rank in 1 … n: no place is left empty.
  return ranked as string[];
}

function badWordIndex(found: string, cause?: unknown): LstmkitError {
  return new LstmkitError(
    "BAD_DATASET",
    `the word index has ${found}; wanted an object from each word to its rank, 1 for the most frequent. Fetch imdb_word_index.json again.`,
    { cause },
  );
}

/** The cut and padding of a vocabulary, as {@link padSequences} takes them. */
export function rowLayout({
  maxLen,
  padding,
  truncating,
}: { [K in keyof RowLayout]: RowLayout[K] | undefined }): RowLayout {
  return {
    ...(maxLen === undefined ? {} : { maxLen }),
    ...(padding === undefined ? {} : { padding }),
    ...(truncating === undefined ? {} : { truncating }),
  };
}

/** Vocabularies stay plain data; the way from words to ids is made once for each and kept beside it. */
const idsByVocabulary = new WeakMap<Vocabulary, ReadonlyMap<string, number>>();

function idsOf(vocabulary: Vocabulary): ReadonlyMap<string, number> {
  let ids = idsByVocabulary.get(vocabulary) as Map<string, number> | undefined;
  if (!ids) {
    checkVocabulary(vocabulary);
    ids = new Map();
    for (const [r, word] of vocabulary.words.entries()) ids.set(word, vocabulary.indexFrom + r + 1);
    idsByVocabulary.set(vocabulary, ids);
  }
  return ids;
}
