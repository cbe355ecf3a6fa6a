/** The worker that reads data: files are unpacked and texts encoded here, and stay here. */
import { expose, transfer } from "comlink";
import { LstmkitError, textMetadata } from "lstmkit";
import {
  countSplit,
  csvColumns,
  datasetFromTexts,
  decodeText,
  IMDB_FILES,
  imdbFromNpz,
  imdbFromTexts,
  imdbTextsOfTarGz,
  KERAS_DATASETS,
  type Split,
  type SplitCounts,
  spamFromBytes,
  type TextDataset,
  textsFromCsv,
} from "lstmkit/data";
import spamAddress from "lstmkit/spam-assassin.bin?url";
import { fetchOwn } from "./fetch-own.ts";
import type { Reading } from "./page.ts";

/** A file that was taken. */
export type GivenFile =
  | { readonly kind: "imdb"; readonly name: string }
  | { readonly kind: "wordIndex"; readonly name: string }
  | {
      readonly kind: "csv";
      readonly name: string;
      /** Headers of the columns. */
      readonly columns: readonly string[];
      /** As `lstmkit train` would guess; null where it would ask. */
      readonly guess: Guess | null;
    };

/** Columns by their names, or by their numbers where the file has no header. */
interface Guess {
  readonly text: string;
  readonly label: string;
  readonly header?: false;
}

/** What to read, of what there is. */
export type Wanted = { readonly numWords: number; readonly maxLen: number } & (
  | { readonly kind: "spam" | "imdb" }
  | ({ readonly kind: "csv" } & Guess)
);

/** A data set, without its rows. */
export interface Prepared {
  readonly reading: Reading;
  readonly inputDim: number;
  readonly counts: { readonly train: SplitCounts; readonly test: SplitCounts };
  /** For a model's file. */
  readonly metadata: Record<string, string>;
}

const SAMPLE = 128;

let imdb: { npz: Uint8Array } | { archive: Uint8Array } | null = null;
let wordIndex: string | undefined;
let csv: { name: string; bytes: Uint8Array } | null = null;
let spam: Promise<Uint8Array> | null = null;
let dataset: { key: string; data: TextDataset } | null = null;
let fetching: AbortController | null = null;

/** @throws BAD_ARGUMENT for a file that is none of those; BAD_CSV */
async function give(file: File): Promise<GivenFile> {
  const { name } = file;
  const bytes = new Uint8Array(await file.arrayBuffer());
  if (/\.(csv|tsv)$/i.test(name)) {
    const columns = csvColumns(bytes);
    dataset = null;
    csv = { name, bytes };
    return { kind: "csv", name, columns, guess: guessColumns(bytes) };
  }
  if (/\.json$/i.test(name)) wordIndex = decodeText(bytes);
  else if (/\.npz$/i.test(name)) imdb = { npz: bytes };
  else if (/\.(tar\.gz|tgz)$/i.test(name)) imdb = { archive: bytes };
  else {
    throw new LstmkitError(
      "BAD_ARGUMENT",
      `${name} is no data file; wanted a .csv or .tsv, an imdb.npz, an aclImdb_v1.tar.gz, or an imdb_word_index.json.`,
    );
  }
  dataset = null;
  return { kind: /\.json$/i.test(name) ? "wordIndex" : "imdb", name };
}

function guessColumns(bytes: Uint8Array): Guess | null {
  try {
    const { columns, header } = textsFromCsv(bytes);
    return { ...columns, ...(header === false && { header }) };
  } catch {
    return null; // what is wrong is said when the file is read for a run
  }
}

/** Keras's two files, one after the other. @throws OFFLINE, BAD_CHECKSUM, ABORTED */
async function fetchImdb(onProgress: (received: number, total: number) => void): Promise<void> {
  fetching = new AbortController();
  const { npz, wordIndex: index } = IMDB_FILES;
  const total = npz.size + index.size;
  const bytes = await fetchFile(npz, (received) => onProgress(received, total), fetching.signal);
  const words = await fetchFile(index, (received) => onProgress(npz.size + received, total), fetching.signal);
  imdb = { npz: bytes };
  wordIndex = new TextDecoder().decode(words);
  dataset = null;
}

