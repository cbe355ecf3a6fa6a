import type { CAC, Command } from "cac";
import { countSplit } from "../data/counts.ts";
import type { CsvOptions } from "../data/csv.ts";
import type { TextDataset } from "../data/dataset.ts";
import type { Fold } from "../data/folds.ts";
import { MOST_STEPS, textMetadata } from "../data/text-metadata.ts";
import { TOKENIZERS, type Tokenizer } from "../data/tokenizers.ts";
import { checkWritable } from "../disk/disk-node.ts";
import { LstmkitError } from "../errors.ts";
import { dense } from "../layers/dense.ts";
import { embedding } from "../layers/embedding.ts";
import type { Layer } from "../layers/index.ts";
import { lstm } from "../layers/lstm.ts";
import { simpleRNN } from "../layers/simple-rnn.ts";
import { saveModel } from "../model-file-node.ts";
import { show } from "../options.ts";
import type { Runtime, RuntimeOptions } from "../runtime.ts";
import type { NamedTensor } from "../tensor.ts";
import type { CallbackState } from "../train/checkpoint.ts";
import type { Callback, EpochLogs, Model } from "../train/model.ts";
import { type Arguments, UsageError } from "./arguments.ts";
import { declareCheckpointFlags, RunCheckpoints } from "./checkpoint-flags.ts";
import { type DataSource, findDataSource, isCsvPath, readDataset } from "./data-source.ts";
import { EVALUATION_BATCH } from "./evaluate.ts";
import { declareFoldFlags, readFold } from "./fold-flags.ts";
import { catchInterruption, INTERRUPTED } from "./interruption.ts";
import { cautions } from "./part-lines.ts";
import { warn } from "./print.ts";
import { onFirst } from "./ranks.ts";
import { declareRuntimeFlags, openRuntime, readRuntimeFlags } from "./runtime-flags.ts";
import { declareClasses, declareCsvFlags, readClasses, readCsvFlags } from "./text-flags.ts";
import { JsonReport, type SavedAs, TextReport, type TrainReport } from "./train-report.ts";

/** The flags; their defaults are the Keras tutorial's on IMDB. */
export function declareTrain(cli: CAC): Command {
  const command = cli
    .command(
      "train [data]",
      "Train a model: on spam (the default), imdb, or a .csv file of texts and classes",
    )
    .option("--task <name>", "Train for another task; each has flags of its own: train --task <name> --help")
    .option("--data <path>", "An imdb.npz, an aclImdb folder or its .tar.gz, instead of a download")
    .option(
      "--test <path>",
      "A .csv file of texts for the test; those of the other are all for training then",
    )
    .option("--words <how>", `How a .csv file's texts are cut into words: ${TOKENIZERS.join(", ")}`, {
      default: "unicode",
    })
    .option("--cell <cell>", "lstm or rnn", { default: "lstm" })
    .option("--units <list>", "Units of each recurrent layer, with commas between", { default: "64,64" })
    .option("--embedding <n>", "Length of a word's vector", { default: 100 })
    .option("--dropout <share>", "Share of a recurrent layer's inputs dropped", { default: 0.5 })
    .option("--epochs <n>", "Times to go through the training set", { default: 4 })
    .option("--batch <n>", "Texts in a batch", { default: 128 })
    .option("--lr <rate>", "Adam's learning rate", { default: 0.001 })
    .option("--max-len <n>", "Words of a text, cut or padded", { default: 80 })
    .option("--vocab <n>", "Words known, the most frequent", { default: 10_000 })
    .option("--validation-freq <n>", "Validate on the test set every so many epochs", { default: 2 })
    .option("--seed <n>", "Fixes the weights, byte for byte", { default: 0 })
    .option("--out <path>", "Model file to write; one that is there is replaced", {
      default: "model.safetensors",
    })
    .option("--json", "Events for programs on stdout, one JSON object a line")
    .example("lstmkit train")
    .example("lstmkit train reviews.csv --text review --label sentiment")
    .example("lstmkit train train.csv --test test.csv")
    .example("lstmkit train imdb --cell rnn");
  declareFoldFlags(declareCsvFlags(declareClasses(command)));
  return declareRuntimeFlags(declareCheckpointFlags(command));
}

interface TrainOptions {
  readonly source: DataSource;
  readonly csv: CsvOptions;
  /** Path of a CSV file. */
  readonly test: string | undefined;
  readonly fold: Fold | undefined;
  readonly tokenizer: Tokenizer;
  readonly numWords: number;
  readonly maxLen: number;
  readonly cell: "lstm" | "rnn";
  readonly units: readonly number[];
  readonly outputDim: number;
  readonly dropout: number;
  readonly epochs: number;
  readonly batchSize: number;
  readonly learningRate: number;
  readonly validationFreq: number;
  readonly seed: number;
  readonly out: string;
  readonly runtime: RuntimeOptions;
}

