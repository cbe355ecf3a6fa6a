/** The worker of the place that tells classes of sequences. */
import { expose, transfer } from "comlink";
import { LstmkitError } from "lstmkit";
import {
  csvColumns,
  digitsFromBytes,
  type SequenceFile,
  type SequenceOptions,
  type SequenceSet,
  sequencesFromFile,
  sequencesFromFiles,
} from "lstmkit/data";
import digitsAddress from "lstmkit/digits.bin?url";
import {
  type ClassifierOptions,
  type ClassifyEvaluation,
  type ClassifyPrediction,
  classifier,
  loadClassifier,
  type SequenceClassifier,
} from "lstmkit/tasks";
import shippedAddress from "../../models/classes.safetensors?url";
import { fetchOwn } from "../fetch-own.ts";
import { Keeper } from "../tasks/keeper.ts";

export type Data = "digits" | "own";

/** A file, by its path from the folder that was chosen, or by its name. */
export interface PathFile {
  readonly path: string;
  readonly file: File;
}

export interface GivenFiles {
  /** What the command line would be given. */
  readonly name: string;
  readonly columns: readonly string[];
}

export interface TrainRequest {
  readonly data: Data;
  readonly reading: SequenceOptions;
  readonly options: ClassifierOptions;
  readonly threads: number | "auto";
}

/** A model that is there, and the sequences that it is shown with. */
export interface Opened {
  readonly digest: string;
  readonly classes: readonly string[];
  readonly input: "text" | "tokens" | "numbers";
  readonly parameters: number | null;
  /** How many sequences can be looked at. */
  readonly count: number;
  readonly test: ClassifyEvaluation | null;
  readonly findings: readonly string[];
}

/** A sequence, and what the model says of it. */
export interface Looked {
  readonly place: string;
  readonly features: readonly string[];
  /** Numbers step by step; or the text. */
  readonly sequence: Float64Array | string;
  readonly target: string | null;
  readonly prediction: ClassifyPrediction;
}

interface Sets {
  readonly train: SequenceSet;
  readonly test?: SequenceSet;
}

interface Made {
  readonly model: SequenceClassifier;
  /** To look at. */
  readonly set: SequenceSet;
  readonly test: ClassifyEvaluation | null;
}

const keeper = new Keeper<Made>();
let given: readonly { readonly path: string; readonly bytes: Uint8Array }[] = [];
let digits: Sets | null = null;

const TEST = /_TEST\.(ts|tsv|txt)$/i;

/** @throws BAD_ARGUMENT for files that make no set; BAD_CSV */
async function give(files: readonly PathFile[]): Promise<GivenFiles> {
  const read = await Promise.all(
    files.map(async ({ path, file }) => ({ path, bytes: new Uint8Array(await file.arrayBuffer()) })),
  );
  const isFolder = read.some(({ path }) => path.includes("/"));
  const train = read.filter(({ path }) => !TEST.test(path));
  if (!isFolder && train.length !== 1) {
    throw new LstmkitError(
      "BAD_ARGUMENT",
      `${read
        .map(({ path }) => path)
        .slice(0, 3)
        .join(
          ", ",
        )}: ${read.length} files in no folder; wanted one file, an X_TRAIN.ts with its X_TEST.ts, or a folder with one for each class.`,
    );
  }
  const columns = !isFolder && /\.(csv|tsv)$/i.test(train[0]!.path) ? csvColumns(train[0]!.bytes) : [];
  given = read;
  return { name: isFolder ? read[0]!.path.split("/")[0]! : train[0]!.path, columns };
}

