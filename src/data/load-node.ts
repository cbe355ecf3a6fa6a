import { readdir, stat } from "node:fs/promises";
import { dirname, join } from "node:path";
import { type FilePath, isSameFile, MOST_TEXT, pathOf, readBytes, reading } from "../disk/disk-node.ts";
import { packagedFile } from "../disk/packaged-node.ts";
import { LstmkitError } from "../errors.ts";
import { aFunction, aSignal, aString, checkOptions, type Filled, optionsOf, show } from "../options.ts";
import { CSV_OPTIONS, type CsvOptions, type CsvTexts, csvColumns, textsFromCsv } from "./csv.ts";
import { DATASET_OPTIONS, datasetFromTexts, type TextDataset, type TextDatasetOptions } from "./dataset.ts";
import { decodeWhole } from "./decode-text.ts";
import { cachedDownload, type DownloadOptions } from "./download-node.ts";
import { IMDB_OPTIONS, type ImdbOptions, imdbFromNpz, imdbFromTexts } from "./imdb.ts";
import { type ArchiveFile, imdbTextsOfFiles, imdbTextsOfTarGz, isReviewPath } from "./imdb-archive.ts";
import { IMDB_FILES, KERAS_DATASETS } from "./imdb-files.ts";
import { birthsSeries } from "./series/births.ts";
import type { SeriesSet } from "./series/series.ts";
import { SPAM_OPTIONS, type SpamOptions, spamFromBytes } from "./spam.ts";

/** How {@link loadImdb} finds and encodes the reviews. */
export interface LoadImdbOptions extends ImdbOptions {
  /** An imdb.npz, an aclImdb folder, or its .tar.gz, by its path or `file:` URL. Default: Keras's file, fetched once. */
  readonly data?: FilePath;
  /** Folder for downloads. Default: the system's place for caches, or LSTMKIT_CACHE. */
  readonly cacheDir?: string;
  /** Told while something is fetched; totals are of the file being fetched. */
  readonly onProgress?: (receivedBytes: number, totalBytes: number) => void;
  /** Stops the download. */
  readonly signal?: AbortSignal;
  /** Where to fetch from; a mirror of Keras's folder. */
  readonly baseUrl?: string;
}

const aPath = {
  wanted: "the path of a file, or its file: URL",
  accepts: (value: unknown) => typeof value === "string" || value instanceof URL,
  fallback: undefined,
};

const LOAD_IMDB_OPTIONS = {
  ...IMDB_OPTIONS,
  maxLen: { ...IMDB_OPTIONS.maxLen, fallback: undefined },
  seed: { ...IMDB_OPTIONS.seed, fallback: undefined },
  data: aPath,
  cacheDir: { ...aString, fallback: undefined },
  onProgress: { ...aFunction, fallback: undefined },
  signal: { ...aSignal, fallback: undefined },
  baseUrl: {
    wanted: "the address of a folder, such as https://example.com/datasets/",
    accepts: (value: unknown) => typeof value === "string" && URL.canParse(value),
    fallback: KERAS_DATASETS,
  },
};

/**
 * The IMDB data set. With an imdb.npz the vocabulary comes from `imdb_word_index.json` in the same
 * folder, if there is one.
 *
 * @throws BAD_ARGUMENT for options without meaning, FILE_NOT_FOUND or FILE_UNREADABLE for `data`, OFFLINE, BAD_CHECKSUM, ABORTED or
 * FILE_UNWRITABLE for the download, and what imdbFromNpz and imdbFromTexts throw
 */
export async function loadImdb(options: LoadImdbOptions = {}): Promise<TextDataset> {
  const given = checkOptions<LoadImdbOptions, typeof LOAD_IMDB_OPTIONS>(
    "loadImdb()",
    options,
    LOAD_IMDB_OPTIONS,
  );
  const encoding = optionsOf<ImdbOptions>(IMDB_OPTIONS, given);
  if (given.data === undefined) return downloadedImdb(given, encoding);
  const path = pathOf(given.data);
  const isFolder = (await reading(path, () => stat(path))).isDirectory();
  if (isFolder) return imdbFromTexts(imdbTextsOfFiles(await reviewFiles(path)), encoding);
  const bytes = await readBytes(path);
  const isGzip = bytes[0] === 0x1f && bytes[1] === 0x8b;
  if (isGzip) return imdbFromTexts(await imdbTextsOfTarGz(bytes), encoding);
  const wordIndex = given.wordIndex ?? (await neighbour(path, IMDB_FILES.wordIndex.name));
  return imdbFromNpz(bytes, { ...encoding, ...(wordIndex === undefined ? {} : { wordIndex }) });
}

async function downloadedImdb(
  given: Filled<LoadImdbOptions, typeof LOAD_IMDB_OPTIONS>,
  encoding: ImdbOptions,
): Promise<TextDataset> {
  const { cacheDir, onProgress, signal, baseUrl } = given;
  const download: DownloadOptions = {
    ...(cacheDir === undefined ? {} : { cacheDir }),
    ...(onProgress === undefined ? {} : { onProgress }),
    ...(signal === undefined ? {} : { signal }),
    remedy:
      "Fetch imdb.npz or the aclImdb archive elsewhere and name it: data in the options, --data on the command line.",
  };
  const fetchFile = ({ name, ...file }: (typeof IMDB_FILES)[keyof typeof IMDB_FILES]): Promise<Uint8Array> =>
    cachedDownload({ url: new URL(name, baseUrl).href, ...file }, download);
  const bytes = await fetchFile(IMDB_FILES.npz);
  const wordIndex = given.wordIndex ?? new TextDecoder().decode(await fetchFile(IMDB_FILES.wordIndex));
  return imdbFromNpz(bytes, { ...encoding, wordIndex });
}

