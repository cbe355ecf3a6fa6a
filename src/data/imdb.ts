import { type Bytes, bytesOf } from "../bytes.ts";
import { LstmkitError } from "../errors.ts";
import { aString, checkOptions, show, wholeNumber } from "../options.ts";
import type { LabelledTexts, Split, TextDataset } from "./dataset.ts";
import { checkLabelled, labelTensor } from "./dataset.ts";
import type { NpyArray } from "./npy.ts";
import { readNpz } from "./npz.ts";
import { RandomState } from "./random-state.ts";
import { padSequences } from "./sequences.ts";
import {
  buildVocabulary,
  checkedText,
  encode,
  rankedWords,
  rowLayout,
  vocabularyOfRanks,
} from "./vocabulary.ts";
import {
  ROW_LAYOUT_OPTIONS,
  type RowLayout,
  VOCABULARY_OPTIONS,
  type Vocabulary,
  type VocabularyOptions,
} from "./vocabulary-options.ts";

/**
 * Options of `keras.datasets.imdb.load_data`, with its defaults, and of the padding after it. One
 * name differs in meaning: here `maxLen` cuts and pads, while Keras's `maxlen` drops longer reviews.
 */
export interface ImdbOptions extends VocabularyOptions, RowLayout {
  /**
   * Ids are below this. Default for texts: every word has its id. Default for imdb.npz, as in Keras:
   * the largest id of the data, which is thereby the one that becomes `oovChar`.
   */
  readonly numWords?: number;
  /** Words in a row. Default 80. */
  readonly maxLen?: number;
  /** Seed of the shuffle. Default 113. */
  readonly seed?: number;
  /** The text of Keras's imdb_word_index.json. */
  readonly wordIndex?: string;
}

const CLASSES = ["negative", "positive"] as const;

/** What the options of the IMDB data set take. */
export const IMDB_OPTIONS = {
  ...VOCABULARY_OPTIONS,
  ...ROW_LAYOUT_OPTIONS,
  maxLen: { ...ROW_LAYOUT_OPTIONS.maxLen, fallback: 80 },
  seed: { ...wholeNumber(0, 2 ** 32 - 1), fallback: 113 },
  wordIndex: { ...aString, fallback: undefined },
};

/**
 * The IMDB data set from Keras's `imdb.npz`: the same rows in the same order as
 * `pad_sequences(load_data(num_words=…), maxlen=…)`. With `wordIndex` it has a vocabulary.
 *
 * @throws BAD_NPZ or BAD_PICKLE when the file is damaged, BAD_DATASET when its arrays contradict
 * each other, BAD_ARGUMENT for options without meaning
 */
export function imdbFromNpz(bytes: Bytes, options: ImdbOptions = {}): TextDataset {
  const given = checkOptions<ImdbOptions, typeof IMDB_OPTIONS>("imdbFromNpz()", options, IMDB_OPTIONS);
  const arrays = readNpz(bytesOf(bytes, "imdbFromNpz()"), ["x_train", "y_train", "x_test", "y_test"]);
  const train = reviews(arrays.x_train, arrays.y_train, "train");
  const test = reviews(arrays.x_test, arrays.y_test, "test");
  const { maxLen, seed, indexFrom = 3, wordIndex, ...layout } = given;
  const numWords = given.numWords ?? largest(train.lists, test.lists) + indexFrom;
  const ranked = wordIndex === undefined ? [] : rankedWords(wordIndex);
  const vocabulary = vocabularyOfRanks(ranked, { ...layout, indexFrom, numWords, maxLen });
  const rules = { ...vocabulary, maxLen };
  const random = new RandomState(seed);
  return {
    name: "imdb",
    ...(ranked.length > 0 ? { vocabulary } : {}),
    classes: CLASSES,
    inputDim: numWords,
    train: split(train, rules, random),
    test: split(test, rules, random),
  };
}

/** The labelled reviews of the Large Movie Review Dataset (Maas et al., ACL 2011). */
export interface ImdbTexts {
  readonly train: LabelledTexts;
  readonly test: LabelledTexts;
}

