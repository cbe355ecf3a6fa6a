/** Texts of two classes out of a CSV file that no memory holds, as batches of ids. */
import { LstmkitError } from "../../errors.ts";
import { aString, checkOptions, type Filled, number, optionsOf, show } from "../../options.ts";
import type { Tensor } from "../../tensor.ts";
import {
  type Classes,
  type ClassNames,
  classesOfCounts,
  classKey,
  classReader,
  labelsOf,
} from "../classes.ts";
import type { SplitCounts } from "../counts.ts";
import {
  CSV_OPTIONS,
  type CsvOptions,
  chooseColumns,
  classCell,
  refuseDoubtfulHeader,
  refuseSwallowed,
} from "../csv.ts";
import { DATASET_OPTIONS } from "../dataset.ts";
import { padSequences } from "../sequences.ts";
import { cut } from "../tokenize.ts";
import type { Tokenizer } from "../tokenizers.ts";
import { encodeTokens, rowLayout, vocabularyOfRanks } from "../vocabulary.ts";
import {
  checkVocabulary,
  ROW_LAYOUT_OPTIONS,
  type RowLayout,
  VOCABULARY_OPTIONS,
  type Vocabulary,
  type VocabularyOptions,
} from "../vocabulary-options.ts";
import { type ByteFile, byteFile, type CsvSource } from "./byte-file.ts";
import {
  BATCHING_OPTIONS,
  type BatchingOptions,
  fingerprintOf,
  indexedRows,
  type StreamedBatches,
  scannedRows,
  shuffleOf,
  streamedBatches,
} from "./part.ts";
import { RowIndex } from "./row-index.ts";
import { type Layout, SCAN_OPTIONS, type ScanHooks, scan } from "./scan.ts";
import { isSetApart } from "./set-apart.ts";
import { alone, WordCounts } from "./word-counts.ts";

/** How {@link streamTexts} reads, splits, encodes and orders. */
export interface StreamTextsOptions
  extends CsvOptions,
    VocabularyOptions,
    RowLayout,
    BatchingOptions,
    ScanHooks {
  readonly name?: string;
  /** Ids are below this. Default 10,000. */
  readonly numWords?: number;
  /** Words in a row. Default 80. */
  readonly maxLen?: number;
  /**
   * The share of rows set apart for the test, from 0 to below 1. Default 0.2. A row belongs to the test where a number in
   * [0, 1) made of its words and the seed is below it: rows of the same words are on one side, and no row has to be known
   * to tell of another.
   */
  readonly testSplit?: number;
  /** A model's vocabulary, to evaluate it on this file; options that make one are refused beside it. */
  readonly vocabulary?: Vocabulary;
}

const STREAM_TEXTS_OPTIONS = {
  ...CSV_OPTIONS,
  ...VOCABULARY_OPTIONS,
  ...ROW_LAYOUT_OPTIONS,
  ...BATCHING_OPTIONS,
  ...SCAN_OPTIONS,
  name: { ...aString, fallback: "texts" },
  numWords: { ...VOCABULARY_OPTIONS.numWords, fallback: undefined },
  maxLen: { ...ROW_LAYOUT_OPTIONS.maxLen, fallback: undefined },
  testSplit: { ...number("a number from 0 to below 1", (share) => share >= 0 && share < 1), fallback: 0.2 },
  vocabulary: {
    wanted: "a vocabulary",
    accepts: (value: unknown) => typeof value === "object" && value !== null,
    fallback: undefined,
  },
};

/** x (n, maxLen) of ids, and y (n) of 0 and 1. */
export type TextBatch = readonly [x: Tensor<Int32Array>, y: Tensor<Uint8Array>];

/** A part of the texts: batches for fit, evaluate and validationData. */
export interface StreamedTextPart extends StreamedBatches<TextBatch> {
  readonly counts: SplitCounts;
}

/** Texts of two classes that stay in their file. */
export interface StreamedTexts {
  readonly name: string;
  readonly vocabulary: Vocabulary;
  /** Whether the vocabulary's counts are exact: there were no more different words than are counted at a time. */
  readonly isExact: boolean;
  readonly classes: Classes;
  /** Ids are in [0, inputDim). */
  readonly inputDim: number;
  readonly columns: { readonly text: string; readonly label: string };
  /** The names in the label's column, and the class of each. */
  readonly names: ClassNames;
  /** Where the first row is no header, but a text: columns are called by number. */
  readonly header?: false;
  readonly train: StreamedTextPart;
  /** As it stands in the file. Null where testSplit is 0. */
  readonly test: StreamedTextPart | null;
  /** Give the index back. */
  close(): Promise<void>;
}

/** Spellings of classes' names that are told apart: in a column with more there are no classes. */
const MOST_NAMES = 10_000;

