/** Every function that the package exports, given what it does not take: an error that says so, never a raw one. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import * as holidays from "../src/data/holidays/index.ts";
import * as data from "../src/data/index.ts";
import { LstmkitError } from "../src/errors.ts";
import * as index from "../src/index.ts";
import * as node from "../src/node.ts";
import { imdbNpz } from "./data/npz-fixture.ts";

type Exported = (...args: unknown[]) => unknown;

interface Call {
  /** Arguments that it takes. */
  readonly args: readonly unknown[];
  /** The place of the options among them, and an option's name misspelt with the one that is meant. */
  readonly options?: { readonly at: number; readonly typo: string; readonly meant: string };
  /** Places where nothing need be given. */
  readonly mayLack?: readonly number[];
  /** Places where any string would do, and do harm. */
  readonly anyString?: readonly number[];
  /** Places where any number from 0 on would do. */
  readonly anyNumber?: readonly number[];
}

const folder = mkdtempSync(join(tmpdir(), "lstmkit-calls-"));
const none = async () => [];
const file = (name: string) => join(folder, name);
const npz = imdbNpz([[1, 2], [2]], [0, 1], [[1], [2]], [1, 0]);
const CSV = "text,label\na b,0\nc d,1\na c,0\nb d,1\n";
const corpus = new Uint8Array(readFileSync(new URL("../assets/spam-assassin.bin", import.meta.url)));
const novel = new Uint8Array(readFileSync(new URL("../assets/moby-dick.bin", import.meta.url)));
const digits = new Uint8Array(readFileSync(new URL("../assets/digits.bin", import.meta.url)));
const births = new Uint8Array(readFileSync(new URL("../assets/births.bin", import.meta.url)));
const BIRTHS = data.birthsSeries(births);
const SERIES = "date,y\n2024-01-01,1\n2024-01-02,2\n";
const vocabulary = data.buildVocabulary(["a b", "b"]);
const texts: data.LabelledTexts = {
  texts: ["a b", "c d", "a c", "b d"],
  labels: [0, 1, 0, 1],
  classes: ["no", "yes"],
};
const dataset = data.datasetFromTexts(texts);

const optionsAt = (at: number, typo: string, meant: string) => ({ options: { at, typo, meant } });