/** How {@link loadCsv} reads, splits and encodes. */
export type LoadCsvOptions = CsvOptions &
  Omit<TextDatasetOptions, "test"> & {
    /** Another CSV file, by its path or `file:` URL, as the test part: all rows of the first are for training then. */
    readonly test?: FilePath;
  };

const LOAD_CSV_OPTIONS = {
  ...CSV_OPTIONS,
  ...DATASET_OPTIONS,
  name: { ...DATASET_OPTIONS.name, fallback: undefined },
  testSplit: { ...DATASET_OPTIONS.testSplit, fallback: undefined },
  stratify: { ...DATASET_OPTIONS.stratify, fallback: undefined },
  test: aPath,
};

/**
 * A data set from a CSV file with one text and one class a row, split at random, each class by itself; or with the
 * test part in a second file, which is read like the first: its columns and classes go by their names.
 *
 * @param path or a `file:` URL
 * @throws BAD_ARGUMENT for what is no path; FILE_NOT_FOUND or FILE_UNREADABLE, and what textsFromCsv and
 * datasetFromTexts throw
 */
export async function loadCsv(path: FilePath, options: LoadCsvOptions = {}): Promise<TextDataset> {
  const given = checkOptions<LoadCsvOptions, typeof LOAD_CSV_OPTIONS>("loadCsv()", options, LOAD_CSV_OPTIONS);
  const { test: testPath, ...others } = given;
  const { train, test } = await readCsvFiles(path, testPath, optionsOf<CsvOptions>(CSV_OPTIONS, others));
  const name = pathOf(path).replace(/^.*[/\\]/, "");
  const encoding = optionsOf<TextDatasetOptions>(DATASET_OPTIONS, others);
  return datasetFromTexts(train, { name, ...encoding, ...(test && { test }) });
}

/**
 * The texts of a CSV file and, where there is one, those of the file with the test part.
 *
 * @throws FILE_NOT_FOUND, FILE_UNREADABLE, BAD_ARGUMENT where both are one file, and what textsFromCsv throws
 */
export async function readCsvFiles(
  path: FilePath,
  testPath: FilePath | undefined,
  options: CsvOptions,
): Promise<{ train: CsvTexts; test?: CsvTexts }> {
  if (testPath !== undefined && (await isSameFile(path, testPath))) {
    throw new LstmkitError(
      "BAD_ARGUMENT",
      `${show(pathOf(testPath))} is the training file itself; wanted a test part (test, --test on the command line) of other texts. Leave it out to have the file split.`,
    );
  }
  const train = textsFromCsv(await readBytes(path, MOST_TEXT), options);
  if (testPath === undefined) return { train };
  const bytes = await readBytes(testPath, MOST_TEXT);
  const { columns, classes } = train;
  // The same columns, unless only one of the files has a header.
  const names = csvColumns(bytes, { ...options, classes });
  const isThere = names.includes(columns.text) && names.includes(columns.label);
  return { train, test: textsFromCsv(bytes, { ...options, ...(isThere && columns), classes }) };
}

/**
 * The data set that ships with the package.
 *
 * @throws FILE_NOT_FOUND where the package's files are not, as in a bundle for Node; what spamFromBytes throws
 */
export async function loadSpam(options: SpamOptions = {}): Promise<TextDataset> {
  const given = checkOptions<SpamOptions, typeof SPAM_OPTIONS>("loadSpam()", options, SPAM_OPTIONS);
  const url = packagedFile(
    "spam-assassin.bin",
    () => new URL("./spam-assassin.bin", import.meta.url),
    "../../assets/",
    "give spamFromBytes() the bytes of lstmkit/spam-assassin.bin",
  );
  return spamFromBytes(await readBytes(url), given);
}

/**
 * The series that ships with the package: births in the United States, day by day from 2000 to 2014.
 *
 * @throws FILE_NOT_FOUND where the package's files are not, as in a bundle for Node; what birthsSeries throws
 */
export async function loadBirths(): Promise<SeriesSet> {
  const url = packagedFile(
    "births.bin",
    () => new URL("./births.bin", import.meta.url),
    "../../assets/",
    "give birthsSeries() the bytes of lstmkit/births.bin",
  );
  return birthsSeries(await readBytes(url));
}

/** Reads only what a labelled review can be: train and test, neg and pos. */
async function reviewFiles(folder: string): Promise<ArchiveFile[]> {
  const files: ArchiveFile[] = [];
  for (const part of ["train", "test"]) {
    for (const label of ["neg", "pos"]) {
      const inside = join(folder, part, label);
      for (const name of await reading(inside, () => readdir(inside))) {
        const path = `${part}/${label}/${name}`;
        if (isReviewPath(path)) files.push({ path, bytes: await readBytes(join(inside, name), MOST_TEXT) });
      }
    }
  }
  return files;
}

async function neighbour(path: string, name: string): Promise<string | undefined> {
  try {
    return decodeWhole(await readBytes(join(dirname(path), name), MOST_TEXT), undefined, "BAD_DATASET");
  } catch (cause) {
    if (cause instanceof LstmkitError && cause.code === "FILE_NOT_FOUND") return undefined;
    throw cause; // it need not be there, but what is there must not be passed over in silence
  }
}
