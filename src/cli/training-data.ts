/** Texts to train on, held in memory or read in pieces: what `train` asks of either. */
import { stat } from "node:fs/promises";
import { basename } from "node:path";
import { countSplit, type SplitCounts } from "../data/counts.ts";
import type { TextDataset } from "../data/dataset.ts";
import { fileBytes } from "../data/stream/file-bytes-node.ts";
import type { Shuffle } from "../data/stream/order.ts";
import { type StreamedTexts, streamTexts } from "../data/stream/texts.ts";
import { metadataOf, textMetadata } from "../data/text-metadata.ts";
import { isSameFile, MOST_TEXT } from "../disk/disk-node.ts";
import { LstmkitError } from "../errors.ts";
import { show } from "../options.ts";
import type { EvaluateOptions, FitOptions, History, Logs, Model } from "../train/model.ts";
import { type DataSource, given, type ReadOptions, readDataset, tellReading } from "./data-source.ts";
import { EVALUATION_BATCH } from "./evaluate.ts";
import { warn } from "./print.ts";

type Part = "train" | "test";

/** What is trained on, wherever it lies. */
export interface TrainingData extends Pick<TextDataset, "name" | "classes" | "inputDim" | "overlap"> {
  readonly counts: { readonly train: SplitCounts; readonly test: SplitCounts };
  /** For the model's file. */
  readonly metadata: Record<string, string>;
  /** Parts that are measured at the end. */
  readonly measured: readonly Part[];
  fit(model: Model, options: FitOptions): Promise<History>;
  evaluate(model: Model, part: Part, options: EvaluateOptions): Promise<Logs>;
  close(): Promise<void>;
}

/** How a file is read in pieces. */
export interface StreamOptions {
  /** Undefined: by the file's size. */
  readonly stream: boolean | undefined;
  readonly shuffle: Shuffle;
  readonly batchSize: number;
  readonly seed: number;
  /** Told of the first reading. */
  readonly onRead: (bytes: number, size: number) => void;
}

/** @throws what the readers throw */
export async function openTrainingData(
  source: DataSource,
  options: ReadOptions & StreamOptions,
): Promise<TrainingData> {
  if (source.kind === "csv" && (options.stream ?? (await isLarge(source.path)))) {
    if (options.fold) {
      throw new LstmkitError(
        "BAD_ARGUMENT",
        `--kfold is given, and ${source.path} is read in pieces; folds are of texts in memory. Leave --stream out, or cut the file.`,
      );
    }
    return streamed(source.path, options);
  }
  return held(await readDataset(source, options), options.batchSize);
}

/** Larger than a string may be. A file that is not there is told of where it is read. */
async function isLarge(path: string): Promise<boolean> {
  const size = await stat(path).then(
    (found) => found.size,
    () => 0,
  );
  if (size <= MOST_TEXT) return false;
  warn(`${path} has ${(size / 1e9).toFixed(1)} GB, and is read in pieces (--stream).`);
  return true;
}

function held(data: TextDataset, batchSize: number): TrainingData {
  const { name, classes, inputDim, overlap, train, test, vocabulary } = data;
  return {
    ...{ name, classes, inputDim },
    ...(overlap !== undefined && { overlap }),
    counts: { train: countSplit(train, vocabulary), test: countSplit(test, vocabulary) },
    metadata: textMetadata(data),
    measured: ["train", "test"],
    fit: (model, options) =>
      model.fit(train.x, train.y, { ...options, batchSize, validationData: [test.x, test.y] }),
    evaluate: (model, part, options) =>
      model.evaluate(data[part].x, data[part].y, { ...options, batchSize: EVALUATION_BATCH }),
    close: async () => {},
  };
}

async function streamed(path: string, options: ReadOptions & StreamOptions): Promise<TrainingData> {
  const { csv, test: testPath, tokenizer, numWords, maxLen, batchSize, shuffle, seed, signal } = options;
  if (testPath !== undefined && (await isSameFile(path, testPath))) {
    throw new LstmkitError(
      "BAD_ARGUMENT",
      `${show(testPath)} is the training file itself; wanted a test part (--test) of other texts. Leave it out to have the file split.`,
    );
  }
  const opened: { close(): Promise<void> }[] = [];
  const close = async () => {
    for (const one of opened) await one.close();
  };
  const open = async (file: string, own: Parameters<typeof streamTexts>[1]): Promise<StreamedTexts> => {
    const bytes = await fileBytes(file);
    opened.unshift(bytes);
    const data = await streamTexts(bytes, {
      ...csv,
      ...given({ signal: signal as never }),
      batchSize,
      onProgress: ({ bytes: done, size = done }) => options.onRead(done, size),
      ...own,
    });
    opened.unshift(data);
    const { columns, names, classes, header } = data;
    tellReading(
      file,
      { columns, names, classes, ...(header === false && { header }), texts: [], labels: [] },
      csv,
    );
    return data;
  };
  try {
    const name = basename(path);
    const own = { name, tokenizer, numWords, maxLen, shuffle, shuffleSeed: seed };
    const data = await open(path, { ...own, ...(testPath !== undefined && { testSplit: 0 }) });
    const { classes, vocabulary, train, inputDim } = data;
    const test =
      testPath === undefined
        ? data.test!
        : (
            await open(testPath, {
              classes,
              vocabulary,
              testSplit: 0,
              shuffle: false,
              ...testColumns(data, csv),
            })
          ).train;
    if (!data.isExact) {
      warn(`${path} has more than 524,288 different words: counts of the rare ones are approximate.`);
    }
    const parts = { train, test };
    return {
      ...{ name, classes, inputDim },
      counts: { train: train.counts, test: test.counts },
      metadata: metadataOf({ name, vocabulary, classes, maxLen }),
      measured: ["test"],
      fit: (model, own) => model.fit(train, { ...own, validationData: test }),
      evaluate: (model, part, own) => model.evaluate(parts[part], own),
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

/** Those of the training file, unless its first row is a text. */
const testColumns = ({ columns, header }: StreamedTexts, csv: ReadOptions["csv"]) =>
  header === false || csv.text !== undefined || csv.label !== undefined ? {} : columns;