const CALLS: Record<string, Call> = {
  // src/layers
  activation: { args: [{ activation: "tanh" }], ...optionsAt(0, "activaton", "activation") },
  averagePooling1d: { args: [{}], ...optionsAt(0, "poolsize", "poolSize") },
  conv1d: { args: [{ filters: 2, kernelSize: 3 }], ...optionsAt(0, "kernel_size", "kernelSize") },
  flatten: { args: [{}], ...optionsAt(0, "inputshape", "inputShape") },
  globalAveragePooling1d: { args: [{}], ...optionsAt(0, "keepDims", "keepdims") },
  globalMaxPooling1d: { args: [{}], ...optionsAt(0, "keep_dims", "keepdims") },
  maxPooling1d: { args: [{}], ...optionsAt(0, "stride", "strides") },
  repeatVector: { args: [{ n: 3 }], ...optionsAt(0, "nam", "name") },
  timeDistributed: { args: [{ layer: index.dense({ units: 2 }) }], ...optionsAt(0, "layers", "layer") },
  bidirectional: { args: [{ layer: index.lstm({ units: 2 }) }], ...optionsAt(0, "mergemode", "mergeMode") },
  dense: { args: [{ units: 2 }], ...optionsAt(0, "unit", "units") },
  dropout: { args: [{ rate: 0.5 }], ...optionsAt(0, "rat", "rate") },
  embedding: { args: [{ inputDim: 9, outputDim: 2 }], ...optionsAt(0, "input_dim", "inputDim") },
  gru: { args: [{ units: 2 }], ...optionsAt(0, "return_sequences", "returnSequences") },
  input: { args: [{}], mayLack: [0], ...optionsAt(0, "nam", "name") },
  layerNormLSTM: { args: [{ units: 2 }], ...optionsAt(0, "epsilom", "epsilon") },
  layerNormalization: { args: [{}], ...optionsAt(0, "epsilom", "epsilon") },
  lstm: { args: [{ units: 2 }], ...optionsAt(0, "unts", "units") },
  masking: { args: [{}], mayLack: [0], ...optionsAt(0, "maskvalue", "maskValue") },
  minGRU: { args: [{ units: 2 }], ...optionsAt(0, "use_bias", "useBias") },
  minLSTM: { args: [{ units: 2 }], ...optionsAt(0, "unit_forget_bias", "unitForgetBias") },
  peepholeLSTM: { args: [{ units: 2 }], ...optionsAt(0, "peepholeInitialiser", "peepholeInitializer") },
  statesOf: { args: [index.lstm({ units: 2 })] },
  simpleRNN: { args: [{ units: 2 }], ...optionsAt(0, "Units", "units") },
  // src/callbacks
  csvLogger: { args: [{ write() {} }], ...optionsAt(0, "seperator", "separator") },
  earlyStopping: { args: [{}], mayLack: [0], ...optionsAt(0, "patiance", "patience") },
  modelCheckpoint: { args: [{ save() {} }], ...optionsAt(0, "saveBestOnl", "saveBestOnly") },
  reduceLROnPlateau: { args: [{}], mayLack: [0], ...optionsAt(0, "facter", "factor") },
  tensorBoard: { args: [{ write() {} }], ...optionsAt(0, "updatefreq", "updateFreq") },
  terminateOnNaN: { args: [] },
  // src/data
  birthsSeries: { args: [births] },
  calendar: { args: [{ elementwise: async () => new Float64Array(0) }, BIRTHS, new Float64Array(0), []] },
  calendarFeatures: { args: [BIRTHS] },
  frequencyName: { args: [{ unit: "day", every: 2 }] },
  holidayFeatures: {
    args: [BIRTHS, new Float64Array(0), { country: "US", from: 2000, to: 2001, days: [] }, {}],
    ...optionsAt(3, "eech", "each"),
  },
  parseFrequency: { args: ["2 days"] },
  publicHolidays: { args: ["US", { from: 2000, to: 2001 }], ...optionsAt(1, "observence", "observances") },
  seriesFromCsv: { args: [SERIES, {}], ...optionsAt(1, "targets", "target") },
  seriesFromJson: { args: ['{"y":[1,2]}', {}], ...optionsAt(1, "frequenzy", "frequency") },
  seriesFromRows: { args: [{ y: [1, 2] }, {}], ...optionsAt(1, "gap", "gaps") },
  timesAfter: { args: [BIRTHS, BIRTHS.series[0], 2, 0], mayLack: [3], anyNumber: [2, 3] },
  loadBirths: { args: [] },
  buildVocabulary: { args: [["a b"], {}], ...optionsAt(1, "num_words", "numWords") },
  countSplit: { args: [dataset.train, vocabulary], mayLack: [1] },
  csvColumns: { args: [CSV, {}], ...optionsAt(1, "seperator", "separator") },
  datasetFromTexts: { args: [texts, {}], ...optionsAt(1, "test_split", "testSplit") },
  decode: { args: [vocabulary, [4, 5]] },
  decodeText: { args: [corpus.subarray(0, 4), {}], ...optionsAt(1, "encodng", "encoding") },
  encode: { args: [vocabulary, "a b"] },
  encodeRows: { args: [vocabulary, ["a b"]] },
  imdbFromNpz: { args: [npz, {}], ...optionsAt(1, "maxlen", "maxLen") },
  imdbFromTexts: { args: [{ train: texts, test: texts }, {}], ...optionsAt(1, "skip_top", "skipTop") },
  imdbTextsOfTarGz: { args: [await tarGz()] },
  mobyDickFromBytes: { args: [novel] },
  padSequences: { args: [[[1], [2, 3]], {}], ...optionsAt(1, "maxlen", "maxLen") },
  parseWordIndex: { args: ['{"a":1}', {}], ...optionsAt(1, "oov_char", "oovChar") },
  readTextMetadata: { args: [{ layers: [], metadata: {} }] },
  streamTexts: { args: [CSV, {}], anyString: [0], ...optionsAt(1, "batchsize", "batchSize") },
  streamNumbers: {
    args: ["x,y\n1,2\n3,4\n5,6\n", { target: "y" }],
    anyString: [0],
    ...optionsAt(1, "targt", "target"),
  },
  fileBytes: { args: [file("texts.csv")], anyString: [0] },
  spamFromBytes: { args: [corpus, {}], ...optionsAt(1, "maxlen", "maxLen") },
  textMetadata: { args: [dataset] },
  textsFromCsv: { args: [CSV, {}], ...optionsAt(1, "labels", "label") },
  tokenize: { args: ["a b"] },
  wordsOf: { args: [vocabulary, "a b"] },
  // src/data/labelled
  digitsFromBytes: { args: [digits] },
  sequenceSet: { args: [{ sequences: [[1, 2]] }] },
  sequencesFromCsv: { args: [CSV, {}], ...optionsAt(1, "lable", "label") },
  sequencesFromFile: { args: ["a.csv", CSV, {}], ...optionsAt(2, "feature", "features") },
  sequencesFromFiles: {
    args: [["a", "b"].map((name) => ({ path: `${name}/1.txt`, bytes: new Uint8Array([97]) })), {}],
    ...optionsAt(1, "encodng", "encoding"),
  },
  sequencesFromLines: {
    args: ["a\tb c\n", { label: "1", header: false }],
    ...optionsAt(1, "rname", "rename"),
  },
  sequencesFromTs: {
    args: ["@univariate true\n@classLabel true a b\n@data\n1,2:a\n", {}],
    ...optionsAt(1, "label_", "label"),
  },
  // files
  loadCsv: { args: [file("texts.csv"), {}], ...optionsAt(1, "test_split", "testSplit") },
  loadImdb: { args: [{ data: file("imdb.npz") }], ...optionsAt(0, "cachedir", "cacheDir") },
  folderCheckpoints: { args: [file("checkpoints")], anyString: [0] },
  loadModel: { args: [{ load: async () => ({}) }, file("imdb.npz")] },
  loadSpam: { args: [{}], ...optionsAt(0, "maxlen", "maxLen") },
  loadDigits: { args: [] },
  loadMobyDick: { args: [] },
  loadSequences: { args: [file("texts.csv"), {}], ...optionsAt(1, "tests", "test") },
  loadTexts: { args: [file("texts.csv"), {}], ...optionsAt(1, "encodng", "encoding") },
  quantize: { args: [{ quantize: async () => corpus.subarray(0, 1) }], mayLack: [1] },
  saveModel: { args: [{ save: async () => corpus.subarray(0, 1) }, file("a.model")], anyString: [1] },
  stagedRun: {
    args: [
      {
        checkpoint: { store: { read: none, write: none, clear: none } },
        identity: { data: [CSV, digits, null] },
      },
    ],
    ...optionsAt(0, "checkpoints", "checkpoint"),
  },
  transfer: { args: [new Float32Array(1)] },
};

