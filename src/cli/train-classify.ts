import { basename } from "node:path";
import type { CAC, Command } from "cac";
import type { LabelKind } from "../data/labelled/set.ts";
import { loadDigits, loadSequences } from "../data/load-sequences-node.ts";
import { TOKENIZERS } from "../data/tokenizers.ts";
import { checkWritable } from "../disk/disk-node.ts";
import type { ClassifierOptions } from "../tasks/index.ts";
import { type Arguments, UsageError } from "./arguments.ts";
import { declareCheckpointFlags, RunCheckpoints } from "./checkpoint-flags.ts";
import { ClassifyJobReport, runClassifyJob } from "./classify-job.ts";
import { checkReportPath } from "./classify-report-file.ts";
import { declareFoldFlags, foldOfSequences, readFold } from "./fold-flags.ts";
import { catchInterruption } from "./interruption.ts";
import { warn } from "./print.ts";
import { onFirst } from "./ranks.ts";
import { declareRuntimeFlags, openRuntime, readRuntimeFlags } from "./runtime-flags.ts";
import { declareSequenceFlags, readSequenceFlags } from "./sequence-flags.ts";
import { declareClasses } from "./text-flags.ts";

export function declareTrainClassify(cli: CAC): Command {
  const command = cli
    .command(
      "train [data]",
      "Train a model that tells classes of texts or numbers: a .csv, .ts or .txt file, or a folder with one for each class",
    )
    .option("--task <name>", "classify")
    .option("--test <path>", "A file or folder for the test; all of the other is for training then");
  declareSequenceFlags(declareFoldFlags(command));
  declareClasses(command)
    .option("--words <how>", `How texts are cut into words: ${TOKENIZERS.join(", ")}`, { default: "unicode" })
    .option("--vocab <n>", "Words or tokens known at most, the most frequent", { default: 20_000 })
    .option("--embedding <n>", "Length of a word's vector", { default: 64 })
    .option("--max-len <n>", "Words of a text that are read; by the texts' lengths, 200 at most")
    .option("--fold <n>", "Steps of numbers read as one; by the longest sequence")
    .option("--scaling <kind>", "Of numbers: features, all, sequence, or auto, as the validation part says", {
      default: "auto",
    })
    .option("--cell <cell>", "lstm or gru", { default: "lstm" })
    .option("--units <n>", "Units of each recurrent layer, in each direction", { default: 64 })
    .option("--layers <n>", "Recurrent layers, one above the other", { default: 1 })
    .option("--one-way", "Read sequences from their beginning alone")
    .option("--pooling <kind>", "What of the outputs is read: max, mean or last", { default: "max" })
    .option("--dropout <share>", "Share of a recurrent layer's outputs dropped", { default: 0.3 })
    .option("--recurrent-dropout <share>", "Share of its state dropped between steps", { default: 0.2 })
    .option("--class-weight <weights>", "balanced, or what classes count for: walk=1,run=3")
    .option("--epochs <n>", "Times to go through the training part at most; by its size")
    .option("--batch <n>", "Sequences in a batch; by the training part's size")
    .option("--lr <rate>", "Adam's learning rate at the beginning", { default: 0.003 })
    .option("--patience <n>", "Epochs that are no better after which training ends; a third of them")
    .option("--test-split <share>", "Share set apart for the test, by class", { default: 0.2 })
    .option("--validation-split <share>", "Share of the others set apart to choose and stop by; 0.15")
    .option("--calibrate", "Make probabilities say how often answers are right, by the validation part")
    .option("--seed <n>", "Fixes the split and the weights, byte for byte", { default: 0 })
    .option("--out <path>", "Model file to write; one that is there is replaced", {
      default: "model.safetensors",
    })
    .option("--report <path>", "The test part's report as a file: .csv, .html or .json")
    .option("--json", "Events for programs on stdout, one JSON object a line")
    .example("lstmkit train sensors/ --task classify")
    .example("lstmkit train notes.csv --task classify --text note --label topic")
    .example("lstmkit train steps.csv --task classify --id session --time t --label activity")
    .example("lstmkit train JapaneseVowels_TRAIN.ts --task classify");
  return declareRuntimeFlags(declareCheckpointFlags(command));
}