async function readOptions(args: Arguments): Promise<TrainOptions> {
  const source = await trainingSource(args);
  return {
    source,
    csv: { ...readCsvFlags(args, source), ...readRename(args, source) },
    test: readTestPath(args, source),
    fold: readFold(args),
    tokenizer: readTokenizer(args, source),
    // 0 to 3 are the padding, the start, the unknown word and one that Keras leaves unused.
    numWords: args.wholeNumber("vocab", 5),
    maxLen: args.wholeNumber("max-len", 1, MOST_STEPS),
    cell: args.choice("cell", ["lstm", "rnn"]),
    units: args.wholeNumbers("units"),
    outputDim: args.wholeNumber("embedding", 1),
    dropout: args.number("dropout", (share) => share >= 0 && share < 1, "a number from 0 to below 1"),
    epochs: args.wholeNumber("epochs", 1),
    batchSize: args.wholeNumber("batch", 1),
    learningRate: args.number("lr", (rate) => rate > 0 && rate < Infinity, "a number above 0"),
    validationFreq: args.wholeNumber("validation-freq", 1),
    seed: args.wholeNumber("seed", 0, 2 ** 32 - 1),
    out: args.text("out")!, // has a default
    runtime: readRuntimeFlags(args),
  };
}

/** @throws UsageError for flags that make no training */
export async function checkTrain(args: Arguments): Promise<void> {
  await readOptions(args);
}

/** @throws UsageError */
function readRename(args: Arguments, source: DataSource): Pick<CsvOptions, "rename"> {
  const rename = readClasses(args);
  if (rename && source.kind !== "csv") {
    throw new UsageError(`--classes is for the names in a CSV file; the data set here is ${source.kind}.`);
  }
  return rename ? { rename } : {};
}

/** @throws UsageError */
function readTestPath(args: Arguments, source: DataSource): string | undefined {
  const path = args.text("test");
  if (path === undefined) return undefined;
  if (source.kind !== "csv") {
    throw new UsageError(`--test is for the texts of a CSV file; ${source.kind} has a test part of its own.`);
  }
  if (isCsvPath(path)) return path;
  throw new UsageError(`--test is ${show(path)}; wanted the path of a .csv or .tsv file.`);
}

/** @throws UsageError */
function readTokenizer(args: Arguments, source: DataSource): Tokenizer {
  if (args.has("words") && source.kind !== "csv") {
    throw new UsageError(`--words is for a CSV file; ${source.kind} is cut into words already.`);
  }
  return args.choice("words", TOKENIZERS);
}

async function trainingSource(args: Arguments): Promise<DataSource> {
  const path = args.text("data");
  const name = args.positionals[0] ?? (path === undefined ? "spam" : "imdb");
  const source = await findDataSource(name);
  if (path === undefined) return source;
  if (name !== "imdb") {
    throw new UsageError(`--data is where imdb lies; the data set here is ${name}. Leave one of them out.`);
  }
  return { kind: "imdb", path };
}

/** @returns the exit code */
export async function train(args: Arguments): Promise<number> {
  const options = await readOptions(args);
  const checkpoints = new RunCheckpoints(args, options.out);
  await onFirst(() => checkWritable(options.out));
  await onFirst(() => checkpoints.check());
  const report = args.has("json") ? new JsonReport() : new TextReport();
  const signal = catchInterruption(() => report.stopping());
  try {
    const kit = await openRuntime(args, options.runtime);
    return await run(kit, options, checkpoints, report, signal);
  } finally {
    report.close();
    await checkpoints.close();
  }
}

async function run(
  kit: Runtime,
  options: TrainOptions,
  checkpoints: RunCheckpoints,
  report: TrainReport,
  signal: AbortSignal,
): Promise<number> {
  const { source, learningRate, epochs, seed, out } = options;
  const onProgress = (received: number, total: number) => report.fetching(received, total);
  const data = await unlessAborted(() => readDataset(source, { ...options, onProgress, signal }));
  if (!data || signal.aborted) {
    report.interrupted(null);
    return INTERRUPTED;
  }
  const model = await kit.sequential(layersOf(options, data.inputDim), { seed });
  await model.compile({
    optimizer: { name: "adam", learningRate },
    loss: "binaryCrossentropy",
    metrics: ["accuracy"],
  });
  const [info, summary, parameters] = [await kit.info(), await model.summary(), await model.countParams()];
  const counts = {
    train: countSplit(data.train, data.vocabulary),
    test: countSplit(data.test, data.vocabulary),
  };
  report.start({ info, data, counts, summary, parameters, seed, epochs });
  for (const line of cautions(data, counts)) warn(line);

  const began = performance.now();
  const { isComplete, weights } = await fitModel(model, data, options, checkpoints, report, signal);
  // Written before the evaluation, so that Ctrl-C then loses nothing.
  const saved = weights === null ? null : await save(model, data, out, weights);
  if (!saved || !isComplete || !(await evaluateBoth(model, data, report, signal))) {
    report.interrupted(saved);
    checkpoints.interrupted();
    return INTERRUPTED;
  }
  report.done((performance.now() - began) / 1000, saved);
  await onFirst(() => checkpoints.done());
  return 0;
}