/** Classes, and what starts threads and workers, which have tests of their own. */
const OTHERS = ["LstmkitError", "RandomState", "browserCheckpoints", "createRuntime", "spawnRuntime"];

const exported: Record<string, unknown> = { ...index, ...data, ...holidays, ...node };
const call = async (name: string, args: readonly unknown[]) => (exported[name] as Exported)(...args);
const withArgument = ({ args }: Call, at: number, value: unknown) =>
  Array.from({ length: Math.max(args.length, at + 1) }, (_, i) => (i === at ? value : args[i]));

beforeAll(() => {
  writeFileSync(file("texts.csv"), CSV);
  writeFileSync(file("imdb.npz"), npz);
});
afterAll(() => rmSync(folder, { recursive: true }));

async function tarGz(): Promise<Uint8Array> {
  const { packTar } = await import("modern-tar");
  const reviews = ["train", "test"].flatMap((part) => [`${part}/neg/0.txt`, `${part}/pos/0.txt`]);
  const entries = reviews.map((name) => ({ header: { name, size: 1 }, body: "a" }));
  const { gzipSync } = await import("node:zlib");
  return gzipSync(await packTar(entries));
}

test("every exported function has its entry here", () => {
  const functions = Object.keys(exported).filter((name) => typeof exported[name] === "function");
  expect([...Object.keys(CALLS), ...OTHERS].sort()).toEqual(functions.sort());
});

