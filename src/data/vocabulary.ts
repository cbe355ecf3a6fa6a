import { LstmkitError } from "../errors.ts";
import { parseJson } from "../json.ts";
import { show } from "../options.ts";
import type { Tensor } from "../tensor.ts";
import { withoutMark } from "./decode-text.ts";
import { padSequences, type Side } from "./sequences.ts";
import { cut, notText } from "./tokenize.ts";
import { type Tokenizer, tokenizerOption } from "./tokenizers.ts";

export { tokenize } from "./tokenize.ts";

/** How ranks become ids; names, meanings and defaults of `keras.datasets.imdb.load_data`. */
export interface VocabularyOptions {
  /** Ids are below this; rarer words become `oovChar`. Default: every word gets its id. */
  readonly numWords?: number;
  /** The id before the first word of every text, or null for none. Default 1. */
  readonly startChar?: number | null;
  /** The id of words without one of their own, or null to leave them out. Default 2. */
  readonly oovChar?: number | null;
  /** The word of rank 1, the most frequent, has id indexFrom + 1. Default 3. */
  readonly indexFrom?: number;
  /** Ids below this become `oovChar`, too (the start id as well, as in Keras). Default 0. */
  readonly skipTop?: number;
  /** How texts are cut into words. Default "unicode"; for IMDB, which Keras has cut, "keras". */
  readonly tokenizer?: Tokenizer;
}

/** How a model wants its rows; kept with the vocabulary, so that predict cuts text as training did. */
export interface RowLayout {
  /** Ids in a row. */
  readonly maxLen?: number;
  /** The side that is filled with 0. Default "pre". */
  readonly padding?: Side;
  /** The side that is cut off. Default "pre". */
  readonly truncating?: Side;
}

/**
 * How text becomes ids. Plain data: it can be printed, sent to a worker and stored in a model file.
 * Id 0 is the padding.
 */
export interface Vocabulary extends RowLayout {
  /** `words[r]` has rank r + 1 and the id indexFrom + r + 1. Words whose id is cut off are left out. */
  readonly words: readonly string[];
  readonly startChar: number | null;
  readonly oovChar: number | null;
  readonly indexFrom: number;
  readonly skipTop: number;
  /** Every id is below this: the embedding's `inputDim`. */
  readonly numWords: number;
  /** How a text is cut into words. Absent, as in models made before there was a choice: "keras". */
  readonly tokenizer?: Tokenizer;
}

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
  const { tokenizer = "unicode" } = options;
  checkList(texts);
  // One text after the other, so that the words of all need not be held at once.
  function* tokens(): Generator<string[]> {
    let i = 0;
    for (const text of texts) yield cut(checkedText(text, i++), tokenizer);
  }
  return vocabularyOfTokens(tokens(), { ...options, tokenizer });
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
  for (const [name, value] of Object.entries({ startChar, oovChar, indexFrom, skipTop, numWords })) {
    if (value !== null && (!Number.isSafeInteger(value) || value < 0)) {
      throw new LstmkitError("BAD_ARGUMENT", `${name} is ${value}; wanted a whole number from 0 up.`);
    }
  }
  const lowest = Math.max(indexFrom, startChar ?? 0, oovChar ?? 0) + 1;
  if (options.numWords !== undefined && numWords <= lowest) {
    throw new LstmkitError(
      "BAD_ARGUMENT",
      `numWords is ${numWords}, which leaves no id for a word; wanted more than ${lowest}.`,
    );
  }
  const { maxLen, padding, truncating, tokenizer = "keras" } = options;
  if (!tokenizerOption.accepts(tokenizer)) {
    throw new LstmkitError(
      "BAD_ARGUMENT",
      `tokenizer is ${show(tokenizer)}; wanted ${tokenizerOption.wanted}.`,
    );
  }
  return {
    words: ranked.slice(0, numWords - indexFrom - 1),
    startChar,
    oovChar,
    indexFrom,
    skipTop,
    numWords,
    ...(tokenizer === "keras" ? {} : { tokenizer }),
    ...(maxLen === undefined ? {} : { maxLen }),
    ...(padding === undefined ? {} : { padding }),
    ...(truncating === undefined ? {} : { truncating }),
  };
}

/**
 * The words of a text, cut as those of the vocabulary were. By "unicode", a word that the vocabulary has
 * stays whole: the embedded corpus, which others have cut, keeps what it knows.
 *
 * @throws BAD_VALUE for what is no string; UNSUPPORTED_ENGINE for "segmenter" where there is none
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
 * @throws BAD_VALUE for a text that is no string, and what {@link padSequences} throws
 */
export function encodeRows(vocabulary: Vocabulary, texts: readonly string[]): Tensor<Int32Array> {
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
 */
export function decode(vocabulary: Vocabulary, ids: ArrayLike<number>): string {
  const { words, startChar, oovChar, indexFrom } = vocabulary;
  const decoded: string[] = [];
  for (let i = 0; i < ids.length; i++) {
    const id = ids[i]!;
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
 * @throws BAD_DATASET when it is no such object, or the ranks are not 1 … n, each once
 */
export function parseWordIndex(json: string, options: VocabularyOptions & RowLayout = {}): Vocabulary {
  return vocabularyOfRanks(rankedWords(json), options);
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
export function rowLayout({ maxLen, padding, truncating }: RowLayout): {
  maxLen?: number;
  padding?: Side;
  truncating?: Side;
} {
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
    ids = new Map();
    for (const [r, word] of vocabulary.words.entries()) ids.set(word, vocabulary.indexFrom + r + 1);
    idsByVocabulary.set(vocabulary, ids);
  }
  return ids;
}
