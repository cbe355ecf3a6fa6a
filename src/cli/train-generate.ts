import { basename } from "node:path";
import type { CAC, Command } from "cac";
import { loadMobyDick, loadTexts } from "../data/load-texts-node.ts";
import { checkWritable } from "../disk/disk-node.ts";
import type { GeneratorOptions } from "../tasks/index.ts";
import type { Arguments } from "./arguments.ts";
import { declareCheckpointFlags, RunCheckpoints } from "./checkpoint-flags.ts";
import { catchInterruption } from "./interruption.ts";
import { onFirst } from "./ranks.ts";
import { declareRuntimeFlags, openRuntime, readRuntimeFlags } from "./runtime-flags.ts";
import { declareEncoding, readEncoding } from "./text-flags.ts";
import { runTextJob, TextJobReport } from "./text-job.ts";

export function declareTrainGenerate(cli: CAC): Command {
  const command = cli
    .command("train [...files]", "Train a model that goes on with a text: .txt files, folders of them")
    .option("--task <name>", "generate")
    .option("--words", "By words and signs instead of characters")
    .option("--vocab <n>", "Tokens known at most, the most frequent: 4096 characters, or 10000 words")
    .option("--least-count <n>", "A token that occurs less often is read, and never written", { default: 2 })
    .option("--units <n>", "Units of each LSTM; by the text's length: 64, 128 or 256")
    .option("--layers <n>", "LSTMs, one above the other", { default: 1 })
    .option("--embedding <n>", "Length of a token's vector: 64, or 128 with --words")
    .option(
      "--dropout <share>",
      "Share of an LSTM's outputs dropped: 0.3, less for a text of 3 million and more",
    )
    .option("--epochs <n>", "Times to go through the text at most; by its length")
    .option("--batch <n>", "Strands of the text read side by side; by its length")
    .option("--steps <n>", "Tokens that an error is carried back over; by the text's length")
    .option("--lr <rate>", "Adam's learning rate at the beginning")
    .option("--patience <n>", "Validations without an improvement after which training ends", { default: 4 })
    .option("--seed <n>", "Fixes the weights, byte for byte", { default: 0 })
    .option("--out <path>", "Model file to write; one that is there is replaced", {
      default: "model.safetensors",
    })
    .option("--json", "Events for programs on stdout, one JSON object a line")
    .example("lstmkit train book.txt --task generate")
    .example("lstmkit train letters/ --task generate --words --out letters.safetensors");
  return declareRuntimeFlags(declareCheckpointFlags(declareEncoding(command, "Of the files")));
}

function readOptions(args: Arguments): GeneratorOptions {
  const whole = (name: string, least: number, most?: number) =>
    args.text(name) === undefined ? undefined : args.wholeNumber(name, least, most);
  const given = (name: string, fits: (n: number) => boolean, wanted: string) =>
    args.has(name) ? args.number(name, fits, wanted) : undefined;
  const options = {
    words: args.has("words"),
    vocabulary: whole("vocab", 1, 65_535),
    leastCount: whole("least-count", 1),
    units: whole("units", 1, 65_536),
    layers: whole("layers", 1, 16),
    embedding: whole("embedding", 1, 65_536),
    dropout: given("dropout", (share) => share >= 0 && share < 1, "a number from 0 to below 1"),
    epochs: whole("epochs", 1),
    batchSize: whole("batch", 1),
    steps: whole("steps", 1, 100_000),
    learningRate: given("lr", (rate) => rate > 0 && rate < Infinity, "a number above 0"),
    patience: whole("patience", 1),
    seed: whole("seed", 0, 2 ** 32 - 1),
  };
  return Object.fromEntries(
    Object.entries(options).filter(([, value]) => value !== undefined),
  ) as GeneratorOptions;
}

/** @throws UsageError for flags that make no training */
export function checkTrainGenerate(args: Arguments): void {
  readOptions(args);
  readEncoding(args, args.positionals.length > 0);
  readRuntimeFlags(args);
}

/** @returns the exit code */
export async function trainGenerate(args: Arguments): Promise<number> {
  const [paths, options, out] = [args.positionals, readOptions(args), args.text("out")!];
  const encoding = readEncoding(args, paths.length > 0);
  const runtime = readRuntimeFlags(args);
  const texts =
    paths.length > 0
      ? await loadTexts(paths, encoding === undefined ? {} : { encoding })
      : [await loadMobyDick()];
  const checkpoints = new RunCheckpoints(args, out);
  await onFirst(() => checkWritable(out));
  await onFirst(() => checkpoints.check());
  const [first] = paths;
  const name = first === undefined ? "moby-dick" : basename(first);
  const others = paths.length > 1 ? ` and ${paths.length - 1} more` : "";
  const isJson = args.has("json");
  const report = new TextJobReport(isJson);
  const signal = catchInterruption(() => report.stopping());
  try {
    const kit = await openRuntime(args, runtime);
    const job = { name: `${name}${others}`, texts, options, out, isJson, checkpoints };
    const { code } = await runTextJob(kit, job, report, signal);
    await kit.close();
    return code;
  } finally {
    report.close();
    await checkpoints.close();
  }
}
