import { LstmkitError } from "../errors.ts";
import type { Tensor } from "../tensor.ts";
import { RandomState } from "./random-state.ts";
import { padSequences } from "./sequences.ts";
import { cut } from "./tokenize.ts";
import {
  checkedText,
  checkList,
  encodeTokens,
  type RowLayout,
  rowLayout,
  type Vocabulary,
  type VocabularyOptions,
  vocabularyOfTokens,
} from "./vocabulary.ts";

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
  readonly classes: readonly [string, string];
  /** Ids are in [0, inputDim). */
  readonly inputDim: number;
  readonly train: Split;
  readonly test: Split;
}

/** Texts with the class of each. */
export interface LabelledTexts {
  readonly texts: readonly string[];
  /** 0 or 1 for each text. */
  readonly labels: ArrayLike<number>;
  /** Names of class 0 and class 1. */
  readonly classes: readonly [string, string];
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
  /** Seed of the shuffle before the split. Default 113, Keras's. */
  readonly seed?: number;
}

/**
 * Splits labelled texts into a training and a test part and encodes both. The vocabulary is built on
 * the training part only, and texts with the same words in the same order are kept on one side.
 *
 * @throws BAD_ARGUMENT for options without meaning, BAD_VALUE for a text that is no string, BAD_DATASET when
 * a side would be empty
 */
export function datasetFromTexts(source: LabelledTexts, options: TextDatasetOptions = {}): TextDataset {
  const {
    name = "texts",
    numWords = 10_000,
    maxLen = 80,
    testSplit = 0.2,
    seed = 113,
    tokenizer = "unicode",
  } = options;
  if (!(testSplit > 0 && testSplit < 1)) {
    throw new LstmkitError("BAD_ARGUMENT", `testSplit is ${testSplit}; wanted a share between 0 and 1.`);
  }
  checkList(source.texts);
  if (source.texts.length !== source.labels.length) {
    throw new LstmkitError(
      "BAD_SHAPE",
      `${source.texts.length} texts, but ${source.labels.length} labels; wanted one label a text.`,
    );
  }
  const tokens = Array.from(source.texts, (text, i) => cut(checkedText(text, i), tokenizer));
  const { train, test } = splitApart(tokens, testSplit, new RandomState(seed));
  const vocabulary = vocabularyOfTokens(
    train.map((i) => tokens[i]!),
    { ...options, numWords, maxLen, tokenizer },
  );
  const rows = (part: readonly number[]): Split => ({
    x: padSequences(
      part.map((i) => encodeTokens(vocabulary, tokens[i]!)),
      rowLayout(vocabulary),
    ),
    y: labelTensor(part.map((i) => source.labels[i]!)),
  });
  return {
    name,
    vocabulary,
    classes: source.classes,
    inputDim: vocabulary.numWords,
    train: rows(train),
    test: rows(test),
  };
}

/** Labels as y (n). @throws BAD_LABEL for a label that is neither 0 nor 1 */
export function labelTensor(labels: ArrayLike<number | bigint>): Tensor<Uint8Array> {
  const data = new Uint8Array(labels.length);
  for (let i = 0; i < labels.length; i++) {
    const label = Number(labels[i]);
    if (label !== 0 && label !== 1) {
      throw new LstmkitError("BAD_LABEL", `label ${i} is ${labels[i]}; wanted 0 or 1.`);
    }
    data[i] = label;
  }
  return { data, shape: [data.length] };
}

interface Parts {
  readonly train: number[];
  readonly test: number[];
}

/** Shuffles groups of equal texts, and deals whole groups to the test part until it has its share. */
function splitApart(tokens: readonly (readonly string[])[], testSplit: number, random: RandomState): Parts {
  const groups = new Map<string, number[]>();
  tokens.forEach((words, i) => {
    const key = words.join(" ");
    const group = groups.get(key);
    if (group) group.push(i);
    else groups.set(key, [i]);
  });
  const inOrder = [...groups.values()];
  const wanted = Math.max(1, Math.round(tokens.length * testSplit));
  const train: number[] = [];
  const test: number[] = [];
  for (const g of random.permutation(inOrder.length)) {
    const group = inOrder[g]!;
    // A group that would overshoot goes to the training part; a smaller one may still fit.
    (test.length + group.length <= wanted ? test : train).push(...group);
  }
  if (train.length === 0 || test.length === 0) {
    throw new LstmkitError(
      "BAD_DATASET",
      `${tokens.length} texts, ${inOrder.length} of them different, cannot be split into a training and a test part with testSplit ${testSplit}. Give more texts.`,
    );
  }
  return { train, test };
}
