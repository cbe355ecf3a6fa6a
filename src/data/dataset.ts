import { LstmkitError } from "../errors.ts";
import { aString, checkOptions, isList, number, show, trueOrFalse, wholeNumber } from "../options.ts";
import type { Tensor } from "../tensor.ts";
import { type Classes, classesOption, labelsOf } from "./classes.ts";
import { RandomState } from "./random-state.ts";
import { padSequences } from "./sequences.ts";
import { splitTexts } from "./split.ts";
import { cut } from "./tokenize.ts";
import { type Tokenizer, tokenizerOption } from "./tokenizers.ts";
import { checkedText, encodeTokens, rowLayout, vocabularyOfTokens } from "./vocabulary.ts";
import {
  ROW_LAYOUT_OPTIONS,
  type RowLayout,
  VOCABULARY_OPTIONS,
  type Vocabulary,
  type VocabularyOptions,
} from "./vocabulary-options.ts";

/** Rows of ids and their classes. */
export interface Split {
  /** x (n, maxLen) */
  readonly x: Tensor<Int32Array>;
  /** y (n), 0 or 1 */
  readonly y: Tensor<Uint8Array>;
}

/** Texts of two classes as ids, in a training and a test part. */
export interface TextDataset {
  readonly name: string;
  /** How text becomes ids; absent when only ids are known. */
  readonly vocabulary?: Vocabulary;
  /** Names of class 0 and class 1. */
  readonly classes: Classes;
  /** Ids are in [0, inputDim). */
  readonly inputDim: number;
  readonly train: Split;
  readonly test: Split;
  /** Texts of the test part that the training part has, too, word for word; where both were given apart. */
  readonly overlap?: number;
}

/** Texts with the class of each. */
export interface LabelledTexts {
  readonly texts: readonly string[];
  /** 0 or 1 for each text. */
  readonly labels: ArrayLike<number>;
  /** Names of class 0 and class 1. */
  readonly classes: Classes;
}

/** How {@link datasetFromTexts} splits and encodes. */
export interface TextDatasetOptions extends VocabularyOptions, RowLayout {
  readonly name?: string;
  /** Ids are below this. Default 10,000. */
  readonly numWords?: number;
  /** Words in a row. Default 80. */
  readonly maxLen?: number;
  /** The share of texts set apart for the test, between 0 and 1. Default 0.2. */
  readonly testSplit?: number;
  /**
   * Whether each class gives this share by itself, as near as whole groups of equal texts allow; a class with
   * two different texts is in both parts then. Texts that were given both labels are dealt as a third class.
   * Default true; false takes the share of all texts together, and may leave a part without a class.
   */
  readonly stratify?: boolean;
  /** Seed of the shuffle before the split. Default 113, Keras's. */
  readonly seed?: number;
  /** A test part of your own; all other texts are for training then. Its classes go by their names. */
  readonly test?: LabelledTexts;
}

/** What the options of a data set of texts take; numWords has to leave room for a word, besides. */
export const DATASET_OPTIONS = {
  ...VOCABULARY_OPTIONS,
  ...ROW_LAYOUT_OPTIONS,
  name: { ...aString, fallback: "texts" },
  numWords: { ...VOCABULARY_OPTIONS.numWords, fallback: 10_000 },
  maxLen: { ...ROW_LAYOUT_OPTIONS.maxLen, fallback: 80 },
  tokenizer: { ...tokenizerOption, fallback: "unicode" as Tokenizer },
  testSplit: { ...number("a number between 0 and 1", (share) => share > 0 && share < 1), fallback: 0.2 },
  stratify: { ...trueOrFalse, fallback: true },
  seed: { ...wholeNumber(0, 2 ** 32 - 1), fallback: 113 },
  test: {
    wanted: "an object with texts, labels and classes",
    accepts: (value: unknown) =>
      typeof value === "object" &&
      value !== null &&
      "texts" in value &&
      "labels" in value &&
      "classes" in value,
    fallback: undefined,
  },
};

/**
 * Labelled texts as a training and a test part, both encoded; split here, or given apart as `test`. The
 * vocabulary is built on the training part only. Where texts are split, those with the same words in the same
 * order are kept on one side. Both parts are shuffled.
 *
 * @throws BAD_ARGUMENT for options without meaning, BAD_VALUE for a text that is no string, BAD_SHAPE for
 * other than one label a text, BAD_LABEL for a label that is neither 0 nor 1, texts of one class, and a class of
 * `test` that the others have not, BAD_DATASET when a part would be empty
 */
export function datasetFromTexts(source: LabelledTexts, options: TextDatasetOptions = {}): TextDataset {
  const { name, testSplit, seed, stratify, test, ...layout } = checkOptions(
    "datasetFromTexts()",
    options,
    DATASET_OPTIONS,
  );
  const all = readTexts(source, layout.tokenizer);
  requireBoth(all);
  const parts = test
    ? partsApart(all, readTexts(test, layout.tokenizer), options, seed)
    : splitPart(all, splitTexts(all.tokens, all.labels, { testSplit, seed, stratify }));
  const vocabulary = vocabularyOfTokens(parts.train.tokens, layout);
  const rows = ({ tokens, labels }: CutTexts): Split => ({
    x: padSequences(
      tokens.map((words) => encodeTokens(vocabulary, words)),
      rowLayout(vocabulary),
    ),
    y: labelTensor(labels),
  });
  return {
    name,
    vocabulary,
    classes: all.classes,
    inputDim: vocabulary.numWords,
    train: rows(parts.train),
    test: rows(parts.test),
    ...(parts.overlap !== undefined && { overlap: parts.overlap }),
  };
}

