import { LstmkitError } from "../errors.ts";
import { parseJson } from "../json.ts";
import { checkOptions, isList, type Option, type OptionTable, oneOf, show, wholeNumber } from "../options.ts";
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

/** With the rank of any word added, an id still has 32 bits. */
const anId = wholeNumber(0, 2 ** 30);
const idOrNull = {
  wanted: `null or ${anId.wanted}`,
  accepts: (value: unknown) => value === null || anId.accepts(value),
};

/** What the options of a vocabulary take; numWords has to leave room for a word, besides. */
export const VOCABULARY_OPTIONS = {
  numWords: { ...wholeNumber(1, 2 ** 31 - 1), fallback: undefined },
  startChar: { ...idOrNull, fallback: undefined },
  oovChar: { ...idOrNull, fallback: undefined },
  indexFrom: { ...anId, fallback: undefined },
  skipTop: { ...anId, fallback: undefined },
  tokenizer: { ...tokenizerOption, fallback: undefined },
};

/** What the options of rows take. */
export const ROW_LAYOUT_OPTIONS = {
  maxLen: { ...wholeNumber(1), fallback: undefined },
  padding: { ...oneOf("pre", "post"), fallback: undefined },
  truncating: { ...oneOf("pre", "post"), fallback: undefined },
};

const OPTIONS = { ...VOCABULARY_OPTIONS, ...ROW_LAYOUT_OPTIONS };

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

const checked = new WeakSet<Vocabulary>();

/** @throws BAD_ARGUMENT; each is looked through once, since it may have many words */
export function checkVocabulary(vocabulary: Vocabulary): void {
  if (checked.has(vocabulary)) return;
  const fault = faultOf(vocabulary);
  if (fault !== undefined) {
    throw new LstmkitError(
      "BAD_ARGUMENT",
      `the vocabulary${fault}. Take one that buildVocabulary() or parseWordIndex() made, a data set's or a model's.`,
    );
  }
  checked.add(vocabulary);
}

/** Whether something has what a vocabulary has; also for one out of a file. */
export const isVocabulary = (value: unknown): value is Vocabulary => faultOf(value) === undefined;

/** What to say behind "the vocabulary" of what is none. */
function faultOf(value: unknown): string | undefined {
  if (typeof value !== "object" || value === null) return ` is ${show(value)}; it must be an object`;
  for (const [name, option] of Object.entries<Option>(PARTS)) {
    const found = (value as Readonly<Record<string, unknown>>)[name];
    if (found === undefined && Object.hasOwn(option, "fallback")) continue;
    if (!option.accepts(found)) return `'s ${name} is ${show(found)}; it must be ${option.wanted}`;
  }
  return undefined;
}

const someWords = {
  wanted: "an array of strings",
  // Not every(), which leaves out holes.
  accepts: (value: unknown) =>
    Array.isArray(value) && value.findIndex((word) => typeof word !== "string") < 0,
};

/** What a vocabulary has; with a fallback what it may leave out. */
const PARTS: OptionTable<Vocabulary> = {
  words: someWords,
  startChar: idOrNull,
  oovChar: idOrNull,
  indexFrom: anId,
  skipTop: anId,
  numWords: wholeNumber(1),
  tokenizer: VOCABULARY_OPTIONS.tokenizer,
  ...ROW_LAYOUT_OPTIONS,
};
