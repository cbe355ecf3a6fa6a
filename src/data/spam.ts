import { type Bytes, bytesOf } from "../bytes.ts";
import { checkOptions } from "../options.ts";
import { type CorpusPart, readCorpus } from "./corpus-file.ts";
import { labelTensor, type Split, type TextDataset } from "./dataset.ts";
import { padSequences } from "./sequences.ts";
import { rowLayout, vocabularyOfRanks } from "./vocabulary.ts";
import {
  ROW_LAYOUT_OPTIONS,
  type RowLayout,
  VOCABULARY_OPTIONS,
  type Vocabulary,
} from "./vocabulary-options.ts";

/** How {@link spamFromBytes} encodes. */
export interface SpamOptions extends RowLayout {
  /** Ids are below this; rarer words become the id 2. Default 10,000, which is every word of the file. */
  readonly numWords?: number;
  /** Words in a row. Default 80; the file keeps more of each message, see assets/README.md. */
  readonly maxLen?: number;
}

/** What the options of the e-mails take. */
export const SPAM_OPTIONS = {
  numWords: { ...VOCABULARY_OPTIONS.numWords, fallback: 10_000 },
  maxLen: { ...ROW_LAYOUT_OPTIONS.maxLen, fallback: 80 },
  padding: { ...ROW_LAYOUT_OPTIONS.padding, fallback: "pre" as const },
  truncating: { ...ROW_LAYOUT_OPTIONS.truncating, fallback: "post" as const },
};

/**
 * The data set that ships with the package: e-mails of the SpamAssassin corpus, ham (0) or spam (1),
 * already split. `bytes` is assets/spam-assassin.bin.
 *
 * Rows keep the beginning of a message, unlike Keras's default: a mail's subject and first lines say
 * what it is, and its end is signatures and small print. The vocabulary says so too, and text given
 * to predict is cut in the same way.
 *
 * @throws BAD_DATASET when the file is damaged, BAD_ARGUMENT for options without meaning
 */
export function spamFromBytes(bytes: Bytes, options: SpamOptions = {}): TextDataset {
  const given = checkOptions<SpamOptions, typeof SPAM_OPTIONS>("spamFromBytes()", options, SPAM_OPTIONS);
  const corpus = readCorpus(bytesOf(bytes, "spamFromBytes()"));
  const vocabulary = vocabularyOfRanks(corpus.words, { ...given, tokenizer: "unicode" });
  return {
    name: corpus.name,
    vocabulary,
    classes: corpus.classes,
    inputDim: vocabulary.numWords,
    train: rows(corpus.train, vocabulary),
    test: rows(corpus.test, vocabulary),
  };
}

function rows(part: CorpusPart, vocabulary: Vocabulary): Split {
  return {
    x: padSequences(
      part.texts.map((ranks) => idsOfRanks(ranks, vocabulary)),
      rowLayout(vocabulary),
    ),
    y: labelTensor(part.labels),
  };
}

/** What encode() gives for the same words. */
function idsOfRanks(ranks: ArrayLike<number>, vocabulary: Vocabulary): Int32Array {
  const { words, startChar, oovChar, indexFrom } = vocabulary;
  const ids = new Int32Array(ranks.length + 1);
  ids[0] = startChar!; // the defaults: neither this nor oovChar is null
  for (let w = 0; w < ranks.length; w++) {
    const rank = ranks[w]!;
    ids[w + 1] = rank > 0 && rank <= words.length ? rank + indexFrom : oovChar!;
  }
  return ids;
}