/**
 * Reads texts of two classes from a CSV file in pieces: once from beginning to end, for the vocabulary, the classes and an
 * index of where rows lie; then batch by batch, as they are asked for. What is held is the vocabulary, at most 524,288
 * different words while they are counted, four bytes a row for the order of a pass (`shuffle: true`), or the rows of one
 * window, and the index: 12 bytes a row, in a file of its own where the source has one (`fileBytes(path)`).
 *
 * The file is read as {@link textsFromCsv} reads it, but for what it tells by all rows: separator, header and columns are
 * told by the first 65,536 characters, 1,000 rows of them at most. The same rows in the same order are the same bits.
 *
 * @throws BAD_CSV with the line; BAD_LABEL for other than two classes; BAD_ARGUMENT for options without meaning;
 *   BAD_DATASET where a part would be empty; FILE_UNREADABLE; ABORTED; what a stream of the caller's throws
 */
export async function streamTexts(
  source: CsvSource,
  options: StreamTextsOptions = {},
): Promise<StreamedTexts> {
  const given = checkOptions<StreamTextsOptions, typeof STREAM_TEXTS_OPTIONS>(
    CALL,
    options,
    STREAM_TEXTS_OPTIONS,
  );
  if (given.vocabulary) refuseBesideVocabulary(given.vocabulary, options);
  const file = byteFile(source, CALL);
  const indexes = [new RowIndex(file.openIndex?.()), new RowIndex(file.openIndex?.())] as const;
  const close = async () => {
    for (const index of indexes) await index.close();
  };
  try {
    return { ...textsOf(file, given, indexes, await readAll(file, given, indexes)), close };
  } catch (error) {
    await close();
    throw error;
  }
}

const CALL = "streamTexts()";

type Given = Filled<StreamTextsOptions, typeof STREAM_TEXTS_OPTIONS>;
type Indexes = readonly [train: RowIndex, test: RowIndex];

/** What is known once a file was read from its beginning to its end. */
interface FirstReading {
  readonly layout: Layout;
  readonly text: number;
  readonly label: number;
  readonly canSeek: boolean;
  /** Of each name of a class the rows for training and for the test. */
  readonly found: ReadonlyMap<string, readonly [train: number, test: number]>;
  readonly words: WordCounts;
  readonly bytes: number;
  readonly crc: number;
}

/** The words of a row, and whether it is for the test by them. */
function readerOf({ vocabulary, tokenizer = "unicode", testSplit, seed }: Given) {
  const own = vocabulary ? (vocabulary.tokenizer ?? "keras") : tokenizer;
  return {
    tokenizer: own,
    wordsOf: (text: string) => cut(text, own),
    partOf: (words: readonly string[]): 0 | 1 => (isSetApart(words.join(" "), testSplit, seed) ? 1 : 0),
  };
}

async function readAll(file: ByteFile, given: Given, indexes: Indexes): Promise<FirstReading> {
  const { wordsOf, partOf } = readerOf(given);
  const { classes, rename, quote, vocabulary } = given;
  const labelOf = classes && classReader(classes, rename);
  const words = new WordCounts();
  const found = new Map<string, [number, number]>();
  let known: Pick<FirstReading, "layout" | "text" | "label" | "canSeek"> | null = null;
  let [bytes, crc] = [0, 0];
  for await (const scanned of scan(file, given, given)) {
    const { layout, rows } = scanned;
    ({ bytes, crc } = scanned);
    if (!known) {
      const canSeek = file.read !== null && layout.coding !== undefined;
      shuffleOf(given.shuffle, canSeek, CALL);
      known = { layout, canSeek, ...chooseColumns(layout.names, layout.sample, given) };
    }
    const { text, label, canSeek } = known;
    for (const row of rows) {
      const name = classCell(row, label, layout.names);
      if (quote === undefined && row.text !== undefined) refuseSwallowed(layout, row, label, keysOf(found));
      let counts = found.get(name);
      if (!counts) {
        if (labelOf && labelOf(name) === undefined)
          labelsOf([name], classes!, rename, () => `line ${row.line}: ${show(layout.names[label])}`);
        counts = [0, 0];
        found.set(alone(name), counts);
        if (found.size > MOST_NAMES) classesOfCounts(totals(found), rename, columnOf(layout, label));
      }
      const own = wordsOf(row.cells[text]!);
      const part = partOf(own);
      counts[part]++;
      if (part === 0 && !vocabulary) words.add(own);
      const wait = canSeek ? indexes[part].add(row.start, row.end - row.start) : undefined;
      if (wait) await wait;
    }
  }
  for (const index of indexes) await index.flush();
  const { layout, label } = known!; // the last piece says what there is, or scan() has thrown
  if (found.size === 0) throw onlyHeader(layout.names);
  refuseDoubtfulHeader(layout, label, keysOf(found), given);
  return { ...known!, found, words, bytes, crc };
}