async function fetchFile(
  { name, size, checksum }: (typeof IMDB_FILES)[keyof typeof IMDB_FILES],
  onProgress: (received: number) => void,
  signal: AbortSignal,
): Promise<Uint8Array> {
  const address = KERAS_DATASETS + name;
  const bytes = new Uint8Array(size);
  let received = 0;
  let told = 0;
  try {
    const response = await fetch(address, { signal, credentials: "omit", referrerPolicy: "no-referrer" });
    if (!response.ok || !response.body) throw new Error(`the server answered ${response.status}`);
    const reader = response.body.getReader();
    for (let piece = await reader.read(); !piece.done; piece = await reader.read()) {
      if (received + piece.value.length > size) throw new Error(`it has more than ${size} bytes`);
      bytes.set(piece.value, received);
      received += piece.value.length;
      if (performance.now() - told > 100 || received === size) {
        told = performance.now();
        onProgress(received);
      }
    }
    if (received < size) throw new Error(`it ended after ${received} of ${size} bytes`);
  } catch (cause) {
    if (signal.aborted) throw new LstmkitError("ABORTED", "the download was stopped; nothing was kept.");
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new LstmkitError("OFFLINE", `${address} could not be fetched: ${reason}.`, { cause });
  }
  // Digests are for secure contexts only; elsewhere the length has to do.
  if (globalThis.crypto?.subtle) {
    const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
    const hex = Array.from(digest, (byte) => byte.toString(16).padStart(2, "0")).join("");
    if (hex !== checksum.hex) {
      throw new LstmkitError(
        "BAD_CHECKSUM",
        `${address} gave SHA-256 ${hex}; wanted ${checksum.hex}. Nothing was kept.`,
      );
    }
  }
  return bytes;
}

/** @throws BAD_ARGUMENT where the file was not given; what the readers of lstmkit/data throw */
async function prepare(wanted: Wanted): Promise<Prepared> {
  const key = JSON.stringify(wanted);
  if (dataset?.key !== key) dataset = { key, data: await read(wanted) };
  const { data } = dataset;
  const [, maxLen] = data.train.x.shape as [number, number];
  return {
    reading: {
      ...(data.vocabulary && { vocabulary: data.vocabulary }),
      classes: data.classes,
      maxLen,
      dataset: data.name,
      sample: firstRows(data.test, SAMPLE),
    },
    inputDim: data.inputDim,
    counts: { train: countSplit(data.train, data.vocabulary), test: countSplit(data.test, data.vocabulary) },
    metadata: textMetadata(data),
  };
}

async function read(wanted: Wanted): Promise<TextDataset> {
  const { numWords, maxLen } = wanted;
  if (wanted.kind === "spam") {
    spam ??= fetchSpam();
    return spamFromBytes(await spam, { numWords, maxLen });
  }
  if (wanted.kind === "csv") {
    if (!csv) throw new LstmkitError("BAD_ARGUMENT", "no CSV file was given. Choose one.");
    const { text, label, header } = wanted;
    const options = { text, label, ...(header === false && { header }) };
    return datasetFromTexts(textsFromCsv(csv.bytes, options), { name: csv.name, numWords, maxLen });
  }
  if (!imdb) throw new LstmkitError("BAD_ARGUMENT", "the IMDB files are not there. Fetch or choose them.");
  if ("archive" in imdb) return imdbFromTexts(await imdbTextsOfTarGz(imdb.archive), { numWords, maxLen });
  return imdbFromNpz(imdb.npz, { numWords, maxLen, ...(wordIndex !== undefined && { wordIndex }) });
}

async function fetchSpam(): Promise<Uint8Array> {
  try {
    return await fetchOwn(spamAddress);
  } catch (error) {
    spam = null;
    throw error;
  }
}

function firstRows({ x, y }: Split, most: number): Split {
  const [samples, maxLen] = x.shape as [number, number];
  const rows = Math.min(most, samples);
  return {
    x: { data: x.data.slice(0, rows * maxLen), shape: [rows, maxLen] },
    y: { data: y.data.slice(0, rows), shape: [rows] },
  };
}

/** A copy of a part of what was prepared last, moved to whoever asks. */
async function rows(part: "train" | "test"): Promise<Split> {
  if (!dataset) throw new LstmkitError("BAD_ARGUMENT", "no data were prepared.");
  const { x, y } = firstRows(dataset.data[part], Number.POSITIVE_INFINITY);
  return transfer({ x, y }, [x.data.buffer, y.data.buffer]);
}

const calls = {
  give,
  fetchImdb,
  async stopFetching(): Promise<void> {
    fetching?.abort();
  },
  prepare,
  rows,
};

export type DataCalls = typeof calls;

expose(calls);
