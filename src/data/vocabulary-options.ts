/** What a vocabulary is, and what options that make one take; vocabulary.ts makes and uses them. */
import { LstmkitError } from "../errors.ts";
import { type Option, type OptionTable, oneOf, show, wholeNumber } from "../options.ts";
import type { Side } from "./sequences.ts";
import { type Tokenizer, tokenizerOption } from "./tokenizers.ts";

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