/**
 * The IMDB data set from its texts (see imdb-archive.ts), shuffled and encoded as
 * {@link imdbFromNpz} does. Ranks are those of `wordIndex`, or counted on the training part. A word
 * of the test part that has no rank becomes `oovChar`; in Keras's own file such words are left out.
 *
 * @throws BAD_ARGUMENT for options without meaning and for what are no labelled texts, BAD_SHAPE for other than one
 * label a text, BAD_VALUE for a text that is no string, BAD_LABEL for a label that is neither 0 nor 1
 */
export function imdbFromTexts(source: ImdbTexts, options: ImdbOptions = {}): TextDataset {
  const given = checkOptions<ImdbOptions, typeof IMDB_OPTIONS>("imdbFromTexts()", options, IMDB_OPTIONS);
  checkParts(source);
  const { seed, wordIndex, ...others } = given;
  const layout = { ...others, tokenizer: others.tokenizer ?? "keras" }; // Keras's own ids are of words cut so
  const vocabulary =
    wordIndex === undefined
      ? buildVocabulary(source.train.texts, layout)
      : vocabularyOfRanks(rankedWords(wordIndex), layout);
  const random = new RandomState(seed);
  return {
    name: "imdb",
    vocabulary,
    classes: CLASSES,
    inputDim: vocabulary.numWords,
    train: encodedSplit(source.train, vocabulary, random),
    test: encodedSplit(source.test, vocabulary, random),
  };
}

/** @throws BAD_ARGUMENT, BAD_SHAPE */
function checkParts(source: unknown): void {
  if (typeof source !== "object" || source === null) {
    throw new LstmkitError(
      "BAD_ARGUMENT",
      `the reviews are ${show(source)}; wanted an object with train and test, as imdbTextsOfTarGz() gives it.`,
    );
  }
  const { train, test } = source as Partial<ImdbTexts>;
  checkLabelled(train, " of train");
  checkLabelled(test, " of test");
}

function encodedSplit(source: LabelledTexts, vocabulary: Vocabulary, random: RandomState): Split {
  const order = random.permutation(source.texts.length);
  return {
    x: padSequences(
      Array.from(order, (i) => encode(vocabulary, checkedText(source.texts[i], i))),
      rowLayout(vocabulary),
    ),
    y: labelTensor(Array.from(order, (i) => source.labels[i]!)),
  };
}

interface Reviews {
  /** Ranks of the words of each review. */
  readonly lists: readonly Int32Array[];
  readonly labels: ArrayLike<number | bigint>;
}

function reviews(x: NpyArray, y: NpyArray, part: string): Reviews {
  if (x.dtype !== "|O" || y.dtype === "|O" || y.shape.length !== 1) {
    throw new LstmkitError(
      "BAD_DATASET",
      `x_${part} has dtype ${x.dtype} and y_${part} ${y.dtype}; wanted lists of ints and one integer each.`,
    );
  }
  if (x.lists.length !== y.data.length || x.lists.length === 0) {
    throw new LstmkitError(
      "BAD_DATASET",
      `x_${part} has ${x.lists.length} reviews and y_${part} ${y.data.length} labels; wanted one label a review, and at least one.`,
    );
  }
  return { lists: x.lists, labels: y.data };
}

type Rules = Omit<Vocabulary, "words" | "maxLen"> & { maxLen: number };

/** Shuffles, applies Keras's rules to the ranks, cuts and pads. */
function split(source: Reviews, rules: Rules, random: RandomState): Split {
  const order = random.permutation(source.lists.length);
  return {
    x: padSequences(
      Array.from(order, (i) => idsOfRanks(source.lists[i]!, rules)),
      rowLayout(rules),
    ),
    y: labelTensor(Array.from(order, (i) => source.labels[i]!)),
  };
}

function idsOfRanks(ranks: Int32Array, rules: Rules): Int32Array {
  const { startChar, oovChar, indexFrom, skipTop, numWords } = rules;
  const ids = new Int32Array(ranks.length + 1);
  let length = 0;
  const push = (id: number): void => {
    if (id >= skipTop && id < numWords) ids[length++] = id;
    else if (oovChar !== null) ids[length++] = oovChar;
  };
  if (startChar !== null) push(startChar);
  for (let i = 0; i < ranks.length; i++) push(ranks[i]! + indexFrom);
  return ids.subarray(0, length);
}

function largest(...parts: readonly (readonly Int32Array[])[]): number {
  let rank = 0;
  for (const lists of parts) {
    for (const list of lists) {
      for (const r of list) if (r > rank) rank = r;
    }
  }
  return rank;
}