function readOptions(args: Arguments): ClassifierOptions {
  const whole = (name: string, least: number, most?: number) =>
    args.text(name) === undefined ? undefined : args.wholeNumber(name, least, most);
  const share = (name: string, from = 0) =>
    args.text(name) === undefined
      ? undefined
      : args.number(
          name,
          (n) => n >= from && n < 1,
          from === 0 ? "a number from 0 to below 1" : "a number above 0 and below 1",
        );
  const options = {
    tokenizer: args.choice("words", TOKENIZERS),
    vocabulary: whole("vocab", 5, 2 ** 24),
    embedding: whole("embedding", 1, 65_536),
    maxLen: whole("max-len", 1, 100_000),
    fold: whole("fold", 1, 100_000),
    scaling: args.choice("scaling", ["auto", "features", "all", "sequence"]),
    cell: args.choice("cell", ["lstm", "gru"]),
    units: whole("units", 1, 65_536),
    layers: whole("layers", 1, 16),
    bidirectional: !args.has("one-way"),
    pooling: args.choice("pooling", ["last", "max", "mean"]),
    dropout: share("dropout"),
    recurrentDropout: share("recurrent-dropout"),
    classWeight: readWeights(args),
    epochs: whole("epochs", 1, 1_000_000),
    batchSize: whole("batch", 1, 1_000_000),
    learningRate: args.number("lr", (rate) => rate > 0 && rate < Infinity, "a number above 0"),
    patience: whole("patience", 1),
    testSplit: share("test-split", Number.MIN_VALUE),
    validationSplit: share("validation-split"),
    calibrate: args.has("calibrate"),
    seed: whole("seed", 0, 2 ** 32 - 1),
  };
  return Object.fromEntries(
    Object.entries(options).filter(([, value]) => value !== undefined),
  ) as ClassifierOptions;
}

/** @throws UsageError */
function readWeights(args: Arguments): ClassifierOptions["classWeight"] {
  const value = args.text("class-weight");
  if (value === undefined || value === "balanced") return value;
  const pairs = value.split(",").map((pair) => pair.split("="));
  const weights = pairs.map(([name = "", weight = "", ...rest]) => {
    if (name.trim() === "" || !/^\d*\.?\d+$/.test(weight) || !(Number(weight) > 0) || rest.length > 0) {
      throw new UsageError(
        `--class-weight is ${JSON.stringify(value)}; wanted balanced, or pairs of a class and a number above 0, such as walk=1,run=3.`,
      );
    }
    return [name.trim(), Number(weight)] as const;
  });
  return Object.fromEntries(weights);
}

/** @throws UsageError for flags that make no training */
export function checkTrainClassify(args: Arguments): void {
  readSequenceFlags(args);
  readFold(args);
  readOptions(args);
  readRuntimeFlags(args);
}

/** @returns the exit code */
export async function trainClassify(args: Arguments): Promise<number> {
  const [path] = args.positionals;
  const reading = readSequenceFlags(args);
  const fold = readFold(args);
  const options = readOptions(args);
  const [out, reportPath, test] = [args.text("out")!, args.text("report"), args.text("test")];
  const runtime = readRuntimeFlags(args);
  if (reportPath !== undefined) checkReportPath(reportPath);
  if (path === undefined && test !== undefined) {
    throw new UsageError(
      "--test is a test part for data of your own; the digits that are used without any have one.",
    );
  }
  const isJson = args.has("json");
  const found =
    path === undefined
      ? await loadDigits()
      : await loadSequences(path, { ...reading, ...(test !== undefined && !fold && { test }) });
  const data = fold ? foldOfSequences(found.train, fold) : found;
  if (test === undefined && "testPath" in data) warn(`The test part is ${data.testPath}.`);
  await onFirst(() => checkWritable(out));
  if (reportPath !== undefined) await onFirst(() => checkWritable(reportPath));
  const checkpoints = new RunCheckpoints(args, out);
  await onFirst(() => checkpoints.check());
  const report = new ClassifyJobReport(isJson);
  const signal = catchInterruption(() => report.stopping());
  try {
    const kit = await openRuntime(args, runtime);
    const name = path === undefined ? "digits" : basename(path);
    const example = exampleOf(data.train.input, data.train.labels ?? "one", path);
    const { train } = data;
    const job = { name, train, test: data.test, options, out, reportPath, example, isJson, checkpoints };
    const { code } = await runClassifyJob(kit, job, report, signal);
    await kit.close();
    return code;
  } finally {
    report.close();
    await checkpoints.close();
  }
}

function exampleOf(input: string, labels: LabelKind, path = "digits.csv"): string {
  if (input === "numbers") return `new${/\.\w+$/.exec(path)?.[0] ?? ".csv"}`;
  return labels === "steps" ? '"some words"' : '"a text"';
}
