/** Every parser of bytes that others may have written, with files to begin from. */
import { deflateSync, gzipSync } from "fflate";
import { packTar } from "modern-tar";
import { crc32 } from "../../src/crc32.ts";
import { readCorpus, writeCorpus } from "../../src/data/corpus-file.ts";
import { textsFromCsv } from "../../src/data/csv.ts";
import { datasetFromTexts } from "../../src/data/dataset.ts";
import { imdbFromNpz } from "../../src/data/imdb.ts";
import { imdbTextsOfTarGz } from "../../src/data/imdb-archive.ts";
import { sequencesFromCsv } from "../../src/data/labelled/csv.ts";
import { digitsFromBytes, writeDigits } from "../../src/data/labelled/digits.ts";
import { sequencesFromLines } from "../../src/data/labelled/lines.ts";
import { sequencesFromTs } from "../../src/data/labelled/ts-file.ts";
import { readNpy } from "../../src/data/npy.ts";
import { unpickleIntLists } from "../../src/data/pickle.ts";
import { birthsSeries, writeDays } from "../../src/data/series/births.ts";
import { seriesFromCsv } from "../../src/data/series/csv-table.ts";
import { seriesFromJson } from "../../src/data/series/rows-table.ts";
import type { SeriesSet } from "../../src/data/series/series.ts";
import { timesAfter } from "../../src/data/series/times-after.ts";
import { spamFromBytes } from "../../src/data/spam.ts";
import { readTextMetadata, textMetadata } from "../../src/data/text-metadata.ts";
import { encodeRows, parseWordIndex } from "../../src/data/vocabulary.ts";
import { zipEntries } from "../../src/data/zip.ts";
import { LstmkitError } from "../../src/errors.ts";
import { decodeSafetensors, encodeSafetensors } from "../../src/formats/safetensors.ts";
import { JsonError, parseJson } from "../../src/json.ts";
import {
  activation,
  averagePooling1d,
  conv1d,
  createRuntime,
  dense,
  embedding,
  flatten,
  globalMaxPooling1d,
  type Layer,
  lstm,
  maxPooling1d,
  repeatVector,
  simpleRNN,
  timeDistributed,
} from "../../src/node.ts";
import { classifier, loadClassifier } from "../../src/tasks/index.ts";
import { dictionary, imdbNpz, npy, pickleOfLists } from "../data/npz-fixture.ts";

/** A parser, and valid files for it. */
export interface Target {
  readonly name: string;
  readonly seeds: readonly Uint8Array[];
  /** Uses what it reads as a program would. */
  parse(bytes: Uint8Array): unknown;
}

/** For a parser whose own error its callers give a code. */
function refusedAs(Refusal: typeof JsonError, parse: () => unknown): unknown {
  try {
    return parse();
  } catch (cause) {
    if (cause instanceof Refusal) throw new LstmkitError("BAD_ARGUMENT", cause.message);
    throw cause;
  }
}

/** What a forecaster would do first. */
function useSeries(read: () => SeriesSet): unknown {
  const set = read();
  return set.series.map((series) => timesAfter(set, series, 2));
}

const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text);
const text = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);

const dataset = datasetFromTexts(
  {
    texts: ["a good film", "a bad film", "good", "bad", "é 名"],
    labels: [1, 0, 1, 0, 1],
    classes: ["no", "yes"],
  },
  { name: "films", numWords: 12, maxLen: 6 },
);

const kit = await createRuntime();

async function modelBytes(layers: readonly Layer[], metadata: Record<string, string>): Promise<Uint8Array> {
  const model = await kit.sequential(layers, { seed: 22 });
  await model.compile({ loss: "binaryCrossentropy", metrics: ["accuracy"] });
  const bytes = await model.save({ metadata });
  await model.dispose();
  return bytes;
}

async function quantizedBytes(layers: readonly Layer[]): Promise<Uint8Array> {
  const model = await kit.load(await modelBytes(layers, textMetadata(dataset)));
  const bytes = await model.quantize();
  await model.dispose();
  return bytes;
}

