/** What is in a part of a data set, in numbers that say what an accuracy on it is worth. */
import { LstmkitError } from "../errors.ts";
import { isList, show } from "../options.ts";
import type { Split } from "./dataset.ts";
import { encodeTokens } from "./vocabulary.ts";
import { checkVocabulary, type Vocabulary } from "./vocabulary-options.ts";

/** What is in a part of a data set. */
export interface SplitCounts {
  readonly samples: number;
  /** Of class 0 and of class 1. */
  readonly classes: readonly [number, number];
  /** The accuracy of the class that has more, given as the answer to all. */
  readonly baseline: number;
  /** Words that a model reads: what maxLen cuts off is not among them. Without a vocabulary absent. */
  readonly words?: number;
  /** Those of the words that have no id of their own. */
  readonly unknown?: number;
}

/**
 * Counts a part's rows of each class and its words. Rows do not tell unknown words that were left out: with an
 * `oovChar` of null there are no counts of words.
 *
 * @param vocabulary the one that x was encoded with
 * @throws BAD_ARGUMENT for what is no part of a data set, and for what is no vocabulary
 */
export function countSplit(split: Split, vocabulary?: Vocabulary): SplitCounts {
  checkSplit(split);
  if (vocabulary !== undefined) checkVocabulary(vocabulary);
  const { x, y } = split;
  const samples = y.data.length;
  const ones = y.data.reduce((sum, label) => sum + label, 0);
  const classes = [samples - ones, ones] as const;
  return {
    samples,
    classes,
    baseline: Math.max(...classes) / samples,
    ...(vocabulary && vocabulary.oovChar !== null && countIds(x.data, vocabulary)),
  };
}

/** @throws BAD_ARGUMENT */
function checkSplit(split: unknown): void {
  const { x, y } = Object(split) as { x?: { data?: unknown }; y?: { data?: unknown } };
  if (isList(x?.data) && isList(y?.data)) return;
  throw new LstmkitError(
    "BAD_ARGUMENT",
    `the part of a data set is ${show(split)}; wanted an object with x and y, such as dataset.train.`,
  );
}

interface WordCounts {
  readonly words: number;
  readonly unknown: number;
}

function countIds(ids: Int32Array, { startChar, oovChar }: Vocabulary): WordCounts {
  let words = 0;
  let unknown = 0;
  for (const id of ids) {
    if (id === 0 || id === startChar) continue; // padding and the start of a text
    words++;
    if (id === oovChar) unknown++;
  }
  return { words, unknown };
}

/**
 * The words that a model reads. Where unknown ones are left out (`oovChar` null), they take no place in a row, and
 * all words of the texts are counted, cut off or not.
 *
 * @param ids rows of texts
 * @param texts what they were encoded from
 */
export function countWords(
  ids: Int32Array,
  vocabulary: Vocabulary,
  texts: () => readonly (readonly string[])[],
): WordCounts {
  if (vocabulary.oovChar !== null) return countIds(ids, vocabulary);
  const starts = encodeTokens(vocabulary, []).length;
  let words = 0;
  let known = 0;
  for (const text of texts()) {
    words += text.length;
    known += encodeTokens(vocabulary, text).length - starts;
  }
  return { words, unknown: words - known };
}