async function setsOf(data: Data, reading: SequenceOptions): Promise<Sets> {
  if (data === "digits") {
    digits ??= digitsFromBytes(await fetchOwn(digitsAddress));
    return digits;
  }
  if (given.length === 0) throw new LstmkitError("BAD_ARGUMENT", "no file was given. Choose one.");
  if (given.some(({ path }) => path.includes("/"))) {
    // The folder's own name is no class.
    const files = given.map(
      ({ path, bytes }): SequenceFile => ({ path: path.replace(/^[^/]*\//, ""), bytes }),
    );
    return { train: sequencesFromFiles(files, reading) };
  }
  const [one] = given.filter(({ path }) => !TEST.test(path));
  const test = given.find(({ path }) => TEST.test(path));
  const train = sequencesFromFile(one!.path, one!.bytes, reading);
  if (!test) return { train };
  return { train, test: sequencesFromFile(test.path, test.bytes, { ...train.columns, ...reading }) };
}

/** The model that comes with the page, beside the digits of the test part. @throws OFFLINE */
async function openShipped(): Promise<Opened> {
  const file = await fetchOwn(shippedAddress);
  const { test } = await setsOf("digits", {});
  return opened(
    await keeper.first(async (kit) => {
      const model = await loadClassifier(kit, file);
      return { model, set: test!, test: model.report?.test ?? (await model.evaluate(test!)) };
    }),
  );
}

type Told = (progress: {
  epoch: number;
  epochs: number;
  loss: number;
  valLoss?: number;
  accuracy: number;
}) => void;

/** @throws what reading the data and fit() throw; ABORTED */
async function train({ data, reading, options, threads }: TrainRequest, onEpoch: Told): Promise<Opened> {
  const made = await keeper.replace(threads, async (kit, signal) => {
    const { train, test } = await setsOf(data, reading);
    const model = classifier(kit, options);
    let epochs = 1;
    const report = await model.fit(train, {
      signal,
      ...(test && { test }),
      onStart: ({ settings }) => {
        epochs = settings.epochs;
      },
      onEpochEnd: (epoch, { loss, valLoss, accuracy }) =>
        onEpoch({ epoch, epochs, loss, accuracy, ...(valLoss !== undefined && { valLoss }) }),
    });
    return { model, set: test ?? train, test: report.test };
  });
  return opened(made);
}

/** A model's file; it is shown with the data that were chosen. @throws BAD_MODEL_FILE; BAD_DATASET */
async function load(file: File, data: Data, reading: SequenceOptions): Promise<Opened> {
  const bytes = new Uint8Array(await file.arrayBuffer());
  const made = await keeper.replace("auto", async (kit) => {
    const model = await loadClassifier(kit, bytes);
    const { columns, features, labels } = model.reads!; // it was loaded
    const own = data === "own" ? { ...columns, labels, ...(features.length > 0 && { features }) } : {};
    const { train, test } = await setsOf(data, { ...own, ...reading });
    const set = test ?? train;
    return { model, set, test: await model.evaluate(set) };
  });
  return opened(made);
}

async function opened({ model, set, test }: Made): Promise<Opened> {
  return {
    digest: await model.digest(),
    classes: model.classes,
    input: model.reads!.input,
    parameters: model.report?.parameters ?? null,
    count: set.sequences.length,
    test,
    findings: [...set.findings, ...(model.report?.findings ?? [])].map(({ message }) => message),
  };
}

/** One sequence of those that are shown, from 0. */
async function look(i: number): Promise<Looked> {
  const { model, set } = keeper.made;
  const sequence = set.sequences[i]!;
  const one = {
    ...set,
    sequences: [sequence],
    targets: [],
    places: [set.places[i]!],
    labels: null,
    groups: undefined,
  };
  const { groups: _, ...alone } = one;
  const [prediction] = await model.predict(alone);
  const target = set.targets[i];
  return {
    place: set.places[i]!,
    features: set.features,
    sequence:
      typeof sequence === "string" || sequence instanceof Float64Array ? sequence : sequence.join(" "),
    target: target === undefined ? null : [target].flat().join(", "),
    prediction: prediction!,
  };
}

/** A text that was written here. */
async function read(text: string): Promise<ClassifyPrediction> {
  const [prediction] = await keeper.made.model.predict(text);
  return prediction!;
}

async function save(): Promise<Uint8Array<ArrayBuffer>> {
  const bytes = await keeper.made.model.save();
  return transfer(bytes, [bytes.buffer]);
}

const calls = { give, openShipped, train, load, look, read, save, stop: async () => keeper.stop() };

export type ClassesCalls = typeof calls;

expose(calls);