const MODEL = await modelBytes(
  [
    embedding({ inputDim: 12, outputDim: 2 }),
    lstm({ units: 2, dropout: 0.5, returnSequences: true }),
    simpleRNN({ units: 2 }),
    dense({ units: 1, activation: "sigmoid" }),
  ],
  textMetadata(dataset),
);
const PLAIN = await modelBytes(
  [lstm({ units: 1, inputShape: [3, 2] }), dense({ units: 2, name: "head" })],
  {},
);
/** A model with a weight in int8 of each kind. */
const QUANTIZED = await quantizedBytes([
  embedding({ inputDim: 12, outputDim: 86 }),
  conv1d({ filters: 4, kernelSize: 3 }),
  simpleRNN({ units: 33 }),
  dense({ units: 1, activation: "sigmoid" }),
]);
/** Layers that no tensor bears out, and a window that one does. */
const WINDOWS = await modelBytes(
  [
    embedding({ inputDim: 12, outputDim: 2, inputLength: 6 }),
    conv1d({ filters: 2, kernelSize: 3, dilationRate: 2, padding: "causal" }),
    maxPooling1d({ strides: 3, padding: "same" }),
    timeDistributed({ layer: activation({ activation: "tanh" }) }),
    flatten(),
    repeatVector({ n: 3 }),
    averagePooling1d({ poolSize: 2 }),
    globalMaxPooling1d(),
    dense({ units: 1, activation: "sigmoid" }),
  ],
  textMetadata(dataset),
);

async function useModel(bytes: Uint8Array): Promise<void> {
  const model = await kit.load(bytes);
  try {
    await model.summary();
    await model.save();
    const { vocabulary } = readTextMetadata(model);
    if (vocabulary) await model.predict(encodeRows(vocabulary, ["a good film"]));
  } finally {
    await model.dispose();
  }
}

/** A model with an entry of its metadata replaced, which one layer of JSON more would hide from mutations. */
function entry(key: string, model = MODEL, called = "model"): Target {
  const { tensors, metadata } = decodeSafetensors(model);
  return {
    name: `${called}.${key}`,
    seeds: [utf8(metadata[key]!)],
    parse: (bytes) => useModel(encodeSafetensors({ tensors, metadata: { ...metadata, [key]: text(bytes) } })),
  };
}

const LISTS = [[1, 300, 70_000], [], [5, 6]];
const NPZ = imdbNpz([[1, 2], [2]], [0, 1], [[1], [300, 4]], [1, 0]);
const lists = npy(dictionary("|O", "3,"), pickleOfLists(LISTS));
const numbers = npy(dictionary("<i8", "3,"), new Uint8Array(24));

const CORPUS = writeCorpus({
  name: "tiny",
  classes: ["no", "yes"],
  provenance: { source: "made up" },
  words: ["a", "good", "film", "名"],
  train: { texts: [Int32Array.of(1, 2, 0), new Int32Array(0)], labels: Uint8Array.of(0, 1) },
  test: { texts: [Int32Array.of(4, 3)], labels: Uint8Array.of(1) },
});

/** Content, with length and checksum as they should be. */
function corpusOf(content: Uint8Array): Uint8Array {
  const packed = deflateSync(content);
  const file = new Uint8Array(16 + packed.length);
  file.set(utf8("LSTMTXT1"));
  const view = new DataView(file.buffer);
  view.setUint32(8, crc32(content), true);
  view.setUint32(12, content.length, true);
  file.set(packed, 16);
  return file;
}

const CONTENT = (() => {
  const header = utf8(
    '{"name":"tiny","classes":["no","yes"],"provenance":{"source":"made up"},"words":["a","b","c"],"train":2,"test":1}',
  );
  return Uint8Array.of(header.length, 0, 0, 0, ...header, 7, 1, 2, 0, 0, 4, 3, 1);
})();