/** What fitModel leaves in the model. */
interface Learnt {
  readonly isComplete: boolean;
  /** Whose weights the model has, in words; null before the first batch. */
  readonly weights: string | null;
}

async function fitModel(
  model: Model,
  { train, test }: TextDataset,
  { epochs, batchSize, validationFreq }: TrainOptions,
  checkpoints: RunCheckpoints,
  report: TrainReport,
  signal: AbortSignal,
): Promise<Learnt> {
  const best = new BestWeights(model);
  const batches = Math.ceil(train.x.shape[0]! / batchSize);
  let epoch = 1;
  let hasLearnt = false;
  const history = await unlessAborted(() =>
    model.fit(train.x, train.y, {
      epochs,
      batchSize,
      validationData: [test.x, test.y],
      validationFreq,
      signal,
      ...checkpoints.option((from) => {
        epoch = from.epoch + 1;
        hasLearnt = true;
      }),
      callbacks: [best],
      onBatchEnd: (batch, logs) => {
        hasLearnt = true;
        report.batch(epoch, batch, logs);
      },
      onEpochEnd: (_, logs) => {
        report.epoch(epoch, logs, batches);
        epoch++;
      },
    }),
  );
  if (history) return { isComplete: true, weights: "the weights of the last epoch" };
  return { isComplete: false, weights: hasLearnt ? await best.restore(epoch) : null };
}

/** @returns false where it was aborted */
async function evaluateBoth(
  model: Model,
  data: TextDataset,
  report: TrainReport,
  signal: AbortSignal,
): Promise<boolean> {
  for (const split of ["train", "test"] as const) {
    const { x, y } = data[split];
    report.evaluating(split);
    const logs = await unlessAborted(() => model.evaluate(x, y, { batchSize: EVALUATION_BATCH, signal }));
    if (!logs) return false;
    report.evaluated(split, logs, x.shape[0]!);
  }
  return true;
}

function layersOf({ cell, units, outputDim, dropout }: TrainOptions, inputDim: number): Layer[] {
  const recurrent = cell === "lstm" ? lstm : simpleRNN;
  return [
    embedding({ inputDim, outputDim }),
    ...units.map((n, i) => recurrent({ units: n, dropout, returnSequences: i < units.length - 1 })),
    dense({ units: 1, activation: "sigmoid" }),
  ];
}

async function save(model: Model, data: TextDataset, out: string, weights: string): Promise<SavedAs> {
  await onFirst(() => saveModel(model, out, { metadata: textMetadata(data) }));
  return { digest: await model.digest(), out, weights };
}

/** Undefined where the work was aborted. */
async function unlessAborted<T>(work: () => Promise<T>): Promise<T | undefined> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof LstmkitError && error.code === "ABORTED") return undefined;
    throw error;
  }
}

/** The weights with the lowest validation loss so far, for a run that is interrupted later. */
class BestWeights implements Callback {
  readonly #model: Model;
  #best: { weights: readonly NamedTensor[]; loss: number; epoch: number } | null = null;

  constructor(model: Model) {
    this.#model = model;
  }

  async onEpochEnd(epoch: number, { valLoss }: EpochLogs): Promise<void> {
    if (valLoss === undefined || valLoss >= (this.#best?.loss ?? Infinity)) return;
    this.#best = { weights: await this.#model.getWeights(), loss: valLoss, epoch: epoch + 1 };
  }

  getState(): CallbackState {
    if (!this.#best) return { values: {} };
    const { weights, loss, epoch } = this.#best;
    return { values: { loss, epoch }, tensors: weights };
  }

  setState({ values: { loss, epoch }, tensors = [] }: CallbackState): void {
    this.#best = tensors.length > 0 ? { weights: tensors, loss: Number(loss), epoch: Number(epoch) } : null;
  }

  /** Give the model the best weights, or leave it as it is where there was no validation yet; say which. */
  async restore(epoch: number): Promise<string> {
    if (!this.#best) return `the weights as they were in epoch ${epoch}`;
    await this.#model.setWeights(this.#best.weights);
    return `the weights of epoch ${this.#best.epoch}, the best by validation loss (${this.#best.loss.toFixed(4)})`;
  }
}