/** Labelled texts, cut into words. */
interface CutTexts {
  readonly tokens: readonly (readonly string[])[];
  readonly labels: ArrayLike<number>;
  readonly classes: Classes;
}

/** @throws BAD_ARGUMENT, BAD_SHAPE, BAD_VALUE, BAD_LABEL */
function readTexts(source: LabelledTexts, tokenizer: Tokenizer): CutTexts {
  checkLabelled(source);
  const { texts, labels, classes } = source;
  if (!classesOption.accepts(classes)) {
    throw new LstmkitError(
      "BAD_ARGUMENT",
      `the texts' classes are ${show(classes)}; they must be ${classesOption.wanted}.`,
    );
  }
  const tokens = Array.from(texts, (text, i) => cut(checkedText(text, i), tokenizer));
  return { tokens, labels: labelTensor(labels).data, classes };
}

/**
 * A label for every text; what they are, is seen where they are used.
 *
 * @param part " of train" or the like, for the message
 * @throws BAD_ARGUMENT, BAD_SHAPE
 */
export function checkLabelled(source: unknown, part = ""): void {
  const refused = (what: string, found: unknown, wanted: string) =>
    new LstmkitError("BAD_ARGUMENT", `the ${what}${part} are ${show(found)}; wanted ${wanted}.`);
  if (typeof source !== "object" || source === null) {
    throw refused("labelled texts", source, "an object with texts and labels");
  }
  const { texts, labels } = source as { texts?: unknown; labels?: unknown };
  if (!isList(texts)) throw refused("texts", texts, "an array of strings");
  if (!isList(labels)) throw refused("labels", labels, "an array of 0 and 1");
  if (texts.length === labels.length) return;
  throw new LstmkitError(
    "BAD_SHAPE",
    `${texts.length} texts${part}, but ${labels.length} labels; wanted one label a text.`,
  );
}

/** A model of one class would be right about every text, and have learnt nothing. */
function requireBoth({ labels, classes }: CutTexts): void {
  const missing = classes.find((_, label) => !Array.prototype.includes.call(labels, label));
  if (missing === undefined) return;
  throw new LstmkitError(
    "BAD_LABEL",
    `none of ${labels.length} texts is ${show(missing)}; wanted texts of both classes.`,
  );
}

interface CutParts {
  readonly train: CutTexts;
  readonly test: CutTexts;
  readonly overlap?: number;
}

function splitPart(
  all: CutTexts,
  { train, test }: { train: readonly number[]; test: readonly number[] },
): CutParts {
  return { train: take(all, train), test: take(all, test) };
}

function take({ tokens, labels, classes }: CutTexts, places: ArrayLike<number>): CutTexts {
  return {
    tokens: Array.from(places, (i) => tokens[i]!),
    labels: Array.from(places, (i) => labels[i]!),
    classes,
  };
}

function partsApart(train: CutTexts, test: CutTexts, options: TextDatasetOptions, seed: number): CutParts {
  const needless = (["testSplit", "stratify"] as const).find((name) => options[name] !== undefined);
  if (needless !== undefined) {
    throw new LstmkitError(
      "BAD_ARGUMENT",
      `datasetFromTexts(): ${needless} says how texts are split, and the test part is given (test). Leave one of them out.`,
    );
  }
  if (test.tokens.length === 0) {
    throw new LstmkitError("BAD_DATASET", "the test part (test) has no texts; wanted one at least.");
  }
  const { labels } = labelsOf(test.classes, train.classes, undefined, (i) => `class ${i} of the test part`);
  const own = { ...test, labels: Array.from(test.labels, (label) => labels[label]!) };
  const known = new Set(train.tokens.map((words) => words.join(" ")));
  const random = new RandomState(seed);
  return {
    train: take(train, random.permutation(train.tokens.length)),
    test: take(own, random.permutation(test.tokens.length)),
    overlap: test.tokens.filter((words) => known.has(words.join(" "))).length,
  };
}

/** Labels as y (n). @throws BAD_LABEL for a label that is neither 0 nor 1 */
export function labelTensor(labels: ArrayLike<number | bigint>): Tensor<Uint8Array> {
  const data = new Uint8Array(labels.length);
  for (let i = 0; i < labels.length; i++) {
    const label: unknown = labels[i];
    const value = typeof label === "number" || typeof label === "bigint" ? Number(label) : NaN;
    if (value !== 0 && value !== 1) {
      throw new LstmkitError("BAD_LABEL", `label ${i} is ${show(label)}; wanted 0 or 1.`);
    }
    data[i] = value;
  }
  return { data, shape: [data.length] };
}
