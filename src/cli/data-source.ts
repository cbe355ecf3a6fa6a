import { stat } from "node:fs/promises";
import { basename } from "node:path";
import { type CsvOptions, type CsvTexts, textsFromCsv } from "../data/csv.ts";
import { datasetFromTexts, labelTensor, type Split, type TextDataset } from "../data/dataset.ts";
import { type LoadImdbOptions, loadImdb, loadSpam } from "../data/load-node.ts";
import { padSequences } from "../data/sequences.ts";
import type { Tokenizer } from "../data/tokenizers.ts";
import { decode, encodeRows, encodeTokens, rowLayout, type Vocabulary, wordsOf } from "../data/vocabulary.ts";
import { LstmkitError } from "../errors.ts";
import { readBytes } from "../io/disk-node.ts";
import type { TextMetadata } from "../io/text-metadata.ts";
import { UsageError } from "./arguments.ts";
import { warn } from "./print.ts";

/** What the command line names as data. */
export type DataSource =
  | { readonly kind: "spam" }
  /** Without a path, Keras's file is fetched. */
  | { readonly kind: "imdb"; readonly path?: string }
  | { readonly kind: "csv"; readonly path: string };

/** `spam`, `imdb`, or a path. @throws UsageError for anything else */
export async function findDataSource(name: string): Promise<DataSource> {
  if (name === "spam" || name === "imdb") return { kind: name };
  if (/\.(csv|tsv)$/i.test(name)) return { kind: "csv", path: name };
  const isFolder = await stat(name).then(
    (found) => found.isDirectory(),
    () => false,
  );
  if (isFolder || /\.(npz|tar\.gz|tgz)$/i.test(name)) return { kind: "imdb", path: name };
  throw new UsageError(
    `${JSON.stringify(name)} is no data set; wanted spam, imdb, or the path of a .csv file, an imdb.npz, an aclImdb folder or its .tar.gz.`,
  );
}

export interface ReadOptions {
  /** How a CSV file is read. */
  readonly csv: CsvOptions;
  /** How a CSV file's texts are cut into words. */
  readonly tokenizer: Tokenizer;
  readonly numWords: number;
  readonly maxLen: number;
  readonly onProgress: NonNullable<LoadImdbOptions["onProgress"]>;
  readonly signal: AbortSignal;
}

/** The data set, encoded with a vocabulary of its own, for training. @throws what the loaders throw */
export async function readDataset(source: DataSource, options: ReadOptions): Promise<TextDataset> {
  const { numWords, maxLen, onProgress, signal, csv, tokenizer } = options;
  switch (source.kind) {
    case "spam":
      return loadSpam({ numWords, maxLen });
    case "imdb":
      return loadImdb({ numWords, maxLen, onProgress, signal, ...given({ data: source.path }) });
    case "csv":
      return datasetFromTexts(await readCsv(source.path, csv), {
        name: basename(source.path),
        numWords,
        maxLen,
        tokenizer,
      });
  }
}

/** Says so where a file has no header that it was not told of. @throws what textsFromCsv throws */
async function readCsv(path: string, options: CsvOptions): Promise<CsvTexts> {
  const found = textsFromCsv(await readBytes(path), options);
  if (found.header === false && options.header === undefined) {
    const { text, label } = found.columns;
    warn(`${path} begins with a row, not a header: column ${text} is the text, column ${label} the class.`);
  }
  return found;
}

/** Ids are cut to the model's vocabulary later; until then a word more does no harm. */
const EVERY_WORD = 2 ** 30;

/** Rows as a model takes them, and what their classes are called where they come from. */
export interface ModelRows extends Split {
  readonly classes: readonly [string, string];
}

/**
 * The rows to measure a trained model on, encoded as the model was: a CSV file's rows all, of the
 * other data sets the test part.
 *
 * @throws NO_VOCABULARY when words would be needed and are not known; what the loaders throw
 */
export async function readForModel(
  source: DataSource,
  model: TextMetadata,
  { csv, onProgress }: Pick<ReadOptions, "csv" | "onProgress">,
): Promise<ModelRows> {
  const { vocabulary } = model;
  if (source.kind === "csv") {
    if (!vocabulary) throw noVocabulary();
    const { texts, labels, classes } = await readCsv(source.path, csv);
    return { x: encodeRows(vocabulary, texts), y: labelTensor(labels), classes };
  }
  const numWords = vocabulary ? EVERY_WORD : model.inputDim;
  const layout = rowLayout(vocabulary ?? given({ maxLen: model.maxLen }));
  const data =
    source.kind === "spam"
      ? await loadSpam(layout)
      : await loadImdb({ ...layout, numWords, onProgress, ...given({ data: source.path }) });
  const { test, classes } = data;
  if (vocabulary && data.vocabulary) {
    return { x: reencode(test.x, data.vocabulary, vocabulary), y: test.y, classes };
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
  return { ...test, classes };
}

/**
 * Rows of one vocabulary's ids as rows of another's, which may cut words otherwise; the same rows where the
 * two are the same.
 */
function reencode(x: Split["x"], from: Vocabulary, to: Vocabulary): Split["x"] {
  const [samples, maxLen] = x.shape as [number, number];
  const isCutAlike = from.tokenizer === to.tokenizer;
  // "[OOV]" is in no vocabulary: brackets separate words.
  const cut = (word: string) => (isCutAlike || word === "[OOV]" ? word : wordsOf(to, word));
  const rows = Array.from({ length: samples }, (_, row) => {
    const text = decode(from, x.data.subarray(row * maxLen, (row + 1) * maxLen));
    const words = text.split(" ").filter((word) => word !== "" && word !== "[START]");
    return encodeTokens(to, words.flatMap(cut));
  });
  return padSequences(rows, rowLayout(to));
}

/** For a model that text cannot be given to. */
export function noVocabulary(): LstmkitError {
  return new LstmkitError(
    "NO_VOCABULARY",
    "there is no vocabulary in the model's file to read text with. Train a model on texts: spam, a CSV file, aclImdb, or an imdb.npz with imdb_word_index.json beside it.",
  );
}

/** Leaves out what is undefined. */
function given<T extends object>(options: T): { [K in keyof T]: NonNullable<T[K]> } {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)) as never;
}