const TAR = await packTar(
  ["train/neg/0_1.txt", "train/pos/0_9.txt", "test/neg/0_1.txt", "test/pos/0_9.txt", "README"].map(
    (path) => ({
      header: { name: `aclImdb/${path}`, size: path.length, type: "file" as const },
      body: path,
    }),
  ),
);

const DIGITS = writeDigits(
  [{ label: 3, pixels: new Uint8Array(196).fill(7) }],
  [{ label: 4, pixels: new Uint8Array(196) }],
);

const CLASSIFIER = await (async () => {
  const made = classifier(kit, { units: 2, embedding: 2, epochs: 1 });
  await made.fit({ input: "text", sequences: ["a b", "c", "a", "c d"], targets: ["x", "y", "x", "y"] });
  const bytes = await made.save();
  await made.dispose();
  return bytes;
})();

async function useClassifier(bytes: Uint8Array): Promise<void> {
  const loaded = await loadClassifier(kit, bytes);
  try {
    await loaded.predict(["a zz"]);
    await loaded.evaluate({ input: "text", sequences: ["a"], targets: [loaded.classes[0]!] });
    await loaded.save();
  } finally {
    await loaded.dispose();
  }
}

export const TARGETS: readonly Target[] = [
  {
    name: "json",
    seeds: [utf8('{"a": [1, {"b": "c\\"{", "\\u0061": null}], "d": {}}')],
    parse: (bytes) => refusedAs(JsonError, () => parseJson(text(bytes))),
  },
  { name: "safetensors", seeds: [MODEL, PLAIN, WINDOWS, QUANTIZED], parse: decodeSafetensors },
  { name: "model", seeds: [MODEL, PLAIN, WINDOWS], parse: useModel },
  { name: "quantized model", seeds: [QUANTIZED], parse: useModel },
  entry("layers"),
  entry("layers", WINDOWS, "windows"),
  entry("compile"),
  entry("vocabulary"),
  entry("classes"),
  entry("maxLen"),
  { name: "npz", seeds: [NPZ], parse: (bytes) => imdbFromNpz(bytes, { maxLen: 4 }) },
  { name: "zip", seeds: [NPZ], parse: (bytes) => zipEntries(bytes).map((file) => file.read()) },
  { name: "npy", seeds: [lists, numbers], parse: (bytes) => readNpy(bytes, "x") },
  { name: "pickle", seeds: [pickleOfLists(LISTS)], parse: (bytes) => unpickleIntLists(bytes, 3) },
  { name: "corpus", seeds: [CORPUS], parse: (bytes) => spamFromBytes(bytes, { numWords: 8, maxLen: 4 }) },
  { name: "corpus content", seeds: [CONTENT], parse: (bytes) => readCorpus(corpusOf(bytes)) },
  {
    name: "word index",
    seeds: [utf8('{"the": 1, "film": 2, "é": 3}')],
    parse: (bytes) => parseWordIndex(text(bytes)),
  },
  {
    name: "csv",
    // Three rows: a class with two texts is the least that is split.
    seeds: [
      utf8('text,label\n"a ""good"" film, yes",pos\nbad,neg\nworse,neg\n'),
      utf8("label;text\r\n1;a\r\n0;b\r\n1;c\r\n"),
    ],
    parse: (bytes) => datasetFromTexts(textsFromCsv(bytes), { maxLen: 4 }),
  },
  {
    name: "sequences csv",
    seeds: [
      utf8('text,label\n"a ""good"" film",pos|new\nbad,neg\n'),
      utf8("label;a;b;c\nx;1,5;2;\ny;?;-3e2;nan\n"),
    ],
    parse: (bytes) => sequencesFromCsv(bytes, { labels: "many" }),
  },
  {
    name: "steps csv",
    seeds: [utf8("id,t,x,y,label\n1,0,1.5,2,a\n1,1,,4,a\n2,1,3,4,b\n2,0,5,6,b\n")],
    parse: (bytes) => sequencesFromCsv(bytes, { id: "id" }),
  },
  {
    name: "ts",
    seeds: [
      utf8(
        "# x\n@problemName X\n@univariate false\n@dimensions 2\n@classLabel true a b\n@data\n1,2:?,4:a\n5:6:b\n",
      ),
    ],
    parse: (bytes) => sequencesFromTs(bytes),
  },
  {
    name: "lines",
    seeds: [
      utf8("__label__a x y\n__label__b z\n"),
      utf8("1 0.5 0.25\n2 1e3 nan\n"),
      utf8("a\tb c\nd\te\na\tf\nd\tg\n"),
    ],
    parse: (bytes) => sequencesFromLines(bytes),
  },
  {
    name: "tokens",
    seeds: [utf8("the D\ncat N\n\ngo\tV\n"), utf8("# t\n1\tin\t_\tADP\t_\t_\t_\t_\t_\t_\n")],
    parse: (bytes) => sequencesFromLines(bytes, { labels: "steps" }),
  },
  { name: "digits", seeds: [DIGITS], parse: digitsFromBytes },
  { name: "classifier", seeds: [CLASSIFIER], parse: useClassifier },
  {
    name: "classifier.task",
    seeds: [utf8(decodeSafetensors(CLASSIFIER).metadata.task!)],
    parse: (bytes) => {
      const { tensors, metadata } = decodeSafetensors(CLASSIFIER);
      return useClassifier(encodeSafetensors({ tensors, metadata: { ...metadata, task: text(bytes) } }));
    },
  },
  {
    name: "series csv",
    seeds: [
      utf8(
        'date,store,y,price\n2024-01-01,a,1,2\n2024-01-02,a,"1,000.5",2\n2024-01-04,b,NA,3\n2024-01-05,b,4,5\n',
      ),
      utf8("t;y\r\n31.12.2023 23:00;1,5\r\n1.1.2024 00:00;2,5\r\n1.1.2024 02:00;-\r\n1.1.2024 03:00;7\r\n"),
      utf8("date,y\n2024-10-27 01:00,1\n2024-10-27 02:00,2\n2024-10-27 02:00,3\n2024-10-27 03:00,4\n"),
      utf8("timestamp,y\n1706742000,1\n1706745600,-999\n1706749200,3\n"),
    ],
    parse: (bytes) => useSeries(() => seriesFromCsv(bytes, { target: "y", duplicates: "mean" })),
  },
  {
    name: "series csv with a zone",
    seeds: [
      utf8(
        "date,s,y\n2024-03-31 01:00,a,1\n2024-03-31 03:00,a,2\n2024-03-31 01:00,b,5\n2024-03-31 03:00,b,6\n",
      ),
    ],
    parse: (bytes) =>
      useSeries(() =>
        seriesFromCsv(bytes, { target: "y", series: "s", timeZone: "Europe/Berlin", gaps: "last" }),
      ),
  },
  {
    name: "series json",
    seeds: [
      utf8('{"date":"2024-01","y":1}\n{"date":"2024-02","y":2}\n{"date":"2024-04","y":null}\n'),
      utf8('[{"date":"2024Q1","y":1},{"date":"2024Q2","y":"2"}]'),
      utf8('{"date":["2024-01-01","2024-01-02"],"y":[1,2]}'),
    ],
    parse: (bytes) => useSeries(() => seriesFromJson(bytes, { target: "y" })),
  },
  {
    name: "births",
    seeds: [writeDays(10_957, [9083, 8006, 11_363])],
    parse: (bytes) => useSeries(() => birthsSeries(bytes)),
  },
  { name: "tar.gz", seeds: [gzipSync(TAR)], parse: imdbTextsOfTarGz },
  { name: "tar", seeds: [TAR], parse: (bytes) => imdbTextsOfTarGz(gzipSync(bytes)) },
];
