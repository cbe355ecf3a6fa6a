import { type ClassNames, labelsOf, type Rename } from "../data/classes.ts";
import { countSplit, countWords, type SplitCounts } from "../data/counts.ts";
import { textsFromCsv } from "../data/csv.ts";
import { labelTensor, type Split, type TextDataset } from "../data/dataset.ts";
import { loadImdb, loadSpam } from "../data/load-node.ts";
import { padSequences } from "../data/sequences.ts";
import type { TextMetadata } from "../data/text-metadata.ts";
import { decode, encodeTokens, rowLayout, wordsOf } from "../data/vocabulary.ts";
import type { Vocabulary } from "../data/vocabulary-options.ts";
import { MOST_TEXT, readBytes } from "../disk/disk-node.ts";
import { LstmkitError } from "../errors.ts";
import { type DataSource, given, noVocabulary, type ReadOptions, tellReading } from "./data-source.ts";

/** Rows as a model takes them, with its own labels. */
export interface ModelRows extends Split {
  /** The model's. */
  readonly classes: readonly [string, string];
  /** What the data call them, and which of the model's each name is. */
  readonly names: ClassNames;
  readonly counts: SplitCounts;
}

/** As predict calls them where the file of the model has no names. */
const UNNAMED = ["0", "1"] as const;

type Reading = Pick<ReadOptions, "csv" | "onProgress"> & { readonly rename: Rename | undefined };

/**
 * The rows to measure a trained model on, encoded as the model was: a CSV file's rows all, of the
 * other data sets the test part. Labels go by the names of the classes.
 *
 * @throws NO_VOCABULARY when words would be needed and are not known; BAD_LABEL for a class that the model has
 * not; what the loaders throw
 */
export async function readForModel(
  source: DataSource,
  model: TextMetadata,
  { csv, rename, onProgress }: Reading,
): Promise<ModelRows> {
  const { vocabulary, classes = UNNAMED } = model;
  if (source.kind === "csv") {
    if (!vocabulary) throw noVocabulary();
    const options = { ...csv, classes, ...given({ rename }) };
    const found = textsFromCsv(await readBytes(source.path, MOST_TEXT), options);
    tellReading(source.path, found, csv);
    const words = found.texts.map((text) => wordsOf(vocabulary, text));
    return { ...encodeWords(words, labelTensor(found.labels), vocabulary), classes, names: found.names };
  }
  const numWords = vocabulary ? EVERY_WORD : model.inputDim;
  const layout = rowLayout(vocabulary ?? given({ maxLen: model.maxLen }));
  const data =
    source.kind === "spam"
      ? await loadSpam(layout)
      : await loadImdb({ ...layout, numWords, onProgress, ...given({ data: source.path }) });
  const where = (i: number) => `class ${i} of ${data.name}`;
  const { labels, names } = labelsOf(data.classes, classes, rename, where);
  const y = { ...data.test.y, data: data.test.y.data.map((label) => labels[label]!) };
  return { ...encodeTest(data, y, source, model), classes, names };
}

/** Ids are cut to the model's vocabulary later; until then a word more does no harm. */
const EVERY_WORD = 2 ** 30;

type Encoded = Split & { readonly counts: SplitCounts };

/** @throws NO_VOCABULARY */
function encodeTest(data: TextDataset, y: Split["y"], source: DataSource, model: TextMetadata): Encoded {
  const { vocabulary } = model;
  const { x } = data.test;
  if (vocabulary && data.vocabulary) {
    return encodeWords(wordsOfRows(x, data.vocabulary, vocabulary), y, vocabulary);
  }
  if (vocabulary) {
    throw new LstmkitError(
      "NO_VOCABULARY",
      "the data has ids but no words, and the model reads words. Put Keras's imdb_word_index.json beside the imdb.npz.",
    );
  }
  // Without words, ids mean the same only where they come from the same file: Keras's.
  const isNpz = source.kind === "imdb" && /\.npz$/i.test(source.path ?? "imdb.npz");
  if (!isNpz || model.dataset !== data.name) throw noVocabulary();
  return { x, y, counts: countSplit({ x, y }) };
}

function encodeWords(words: readonly (readonly string[])[], y: Split["y"], vocabulary: Vocabulary): Encoded {
  const ids = words.map((text) => encodeTokens(vocabulary, text));
  const x = padSequences(ids, rowLayout(vocabulary));
  return { x, y, counts: { ...countSplit({ x, y }), ...countWords(x.data, vocabulary, () => words) } };
}

/** The words of rows, as another vocabulary cuts them: the same rows come of them where the two are the same. */
function wordsOfRows(x: Split["x"], from: Vocabulary, to: Vocabulary): string[][] {
  const [samples, maxLen] = x.shape as [number, number];
  const isCutAlike = from.tokenizer === to.tokenizer;
  // "[OOV]" is in no vocabulary: brackets separate words.
  const cut = (word: string) => (isCutAlike || word === "[OOV]" ? word : wordsOf(to, word));
  return Array.from({ length: samples }, (_, row) => {
    const text = decode(from, x.data.subarray(row * maxLen, (row + 1) * maxLen));
    const words = text.split(" ").filter((word) => word !== "" && word !== "[START]");
    return words.flatMap(cut);
  });
}