describe.each(Object.entries(CALLS))("%s()", (name, entry) => {
  const { args, options } = entry;
  const places = args.map((_, at) => at).filter((at) => at !== options?.at);

  test("takes what it should", async () => {
    await call(name, args);
  });

  if (options) {
    const code: unknown = expect.stringMatching(/^BAD_(ARGUMENT|LAYER)$/);

    test("an option that it does not have is refused, with the one that is meant", async () => {
      const misspelt = { ...(args[options.at] as object), [options.typo]: 1 };
      const message: unknown = expect.stringContaining(`did you mean ${options.meant}?`);
      const refused = call(name, withArgument(entry, options.at, misspelt));
      await expect(refused).rejects.toMatchObject({ name: "LstmkitError", code, message });
    });

    test.each([
      ["5", 5],
      ['"s"', "s"],
      ["null", null],
      ["an array", []],
      ["a function", () => {}],
      ["true", true],
      ["a map", new Map()],
    ])("options that are %s are refused", async (_, value) => {
      const refused = call(name, withArgument(entry, options.at, value));
      await expect(refused).rejects.toMatchObject({ name: "LstmkitError", code });
    });
  }

  test.each(places)("argument %i of another kind is refused, with a code", async (at) => {
    const none = [
      null,
      ...(entry.anyNumber?.includes(at) ? [] : [5]),
      true,
      5n,
      Symbol("s"),
      () => {},
      Number.NaN,
    ];
    if (!entry.mayLack?.includes(at)) none.push(undefined as never);
    for (const value of none) {
      const outcome = await call(name, withArgument(entry, at, value)).then(
        String,
        (error: unknown) => error,
      );
      expect(outcome, String(value)).toBeInstanceOf(LstmkitError);
      expect((outcome as Error).message.length).toBeLessThan(500);
    }
  });

  test.each(places)("argument %i with something else in it is taken, or refused with a code", async (at) => {
    // biome-ignore lint/suspicious/noSparseArray: a hole is one of them
    const lists = [[], [null], [5n], [[5n]], [Symbol("s")], [{}], [1.5], [, "a"], [[, 1]], new Array(3)];
    const objects = [
      {},
      { length: 1 },
      { length: -1 },
      { length: 2 ** 40 },
      { length: 2 ** 53 },
      new Map(),
      new Date(Number.NaN),
    ];
    const bytes = [
      new Uint8Array(0),
      new BigInt64Array(2),
      new DataView(new ArrayBuffer(8)),
      new ArrayBuffer(8),
    ];
    const parts = { train: null, test: null, texts: [null], labels: [null], words: [null], layers: {}, x: 1 };
    const strings = entry.anyString?.includes(at) ? [] : ["", "s", "\0", "\ud800"];
    for (const value of [...lists, ...objects, ...bytes, parts, ...strings]) {
      const outcome = await call(name, withArgument(entry, at, value)).catch((error: unknown) => error);
      if (outcome instanceof Error) expect(outcome).toBeInstanceOf(LstmkitError);
    }
  });
});
