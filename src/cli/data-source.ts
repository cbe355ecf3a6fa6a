import { stat } from "node:fs/promises";
import { basename } from "node:path";
import { classKey, list } from "../data/classes.ts";
import type { CsvOptions, CsvTexts } from "../data/csv.ts";
import { datasetFromTexts, type TextDataset } from "../data/dataset.ts";
import { type Fold, foldParts } from "../data/folds.ts";
import { type LoadImdbOptions, loadImdb, loadSpam, readCsvFiles } from "../data/load-node.ts";
import { cut } from "../data/tokenize.ts";
import type { Tokenizer } from "../data/tokenizers.ts";
import { LstmkitError } from "../errors.ts";
import { show } from "../options.ts";
import { UsageError } from "./arguments.ts";
import { foldOfRows } from "./fold-flags.ts";
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
  if (isCsvPath(name)) return { kind: "csv", path: name };
  const isFolder = await stat(name).then(
    (found) => found.isDirectory(),
    () => false,
  );
  if (isFolder || /\.(npz|tar\.gz|tgz)$/i.test(name)) return { kind: "imdb", path: name };
  throw new UsageError(
    `${JSON.stringify(name)} is no data set; wanted spam, imdb, or the path of a .csv file, an imdb.npz, an aclImdb folder or its .tar.gz.`,
  );
}

export const isCsvPath = (path: string): boolean => /\.(csv|tsv)$/i.test(path);

/** How the data for training are read. */
export interface ReadOptions {
  /** How a CSV file is read. */
  readonly csv: CsvOptions;
  /** Path of a CSV file with the test part, read like the other. */
  readonly test: string | undefined;
  /** The fold that is the test part. */
  readonly fold: Fold | undefined;
  /** How a CSV file's texts are cut into words. */
  readonly tokenizer: Tokenizer;
  readonly numWords: number;
  readonly maxLen: number;
  readonly onProgress: NonNullable<LoadImdbOptions["onProgress"]>;
  readonly signal: AbortSignal;
}

/** The data set, encoded with a vocabulary of its own, for training. @throws what the loaders throw */
export async function readDataset(source: DataSource, options: ReadOptions): Promise<TextDataset> {
  const { numWords, maxLen, onProgress, signal, csv, tokenizer, fold } = options;
  const rows = (data: TextDataset) => (fold ? foldOfRows(data, fold) : data);
  switch (source.kind) {
    case "spam":
      return rows(await loadSpam({ numWords, maxLen }));
    case "imdb":
      return rows(await loadImdb({ numWords, maxLen, onProgress, signal, ...given({ data: source.path }) }));
    case "csv": {
      const { train, test } = await readCsvFiles(source.path, fold ? undefined : options.test, csv);
      tellReading(source.path, train, csv);
      if (test) tellReading(options.test!, test, csv);
      const name = basename(source.path);
      const parts = fold ? foldOfTexts(train, tokenizer, fold) : { train, test };
      const { train: texts, test: apart } = parts;
      return datasetFromTexts(texts, { name, numWords, maxLen, tokenizer, ...(apart && { test: apart }) });
    }
  }
}

/** Texts of the same words stay together, as where train splits. */
function foldOfTexts(all: CsvTexts, tokenizer: Tokenizer, fold: Fold) {
  const keys = all.texts.map((text) => cut(text, tokenizer).join(" "));
  const parts = foldParts(keys, Array.from(all.labels), fold);
  const take = (places: readonly number[]) => ({
    texts: places.map((i) => all.texts[i]!),
    labels: places.map((i) => all.labels[i]!),
    classes: all.classes,
  });
  return { train: take(parts.train), test: take(parts.test) };
}

/** Says what a file was taken to be where it does not say so itself. */
export function tellReading(path: string, found: CsvTexts, options: CsvOptions): void {
  if (found.header === false && options.header === undefined) {
    const { text, label } = found.columns;
    warn(`${path} begins with a row, not a header: column ${text} is the text, column ${label} the class.`);
  }
  for (const [label, name] of found.classes.entries()) {
    const others = Object.entries(found.names).filter(
      ([other, own]) => own === label && other !== name && classKey(other) === classKey(name),
    );
    if (others.length > 0) warn(`${path}: ${list(others.map(([other]) => other))} is read as ${show(name)}.`);
  }
}

/** For a model that text cannot be given to. */
export function noVocabulary(): LstmkitError {
  return new LstmkitError(
    "NO_VOCABULARY",
    "there is no vocabulary in the model's file to read text with. Train a model on texts: spam, a CSV file, aclImdb, or an imdb.npz with imdb_word_index.json beside it.",
  );
}

/** Leaves out what is undefined. */
export function given<T extends object>(options: T): { [K in keyof T]: NonNullable<T[K]> } {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)) as never;
}
