/** Texts and tokens as ids. */
import { cut } from "../../data/tokenize.ts";
import type { Tokenizer } from "../../data/tokenizers.ts";
import { encodeTokens, vocabularyOfTokens, wordsOf } from "../../data/vocabulary.ts";
import type { Vocabulary } from "../../data/vocabulary-options.ts";

/** Ids of a text: 0 is padding, 1 its start, 2 a word that is not known. Words that occur once are not, where there are many. */
export function textVocabulary(texts: readonly string[], most: number, tokenizer: Tokenizer): Vocabulary {
  const words = texts.map((text) => cut(text, tokenizer));
  return { ...vocabularyOfTokens(frequent(words), { numWords: most }), tokenizer };
}

/** Ids of tokens: 0 is padding, 1 one that is not known. A token that occurs once goes by its looks. */
export function tokenVocabulary(sequences: readonly (readonly string[])[], most: number): Vocabulary {
  const counts = countsOf(sequences);
  const seen = sequences.map((tokens) =>
    tokens.map((token) => (counts.get(token)! > 1 ? token : looksOf(token))),
  );
  return vocabularyOfTokens(seen, { startChar: null, oovChar: 1, indexFrom: 1, numWords: most });
}

/** A vocabulary is no larger than its words need, whatever the most it may have. */
export function fitted(vocabulary: Vocabulary): Vocabulary {
  const { words, indexFrom, startChar, oovChar } = vocabulary;
  const needed = Math.max(indexFrom + words.length, startChar ?? 0, oovChar ?? 0) + 1;
  return { ...vocabulary, numWords: Math.min(vocabulary.numWords, needed) };
}

export function textIds(vocabulary: Vocabulary, text: string, most: number): Int32Array {
  return Int32Array.from(encodeTokens(vocabulary, wordsOf(vocabulary, text).slice(0, most)));
}

export function tokenIds(vocabulary: Vocabulary, tokens: readonly string[]): Int32Array {
  const known = knownWords(vocabulary);
  const found = tokens.map((token) => (known.has(token) ? token : looksOf(token)));
  return Int32Array.from(encodeTokens(vocabulary, found));
}

const sets = new WeakMap<Vocabulary, ReadonlySet<string>>();

function knownWords(vocabulary: Vocabulary): ReadonlySet<string> {
  const known = sets.get(vocabulary) ?? new Set(vocabulary.words);
  sets.set(vocabulary, known);
  return known;
}

function countsOf(sequences: readonly (readonly string[])[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const tokens of sequences) for (const token of tokens) counts.set(token, (counts.get(token) ?? 0) + 1);
  return counts;
}

/** From so many different words on those that occur once are left out: what is not known has to occur in training, too. */
const MANY_WORDS = 200;

function frequent(texts: readonly (readonly string[])[]): readonly (readonly string[])[] {
  const counts = countsOf(texts);
  if (counts.size < MANY_WORDS) return texts;
  return texts.map((words) => words.filter((word) => counts.get(word)! > 1));
}

/**
 * What a token that is not known may be told by, in place of itself: capital letters, digits, signs, and its last three
 * letters. Taggers have done so for long (Brants, "TnT: a statistical part-of-speech tagger", 2000).
 */
export function looksOf(token: string): string {
  const shape = [
    /^\p{Lu}/u.test(token) ? (/\p{Ll}/u.test(token) ? "Aa" : "A") : "",
    /\d/.test(token) ? "0" : "",
    /[^\p{L}\p{N}]/u.test(token) ? "-" : "",
  ].join("");
  const ending = [...token.toLowerCase()].slice(-3).join("").replace(/\d/g, "0");
  return `\u0000${shape} ${ending}`;
}