function textsOf(
  file: ByteFile,
  given: Given,
  indexes: Indexes,
  { layout, text, label, canSeek, found, words, bytes, crc }: FirstReading,
): Omit<StreamedTexts, "close"> {
  const { testSplit, seed, batchSize, rename } = given;
  const { names, hasHeader } = layout;
  const { tokenizer, wordsOf, partOf } = readerOf(given);
  const classes = given.classes ?? classesOfCounts(totals(found), rename, columnOf(layout, label));
  const cells = [...found.keys()];
  const { labels, names: classNames } = labelsOf(cells, classes, rename, () => show(names[label]));
  const labelOf = new Map(cells.map((name, i) => [name, labels[i]!]));
  const vocabulary = given.vocabulary ?? vocabularyOfRanks(words.ranked(), layoutOptions(given, tokenizer));
  const make = (rows: readonly (readonly string[])[]): TextBatch => {
    const ids = rows.map((row) => encodeTokens(vocabulary, wordsOf(row[text]!)));
    const { maxLen = ids.reduce((most, { length }) => Math.max(most, length), 1), ...rest } =
      rowLayout(vocabulary);
    const y = Uint8Array.from(rows, (row) => labelOf.get(row[label]!.trim())!);
    return [padSequences(ids, { maxLen, ...rest }), { data: y, shape: [y.length] }];
  };
  const what = { text, label, classes, rename, vocabulary, testSplit, seed };
  const fingerprint = fingerprintOf({ bytes, crc }, what);
  const partAs = (part: 0 | 1): StreamedTextPart => {
    const shuffle = part === 0 && shuffleOf(given.shuffle, canSeek, CALL);
    const own: [number, number] = [0, 0];
    for (const [name, counts] of found) own[labelOf.get(name)!] += counts[part];
    const samples = own[0] + own[1];
    if (samples === 0) throw emptyPart(part, testSplit);
    const belongs = (row: readonly string[]) => partOf(wordsOf(row[text]!)) === part;
    const rows = canSeek
      ? indexedRows(file, layout, indexes[part])
      : scannedRows(file, given, samples, Number(shuffle) || batchSize, belongs);
    return {
      ...streamedBatches(rows, { ...given, shuffle }, `${fingerprint}, part ${part}`, make),
      counts: { samples, classes: own, baseline: Math.max(...own) / samples },
    };
  };
  return {
    name: given.name,
    vocabulary,
    isExact: words.missed === 0,
    classes,
    inputDim: vocabulary.numWords,
    columns: { text: names[text]!, label: names[label]! },
    names: classNames,
    ...(hasHeader ? {} : { header: false }),
    train: partAs(0),
    test: testSplit === 0 ? null : partAs(1),
  };
}

const layoutOptions = (given: Given, tokenizer: Tokenizer) => ({
  ...optionsOf<VocabularyOptions & RowLayout>({ ...VOCABULARY_OPTIONS, ...ROW_LAYOUT_OPTIONS }, given),
  numWords: given.numWords ?? DATASET_OPTIONS.numWords.fallback,
  maxLen: given.maxLen ?? DATASET_OPTIONS.maxLen.fallback,
  tokenizer,
});

const totals = (found: FirstReading["found"]) =>
  new Map([...found].map(([name, [train, test]]) => [name, train + test]));

const columnOf = ({ names }: Layout, column: number) => `column ${show(names[column])}`;

const keysOf = (found: ReadonlyMap<string, unknown>) => new Set([...found.keys()].map(classKey));

/** @throws BAD_ARGUMENT */
function refuseBesideVocabulary(vocabulary: Vocabulary, options: StreamTextsOptions): void {
  checkVocabulary(vocabulary);
  const made = [...Object.keys(VOCABULARY_OPTIONS), ...Object.keys(ROW_LAYOUT_OPTIONS)];
  const needless = made.find((name) => options[name as keyof StreamTextsOptions] !== undefined);
  if (needless === undefined) return;
  throw new LstmkitError(
    "BAD_ARGUMENT",
    `streamTexts(): ${needless} says how a vocabulary is made, and one is given. Leave one of them out.`,
  );
}

const onlyHeader = (names: readonly string[]) =>
  new LstmkitError(
    "BAD_CSV",
    `only the header ${names.map(show).join(", ")}; wanted one row a text below it.`,
  );

const emptyPart = (part: 0 | 1, testSplit: number) =>
  new LstmkitError(
    "BAD_DATASET",
    `with testSplit ${testSplit} the ${part === 0 ? "training" : "test"} part has no row; wanted more rows, or a test part of its own: testSplit: 0 and another file.`,
  );
